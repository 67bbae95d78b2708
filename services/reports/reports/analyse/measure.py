"""Measuring facts over a report's spans: as a whole, by month or day, and by customer, product or account."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reports.analyse.keys import REST, bucket_key, id_key
from reports.analyse.period import Period
from reports.analyse.scope import NOW, Scope
from reports.models import FACTS

T = TypeVar("T")
# Aggregates of the facts that meet a condition, by name.
Sums = Callable[[sa.ColumnElement[bool]], dict[str, sa.ColumnElement[Any]]]

CENT, TENTH = Decimal("0.01"), Decimal("0.1")
ZERO = Decimal(0)
MOST_ROWS = 50


@dataclass(frozen=True)
class Point(Generic[T]):
    """One month (or day), and the one it is compared with; `partial` while it still runs.

    None is what isn't known: before the first fact, and ahead of the last.
    """

    period: Period
    now: T | None
    other: T | None
    partial: bool


@dataclass(frozen=True)
class Measured(Generic[T]):
    """`total` has the report's spans by name; one that the facts don't wholly cover is not in it."""

    total: dict[str, T]
    points: list[Point[T]]

    @property
    def now(self) -> T:
        return self.total[NOW]


@dataclass(frozen=True)
class Ranked(Generic[T]):
    """A customer, product or account. `share` is percent of the whole."""

    key: str | None
    name: str | None
    value: Decimal
    now: T
    other: Decimal | None
    share: Decimal | None
    code: str | None = None


@dataclass(frozen=True)
class Ranking(Generic[T]):
    """The first by value, and what all others come to; together they are the whole."""

    top: list[Ranked[T]]
    rest: Ranked[T] | None
    total: int


def part(value: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Percent, to a tenth; None without a whole."""
    return (value / whole * 100).quantize(TENTH, ROUND_HALF_UP) if whole and value is not None else None


def ratio(value: Decimal | None, by: Decimal | int | None, step: Decimal = CENT) -> Decimal | None:
    return (value / by).quantize(step, ROUND_HALF_UP) if value is not None and by else None


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def first_day(tx: Session, facts: sa.CTE, day: str) -> date | None:
    """The first month with a fact counts as covered; what lies before it is unknown, not zero."""
    first: date | None = tx.scalar(sa.select(sa.func.min(facts.c[day])))
    return first.replace(day=1) if first else None


def within(facts: sa.CTE, day: str, span: Period) -> sa.ColumnElement[bool]:
    return facts.c[day].between(span.start, span.end)


def flow(
    tx: Session,
    scope: Scope,
    facts: sa.CTE,
    sums: Sums,
    make: Callable[[Any], T],
    *,
    day: str = "date",
    first: date | None = None,
) -> Measured[T]:
    """What happened in each span.

    Args:
        make: a measure of a row of `sums`; of None where nothing happened.
        first: since when there are facts; by default since the first of these.
    """
    unit = scope.period.unit
    first = first or first_day(tx, facts, day)
    bucket = sa.cast(sa.func.date_trunc(unit, facts.c[day]), sa.Date)

    def read(span: Period) -> dict[date | None, T]:
        when = within(facts, day, span)
        aggregates = (column.label(label) for label, column in sums(when).items())
        rows = tx.execute(
            sa.select(bucket.label("bucket"), *aggregates)
            .where(when)
            .group_by(sa.func.grouping_sets(sa.tuple_(bucket), sa.tuple_()))
        )
        return {row.bucket: make(row) for row in rows}

    # An earlier span that is covered in part has points, but no total to compare with.
    series = scope.each(read, first, standing=True)
    covered = scope.each(lambda span: True, first)
    total = {name: found[None] for name, found in series.items() if name in covered}
    if NOW not in total:
        total[NOW] = read(scope.known)[None]

    def at(name: str, start: date | None) -> T | None:
        if start is None or first is None or first > start or name not in series:
            return None
        key = start if unit == "day" else start.replace(day=1)
        return series[name].get(key) or make(None)

    points = []
    for found in scope.period.buckets():
        if found.start > scope.today:
            points.append(Point[T](found, None, None, partial=False))
            continue
        other = None
        if earlier := scope.earlier.get(scope.compare):
            other = at(scope.compare, earlier.bucket(found.start, unit))
        points.append(Point(found, at(NOW, found.start), other, partial=scope.today < found.end))
    return Measured(total, points)


def ends(scope: Scope) -> list[date]:
    """The days on which something that stands is looked at: the end of each month (or day) so far."""
    return [min(found.end, scope.today) for found in scope.period.buckets() if found.start <= scope.today]


def standing(
    tx: Session,
    scope: Scope,
    changes: sa.CTE,
    days: Sequence[date],
    by: Sequence[str],
    *,
    day: str = "date",
    amount: str = "amount",
    closing_rate: bool = True,
) -> dict[date, dict[tuple[Any, ...], Decimal]]:
    """What stood at the end of each day: all changes up to it, told apart by some columns.

    Args:
        changes: has `company_id` besides.
        closing_rate: the amounts are in the company's currency, and each sum is converted at the rate of its
            day; otherwise they are in the report's.
    """
    order = sorted(set(days))
    if not order:
        return {}
    c = changes.c
    after = sa.literal([day + timedelta(1) for day in order], sa.ARRAY(sa.Date))
    place = sa.func.width_bucket(c[day], after)
    columns = [c[name] for name in by]
    rows = tx.execute(
        sa.select(place.label("place"), sa.func.sum(c[amount]).label("added"), c.company_id, *columns)
        .where(c[day] <= order[-1])
        .group_by(place, c.company_id, *columns)
    ).all()
    added: dict[int, list[Any]] = {}
    for row in rows:
        added.setdefault(row.place, []).append(row)
    held: dict[tuple[Any, ...], Decimal] = {}
    found = {}
    rates = scope.rates.closing(tx, order) if closing_rate else {}
    for n, end in enumerate(order):
        for _, more, *key in added.get(n, ()):
            held[tuple(key)] = held.get(tuple(key), ZERO) + more
        stood: dict[tuple[Any, ...], Decimal] = {}
        for (company_id, *group), whole in held.items():
            value = cents(whole * rates[end][company_id]) if scope.rates.converted and rates else whole
            stood[tuple(group)] = stood.get(tuple(group), ZERO) + value
        found[end] = stood
    return found


@dataclass(frozen=True)
class Layer:
    """One of the parts that columns over time are made of: its value by the key of the month (or day)."""

    key: str
    name: str | None
    values: dict[str, Decimal]


def layers(
    tx: Session,
    scope: Scope,
    facts: sa.CTE,
    group: str,
    value: sa.ColumnElement[Any],
    where: sa.ColumnElement[bool],
    most: int,
    *,
    day: str = "date",
) -> list[Layer]:
    """The groups with the largest value in the period, by month, and all others as one.

    Args:
        value: an aggregate.
    """
    unit, c = scope.period.unit, facts.c
    start = sa.cast(sa.func.date_trunc(unit, c[day]), sa.Date)
    rows = tx.execute(
        sa.select(c[group].label("name"), start.label("start"), value.label("value"))
        .where(where & within(facts, day, scope.known))
        .group_by(c[group], start)
    )
    found: dict[str | None, dict[str, Decimal]] = {}
    for row in rows:
        key = bucket_key(Period(row.start, row.start), unit)
        found.setdefault(row.name, {})[key] = row.value or ZERO
    order = sorted(found, key=lambda name: (-sum(found[name].values()), name or ""))
    shown = [Layer(id_key(name), name, found[name]) for name in order[:most]]
    if rest := order[most:]:
        keys = {bucket_key(period, unit) for period in scope.period.buckets()}
        sums = {key: sum((found[name].get(key, ZERO) for name in rest), ZERO) for key in keys}
        shown.append(Layer(REST, None, sums))
    return shown


def ranking(
    tx: Session,
    scope: Scope,
    facts: sa.CTE,
    key: str,
    view: str,
    sums: Callable[[str], dict[str, sa.ColumnElement[Any]]],
    make: Callable[[Any], T],
    *,
    total: dict[str, Decimal | None],
    where: sa.ColumnElement[bool] | None = None,
    code: bool = False,
) -> Ranking[T]:
    """The customers, products or accounts with the largest value in the period.

    Args:
        key: the facts' column that names a row of `view`.
        sums: aggregates of one of the report's spans; the first is the value.
        total: the whole of each span, of which the rest is what isn't in the ranking.
    """
    table, named = FACTS[view].c, FACTS[view].c[f"{view}_id"]
    now, compared = sums(NOW), scope.compare in scope.earlier and total.get(scope.compare) is not None
    main = next(iter(now))
    columns = [column.label(label) for label, column in now.items()]
    other = sums(scope.compare)[main] if compared else sa.null().cast(sa.Numeric)
    query = sa.select(facts.c[key].label("key"), *columns, other.label("other")).group_by(facts.c[key])
    if where is not None:
        query = query.where(where)
    ranked = query.having(now[main].is_not(None)).subquery()
    extra = [table.code] if code else []
    rows = tx.execute(
        sa.select(ranked, table.name.label("name"), *extra, sa.func.count().over().label("many"))
        .join(FACTS[view], (table.source == scope.source) & (named == ranked.c.key), isouter=True)
        .order_by(ranked.c[main].desc(), table.name, ranked.c.key)
        .limit(MOST_ROWS)
    ).all()
    whole = total.get(NOW)
    top = [
        Ranked(
            key=row.key,
            name=row.name or row.key,
            value=getattr(row, main),
            now=make(row),
            other=(row.other or ZERO) if compared else None,
            share=part(getattr(row, main), whole),
            code=row.code if code else None,
        )
        for row in rows
    ]
    # What is not shown: the smaller ones, and in the time compared with also those that have left.
    rest = (whole or ZERO) - sum((found.value for found in top), ZERO)
    rest_other = None
    if compared:
        rest_other = (total[scope.compare] or ZERO) - sum((found.other or ZERO for found in top), ZERO)
    others = (
        Ranked(None, None, rest, make(None), rest_other, part(rest, whole)) if rest or rest_other else None
    )
    return Ranking(top, others, rows[0].many if rows else 0)
