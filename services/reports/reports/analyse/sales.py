"""The sales report's numbers, from the order lines of customers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from reports.analyse.coming import Due
from reports.analyse.detail import Detail
from reports.analyse.keys import bucket
from reports.analyse.measure import Measured, Ranking
from reports.analyse.orders import Kept, OrderFilters, Orders, Sum
from reports.analyse.scope import Scope, scope_of

NEEDS = ("company", "party", "product", "order_line")
PARTY = "Customer"


class SalesFilters(OrderFilters):
    """What the report can be narrowed to."""


@dataclass(frozen=True)
class Sales:
    scope: Scope
    ordered: Measured[Sum]
    kept: Measured[Kept]
    customers: Ranking[Sum]
    products: Ranking[Sum]
    book: list[Due]
    backlog: dict[str, Decimal]


def analyse(tx: Session, source: str, asked: dict[str, Any], filters: SalesFilters, today: date) -> Sales:
    """
    Raises:
        Invalid: see `scope_of`.
    """
    scope = scope_of(tx, source, asked, filters, today)
    orders = Orders(tx, scope, filters, "sale")
    ordered = orders.ordered()
    return Sales(
        scope=scope,
        ordered=ordered,
        kept=orders.kept(),
        customers=orders.ranked("party", ordered),
        products=orders.ranked("product", ordered),
        book=orders.book(),
        backlog=orders.backlog(),
    )


def rows(
    tx: Session, scope: Scope, filters: SalesFilters, chart: str, key: str, siblings: Iterable[str]
) -> Detail | None:
    """The order lines behind a point of a chart."""
    orders = Orders(tx, scope, filters, "sale")
    match chart:
        case "revenue":
            return orders.rows_in(bucket(scope, key), PARTY)
        case "customers":
            return orders.rows_of("party", key, siblings, PARTY)
        case "products":
            return orders.rows_of("product", key, siblings, PARTY)
        case "order_book":
            return orders.rows_to_come(key, PARTY)
    return None
