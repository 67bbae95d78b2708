"""Cron lines with a time zone, and working days: when something is due.

Daylight saving follows Debian's cron. A job at a fixed time that the clock skips in spring runs right after
the gap (02:30 becomes 03:00); one that the clock repeats in autumn runs once, the first time. Lines whose
minute or hour starts with `*` go by elapsed time: `*/15 * * * *` runs every 15 minutes through both changes.
With a rule of working days every time is a fixed time.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import groupby, islice, pairwise, takewhile
from typing import Literal
from zoneinfo import ZoneInfo

import holidays
from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, model_validator

# No run of days off is longer, so no time is moved further.
FURTHEST = timedelta(days=31)
# A line that names 29 February only has a time in every eight years.
HORIZON = timedelta(days=8 * 366)
LOOKED_AT = 60
MINUTE = timedelta(minutes=1)


@cache
def countries() -> dict[str, list[str]]:
    """The countries whose holidays are known (ISO 3166-1), with their subdivisions (ISO 3166-2)."""
    return {
        code: list(parts)
        for code, parts in holidays.list_supported_countries(include_aliases=False).items()
        if len(code) == 2
    }


@cache
def _holidays(country: str | None, subdivision: str | None) -> holidays.HolidayBase:
    if country is None:
        return holidays.HolidayBase()  # no holidays; Saturday and Sunday are off
    return holidays.country_holidays(country, subdiv=subdivision)


@lru_cache(maxsize=2000)
def _working(country: str | None, subdivision: str | None, year: int, month: int) -> tuple[date, ...]:
    """The working days of a month."""
    known = _holidays(country, subdivision)
    days = (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))
    return tuple(day for day in days if known.is_working_day(day))


class WorkingDays(BaseModel):
    """What becomes of a time on a day off: it moves to the `next` or `previous` working day, or only times on
    working days count, or `only` those on the `nth` of the month, where -1 is the last.

    Without a country no day is a holiday, and Saturday and Sunday are off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Literal["next", "previous", "only", "nth"]
    nth: int | None = Field(default=None, ge=-15, le=15)
    country: str | None = Field(default=None, max_length=2)
    subdivision: str | None = Field(default=None, max_length=60)

    @model_validator(mode="after")
    def _known(self) -> "WorkingDays":
        if (self.rule == "nth") != bool(self.nth):
            raise ValueError("nth, from 1 to 15 or from -1 to -15, goes with the rule nth and no other")
        if self.country is not None and self.country not in countries():
            raise ValueError(f"the holidays of {self.country!r} are not known; write a country like DE")
        if self.subdivision is not None and self.subdivision not in countries().get(self.country or "", ()):
            raise ValueError(
                f"{self.country} has no subdivision {self.subdivision!r} with holidays of its own"
            )
        return self

    def works(self, day: date) -> bool:
        return day in self._month(day)

    def _month(self, day: date) -> tuple[date, ...]:
        return _working(self.country, self.subdivision, day.year, day.month)

    def instead_of(self, day: date) -> date | None:
        """The day on which a time of this day runs; None if it does not."""
        if self.rule == "nth":
            assert self.nth is not None
            month = self._month(day)
            place = self.nth - 1 if self.nth > 0 else self.nth
            return day if -len(month) <= place < len(month) and month[place] == day else None
        if self.rule == "only":
            return day if self.works(day) else None
        step = 1 if self.rule == "next" else -1
        near = (day + timedelta(days=step * far) for far in range(FURTHEST.days))
        return next((found for found in near if self.works(found)), None)


class Schedule(BaseModel):
    """Five cron fields and an IANA time zone, perhaps on working days only.

    `await_load` makes each time the latest: the run comes as soon as the source was read on that day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: str = Field(max_length=200)
    timezone: str = Field(default="UTC", max_length=60)
    working_days: WorkingDays | None = None
    await_load: bool = False

    @model_validator(mode="after")
    def _can_happen(self) -> "Schedule":
        try:
            zone = ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as problem:
            raise ValueError(f"{self.timezone!r} is no IANA time zone") from problem
        if len(self.cron.split()) != 5:
            raise ValueError("a cron line has five fields: minute hour day-of-month month day-of-week")
        try:
            next(self._walk(datetime.now(zone)))
        except (CronSimError, StopIteration) as problem:
            raise ValueError(f"not a cron line that can ever happen: {problem}") from problem
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def _walk(self, start: datetime, *, back: bool = False) -> Iterator[datetime]:
        local = start.astimezone(self.zone)
        if self.working_days is not None:
            return self._on_working_days(self.working_days, local.replace(tzinfo=None), back)
        return (time.astimezone(UTC) for time in CronSim(self.cron, local, reverse=back))

    def _on_working_days(self, rule: WorkingDays, start: datetime, back: bool) -> Iterator[datetime]:
        """The times about `start`, which may begin before it, or back, after it."""
        sign = -1 if back else 1
        begin = start - sign * FURTHEST
        walk = takewhile(lambda time: abs(time - begin) < HORIZON, CronSim(self.cron, begin, reverse=back))
        for day, times in groupby(walk, key=lambda time: rule.instead_of(time.date())):
            if day is not None:
                instants = {_instant(day, time.time(), self.zone) for time in times}
                yield from sorted(instants, reverse=back)

    def after(self, time: datetime, count: int = 1) -> list[datetime]:
        """The next `count` times later than `time`."""
        # The iterator starts from local time, where an hour repeats in autumn: it may offer a past one again.
        return list(islice((t for t in self._walk(time) if t > time), count))

    def between(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """The times in [since, until)."""
        # One that has seconds is no time of ours, so the walk may begin a minute before.
        walk = self._walk(since - MINUTE)
        return (t for t in takewhile(lambda t: t < until, walk) if t >= since)

    def latest(self, time: datetime) -> datetime:
        """The last time that is not later than `time`."""
        return next(t for t in self._walk(time + MINUTE, back=True) if t <= time)

    def missed(self, since: datetime, until: datetime, most: int) -> list[datetime]:
        """The times in [since, until], the latest first, and `most` of them at most."""
        walk = self._walk(until + MINUTE, back=True)
        return list(islice((t for t in takewhile(lambda t: t >= since, walk) if t <= until), most))

    def closest(self, time: datetime) -> timedelta:
        """How near to each other the next times are."""
        return min(_steps(self.after(time, LOOKED_AT)), default=HORIZON)

    def begins(self, time: datetime) -> datetime:
        """Midnight before this time, in its zone."""
        return _instant(time.astimezone(self.zone).date(), datetime.min.time(), self.zone)


def _steps(times: Iterable[datetime]) -> Iterator[timedelta]:
    return (later - earlier for earlier, later in pairwise(times))


def _instant(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone show this; what they skip is right after the gap, what they repeat is the
    first."""
    shown = datetime.combine(day, wall, zone)
    found = shown.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
        return found
    # The clocks jump somewhere between these two: read with the offset of after it, and of before it.
    found = shown.replace(fold=1).astimezone(UTC)
    before = found.astimezone(zone).utcoffset()
    while found.astimezone(zone).utcoffset() == before:
        found += MINUTE
    return found
