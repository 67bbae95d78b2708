"""The production report's numbers, from production orders.

An order counts when it is finished. Quantities of different units of measure are never added: the report is
of one unit, that of most orders unless another is asked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

import sqlalchemy as sa
from kit.fields import Line
from pydantic import Field
from sqlalchemy.orm import Session

from reports.analyse.coming import Coming, Due
from reports.analyse.detail import Detail, detail, named
from reports.analyse.keys import bucket, is_one, is_part
from reports.analyse.measure import (
    MOST_ROWS,
    TENTH,
    ZERO,
    Layer,
    Measured,
    Ranking,
    first_day,
    flow,
    layers,
    part,
    ranking,
    ratio,
    within,
)
from reports.analyse.scope import NOW, Filters, Scope, scope_of
from reports.models import FACTS

T = TypeVar("T")
NEEDS = ("company", "product", "production")
OPEN = ("planned", "released", "in_progress")
GROUPS = 5  # told apart in a column; all others are one
WEEKS = 8


class ProductionFilters(Filters):
    """`category` and `uom`, the unit of measure, are of the product."""

    category: Line | None = Field(default=None, max_length=200)
    uom: Line | None = Field(default=None, max_length=80)


@dataclass(frozen=True)
class Output:
    """Orders finished in some days. `costed` is the good quantity whose cost is known."""

    good: Decimal | None = None
    scrap: Decimal | None = None
    planned: Decimal | None = None
    orders: int = 0
    judged: int = 0
    on_time: int = 0
    cost: Decimal | None = None
    costed: Decimal | None = None
    days: Decimal | None = None

    @classmethod
    def of(cls, row: Any) -> "Output":
        if row is None:
            return cls(ZERO, ZERO, ZERO)
        days = None if row.days is None else row.days.quantize(TENTH, ROUND_HALF_UP)
        return cls(
            row.good, row.scrap, row.planned, row.orders, row.judged, row.on_time, row.cost, row.costed, days
        )

    @property
    def made(self) -> Decimal | None:
        """Good and scrap."""
        return None if self.good is None else self.good + (self.scrap or ZERO)

    @property
    def yields(self) -> Decimal | None:
        return part(self.good, self.made)

    @property
    def attainment(self) -> Decimal | None:
        return part(self.good, self.planned)

    @property
    def punctual(self) -> Decimal | None:
        return part(Decimal(self.on_time), Decimal(self.judged))

    @property
    def unit_cost(self) -> Decimal | None:
        return ratio(self.cost, self.costed)


@dataclass(frozen=True)
class Scrapped:
    scrap: Decimal | None = None
    made: Decimal | None = None

    @classmethod
    def of(cls, row: Any) -> "Scrapped":
        return cls() if row is None else cls(row.scrap, row.made)

    @property
    def rate(self) -> Decimal | None:
        return part(self.scrap, self.made)


@dataclass(frozen=True)
class Production:
    """`planned` is by the day it was to be finished; `works` the orders begun and not finished."""

    scope: Scope
    uom: str
    others: list[str]
    made: Measured[Output]
    planned: Measured[Decimal | None]
    groups: list[Layer]
    products: Ranking[Output]
    scrap: Ranking[Scrapped]
    due: list[Due]
    works: dict[str, Decimal]


class Orders:
    """Production orders as the scope narrows them, all in one unit of measure."""

    def __init__(self, tx: Session, scope: Scope, filters: ProductionFilters) -> None:
        self.tx, self.scope = tx, scope
        order, product = FACTS["production"].c, FACTS["product"].c
        names = "order_id order_no state planned_qty good_qty scrap_qty planned_start planned_end"
        names += " actual_start actual_end product_id"
        query = (
            scope.rows(
                "production",
                {name: order[name] for name in names.split()},
                {"cost": order.actual_cost},
                on=sa.func.coalesce(order.actual_end, order.planned_end, scope.today),
            )
            .outerjoin(
                FACTS["product"],
                (product.source == order.source) & (product.product_id == order.product_id),
            )
            .add_columns(sa.func.coalesce(product.uom, "").label("uom"), product.category)
            .where(order.state != "cancelled")
        )
        if filters.category is not None:
            query = query.where(product.category == filters.category)
        every = query.cte("every")
        counted = tx.execute(
            sa.select(every.c.uom, sa.func.count().label("orders"))
            .group_by(every.c.uom)
            .order_by(sa.desc("orders"), every.c.uom)
        ).all()
        units = [row.uom for row in counted]
        self.uom = filters.uom if filters.uom is not None else next(iter(units), "")
        self.others = sorted(set(units) - {self.uom})
        self.facts = sa.select(every).where(every.c.uom == self.uom).cte("production")
        self.order = o = self.facts.c
        self.finished = (o.state == "done") & o.actual_end.is_not(None)
        scope.rates.refuse_missing(
            tx, self.facts, "actual_end", self.finished, o.actual_end >= scope.first, o.cost.is_(None)
        )
        self.first = min(
            filter(None, (first_day(tx, self.facts, day) for day in ("actual_end", "planned_end"))),
            default=None,
        )

    def _sums(self, when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
        o, done = self.order, when & self.finished
        days = sa.cast(o.actual_end - o.actual_start, sa.Integer)
        return {
            "good": sa.func.sum(sa.func.coalesce(o.good_qty, 0)).filter(done),
            "scrap": sa.func.sum(sa.func.coalesce(o.scrap_qty, 0)).filter(done),
            "planned": sa.func.sum(o.planned_qty).filter(done),
            "orders": sa.func.count().filter(done),
            "judged": sa.func.count(o.planned_end).filter(done),
            "on_time": sa.func.count().filter(done & (o.actual_end <= o.planned_end)),
            "cost": sa.func.sum(o.cost).filter(done),
            "costed": sa.func.sum(o.good_qty).filter(done & o.cost.is_not(None)),
            "days": sa.func.avg(days).filter(done),
        }

    def made(self) -> Measured[Output]:
        return flow(
            self.tx, self.scope, self.facts, self._sums, Output.of, day="actual_end", first=self.first
        )

    def planned(self) -> Measured[Decimal | None]:
        def quantity(row: Any) -> Decimal | None:
            return ZERO if row is None else row.qty

        return flow(
            self.tx,
            self.scope,
            self.facts,
            lambda when: {"qty": sa.func.sum(self.order.planned_qty).filter(when)},
            quantity,
            day="planned_end",
            first=self.first,
        )

    def _done_in(self, name: str) -> sa.ColumnElement[bool]:
        return self.finished & within(self.facts, "actual_end", self.scope.spans[name])

    def products(self, made: Measured[Output]) -> Ranking[Output]:
        total = {name: found.good for name, found in made.total.items()}
        return self._ranked(lambda name: self._sums(self._done_in(name)), Output.of, total)

    def scrap(self, made: Measured[Output]) -> Ranking[Scrapped]:
        o = self.order

        def sums(name: str) -> dict[str, sa.ColumnElement[Any]]:
            scrap = sa.func.coalesce(o.scrap_qty, 0)
            made = sa.func.sum(scrap + sa.func.coalesce(o.good_qty, 0)).filter(self._done_in(name))
            return {"scrap": sa.func.nullif(sa.func.sum(scrap).filter(self._done_in(name)), 0), "made": made}

        total = {name: found.scrap for name, found in made.total.items()}
        return self._ranked(sums, Scrapped.of, total)

    def _ranked(
        self,
        sums: Callable[[str], dict[str, sa.ColumnElement[Any]]],
        make: Callable[[Any], T],
        total: dict[str, Decimal | None],
    ) -> Ranking[T]:
        of_products = (self.facts, "product_id", "product", sums, make)
        return ranking(self.tx, self.scope, *of_products, total=total, code=True)

    def groups(self) -> list[Layer]:
        good = sa.func.sum(sa.func.coalesce(self.order.good_qty, 0))
        return layers(
            self.tx, self.scope, self.facts, "category", good, self.finished, GROUPS, day="actual_end"
        )

    @property
    def _coming(self) -> Coming:
        return Coming(self.order.planned_end, self.scope.today, "week", WEEKS)

    @property
    def _open(self) -> sa.ColumnElement[bool]:
        return self.order.state.in_(OPEN)

    @property
    def _left(self) -> sa.ColumnElement[Any]:
        done = sa.func.coalesce(self.order.good_qty, 0)
        return sa.func.greatest(sa.func.coalesce(self.order.planned_qty, 0) - done, 0)

    def due(self) -> list[Due]:
        return self._coming.read(self.tx, self._left, sa.func.count(), self._open)

    def works(self) -> dict[str, Decimal]:
        """Orders begun and not finished, today and on the days compared with."""
        o, scope, found = self.order, self.scope, {}
        days = {NOW: scope.today, **{n: earlier.day(scope.today) for n, earlier in scope.earlier.items()}}
        for name, day in days.items():
            if self.first and self.first <= day:
                begun = (o.actual_start <= day) & (o.actual_end.is_(None) | (o.actual_end > day))
                found[name] = Decimal(self.tx.scalar(sa.select(sa.func.count()).where(begun)) or 0)
        return found

    # --- rows --------------------------------------------------------------------------------------

    def rows(self, chart: str, key: str, siblings: Iterable[str]) -> Detail | None:
        o, slot = self.order, key.partition("|")[0]
        amount: sa.ColumnElement[Any] = sa.func.coalesce(o.good_qty, 0)
        if chart in ("output", "plan"):
            if (span := bucket(self.scope, slot)) is None:
                return None
            in_span = within(self.facts, "actual_end", span)
            when = self.finished & in_span & is_part(o.category, key, siblings)
        elif chart == "scrap":
            amount = sa.func.coalesce(o.scrap_qty, 0)
            when = self._done_in(NOW) & (amount != 0) & is_one(o.product_id, key, siblings)
        elif chart == "products":
            when = self._done_in(NOW) & is_one(o.product_id, key, siblings)
        elif chart == "due":
            amount, when = self._left, self._open & (self._coming.key == key)
        else:
            return None
        shown = [
            ("order", "Order", "text", o.order_no),
            ("product", "Product", "text", named(self.scope, "product", o.product_id)),
            ("planned_end", "Planned end", "date", o.planned_end),
            ("finished", "Finished", "date", o.actual_end),
            ("planned", "Planned", "number", o.planned_qty),
            ("amount", {"scrap": "Scrap", "due": "To make"}.get(chart, "Good quantity"), "number", amount),
        ]
        day = sa.func.coalesce(o.actual_end, o.planned_end, o.planned_start)
        return detail(shown, o.order_id, day, when)


def analyse(
    tx: Session, source: str, asked: dict[str, Any], filters: ProductionFilters, today: date
) -> Production:
    """
    Raises:
        Invalid: see `scope_of`.
    """
    scope = scope_of(tx, source, asked, filters, today)
    orders = Orders(tx, scope, filters)
    made = orders.made()
    return Production(
        scope=scope,
        uom=orders.uom,
        others=orders.others[:MOST_ROWS],
        made=made,
        planned=orders.planned(),
        groups=orders.groups(),
        products=orders.products(made),
        scrap=orders.scrap(made),
        due=orders.due(),
        works=orders.works(),
    )


def rows(
    tx: Session, scope: Scope, filters: ProductionFilters, chart: str, key: str, siblings: Iterable[str]
) -> Detail | None:
    """The production orders behind a point of a chart."""
    return Orders(tx, scope, filters).rows(chart, key, siblings)
