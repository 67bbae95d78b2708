"""The human resources report's numbers, from assignments and, where there are any, timesheets.

Who has an assignment on a day is employed on it, and counts once, however many assignments there are.
Somebody is hired when an assignment begins and none ended the day before, and leaves when one ends and none
begins the day after. What anybody is paid, and when somebody was ill, is nowhere in this report: cost and
absence of fewer than `FEW` people are not known here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from kit.fields import Line
from pydantic import Field
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from reports.analyse.detail import Detail, detail
from reports.analyse.keys import bucket, is_one, is_part
from reports.analyse.measure import (
    CENT,
    ZERO,
    Layer,
    Measured,
    Point,
    ends,
    first_day,
    flow,
    layers,
    part,
    ratio,
    within,
)
from reports.analyse.period import Period
from reports.analyse.scope import DatedFilters, Scope, scope_of
from reports.models import FACTS

NEEDS = ("company", "employment")
WORK = "work"
KINDS = 4
FEW = 3
COLUMNS = {"departments": "department", "jobs": "job"}
YEAR = Decimal("365.25")


class PeopleFilters(DatedFilters):
    department: Line | None = Field(default=None, max_length=200)


@dataclass(frozen=True)
class Staff:
    """Who was employed on a day. `paid` are those whose cost is known, `cost` what they cost a month."""

    @classmethod
    def of(cls, row: Any) -> "Staff":
        return cls(row.heads, row.women, row.known, row.paid, row.cost if row.paid >= FEW else None)

    heads: int
    women: int
    known: int
    paid: int
    cost: Decimal | None

    @property
    def count(self) -> Decimal:
        return Decimal(self.heads)

    @property
    def share_of_women(self) -> Decimal | None:
        """Percent of those whose gender is known."""
        return part(Decimal(self.women), Decimal(self.known))

    @property
    def cost_of_one(self) -> Decimal | None:
        return ratio(self.cost, self.paid, CENT)


@dataclass(frozen=True)
class Moved:
    hired: int = 0
    left: int = 0

    @classmethod
    def of(cls, row: Any) -> "Moved":
        return cls() if row is None else cls(row.hired, row.left)


@dataclass(frozen=True)
class Hours:
    """`away` and `worked` are None where no time was recorded."""

    worked: Decimal | None = None
    away: Decimal | None = None

    @classmethod
    def of(cls, row: Any) -> "Hours":
        return cls() if row is None or not row.rows else cls(row.worked or ZERO, row.away or ZERO)

    @property
    def whole(self) -> Decimal | None:
        return None if self.worked is None or self.away is None else self.worked + self.away

    @property
    def absence(self) -> Decimal | None:
        return part(self.away, self.whole)


@dataclass(frozen=True)
class Department:
    key: str | None
    now: Staff
    other: int | None
    hired: int
    left: int


@dataclass(frozen=True)
class People:
    """`staff` has the end of each month (or day) and of each span; `hours` is None without timesheets that
    tell absence from work."""

    scope: Scope
    staff: dict[date, Staff]
    first: date | None
    moved: Measured[Moved]
    average: dict[str, Decimal]
    departments: list[Department]
    jobs: list[Department]
    hours: Measured[Hours] | None
    few: bool
    kinds: list[Layer]

    def at(self, day: date) -> Staff | None:
        return self.staff.get(day)

    @property
    def now(self) -> Staff | None:
        return self.at(self.scope.known.end)

    def points(self) -> list[Point[Staff]]:
        """The end of each month (or day), and the day it is compared with."""
        scope, found = self.scope, []
        earlier = scope.earlier.get(scope.compare)
        for period in scope.period.buckets():
            ahead, day = period.start > scope.today, min(period.end, scope.today)
            now = None if ahead else self.at(day)
            other = self.at(earlier.end(day)) if earlier and not ahead else None
            found.append(Point(period, now, other, partial=not ahead and scope.today < period.end))
        return found

    def turnover(self, span: str) -> Decimal | None:
        """Leavers of a year, in percent of the average headcount."""
        if span not in self.average or span not in self.moved.total:
            return None
        days = (self.scope.spans[span].end - self.scope.spans[span].start).days + 1
        left = Decimal(self.moved.total[span].left) * YEAR / days
        return part(left, self.average[span])


class Employed:
    """The assignments as the scope narrows them."""

    def __init__(self, tx: Session, scope: Scope, filters: PeopleFilters) -> None:
        self.tx, self.scope, self.filters = tx, scope, filters
        job = FACTS["employment"].c
        names = "employee_id company_id name department job gender start_date end_date monthly_cost"
        every = (
            sa.select(*(job[name] for name in names.split()))
            .where(job.source == scope.source, job.company_id.in_(scope.company_ids))
            .cte("every")
        )
        before, after, e = every.alias("before"), every.alias("after"), every.c

        def another(other: Any, day: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
            same = (other.c.employee_id == e.employee_id) & (other.c.start_date <= day)
            return sa.exists().where(same, other.c.end_date.is_(None) | (other.c.end_date >= day))

        # Moving to another department or a raise in pay ends one assignment and begins another.
        query = sa.select(
            every,
            (~another(before, e.start_date - 1)).label("hired"),
            (e.end_date.is_not(None) & ~another(after, e.end_date + 1)).label("left"),
        )
        if filters.department is not None:
            query = query.where(e.department == filters.department)
        self.facts = query.cte("assignments")
        self.row = self.facts.c
        self.first = first_day(tx, self.facts, "start_date")

    def on(self, day: sa.ColumnElement[Any] | date) -> sa.ColumnElement[bool]:
        return (self.row.start_date <= day) & (self.row.end_date.is_(None) | (self.row.end_date >= day))

    def _staff(self, rate: sa.ColumnElement[Any]) -> dict[str, sa.ColumnElement[Any]]:
        r = self.row
        woman = sa.func.lower(r.gender).in_(("f", "female", "w", "woman", "women"))
        return {
            "heads": sa.func.count(r.employee_id.distinct()),
            "women": sa.func.count(r.employee_id.distinct()).filter(woman),
            "known": sa.func.count(r.employee_id.distinct()).filter(r.gender.is_not(None)),
            "paid": sa.func.count(r.employee_id.distinct()).filter(r.monthly_cost.is_not(None)),
            "cost": sa.func.sum(r.monthly_cost * rate),
        }

    def staff(self, days: Iterable[date]) -> dict[date, Staff]:
        """Who was employed on each of these days, since the first that is known."""
        covered = sorted({day for day in days if self.first and self.first <= day})
        if not covered:
            return {}
        stamps = self.scope.rates.stamps(self.tx, covered)
        s = stamps.c
        columns = [column.label(name) for name, column in self._staff(s.rate).items()]
        there = (self.row.company_id == s.company_id) & self.on(s.day)
        rows = self.tx.execute(
            sa.select(s.day, *columns).join(self.facts, there, isouter=True).group_by(s.day)
        )
        return {row.day: Staff.of(row) for row in rows}

    @property
    def _hired(self) -> sa.Select[Any]:
        r = self.row
        return sa.select(r.employee_id, r.start_date.label("date"), sa.literal(1).label("change")).where(
            r.hired
        )

    @property
    def _left(self) -> sa.Select[Any]:
        r = self.row
        return sa.select(r.employee_id, r.end_date.label("date"), sa.literal(-1).label("change")).where(
            r.left
        )

    def moved(self) -> Measured[Moved]:
        """Hires and leavers by the day they came and went."""
        moves = sa.union(self._hired, self._left).cte("moves")
        change = moves.c.change

        def sums(when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
            return {
                "hired": sa.func.count().filter(when & (change == 1)),
                "left": sa.func.count().filter(when & (change == -1)),
            }

        return flow(self.tx, self.scope, moves, sums, Moved.of, first=self.first)

    def average(self, span: Period) -> Decimal:
        """Of the headcount at the span's first and last day and each end of a month between."""
        inside = [found.end for found in Period(span.start, span.end).buckets()]
        staff = self.staff([span.start, *inside])
        return Decimal(sum(found.heads for found in staff.values())) / max(len(staff), 1)

    def by(self, column: str) -> list[Department]:
        """The staff of the last day by department or job, and who was hired and left in the period."""
        r, scope = self.row, self.scope
        earlier = scope.earlier.get(scope.compare)
        before = earlier.span.end if earlier and self.first and self.first <= earlier.span.end else None
        day, known = scope.known.end, scope.known
        stamps = scope.rates.stamps(self.tx, [day])
        people, there = r.employee_id.distinct(), self.on(day)
        now = (c.filter(there).label(name) for name, c in self._staff(stamps.c.rate).items())
        then = self.on(before) if before else sa.false()
        came = r.hired & r.start_date.between(known.start, known.end)
        went = r.left & r.end_date.between(known.start, known.end)
        others = (("other", then), ("hired", came), ("left", went))
        rows = self.tx.execute(
            sa.select(
                r[column].label("key"),
                *now,
                *(sa.func.count(people).filter(when).label(name) for name, when in others),
            )
            .select_from(self.facts.join(stamps, r.company_id == stamps.c.company_id))
            .group_by(r[column])
        ).all()
        found = [
            Department(
                row.key,
                Staff.of(row),
                row.other if before else None,
                row.hired,
                row.left,
            )
            for row in rows
            if row.heads or row.other or row.hired or row.left
        ]
        return _hidden(sorted(found, key=lambda d: (-d.now.heads, d.key or "")))

    @cached_property
    def few(self) -> bool:
        """Whether so few are employed that what is said of all is said of one."""
        day = self.scope.known.end
        found = self.staff([day]).get(day)
        return found is None or found.heads < FEW

    # --- hours -------------------------------------------------------------------------------------

    def _hours(self) -> sa.CTE:
        time = FACTS["hr_time"].c
        query = sa.select(time.employee_id, time.company_id, time.date, time.kind, time.hours).where(
            time.source == self.scope.source, time.company_id.in_(self.scope.company_ids)
        )
        if self.filters.department is not None:
            r = self.row
            here = (r.employee_id == time.employee_id) & (r.start_date <= time.date)
            here &= r.end_date.is_(None) | (r.end_date >= time.date)
            query = query.where(sa.exists().where(here))
        return query.cte("hours")

    def hours(self) -> tuple[Measured[Hours] | None, list[Layer]]:
        """Worked and absent hours, and the absent ones by kind; None where absence is not recorded."""
        hours = self._hours()
        h = hours.c
        if self.few or not self.tx.scalar(sa.select(sa.exists().where(h.kind != WORK))):
            return None, []

        def sums(when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
            return {
                "worked": sa.func.sum(h.hours).filter(when & (h.kind == WORK)),
                "away": sa.func.sum(h.hours).filter(when & (h.kind != WORK)),
                "rows": sa.func.count().filter(when),
            }

        measured = flow(self.tx, self.scope, hours, sums, Hours.of)
        away = layers(self.tx, self.scope, hours, "kind", sa.func.sum(h.hours), h.kind != WORK, KINDS)
        return measured, away

    # --- rows --------------------------------------------------------------------------------------

    def rows(self, chart: str, key: str, siblings: Iterable[str]) -> Detail | None:
        r, (slot, _, way) = self.row, key.partition("|")
        span = bucket(self.scope, slot)
        if chart in COLUMNS:
            here = self.on(self.scope.known.end) & is_one(r[COLUMNS[chart]], key, siblings)
            return self._people(here)
        if span is None:
            return None
        if chart == "headcount":
            return self._people(self.on(span.end))
        if chart == "moves":
            return self._moves(span, way)
        return self._absence_rows(span, key, siblings) if chart == "absence" else None

    def _people(self, when: sa.ColumnElement[bool]) -> Detail:
        """Everybody once, with the newest assignment."""
        r = self.row
        one = (
            sa.select(self.facts)
            .where(when)
            .ext(distinct_on(r.employee_id))
            .order_by(r.employee_id, r.start_date.desc(), r.department)
            .cte("people")
        )
        p = one.c
        shown = [
            ("name", "Name", "text", p.name),
            ("department", "Department", "text", p.department),
            ("job", "Job", "text", p.job),
            ("since", "Since", "date", p.start_date),
            ("until", "Until", "date", p.end_date),
        ]
        return detail(shown, p.employee_id, p.start_date, sa.true(), counted=True)

    def _moves(self, span: Period, way: str) -> Detail:
        r = self.row
        chosen = {"in": [self._hired], "out": [self._left]}.get(way, [self._hired, self._left])
        moves = sa.union(*chosen).cte("moves")
        m = moves.c
        there = (r.start_date <= m.date) & (r.end_date.is_(None) | (r.end_date >= m.date))
        names = (
            sa.select(r.name, r.department, r.job)
            .where(r.employee_id == m.employee_id, there)
            .order_by(r.start_date.desc())
            .limit(1)
            .lateral("named")
        )
        shown = [
            ("date", "Date", "date", m.date),
            ("name", "Name", "text", names.c.name),
            ("department", "Department", "text", names.c.department),
            ("job", "Job", "text", names.c.job),
            ("amount", "Change", "number", m.change),
        ]
        id, when = sa.func.concat(m.employee_id, m.change), within(moves, "date", span)
        found = detail(shown, id, m.date, when, counted=bool(way))
        return replace(found, query=found.query.join(names, sa.true()))

    def _absence_rows(self, span: Period, key: str, siblings: Iterable[str]) -> Detail:
        """Absent hours by day and kind: whose they are is nobody's business here."""
        hours = self._hours()
        h = hours.c
        away = (h.kind != WORK) & within(hours, "date", span)
        away &= is_part(h.kind, key, siblings)
        sums = sa.select(h.date, h.kind, sa.func.sum(h.hours).label("hours"))
        sums = sums.where(sa.false() if self.few else away)
        summed = sums.group_by(h.date, h.kind).cte("summed").c
        shown = [
            ("date", "Date", "date", summed.date),
            ("kind", "Kind", "text", summed.kind),
            ("amount", "Hours", "number", summed.hours),
        ]
        return detail(shown, summed.kind, summed.date, sa.true())


def _hidden(found: list[Department]) -> list[Department]:
    """Without costs that would tell what a few are paid, or let it be worked out from all others."""
    few = {n for n, d in enumerate(found) if d.now.paid and d.now.cost is None}
    rest = sorted((n for n in range(len(found)) if n not in few), key=lambda n: found[n].now.paid)
    while few and sum(found[n].now.paid for n in few) < FEW and rest:
        few.add(rest.pop(0))
    return [replace(d, now=replace(d.now, cost=None)) if n in few else d for n, d in enumerate(found)]


def analyse(tx: Session, source: str, asked: dict[str, Any], filters: PeopleFilters, today: date) -> People:
    """
    Raises:
        Invalid: see `scope_of`.
    """
    scope = scope_of(tx, source, asked, filters, today)
    people = Employed(tx, scope, filters)
    months = ends(scope)
    earlier = scope.earlier.get(scope.compare)
    compared = [earlier.end(day) for day in months] if earlier else []
    hours, kinds = people.hours()
    return People(
        scope=scope,
        staff=people.staff([*months, *compared, *(span.end for span in scope.spans.values())]),
        first=people.first,
        moved=people.moved(),
        average=scope.each(people.average, people.first),
        departments=people.by("department"),
        jobs=people.by("job"),
        hours=hours,
        few=people.few,
        kinds=kinds,
    )


def rows(
    tx: Session, scope: Scope, filters: PeopleFilters, chart: str, key: str, siblings: Iterable[str]
) -> Detail | None:
    """The people, or the absent hours of departments, behind a point of a chart."""
    return Employed(tx, scope, filters).rows(chart, key, siblings)
