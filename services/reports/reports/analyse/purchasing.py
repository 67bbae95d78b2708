"""The purchasing report's numbers, from the order lines to suppliers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reports.analyse.coming import Due
from reports.analyse.detail import Detail
from reports.analyse.keys import bucket
from reports.analyse.measure import Measured, Ranking, part, within
from reports.analyse.orders import Kept, OrderFilters, Orders, Sum
from reports.analyse.scope import Scope, scope_of

NEEDS = ("company", "party", "product", "order_line")
PARTY = "Supplier"


class PurchasingFilters(OrderFilters):
    """What the report can be narrowed to."""


@dataclass(frozen=True)
class Purchasing:
    """`dearer` is what the period's purchases cost more, in percent, than at each earlier span's prices."""

    scope: Scope
    ordered: Measured[Sum]
    kept: Measured[Kept]
    came: Measured[Kept]
    suppliers: Ranking[Sum]
    products: Ranking[Sum]
    book: list[Due]
    backlog: dict[str, Decimal]
    dearer: dict[str, Decimal]


def analyse(
    tx: Session, source: str, asked: dict[str, Any], filters: PurchasingFilters, today: date
) -> Purchasing:
    """
    Raises:
        Invalid: see `scope_of`.
    """
    scope = scope_of(tx, source, asked, filters, today)
    orders = Orders(tx, scope, filters, "purchase")
    ordered = orders.ordered()
    return Purchasing(
        scope=scope,
        ordered=ordered,
        kept=orders.kept(),
        came=orders.came(),
        suppliers=orders.ranked("party", ordered),
        products=orders.ranked("product", ordered),
        book=orders.book(),
        backlog=orders.backlog(),
        dearer=_dearer(orders),
    )


def _dearer(orders: Orders) -> dict[str, Decimal]:
    """What was bought in the period as well as before: its amount against the same quantities at the average
    prices of each earlier span."""
    line, scope, found = orders.line, orders.scope, {}
    for name, earlier in scope.earlier.items():
        bought = orders.counted & (line.qty > 0)
        now, before = within(orders.facts, "date", scope.known), within(orders.facts, "date", earlier.span)
        by_product = (
            sa.select(
                sa.func.sum(line.net).filter(now).label("net"),
                sa.func.sum(line.qty).filter(now).label("qty"),
                (sa.func.sum(line.net).filter(before) / sa.func.sum(line.qty).filter(before)).label("price"),
            )
            .where(bought & (now | before), line.product_id.is_not(None))
            .group_by(line.product_id)
            .subquery()
        )
        b = by_product.c
        net, at_old_prices = orders.tx.execute(
            sa.select(sa.func.sum(b.net), sa.func.sum(b.qty * b.price)).where(
                b.net.is_not(None), b.price.is_not(None)
            )
        ).one()
        if at_old_prices:
            change = part(net - at_old_prices, at_old_prices)
            assert change is not None
            found[name] = change
    return found


def rows(
    tx: Session, scope: Scope, filters: PurchasingFilters, chart: str, key: str, siblings: Iterable[str]
) -> Detail | None:
    """The order lines behind a point of a chart."""
    orders = Orders(tx, scope, filters, "purchase")
    match chart:
        case "spend":
            return orders.rows_in(bucket(scope, key), PARTY)
        case "suppliers":
            return orders.rows_of("party", key, siblings, PARTY)
        case "products":
            return orders.rows_of("product", key, siblings, PARTY)
        case "deliveries":
            return orders.rows_due(bucket(scope, key), PARTY)
        case "order_book":
            return orders.rows_to_come(key, PARTY)
    return None
