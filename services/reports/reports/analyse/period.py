"""Periods: what was asked ("this_year", "2026-10", from-to) as dates, and the same dates a year before."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from kit.errors import Invalid

DEFAULT = "last_12_months"
MOST_MONTHS = 60
DAILY_UP_TO = 45  # days; longer periods are told by the month

NAMES = (
    "last_12_months",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
    "this_fiscal_year",
    "last_fiscal_year",
)


@dataclass(frozen=True)
class Period:
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    @property
    def unit(self) -> str:
        return "day" if (self.end - self.start).days < DAILY_UP_TO else "month"

    @property
    def months(self) -> int | None:
        """How many calendar months it is made of; None if it isn't."""
        if self.start.day != 1 or self.end != month_end(self.end):
            return None
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1

    def year_before(self) -> "Period":
        """The same days a year earlier; a period that ends with a month stays one that does."""
        return self.earlier(months=12)

    def earlier(self, *, months: int = 0, days: int = 0) -> "Period":
        """The same days so much earlier; by months, a period that ends with a month stays one that does."""
        if days:
            return Period(self.start - timedelta(days), self.end - timedelta(days))
        end = months_before(self.end, months)
        if self.end == month_end(self.end):
            end = month_end(end)
        return Period(months_before(self.start, months), end)

    def buckets(self) -> list["Period"]:
        """The period in days, or in calendar months cut at its ends."""
        if self.unit == "day":
            days = (self.end - self.start).days + 1
            return [Period(day, day) for day in (self.start + timedelta(n) for n in range(days))]
        found, start = [], self.start
        while start <= self.end:
            end = min(month_end(start), self.end)
            found.append(Period(start, end))
            start = end + timedelta(1)
        return found


def _days(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def month_end(day: date) -> date:
    return day.replace(day=_days(day))


def add_months(day: date, months: int) -> date:
    """The first of the month that is so many months away."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def months_before(day: date, months: int) -> date:
    """So many months earlier; a day that month hasn't becomes its last."""
    month = add_months(day, -months)
    return month.replace(day=min(day.day, _days(month)))


def fiscal_year(day: date, first_month: int) -> date:
    """When the fiscal year of this day began."""
    return date(day.year - (day.month < first_month), first_month, 1)


def resolve(asked: dict[str, Any], today: date, fiscal_start: int = 1) -> Period:
    """The dates of a period.

    Args:
        asked: `{"name": ...}` or `{"from": ..., "to": ...}`.
        today: the day the numbers are of.
        fiscal_start: the month in which the company's fiscal year begins.

    Raises:
        Invalid: it is no period, ends before it begins, or is too long to show.
    """
    period = _named(str(asked["name"]), today, fiscal_start) if "name" in asked else _between(asked)
    if period.end < period.start:
        raise _invalid("The period ends before it begins.")
    if period.end > add_months(period.start, MOST_MONTHS + 1):
        raise _invalid(f"A period has at most {MOST_MONTHS} months.")
    return period


def _invalid(why: str) -> Invalid:
    return Invalid("invalid_period", why, [{"loc": ["period"], "msg": why}])


def _between(asked: dict[str, Any]) -> Period:
    try:
        period = Period(date.fromisoformat(str(asked["from"])), date.fromisoformat(str(asked["to"])))
    except (KeyError, ValueError):
        raise _invalid('A period is a name or {"from": "2026-01-01", "to": "2026-12-31"}.') from None
    if period.start.year < 1900 or period.end.year > 2200:
        raise _invalid("A period lies between the years 1900 and 2200.")
    return period


def _named(name: str, today: date, fiscal_start: int) -> Period:
    year, month = date(today.year, 1, 1), today.replace(day=1)
    quarter = month.replace(month=(today.month - 1) // 3 * 3 + 1)
    fiscal = fiscal_year(today, fiscal_start)
    starts = {
        # To date: the month that runs, and the eleven before it.
        "last_12_months": (add_months(month, -11), 12),
        "this_month": (month, 1),
        "last_month": (add_months(month, -1), 1),
        "this_quarter": (quarter, 3),
        "last_quarter": (add_months(quarter, -3), 3),
        "this_year": (year, 12),
        "last_year": (add_months(year, -12), 12),
        "this_fiscal_year": (fiscal, 12),
        "last_fiscal_year": (add_months(fiscal, -12), 12),
    }
    if name in starts:
        start, months = starts[name]
    elif match := re.fullmatch(r"((?:19|20|21)\d\d)(?:-(0[1-9]|1[0-2])|-Q([1-4]))?", name):
        of_year, of_month, of_quarter = match.groups()
        first = int(of_month) if of_month else int(of_quarter) * 3 - 2 if of_quarter else 1
        start, months = date(int(of_year), first, 1), 1 if of_month else 3 if of_quarter else 12
    else:
        raise _invalid(
            f"There is no period {name!r}; there are {', '.join(NAMES)}, and such as 2026, 2026-Q3, 2026-10."
        )
    return Period(start, month_end(add_months(start, months - 1)))
