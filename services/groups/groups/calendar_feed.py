"""Somebody's calendar as iCalendar (RFC 5545, 5546, 7986), for the calendar applications they have anyway.

The address is the key: 256 random bits, kept hashed, made anew or revoked at will. What applications don't
agree on is left out. So a task is an event without a length at its end: to-dos of a calendar that one
subscribes to are shown neither by Google nor by Apple.
"""

import hashlib
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from icalendar import (
    STATUS,
    TRANSP,
    Alarm,
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vRecur,
)
from kit import clock
from kit.db import Transaction
from sqlalchemy.dialects.postgresql import insert

from groups import errors
from groups.calendar import Json, Planned
from groups.models import Appointment, CalendarToken, Group
from groups.recurrence import END_YEAR, Occurrence, instant, wall
from groups.settings import GroupsSettings

REFRESH = timedelta(minutes=30)
REPORTS_AHEAD = timedelta(days=60)
MOST_REPORTS, MOST_OF_EACH = 500, 60
ZONE_YEARS = 10
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
# Of these iCalendar's texts hold none, and a line must not end in the middle.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


# --- the address


def rotate(tx: Transaction, user_id: str) -> str:
    """A new token for somebody; their old one opens nothing any more."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    fresh = {"digest": _digest(token), "made_at": now, "read_at": None, "window_ends": now, "reads": 0}
    row = insert(CalendarToken).values(user_id=user_id, **fresh)
    tx.execute(row.on_conflict_do_update(index_elements=[CalendarToken.user_id], set_=fresh))
    return token


def reader(tx: Transaction, token: str, settings: GroupsSettings) -> str:
    """Whose calendar a token opens; counts the reading.

    Raises:
        NotFound, TooMany
    """
    found = sa.select(CalendarToken).where(CalendarToken.digest == _digest(token)).with_for_update()
    row = tx.scalars(found).first() if _TOKEN.fullmatch(token) else None
    if row is None:
        raise errors.calendar_not_found()
    now = clock.now()
    if row.window_ends <= now:
        row.window_ends, row.reads = now + timedelta(seconds=settings.FEED_WINDOW_SECONDS), 0
    if row.reads >= settings.FEED_READS:
        raise errors.too_many_reads((row.window_ends - now).total_seconds())
    row.read_at, row.reads = now, row.reads + 1
    return row.user_id


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# --- what stands there


def text(user_id: str, appointed: Sequence[Planned], ends: Iterable[Group], reports: Iterable[Json]) -> str:
    """The whole calendar. The same content is the same text, whenever it is asked for."""
    calendar = Calendar.new(
        prodid="-//Bchat//Calendar//EN", method="PUBLISH", name="Bchat", uid=f"calendar-{user_id}@bchat"
    )
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", REFRESH)
    for component in _zones(appointed):
        calendar.add_component(component)
    for planned in appointed:
        for event in _appointment(planned):
            calendar.add_component(event)
    for group in ends:
        if group.to_be_done:
            calendar.add_component(_task(group))
    for item in reports:
        calendar.add_component(_report(item))
    found: str = calendar.to_ical().decode()
    return found


def _appointment(planned: Planned) -> Iterator[Event]:
    """One event; for a series one more for each occurrence that was moved."""
    row, series, ended = planned.row, planned.series, planned.group.ended_at
    first, left_out, moved = series.regular(row.starts), [], []
    for name, place in sorted(series.changed.items()):
        found = series.at(name, place) if place else None
        if found and (not ended or found.start < ended):
            moved.append(_event(row, planned.group, *_span(row, found, series.zone)))
            moved[-1].add("recurrence-id", _local(row, name, series.zone))
        else:
            left_out.append(_local(row, name, series.zone))
    if ended and first.start >= ended:
        return
    if row.rrule is None:
        yield _event(row, planned.group, *_span(row, first, series.zone))
        return
    # The wall times as they are, even where the clocks skip the first: the rule counts from them.
    event = _event(row, planned.group, *(_local(row, time, series.zone) for time in (row.starts, row.ends)))
    event.add("rrule", _rule(planned))
    if left_out:
        event.add("exdate", left_out)
    yield event
    yield from moved


def _event(row: Appointment, group: Group, start: date, end: date) -> Event:
    event = Event.new(
        uid=f"appointment-{row.id}@bchat",
        stamp=row.changed_at,
        created=row.made_at,
        last_modified=row.changed_at,
        sequence=row.version - 1,
        start=start,
        end=end,
        summary=_clean(row.title),
        description=_clean(row.description) or None,
        location=_clean(row.place) or None,
        categories=[_clean(group.name)],
        status=STATUS.CONFIRMED,
    )
    for minutes in row.remind_minutes:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", _clean(row.title))
        alarm.add("trigger", -timedelta(minutes=minutes))
        event.add_component(alarm)
    return event


def _rule(planned: Planned) -> vRecur:
    """The rule of a series, which ends with its group."""
    row, series, ended = planned.row, planned.series, planned.group.ended_at
    rule: vRecur = vRecur.from_ical(row.rrule or "")
    if ended and (row.last is None or instant(row.last, series.zone) >= ended):
        rule.pop("COUNT", None)
        last = ended - _SECOND
        rule["UNTIL"] = [wall(last, series.zone).date() if row.all_day else last]
    return rule


def _task(group: Group) -> Event:
    assert group.target_end  # what a task is
    return Event.new(
        uid=f"task-{group.id}@bchat",
        stamp=group.changed_at,
        created=group.created_at,
        last_modified=group.changed_at,
        sequence=group.version - 1,
        start=group.target_end,
        summary=_clean(group.name),
        description=_clean(group.description) or None,
        categories=["Task"],
        transparency=TRANSP.TRANSPARENT,
    )


def _report(item: Json) -> Event:
    start = clock.parse(item["start"])
    return Event.new(
        uid=f"report-{item['id']}-{start:%Y%m%dT%H%M%SZ}@bchat",
        stamp=clock.parse(item["made_at"]),
        start=start,
        summary=_clean(item["title"]),
        categories=["Report"],
        transparency=TRANSP.TRANSPARENT,
    )


def _span(row: Appointment, occurrence: Occurrence, zone: ZoneInfo) -> tuple[date, date]:
    start, end = (time.astimezone(zone) for time in (occurrence.start, occurrence.end))
    return (start.date(), end.date()) if row.all_day else (start, end)


def _local(row: Appointment, time: datetime, zone: ZoneInfo) -> date:
    return time.date() if row.all_day else time.replace(tzinfo=zone)


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)


# --- time zones


def _zones(appointed: Sequence[Planned]) -> Iterator[Timezone]:
    """The zones whose clocks are used, from the first year that is needed to some years on."""
    years: dict[ZoneInfo, list[int]] = defaultdict(lambda: [clock.now().year])
    for planned in appointed:
        if not planned.row.all_day and planned.series.zone.key != "UTC":
            years[planned.series.zone] += [
                planned.row.earliest.year,
                (planned.row.latest or planned.row.ends).year,
            ]
    for zone, used in sorted(years.items(), key=lambda item: item[0].key):
        yield _zone(zone, min(used) - 1, min(max(used) + ZONE_YEARS, END_YEAR))


@lru_cache(maxsize=1000)
def _zone(zone: ZoneInfo, first: int, last: int) -> Timezone:
    """When the clocks of a zone change. The library's own begins a summer an hour late, after the gap."""
    found = Timezone()
    found.add("tzid", zone.key)
    at = datetime(first, 1, 1, tzinfo=UTC)
    changes: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = defaultdict(list)
    before = _offset(at, zone)
    changes[_observance(at, before, zone)].append((at + before).replace(tzinfo=None))
    while at.year < last:
        if _offset(at + _DAY, zone) != before:
            low, high = at, at + _DAY
            while high - low > _SECOND:
                middle = low + (high - low) // 2
                low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
            change = high.replace(microsecond=0)
            changes[_observance(change, before, zone)].append((change + before).replace(tzinfo=None))
            before = _offset(change, zone)
        at += _DAY
    for (offset_from, offset_to, name, summer), walls in changes.items():
        part = TimezoneDaylight() if summer else TimezoneStandard()
        part.add("dtstart", walls[0])
        part.add("tzoffsetfrom", offset_from)
        part.add("tzoffsetto", offset_to)
        part.add("tzname", name)
        for wall_time in walls[1:]:
            part.add("rdate", wall_time)  # a line each: of many in one, Thunderbird's parser reads the first
        found.add_component(part)
    return found


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _observance(at: datetime, before: timedelta, zone: ZoneInfo) -> tuple[timedelta, timedelta, str, bool]:
    local = at.astimezone(zone)
    return before, _offset(at, zone), local.tzname() or zone.key, bool(local.dst())
