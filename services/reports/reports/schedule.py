"""Cron lines with a time zone: when something is due.

Daylight saving follows Debian's cron. A job at a fixed time that the clock skips in spring runs right after
the gap (02:30 becomes 03:00); one that the clock repeats in autumn runs once, the first time. Lines whose
minute or hour starts with `*` go by elapsed time: `*/15 * * * *` runs every 15 minutes through both changes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, model_validator


class Schedule(BaseModel):
    """Five cron fields and an IANA time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: str = Field(max_length=200)
    timezone: str = Field(default="UTC", max_length=60)

    @model_validator(mode="after")
    def _can_happen(self) -> "Schedule":
        try:
            zone = ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as problem:
            raise ValueError(f"{self.timezone!r} is no IANA time zone") from problem
        if len(self.cron.split()) != 5:
            raise ValueError("a cron line has five fields: minute hour day-of-month month day-of-week")
        try:
            next(CronSim(self.cron, datetime.now(zone)))
        except (CronSimError, StopIteration) as problem:
            raise ValueError(f"not a cron line that can ever happen: {problem}") from problem
        return self

    def _walk(self, start: datetime, *, back: bool = False) -> Iterator[datetime]:
        walk = CronSim(self.cron, start.astimezone(ZoneInfo(self.timezone)), reverse=back)
        return (time.astimezone(UTC) for time in walk)

    def after(self, time: datetime, count: int = 1) -> list[datetime]:
        """The next `count` times later than `time`."""
        # The iterator starts from local time, where an hour repeats in autumn: it may offer a past one again.
        return list(islice((t for t in self._walk(time) if t > time), count))

    def between(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """The times in [since, until)."""
        # One that has seconds is no time of ours, so the walk may begin a minute before.
        walk = self._walk(since - timedelta(minutes=1))
        return (t for t in takewhile(lambda t: t < until, walk) if t >= since)

    def latest(self, time: datetime) -> datetime:
        """The last time that is not later than `time`."""
        return next(t for t in self._walk(time + timedelta(minutes=1), back=True) if t <= time)
