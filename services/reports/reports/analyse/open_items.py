"""What customers owe us and what we owe suppliers, as it stood at the end of any day.

An item is open on a day if it was written by then and is not yet wholly settled; what has been settled later
counts as open. Amounts are as booked in the company's currency, converted at the closing rate of the day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import sqlalchemy as sa
from kit.fields import Line
from pydantic import Field, field_validator
from sqlalchemy.orm import Session

from reports.analyse.coming import Coming, Due
from reports.analyse.detail import Detail, detail, named
from reports.analyse.keys import bucket, is_one
from reports.analyse.measure import TENTH, ZERO, Ranking, ends, part, ranking, ratio
from reports.analyse.period import Period
from reports.analyse.scope import NOW, DatedFilters, Scope, scope_of
from reports.models import FACTS

NEEDS = ("company", "party", "open_item", "settlement")
COLUMNS = ("item_id", "company_id", "party_id", "doc_no", "doc_type", "doc_date")
INVOICED = ("invoice", "credit_note")
NOT_DUE = "not_due"
TURN = 90  # days whose invoices a balance is compared with
WEEKS = 8
SOON = 30


class OpenItemFilters(DatedFilters):
    """How items are aged, besides whose they are.

    `age_from` counts days from the due date, with what is not due apart, or from the document's date;
    `due_today` says what is due on the very day: ERPs differ in it.
    """

    party_id: Line | None = Field(default=None, max_length=200)
    segment: Line | None = Field(default=None, max_length=200)
    country: Line | None = Field(default=None, max_length=200)
    buckets: list[int] | None = Field(default=None, min_length=1, max_length=6)
    age_from: Literal["due", "document"] | None = None
    due_today: Literal["not_due", "overdue"] | None = None

    @field_validator("buckets")
    @classmethod
    def _rising(cls, value: list[int] | None) -> list[int] | None:
        if value and (value[0] < 1 or value[-1] > 3650 or any(a >= b for a, b in pairwise(value))):
            raise ValueError("buckets are days that rise, such as 30, 60, 90")
        return value


@dataclass(frozen=True)
class Bucket:
    """Items of so many days, both included; `key` says the days."""

    key: str
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Stood:
    """What was open at the end of a day, and how many days' invoices that is."""

    balance: Decimal
    overdue: Decimal
    turn: Decimal | None

    @property
    def overdue_share(self) -> Decimal | None:
        return part(self.overdue, self.balance)

    @property
    def not_overdue(self) -> Decimal:
        return self.balance - self.overdue


@dataclass(frozen=True)
class Paid:
    """`late` is days from the due date to the payment, weighted by amount; `kept` is the part, in percent, of
    what fell due that was paid by the end."""

    late: Decimal | None
    kept: Decimal | None


@dataclass(frozen=True)
class Owed:
    """One party: open, and overdue of it."""

    open: Decimal | None = None
    overdue: Decimal | None = None
    items: int = 0

    @classmethod
    def of(cls, row: Any) -> "Owed":
        return cls() if row is None else cls(row.open, row.overdue, row.items)


@dataclass(frozen=True)
class OpenItems:
    """`stood` has the end of each month (or day) and span; None before the first item."""

    scope: Scope
    side: Literal["ar", "ap"]
    stood: dict[date, Stood | None]
    paid: dict[str, Paid]
    buckets: list[Bucket]
    ageing: dict[str, dict[str, tuple[Decimal, int]]]
    parties: Ranking[Owed]
    due: list[Due]
    soon: dict[str, Decimal]
    from_due: bool

    def at(self, span: str) -> Stood | None:
        return self.stood.get(self.scope.spans[span].end)

    @property
    def now(self) -> Stood | None:
        return self.at(NOW)


class Items:
    """The open items of one side, as the scope narrows them."""

    def __init__(self, tx: Session, scope: Scope, filters: OpenItemFilters, side: str) -> None:
        self.tx, self.scope, self.filters = tx, scope, filters
        item, settled, party = FACTS["open_item"].c, FACTS["settlement"].c, FACTS["party"].c
        due = sa.func.coalesce(item.due_date, item.doc_date).label("due")
        columns = [item[name] for name in COLUMNS]
        query = sa.select(*columns, due, item.amount).where(
            item.source == scope.source, item.company_id.in_(scope.company_ids), item.side == side
        )
        if filters.party_id is not None:
            query = query.where(item.party_id == filters.party_id)
        for column, wanted in ((party.segment, filters.segment), (party.country, filters.country)):
            if wanted is not None:
                theirs = (party.source == item.source) & (party.party_id == item.party_id)
                query = query.where(sa.exists().where(theirs, column == wanted).select_from(FACTS["party"]))
        self.items = query.cte("items")
        # A payment that is older than what it settles counts from that on.
        day = sa.func.greatest(settled.date, item.doc_date).label("day")
        self.settled = (
            query.with_only_columns(*columns, due, settled.amount, settled.date.label("paid_on"), day)
            .join(FACTS["settlement"], (settled.source == item.source) & (settled.item_id == item.item_id))
            .cte("settled")
        )
        # Everything of an item beside each change of it: joining them later would take far longer.
        i, s, same = self.items.c, self.settled.c, (*COLUMNS, "due")
        self.changes = sa.union_all(
            sa.select(*(i[name] for name in same), i.doc_date.label("day"), i.amount),
            sa.select(*(s[name] for name in same), s.day, -s.amount),
        ).cte("changes")
        first: date | None = tx.scalar(sa.select(sa.func.min(i.doc_date)))
        self.first = first.replace(day=1) if first else None

    @property
    def day(self) -> date:
        return self.scope.known.end

    @cached_property
    def from_due(self) -> bool:
        return self.filters.age_from != "document"

    @cached_property
    def grace(self) -> int:
        """The least number of days after the due date that makes an item overdue."""
        return 0 if self.filters.due_today == "overdue" else 1

    @cached_property
    def buckets(self) -> list[Bucket]:
        edges = self.filters.buckets or [30, 60, 90]
        found = [Bucket(NOT_DUE, None, self.grace - 1)] if self.from_due else []
        low = self.grace if self.from_due else 0
        for edge in edges:
            found.append(Bucket(f"{low}-{edge}", low, edge))
            low = edge + 1
        return [*found, Bucket(f"{low}+", low, None)]

    def open_on(self, days: Iterable[date]) -> sa.CTE:
        """Items open at the end of these days: a row an item and day, with `value` and whether `overdue`."""
        change = self.changes.c
        stamp = self.scope.rates.stamps(self.tx, days).c
        left = sa.func.sum(change.amount)
        value = sa.func.round(left * stamp.rate, 2) if self.scope.rates.converted else left
        columns = [change[name] for name in (*COLUMNS, "due")]
        since = change.due if self.from_due else change.doc_date
        return (
            sa.select(
                stamp.day,
                *columns,
                value.label("value"),
                (stamp.day - change.due >= self.grace).label("overdue"),
                sa.cast(stamp.day - since, sa.Integer).label("age"),
            )
            .join(self.changes, (change.company_id == stamp.company_id) & (change.day <= stamp.day))
            .group_by(stamp.day, stamp.rate, *columns)
            .having(left != 0)
            .cte("open")
        )

    def stood(self) -> dict[date, Stood | None]:
        days = {*ends(self.scope), *(span.end for span in self.scope.spans.values())}
        covered = sorted(day for day in days if self.first and self.first <= day)
        found: dict[date, Stood | None] = dict.fromkeys(days)
        if not covered:
            return found
        o = self.open_on(covered).c
        overdue = sa.func.sum(o.value).filter(o.overdue)
        rows = self.tx.execute(
            sa.select(o.day, sa.func.sum(o.value).label("balance"), overdue.label("overdue")).group_by(o.day)
        )
        stood = {row.day: row for row in rows}
        i, stamp = self.items.c, self.scope.rates.stamps(self.tx, covered).c
        invoiced: dict[date, Decimal] = dict(
            self.tx.execute(
                sa.select(stamp.day, sa.func.sum(i.amount * stamp.rate))
                .join(
                    self.items,
                    (i.company_id == stamp.company_id)
                    & i.doc_type.in_(INVOICED)
                    & (i.doc_date <= stamp.day)
                    & (i.doc_date > stamp.day - TURN),
                )
                .group_by(stamp.day)
            ).all()
        )
        for day in covered:
            row = stood.get(day)
            balance, late = (row.balance, row.overdue or ZERO) if row else (ZERO, ZERO)
            enough = self.first is not None and self.first <= day - timedelta(TURN - 1)
            turn = ratio(balance * TURN, invoiced.get(day), TENTH) if enough else None
            found[day] = Stood(balance, late, turn)
        return found

    def paid(self, span: Period) -> Paid:
        """How what was paid in these days, and what fell due in them, was paid."""
        s, i, change = self.settled.c, self.items.c, self.changes.c
        rate = self.scope.rates.stamps(self.tx, [span.end]).c
        late = sa.cast(s.paid_on - s.due, sa.Integer)
        weighed = self.tx.execute(
            sa.select(
                sa.func.sum(s.amount * rate.rate).label("paid"),
                sa.func.sum(s.amount * rate.rate * late).label("days"),
            )
            .join(self.settled, s.company_id == rate.company_id)
            .where(s.doc_type == "invoice", s.paid_on.between(span.start, span.end))
        ).one()
        whole, left = (
            self.tx.scalar(
                sa.select(sa.func.sum(table.c.amount * rate.rate))
                .join(table, table.c.company_id == rate.company_id)
                .where(
                    table.c.doc_type.in_(INVOICED),
                    table.c.due.between(span.start, span.end),
                    until <= span.end,
                )
            )
            for table, until in ((self.items, i.doc_date), (self.changes, change.day))
        )
        kept = None if whole is None or left is None else part(whole - left, whole)
        return Paid(ratio(weighed.days, weighed.paid, TENTH), kept)

    def _in(self, o: Any, bucket: Bucket) -> sa.ColumnElement[bool]:
        low = sa.true() if bucket.low is None else o.age >= bucket.low
        return low if bucket.high is None else low & (o.age <= bucket.high)

    def ageing(self, span: Period) -> dict[str, tuple[Decimal, int]]:
        """Value and number of the items of each bucket, on the last day."""
        o = self.open_on([span.end]).c
        sums = [
            column
            for bucket in self.buckets
            for column in (
                sa.func.coalesce(sa.func.sum(o.value).filter(self._in(o, bucket)), 0),
                sa.func.count().filter(self._in(o, bucket)),
            )
        ]
        row = list(self.tx.execute(sa.select(*sums)).one())
        keys = [bucket.key for bucket in self.buckets]
        return dict(zip(keys, zip(row[::2], row[1::2], strict=True), strict=True))

    def parties(self, stood: dict[date, Stood | None]) -> Ranking[Owed]:
        scope = self.scope
        spans = {name: span.end for name, span in scope.spans.items() if stood.get(span.end)}
        if not spans:
            return Ranking([], None, 0)
        facts = self.open_on(spans.values())
        o = facts.c

        def sums(name: str) -> dict[str, sa.ColumnElement[Any]]:
            then = o.day == spans[name] if name in spans else sa.false()
            return {
                "open": sa.func.nullif(sa.func.sum(o.value).filter(then), 0),
                "overdue": sa.func.sum(o.value).filter(then & o.overdue),
                "items": sa.func.count().filter(then),
            }

        balances = {name: found.balance for name, day in spans.items() if (found := stood[day])}
        return ranking(
            self.tx, scope, facts, "party_id", "party", sums, Owed.of, total={NOW: None, **balances}
        )

    def _coming(self, o: Any) -> Coming:
        # What is due today is still to come, unless it is said to be overdue.
        today = self.day + timedelta(1 - self.grace)
        return Coming(o.due, today, "week", WEEKS)

    def due(self) -> list[Due]:
        o = self.open_on([self.day]).c
        return self._coming(o).read(self.tx, o.value, sa.func.count(), sa.true())

    def soon(self, span: Period) -> Decimal:
        """What falls due within a month after the last day."""
        o = self.open_on([span.end]).c
        ahead = ~o.overdue & (o.due <= span.end + timedelta(SOON))
        return self.tx.scalar(sa.select(sa.func.sum(o.value)).where(ahead)) or ZERO

    # --- rows --------------------------------------------------------------------------------------

    def rows(self, chart: str, key: str, siblings: Iterable[str], party: str) -> Detail | None:
        day, (slot, _, kind) = self.day, key.partition("|")
        if chart == "balance":
            if (span := bucket(self.scope, slot)) is None:
                return None
            day = span.end
        o = self.open_on([day]).c
        if chart == "ageing":
            chosen = next((found for found in self.buckets if found.key == key), None)
            if chosen is None:
                return None
            when = self._in(o, chosen)
        elif chart == "parties":
            when = is_one(o.party_id, key, siblings)
        elif chart == "due":
            when = self._coming(o).key == key
        elif chart != "balance":
            return None
        else:
            when = {"overdue": o.overdue, NOT_DUE: ~o.overdue}.get(kind, sa.true())
        shown = [
            ("date", "Date", "date", o.doc_date),
            ("document", "Document", "text", o.doc_no),
            ("party", party, "text", named(self.scope, "party", o.party_id)),
            ("due", "Due", "date", o.due),
            ("overdue", "Days overdue", "number", sa.case((o.overdue, sa.cast(o.day - o.due, sa.Integer)))),
            ("amount", "Open", "money", o.value),
        ]
        return detail(shown, o.item_id, o.doc_date, when)


def analyse(
    tx: Session,
    source: str,
    asked: dict[str, Any],
    filters: OpenItemFilters,
    today: date,
    side: Literal["ar", "ap"],
) -> OpenItems:
    """
    Raises:
        Invalid: see `scope_of`.
    """
    scope = scope_of(tx, source, asked, filters, today)
    items = Items(tx, scope, filters, side)
    stood = items.stood()
    return OpenItems(
        scope=scope,
        side=side,
        stood=stood,
        paid=scope.each(items.paid, items.first),
        buckets=items.buckets,
        ageing=scope.each(items.ageing, items.first, standing=True),
        parties=items.parties(stood),
        due=items.due(),
        soon=scope.each(items.soon, items.first, standing=True),
        from_due=items.from_due,
    )


def rows(
    tx: Session,
    scope: Scope,
    filters: OpenItemFilters,
    chart: str,
    key: str,
    siblings: Iterable[str],
    side: Literal["ar", "ap"],
) -> Detail | None:
    """The open items behind a point of a chart."""
    party = "Customer" if side == "ar" else "Supplier"
    return Items(tx, scope, filters, side).rows(chart, key, siblings, party)
