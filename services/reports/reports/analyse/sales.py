"""The sales report's numbers, from the order lines of one source.

Revenue is the net amount of confirmed and done orders by order date. Returns count as negative. "No data"
is None and never zero: before the first order of a company there is nothing to compare with.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from kit.errors import Invalid
from kit.fields import Line
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from reports.analyse.period import Period, add_months, resolve, same_day_before
from reports.models import FACTS

NEEDS = ("company", "party", "product", "order_line")
SOLD = ("confirmed", "done")
CENT = Decimal("0.01")
MOST_ROWS = 50
AHEAD = 6  # months of the order book shown one by one


class SalesFilters(BaseModel):
    """What the report can be narrowed to. `currency` asks for conversion at each order's date."""

    model_config = ConfigDict(extra="forbid")

    company_id: list[Line] | None = Field(default=None, min_length=1, max_length=50)
    segment: Line | None = Field(default=None, max_length=200)
    category: Line | None = Field(default=None, max_length=200)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")


@dataclass(frozen=True)
class Sum:
    """Orders of some days. `costed` is the part of the revenue whose cost is known."""

    revenue: Decimal | None = None
    orders: int = 0
    costed: Decimal | None = None
    cost: Decimal | None = None

    @property
    def average(self) -> Decimal | None:
        return (
            (self.revenue / self.orders).quantize(CENT, ROUND_HALF_UP)
            if self.revenue is not None and self.orders
            else None
        )

    @property
    def margin(self) -> Decimal | None:
        """Percent of the costed revenue."""
        if not self.costed or self.cost is None:
            return None
        return ((self.costed - self.cost) / self.costed * 100).quantize(Decimal("0.1"))


@dataclass(frozen=True)
class Point:
    """One month (or day) beside the same days a year before; `partial` while it still runs."""

    period: Period
    now: Sum
    before: Sum
    partial: bool


@dataclass(frozen=True)
class Ranked:
    """A customer or product. `share` is percent of the revenue."""

    name: str | None
    now: Sum
    before: Decimal | None
    share: Decimal | None
    code: str | None = None
    qty: Decimal | None = None


@dataclass(frozen=True)
class Ranking:
    """The first by revenue, and what all others come to; together they are the revenue."""

    top: list[Ranked]
    rest: Ranked | None
    total: int


@dataclass(frozen=True)
class Promised:
    """Not yet delivered: `overdue`, promised in a `month`, `later`, or `undated`."""

    when: str
    month: date | None
    value: Decimal
    orders: int


@dataclass(frozen=True)
class Sales:
    currency: str
    companies: list[str]
    converted: list[str]
    period: Period
    until: date
    total: Sum
    before: Sum
    points: list[Point]
    customers: Ranking
    products: Ranking
    book: list[Promised]
    backlog: Decimal | None
    backlog_before: Decimal | None


def choose_companies(tx: Session, source: str, filters: SalesFilters) -> tuple[list[Any], str]:
    """The companies reported on, and the currency of the report.

    Raises:
        Invalid: a company is unknown, or their currencies differ and none was chosen.
    """
    company = FACTS["company"].c
    rows = tx.execute(
        sa.select(company.company_id, company.name, company.currency, company.fiscal_year_start_month)
        .where(company.source == source)
        .order_by(company.name, company.company_id)
    ).all()
    asked = filters.company_id
    if asked and (unknown := set(asked) - {row.company_id for row in rows}):
        raise _wrong(
            "company_not_found", "company_id", f"There is no company {min(unknown)!r} in this source."
        )
    rows = [row for row in rows if not asked or row.company_id in asked]
    if not rows:
        raise _wrong("no_company", "company_id", "This source has no company.")
    currencies = sorted({row.currency for row in rows})
    if filters.currency is None and len(currencies) > 1:
        these = ", ".join(f"{row.name} ({row.currency}: {row.company_id})" for row in rows)
        raise _wrong(
            "several_currencies",
            "company_id",
            f"These companies keep their books in different currencies, which are not added: {these}."
            " Choose companies of one currency, or a currency to convert to.",
        )
    return list(rows), filters.currency or currencies[0]


def _wrong(code: str, field: str, why: str) -> Invalid:
    return Invalid(code, why, [{"loc": ["filters", field], "msg": why}])


def analyse(tx: Session, source: str, asked: dict[str, Any], filters: SalesFilters, today: date) -> Sales:
    """The numbers of the sales report.

    Args:
        tx: sees one moment of the facts (repeatable read).
        asked: the period.
        today: the day of the facts; what lies after it is not there yet.

    Raises:
        Invalid: period or filters can't be used, or a rate of exchange is missing.
    """
    companies, currency = choose_companies(tx, source, filters)
    period = resolve(asked, today, companies[0].fiscal_year_start_month)
    lines = _lines(source, [c.company_id for c in companies], filters, currency)
    known = Period(period.start, min(period.end, today))
    reading = _Reading(tx, source, lines, known, today)
    reading.refuse_missing_rates(currency)
    points = reading.points(period)
    return Sales(
        currency=currency,
        companies=[c.name for c in companies],
        converted=sorted({c.currency for c in companies} - {currency}),
        period=period,
        until=known.end,
        total=reading.total,
        before=reading.earlier,
        points=points,
        customers=reading.ranking("party"),
        products=reading.ranking("product", "code"),
        book=reading.book(),
        backlog=reading.backlog(today),
        backlog_before=reading.backlog(same_day_before(today)),
    )


def _lines(source: str, companies: list[str], filters: SalesFilters, currency: str) -> sa.CTE:
    """Sale lines with their amounts in the report's currency; amounts are None where no rate is known."""
    line, company = FACTS["order_line"].c, FACTS["company"].c
    other = FACTS["company"].alias("of_that_currency").c
    fx = FACTS["fx_rate"].c
    # Units of the report's currency for one of the company's, on the day of the order or last before it.
    rate = (
        sa.select(fx.rate)
        .where(
            fx.source == source,
            fx.currency == company.currency,
            fx.date <= line.date,
            fx.company_id.in_(
                sa.select(other.company_id).where(other.source == source, other.currency == currency)
            ),
        )
        .order_by(fx.date.desc(), fx.company_id)
        .limit(1)
        .scalar_subquery()
    )

    def amount(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.case((company.currency == currency, column), else_=sa.func.round(column * rate, 2))

    query = (
        sa.select(
            line.order_id,
            line.date,
            line.state,
            line.party_id,
            line.product_id,
            line.qty,
            line.fulfilled_qty,
            line.promised_date,
            line.delivered_date,
            company.currency,
            amount(line.net_amount).label("net"),
            amount(line.cost_amount).label("cost"),
        )
        .join(FACTS["company"], (company.source == line.source) & (company.company_id == line.company_id))
        .where(line.source == source, line.side == "sale", line.company_id.in_(companies))
    )
    for view, column, wanted in (
        ("party", "segment", filters.segment),
        ("product", "category", filters.category),
    ):
        if wanted is not None:
            table, key = FACTS[view], f"{view}_id"
            query = query.join(table, (table.c.source == line.source) & (table.c[key] == line[key])).where(
                table.c[column] == wanted
            )
    return query.cte("lines")


class _Reading:
    """The queries of one report. `known` is the period as far as there are facts."""

    def __init__(self, tx: Session, source: str, lines: sa.CTE, known: Period, today: date) -> None:
        self.tx, self.source, self.lines, self.known, self.today = tx, source, lines, known, today
        self.before = known.year_before()
        self.sold = lines.c.state.in_(SOLD)
        first: date | None = tx.scalar(sa.select(sa.func.min(lines.c.date)))
        # The first month with an order counts as covered; what lies before it is unknown, not zero.
        self.first = first.replace(day=1) if first else None
        self.comparable = self.first is not None and self.first <= self.before.start
        self.total = self.earlier = Sum()

    def _within(self, period: Period) -> sa.ColumnElement[bool]:
        return self.sold & self.lines.c.date.between(period.start, period.end)

    def _sums(self, when: sa.ColumnElement[bool]) -> list[sa.ColumnElement[Any]]:
        line = self.lines.c
        return [
            sa.func.sum(line.net).filter(when).label("revenue"),
            sa.func.count(line.order_id.distinct()).filter(when).label("orders"),
            sa.func.sum(line.net).filter(when & line.cost.is_not(None)).label("costed"),
            sa.func.sum(line.cost).filter(when).label("cost"),
        ]

    def refuse_missing_rates(self, currency: str) -> None:
        line = self.lines.c
        missing = self.tx.execute(
            sa.select(line.currency, sa.func.min(line.date).label("date"))
            .where(line.net.is_(None), self.sold, line.date >= self.before.start)
            .group_by(line.currency)
        ).first()
        if missing:
            raise _wrong(
                "no_exchange_rate",
                "currency",
                f"No rate from {missing.currency} to {currency} is known for {missing.date}.",
            )

    def _series(self, period: Period, unit: str) -> tuple[dict[date, Sum], Sum]:
        """Sums by the first day of each month (or day), and of the period as a whole."""
        bucket = sa.cast(sa.func.date_trunc(unit, self.lines.c.date), sa.Date)
        within = self._within(period)
        rows = self.tx.execute(
            sa.select(bucket.label("bucket"), *self._sums(within))
            .where(within)
            .group_by(sa.func.grouping_sets(sa.tuple_(bucket), sa.tuple_()))
        )
        found = {row.bucket: _sum(row) for row in rows}
        return found, found.pop(None, Sum())

    def points(self, period: Period) -> list[Point]:
        """The period's months or days; sets `total` and `earlier` on the way."""
        now, self.total = self._series(self.known, period.unit)
        before, earlier = self._series(self.before, period.unit)
        if self.comparable:
            self.earlier = earlier

        def at(sums: dict[date, Sum], start: date) -> Sum:
            known = self.first is not None and self.first <= start
            key = start if period.unit == "day" else start.replace(day=1)
            return sums.get(key, Sum(Decimal(0))) if known else Sum()

        return [
            Point(bucket, Sum(), Sum(), partial=False)
            if bucket.start > self.today
            else Point(
                bucket,
                at(now, bucket.start),
                at(before, same_day_before(bucket.start)),
                partial=self.today < bucket.end,
            )
            for bucket in period.buckets()
        ]

    def ranking(self, view: str, *extra: str) -> Ranking:
        """The customers or products with revenue in the period, largest first."""
        line, table, key = self.lines.c, FACTS[view].c, f"{view}_id"
        now, before = self._within(self.known), self._within(self.before)
        ranked = (
            sa.select(
                line[key].label("key"),
                *self._sums(now),
                sa.func.sum(line.qty).filter(now).label("qty"),
                sa.func.sum(line.net).filter(before).label("before"),
            )
            .where(now | before)
            .group_by(line[key])
            .having(sa.func.sum(line.net).filter(now).is_not(None))
            .subquery()
        )
        rows = self.tx.execute(
            sa.select(ranked, table.name, *(table[c] for c in extra), sa.func.count().over().label("total"))
            .join(FACTS[view], (table.source == self.source) & (table[key] == ranked.c.key), isouter=True)
            .order_by(ranked.c.revenue.desc(), table.name, ranked.c.key)
            .limit(MOST_ROWS)
        ).all()
        whole = self.total.revenue

        def share(value: Decimal) -> Decimal | None:
            return (value / whole * 100).quantize(Decimal("0.1")) if whole else None

        top = [
            Ranked(
                name=row.name or row.key,
                now=_sum(row),
                before=(row.before or Decimal(0)) if self.comparable else None,
                share=share(row.revenue),
                code=row.code if extra else None,
                qty=row.qty,
            )
            for row in rows
        ]
        # What is not shown: the smaller ones, and in the year before also those that have left.
        rest = (whole or Decimal(0)) - sum((r.now.revenue or Decimal(0) for r in top), Decimal(0))
        rest_before = None
        if self.earlier.revenue is not None:
            rest_before = self.earlier.revenue - sum((r.before or Decimal(0) for r in top), Decimal(0))
        others = Ranked(None, Sum(rest), rest_before, share(rest)) if rest or rest_before else None
        return Ranking(top, others, rows[0].total if rows else 0)

    @property
    def _undelivered(self) -> sa.ColumnElement[Any]:
        """The part of a line's amount that is still to be delivered."""
        line = self.lines.c
        part = (line.qty - sa.func.coalesce(line.fulfilled_qty, 0)) / sa.func.nullif(line.qty, 0)
        return sa.func.round(line.net * sa.func.greatest(0, sa.func.least(1, part)), 2)

    def book(self) -> list[Promised]:
        """Confirmed and not yet delivered, by the month it is promised for."""
        line, month = self.lines.c, self.today.replace(day=1)
        promised = sa.cast(sa.func.date_trunc("month", line.promised_date), sa.Date)
        when = sa.case(
            (line.promised_date.is_(None), "undated"),
            (line.promised_date < self.today, "overdue"),
            (line.promised_date < add_months(month, AHEAD), "month"),
            else_="later",
        )
        value = self._undelivered
        rows = self.tx.execute(
            sa.select(
                when.label("when"),
                sa.case((when == "month", promised)).label("month"),
                sa.func.sum(value).label("value"),
                sa.func.count(line.order_id.distinct()).label("orders"),
            )
            .where(line.state == "confirmed", line.date <= self.today, value != 0)
            .group_by(sa.text("1"), sa.text("2"))
        )
        found = {(row.when, row.month): Promised(row.when, row.month, row.value, row.orders) for row in rows}
        if not found:
            return []
        months = [("month", add_months(month, n)) for n in range(AHEAD)]
        always = [("overdue", None), *months]
        slots = [*always, *(slot for slot in (("later", None), ("undated", None)) if slot in found)]
        return [found.get((w, m), Promised(w, m, Decimal(0), 0)) for w, m in slots]

    def backlog(self, day: date) -> Decimal | None:
        """What was ordered by that day and not delivered by it, as far as deliveries are dated."""
        line = self.lines.c
        if self.first is None or self.first > day:
            return None
        open_then = sa.case(
            (line.delivered_date > day, line.net),
            (line.state == "confirmed", self._undelivered),
        )
        value: Decimal | None = self.tx.scalar(
            sa.select(sa.func.sum(open_then)).where(self.sold, line.date <= day)
        )
        return value if value is not None else Decimal(0)


def _sum(row: Any) -> Sum:
    return Sum(row.revenue, row.orders, row.costed, row.cost)
