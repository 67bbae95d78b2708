"""When something happens that is at a local time of a time zone, once or again and again by a rule.

Daylight saving is RFC 5545's (3.3.5). A time that the clock skips in spring is read with the offset from
before the gap, so 02:30 is 03:30 on that day and does not fall out; one that the clock repeats in autumn is
the first of the two. A series keeps its wall times: 09:00 stays 09:00, and a night from 22:00 to 06:00 ends
at 06:00, an hour shorter or longer where the clock changed meanwhile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from heapq import merge
from importlib.resources import files
from typing import cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from icalendar import vRecur

# Nothing happens outside of these years, so whatever a rule says, looking for its next time ends.
FIRST_YEAR, END_YEAR = 2000, 2100
Place = tuple[datetime, datetime]  # the wall times of a start and an end
END = datetime(END_YEAR, 1, 1)  # noqa: DTZ001 - a wall time, of any zone
_DAY = timedelta(days=1)
_NUMBERS = {"INTERVAL": 999, "COUNT": 999, "BYMONTH": 12, "BYMONTHDAY": 31, "BYSETPOS": 366}
_FROM_THE_END = ("BYMONTHDAY", "BYSETPOS")
_ONE_VALUE = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST")
_LIMITS = ("COUNT", "UNTIL")
_STEPS = {"DAILY": 1, "WEEKLY": 7}
# BYWEEKNO and BYYEARDAY are left out: Thunderbird reads the one as every week, and nobody says the other.
# A day that hardly ever comes is for months and years to name: to walk there day by day would take long.
_FREQUENCIES = {
    "DAILY": {*_ONE_VALUE, "BYDAY"},
    "WEEKLY": {*_ONE_VALUE, "BYMONTH", "BYDAY", "BYSETPOS"},
    "MONTHLY": {*_ONE_VALUE, *_NUMBERS, "BYDAY"},
    "YEARLY": {*_ONE_VALUE, *_NUMBERS, "BYDAY"},
}


@cache
def _zones() -> set[str]:
    # Not the machine's own list: it knows `localtime`, which is another zone on each.
    return {*(files("tzdata") / "zones").read_text().split()} - {"Factory"}


def zone(name: str) -> ZoneInfo:
    """The IANA time zone of this name.

    Raises:
        ValueError: there is none.
    """
    if name not in _zones():
        raise ValueError("A time zone is a name of the IANA database, as in Europe/Berlin.")
    return ZoneInfo(name)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The time in UTC at which the clocks of a zone show this; for gap and repetition see above."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall(time: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of a zone show at a time."""
    return time.astimezone(zone).replace(tzinfo=None, fold=0)


def read_rule(text: str, starts: datetime, zone: ZoneInfo, *, all_day: bool) -> str:
    """An RRULE as everybody reads it, its UNTIL in UTC, or a date for what lasts all day.

    Args:
        starts: the series' first wall time, which must be the first of the rule as well: calendars
            disagree about a series that begins outside of its rule.

    Raises:
        ValueError: it is no rule, or none for appointments.
    """
    try:
        rule = vRecur.from_ical(text)
    except ValueError as problem:
        raise ValueError("A rule is an RRULE of RFC 5545, as in FREQ=WEEKLY;BYDAY=MO.") from problem
    _check(rule, text.count("="))
    if until := rule.get("UNTIL"):
        if not isinstance(until[0], date) or not starts.year <= until[0].year < END_YEAR:
            raise ValueError(f"UNTIL is a day or a time, after `start` and before {END_YEAR}.")
        rule["UNTIL"] = [_until(until[0], zone, all_day=all_day)]
    found: str = rule.to_ical().decode()
    last = last_of(found, starts, zone)
    if (last and last < starts) or next(_walk(_endless(found), starts, starts), None) != starts:
        raise ValueError("`start` has to be the first time of the rule.")
    return found


def _check(rule: vRecur, parts: int) -> None:
    if len(rule) != parts or any(len(rule.get(name, [1])) != 1 for name in _ONE_VALUE):
        raise ValueError("A part of the rule is said twice.")
    freq = str(rule.get("FREQ", [""])[0])
    if freq not in _FREQUENCIES:
        raise ValueError("An appointment comes again DAILY, WEEKLY, MONTHLY or YEARLY.")
    if unknown := rule.keys() - _FREQUENCIES[freq]:
        raise ValueError(f"{min(unknown)} is not for an appointment that comes again {freq}.")
    if all(name in rule for name in _LIMITS):
        raise ValueError("A rule has COUNT or UNTIL, not both.")
    for name, most in _NUMBERS.items():
        least = -most if name in _FROM_THE_END else 1
        for number in rule.get(name, ()):
            if number == 0 or not least <= number <= most or getattr(number, "leap", False):
                raise ValueError(f"{name} is a number up to {most}.")
    _check_days(rule, freq)
    if "BYSETPOS" in rule and not any(name.startswith("BY") for name in rule.keys() - {"BYSETPOS"}):
        raise ValueError("BYSETPOS chooses among what another BY part says.")


def _check_days(rule: vRecur, freq: str) -> None:
    numbers = [int(day[:-2]) for day in map(str, rule.get("BYDAY", ())) if len(day) > 2]
    if numbers and freq not in ("MONTHLY", "YEARLY"):
        raise ValueError("Only in a month or a year a weekday has a number, as in 1MO.")
    if any(not 1 <= abs(number) <= (5 if freq == "MONTHLY" else 53) for number in numbers):
        raise ValueError("There is no such weekday, as in 1MO or -1FR.")


def _until(until: date, zone: ZoneInfo, *, all_day: bool) -> date:
    """A date means the whole of that day."""
    if not isinstance(until, datetime):
        return until if all_day else instant(datetime.combine(until, time(23, 59, 59)), zone)
    local = wall(until, zone) if until.tzinfo else until
    return local.date() if all_day else instant(local, zone)


def _endless(rule: str) -> str:
    return ";".join(part for part in rule.split(";") if not part.startswith(_LIMITS))


def last_of(rule: str, starts: datetime, zone: ZoneInfo) -> datetime | None:
    """A wall time that the last start of a series does not exceed; None if it has no end."""
    parts = vRecur.from_ical(rule)
    if until := parts.get("UNTIL"):
        last = until[0]
        return wall(last, zone) if isinstance(last, datetime) else datetime.combine(last, time())
    if count := parts.get("COUNT"):
        last = starts
        for number, found in enumerate(_walk(_endless(rule), starts, END), 1):
            last = found
            if number == count[0]:
                break
        return last
    return None


def _walk(rule: str, starts: datetime, last: datetime, since: datetime | None = None) -> Iterator[datetime]:
    """The wall times of a rule without COUNT and UNTIL, up to `last`."""
    if since and since > starts:
        # Whole steps, and one to spare: years of a daily series are not walked through for each look.
        parts = vRecur.from_ical(rule)
        if step := _STEPS.get(str(parts["FREQ"][0])):
            step *= int(parts.get("INTERVAL", [1])[0])
            starts += timedelta(days=max(0, (since - starts).days // step - 1) * step)
    walk = cast(rrule, rrulestr(rule, dtstart=starts)).replace(until=last)
    return iter(walk.xafter(since, inc=True) if since else walk)


@dataclass(frozen=True)
class Occurrence:
    """One time of a series.

    Attributes:
        wall: where it was before anybody moved it: its name.
        start, end: in UTC.
    """

    wall: datetime
    start: datetime
    end: datetime


def _by_start(occurrence: Occurrence) -> tuple[datetime, datetime]:
    return occurrence.start, occurrence.wall


@dataclass(frozen=True)
class Series:
    """All times of something; of what comes once, one.

    Args:
        starts, ends: wall times of the first.
        last: as of `last_of`.
        changed: single times that are elsewhere, or (None) not at all, by where they were.
    """

    starts: datetime
    ends: datetime
    zone: ZoneInfo
    rule: str | None = None
    last: datetime | None = None
    changed: Mapping[datetime, Place | None] = field(default_factory=dict)

    @property
    def length(self) -> timedelta:
        return self.ends - self.starts

    def between(self, since: datetime, until: datetime) -> Iterator[Occurrence]:
        """What lies at least partly in [since, until), by its start."""
        moved = [self.at(name, place) for name, place in self.changed.items() if place]
        inside = [o for o in moved if o.start < until and (o.end > since or o.start >= since)]
        inside.sort(key=_by_start)
        return merge(self._regular(since, until), inside, key=_by_start)

    def named(self, start: datetime) -> datetime | None:
        """The wall time of the occurrence that would start then if nobody had moved it."""
        about = wall(start, self.zone)
        names = self._walls(about - _DAY, about + _DAY)
        return next((name for name in names if instant(name, self.zone) == start), None)

    def regular(self, name: datetime) -> Occurrence:
        """An occurrence where it would be if nobody had moved it."""
        return self.at(name, (name, name + self.length))

    def at(self, name: datetime, place: Place) -> Occurrence:
        """An occurrence at these wall times."""
        start, end = (instant(wall, self.zone) for wall in place)
        # Over the gap the end can come out before the start: then it keeps its length.
        return Occurrence(name, start, end if end > start else start + (place[1] - place[0]))

    def _regular(self, since: datetime, until: datetime) -> Iterator[Occurrence]:
        # A day more on both sides: no clock is further from UTC.
        begin = since.replace(tzinfo=None) - self.length - _DAY
        for name in self._walls(begin, until.replace(tzinfo=None) + _DAY):
            if name in self.changed:
                continue
            found = self.regular(name)
            if found.start >= until:
                return
            if found.end > since or found.start >= since:
                yield found

    def _walls(self, since: datetime, until: datetime) -> Iterator[datetime]:
        if self.rule is None:
            return iter([self.starts] if since <= self.starts <= until else [])
        return _walk(_endless(self.rule), self.starts, min(until, self.last or END), max(since, self.starts))
