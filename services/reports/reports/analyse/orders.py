"""Orders of customers and to suppliers: what sales and purchasing have in common.

An order counts by its date, net, when it is confirmed or done. Returns count as negative. "No data" is None
and never zero: before the first order of a company there is nothing to compare with.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from kit.fields import Line
from pydantic import Field
from sqlalchemy.orm import Session

from reports.analyse.coming import Coming, Due
from reports.analyse.detail import Detail, detail, named
from reports.analyse.keys import is_one
from reports.analyse.measure import (
    TENTH,
    ZERO,
    Measured,
    Ranking,
    first_day,
    flow,
    part,
    ranking,
    ratio,
    within,
)
from reports.analyse.period import Period
from reports.analyse.scope import NOW, Filters, Scope
from reports.models import FACTS

COUNTED = ("confirmed", "done")
AHEAD = 6  # months of the order book shown one by one


class OrderFilters(Filters):
    """`segment` and `country` are of the customer or supplier, `category` is of the product."""

    party_id: Line | None = Field(default=None, max_length=200)
    segment: Line | None = Field(default=None, max_length=200)
    country: Line | None = Field(default=None, max_length=200)
    category: Line | None = Field(default=None, max_length=200)


@dataclass(frozen=True)
class Sum:
    """Orders of some days. `costed` is the part of the amount whose cost is known."""

    net: Decimal | None = None
    orders: int = 0
    costed: Decimal | None = None
    cost: Decimal | None = None
    asked: int = 0
    qty: Decimal | None = None

    @classmethod
    def of(cls, row: Any) -> "Sum":
        if row is None:
            return cls(ZERO)
        return cls(row.net, row.orders, row.costed, row.cost, row.asked, row.qty)

    @property
    def count(self) -> Decimal | None:
        return None if self.net is None else Decimal(self.orders)

    @property
    def average(self) -> Decimal | None:
        return ratio(self.net, self.orders)

    @property
    def margin(self) -> Decimal | None:
        """Percent of the costed amount."""
        return (
            None if self.costed is None or self.cost is None else part(self.costed - self.cost, self.costed)
        )

    @property
    def conversion(self) -> Decimal | None:
        """Percent of all orders and offers that became orders."""
        return part(Decimal(self.orders), Decimal(self.asked))


@dataclass(frozen=True)
class Kept:
    """Promises that fell due in some days, and deliveries that came in them."""

    due: int = 0
    on_time: int = 0
    received: Decimal | None = None
    rejected: Decimal | None = None
    waited: Decimal | None = None

    @classmethod
    def of(cls, row: Any) -> "Kept":
        if row is None:
            return cls()
        waited = None if row.waited is None else row.waited.quantize(TENTH, ROUND_HALF_UP)
        return cls(row.due, row.on_time, row.received, row.rejected, waited)

    @property
    def punctual(self) -> Decimal | None:
        return part(Decimal(self.on_time), Decimal(self.due))

    @property
    def rejects(self) -> Decimal | None:
        return part(self.rejected, self.received)


class Orders:
    """The orders of one side, as the scope narrows them."""

    def __init__(self, tx: Session, scope: Scope, filters: OrderFilters, side: str) -> None:
        self.tx, self.scope = tx, scope
        line = FACTS["order_line"].c
        names = "line_id order_id order_no date state party_id product_id qty fulfilled_qty rejected_qty"
        names += " promised_date delivered_date"
        query = scope.rows(
            "order_line",
            {name: line[name] for name in names.split()},
            {"net": line.net_amount, "cost": line.cost_amount},
            on=line.date,
        ).where(line.side == side)
        if filters.party_id is not None:
            query = query.where(line.party_id == filters.party_id)
        party, product = FACTS["party"].c, FACTS["product"].c
        of_party = (party.source == line.source) & (party.party_id == line.party_id)
        of_product = (product.source == line.source) & (product.product_id == line.product_id)
        for view, column, wanted, same in (
            ("party", party.segment, filters.segment, of_party),
            ("party", party.country, filters.country, of_party),
            ("product", product.category, filters.category, of_product),
        ):
            if wanted is not None:
                query = query.where(sa.exists().where(same, column == wanted).select_from(FACTS[view]))
        self.facts = query.cte("lines")
        self.line = self.facts.c
        self.counted = self.line.state.in_(COUNTED)
        scope.rates.refuse_missing(tx, self.facts, "date", self.counted, self.line.date >= scope.first)
        self.first = first_day(tx, self.facts, "date")

    def _sums(self, when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
        line, counted = self.line, when & self.counted
        return {
            "net": sa.func.sum(line.net).filter(counted),
            "orders": sa.func.count(line.order_id.distinct()).filter(counted),
            "costed": sa.func.sum(line.net).filter(counted & line.cost.is_not(None)),
            "cost": sa.func.sum(line.cost).filter(counted),
            "asked": sa.func.count(line.order_id.distinct()).filter(when),
            "qty": sa.func.sum(line.qty).filter(counted),
        }

    def ordered(self) -> Measured[Sum]:
        return flow(self.tx, self.scope, self.facts, self._sums, Sum.of, first=self.first)

    def ranked(self, view: str, measured: Measured[Sum]) -> Ranking[Sum]:
        spans = self.scope.spans
        return ranking(
            self.tx,
            self.scope,
            self.facts,
            f"{view}_id",
            view,
            lambda name: self._sums(within(self.facts, "date", spans[name])),
            Sum.of,
            total={name: found.net for name, found in measured.total.items()},
            code=view == "product",
        )

    # --- promises ----------------------------------------------------------------------------------

    @property
    def _whole(self) -> sa.ColumnElement[bool]:
        return sa.func.coalesce(self.line.fulfilled_qty, 0) >= self.line.qty

    @property
    def _due(self) -> sa.ColumnElement[bool]:
        """Promises that had to be kept; of what came whole, but nobody knows when, none can be judged."""
        line = self.line
        known = ~self._whole | line.delivered_date.is_not(None)
        return self.counted & (line.qty > 0) & (line.promised_date <= self.scope.today) & known

    def _kept(self, when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
        line = self.line
        due = when & self._due
        return {
            "due": sa.func.count().filter(due),
            "on_time": sa.func.count().filter(
                due & self._whole & (line.delivered_date <= line.promised_date)
            ),
            **dict.fromkeys(("received", "rejected", "waited"), sa.null().cast(sa.Numeric)),
        }

    def _came(self, when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
        line = self.line
        came = when & self.counted & (line.qty > 0)
        of_line = line.net / line.qty
        return {
            "due": sa.literal(0),
            "on_time": sa.literal(0),
            "received": sa.func.sum(of_line * line.fulfilled_qty).filter(came),
            "rejected": sa.func.sum(of_line * sa.func.coalesce(line.rejected_qty, 0)).filter(came),
            "waited": sa.func.avg(sa.cast(line.delivered_date - line.date, sa.Integer)).filter(came),
        }

    def kept(self) -> Measured[Kept]:
        """Promises by the day they were made for."""
        return flow(
            self.tx, self.scope, self.facts, self._kept, Kept.of, day="promised_date", first=self.first
        )

    def came(self) -> Measured[Kept]:
        """Deliveries by the day they came."""
        return flow(
            self.tx, self.scope, self.facts, self._came, Kept.of, day="delivered_date", first=self.first
        )

    # --- what is still to come ---------------------------------------------------------------------

    @property
    def _undelivered(self) -> sa.ColumnElement[Any]:
        """The part of a line's amount that is still to be delivered."""
        line = self.line
        part = (line.qty - sa.func.coalesce(line.fulfilled_qty, 0)) / sa.func.nullif(line.qty, 0)
        return sa.func.round(line.net * sa.func.greatest(0, sa.func.least(1, part)), 2)

    @property
    def _open(self) -> sa.ColumnElement[bool]:
        line = self.line
        return (line.state == "confirmed") & (line.date <= self.scope.today) & (self._undelivered != 0)

    @property
    def _coming(self) -> Coming:
        return Coming(self.line.promised_date, self.scope.today, "month", AHEAD)

    def book(self) -> list[Due]:
        """Confirmed and not yet delivered, by the month it is promised for."""
        orders = sa.func.count(self.line.order_id.distinct())
        return self._coming.read(self.tx, self._undelivered, orders, self._open)

    def backlog(self) -> dict[str, Decimal]:
        """What was ordered and not delivered today, and on the days compared with, as far as deliveries are
        dated."""
        line = self.line
        days = {name: earlier.day(self.scope.today) for name, earlier in self.scope.earlier.items()}
        found = {}
        for name, day in {NOW: self.scope.today, **days}.items():
            if self.first is None or self.first > day:
                continue
            open_then = sa.case(
                (line.delivered_date > day, line.net),
                (line.state == "confirmed", self._undelivered),
            )
            value = self.tx.scalar(sa.select(sa.func.sum(open_then)).where(self.counted, line.date <= day))
            found[name] = ZERO if value is None else value
        return found

    # --- rows --------------------------------------------------------------------------------------

    def rows_in(self, span: Period | None, party: str) -> Detail | None:
        """The orders of some days; None for no days."""
        if span is None:
            return None
        return self._rows(self.counted & within(self.facts, "date", span), party, self.line.net)

    def rows_of(self, view: str, key: str, siblings: Iterable[str], party: str) -> Detail:
        """A customer's, supplier's or product's orders in the period."""
        of_key = is_one(self.line[f"{view}_id"], key, siblings)
        in_period = within(self.facts, "date", self.scope.known)
        return self._rows(self.counted & in_period & of_key, party, self.line.net)

    def rows_to_come(self, key: str, party: str) -> Detail:
        """What is still to be delivered of a slot of the order book."""
        return self._rows(self._open & (self._coming.key == key), party, self._undelivered)

    def rows_due(self, span: Period | None, party: str) -> Detail | None:
        """What was promised for some days: its amounts are no part of a rate."""
        if span is None:
            return None
        return self._rows(self._due & within(self.facts, "promised_date", span), party, None)

    def _rows(self, when: sa.ColumnElement[bool], party: str, amount: sa.ColumnElement[Any] | None) -> Detail:
        line, scope = self.line, self.scope
        shown = [
            ("date", "Date", "date", line.date),
            ("order", "Order", "text", line.order_no),
            ("party", party, "text", named(scope, "party", line.party_id)),
            ("product", "Product", "text", named(scope, "product", line.product_id)),
            ("qty", "Quantity", "number", line.qty),
            *([("amount", "Amount", "money", amount)] if amount is not None else []),
            ("promised", "Promised", "date", line.promised_date),
            ("delivered", "Delivered", "date", line.delivered_date),
        ]
        return detail(shown, line.line_id, line.date, when)
