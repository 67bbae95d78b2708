"""A group's appointments: who may see and change them, and what is told of it.

A change begins with `hold`, which locks the group's row: changes of one group's appointments happen one after
another, and none after its end.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.caller import Caller
from kit.db import Transaction
from kit.fields import checked, is_id

from groups import errors, roster
from groups.calendar_fields import EARLIEST_MINUTES, AppointmentFields, Times
from groups.events import AppointmentChanged, AppointmentMade, AppointmentWithdrawn
from groups.models import Appointment, ChangedOccurrence, Group, Member
from groups.recurrence import Occurrence, Place, Series, instant, last_of, wall, zone

Json = dict[str, Any]
MOST_CHANGES = 200
REMINDED = 15
_TIMING = ("timezone", "all_day", "starts", "rrule")
_DAY = timedelta(days=1)
_NEXT = timedelta(days=5 * 366)
_LOOK = timedelta(days=400)


def of_members(tx: Transaction, caller: Caller, group_id: str, *, lock: bool = False) -> tuple[Group, Member]:
    """A group that the caller is a member of: its appointments are nobody else's.

    Raises:
        NotFound, Conflict: as `roster.seen`.
        Forbidden: they see it, no more.
    """
    group, member = roster.seen(tx, caller, group_id, lock=lock)
    if not member:
        raise errors.not_a_member()
    return group, member


def seen(tx: Transaction, caller: Caller, appointment_id: str) -> Appointment:
    """An appointment of a group that the caller is a member of.

    Raises:
        NotFound
    """
    me = caller.id
    row = tx.get(Appointment, appointment_id, populate_existing=True) if is_id(appointment_id) else None
    if not row or not tx.get(Member, (row.group_id, me)):
        raise errors.appointment_not_found()
    return row


def hold(tx: Transaction, caller: Caller, appointment_id: str) -> Appointment:
    """An appointment that the caller may change, with its group locked.

    Raises:
        NotFound, Conflict, Forbidden
    """
    _, member = of_members(tx, caller, seen(tx, caller, appointment_id).group_id, lock=True)
    row = seen(tx, caller, appointment_id)  # as whoever had the lock before left it
    if row.made_by != caller.id and member.role not in ("owner", "coordinator"):
        raise errors.not_the_maker()
    return row


def make(tx: Transaction, group: Group, by: str, asked: Json, most: int) -> Appointment:
    """A new appointment.

    Args:
        most: appointments that a group may have ahead.

    Raises:
        Invalid, Conflict
    """
    fields = checked(AppointmentFields, "invalid_appointment", asked)
    ahead = sa.or_(Appointment.latest.is_(None), Appointment.latest > clock.now().replace(tzinfo=None) - _DAY)
    count = sa.select(sa.func.count()).where(Appointment.group_id == group.id, ahead)
    if (tx.scalar(count) or 0) >= most:
        raise errors.too_many_appointments(most)
    row = Appointment(group_id=group.id, made_by=by, **_columns(fields))
    series = row.series([])
    _settle(row, series, clock.now())
    tx.add(row)
    tx.flush()
    tx.emit(AppointmentMade.of(row, item(row, series), by=by))
    return row


def edit(tx: Transaction, row: Appointment, by: str, changes: Json) -> None:
    """Changes an appointment. When its times are others, its single changes belong to the old ones and go.

    Raises:
        Invalid
    """
    columns = {"start": "starts", "end": "ends"}
    present = {name: getattr(row, columns.get(name, name)) for name in AppointmentFields.model_fields}
    if "start" in changes:
        present["end"] = None  # it lasts as long as before, unless that is said too
    context = {"length": row.ends - row.starts}
    new = _columns(checked(AppointmentFields, "invalid_appointment", present | changes, context))
    changed = [name for name, value in new.items() if value != getattr(row, name)]
    if not changed:
        return
    for name in changed:
        setattr(row, name, new[name])
    if not set(changed).isdisjoint(_TIMING):
        tx.execute(sa.delete(ChangedOccurrence).where(ChangedOccurrence.appointment_id == row.id))
    series = series_of(tx, [row])[row.id]
    _touch(row, series)
    tx.emit(AppointmentChanged.of(row, item(row, series), by=by))


def withdraw(tx: Transaction, row: Appointment, by: str) -> None:
    """Takes an appointment away."""
    series = series_of(tx, [row])[row.id]
    row.version += 1
    tx.emit(AppointmentWithdrawn.of(row, item(row, series), by=by))
    tx.delete(row)


def move(tx: Transaction, row: Appointment, by: str, occurrence: str, start: str, end: str | None) -> None:
    """Moves one occurrence of a series, or puts it back where it was.

    Raises:
        NotFound, Invalid, Conflict
    """
    asked = {"timezone": row.timezone, "all_day": row.all_day, "start": start, "end": end}
    times = checked(Times, "invalid_appointment", asked, {"length": row.ends - row.starts})
    _place(tx, row, by, occurrence, (times.start, times.end))


def cancel(tx: Transaction, row: Appointment, by: str, occurrence: str) -> None:
    """Leaves one occurrence of a series out.

    Raises:
        NotFound, Conflict
    """
    _place(tx, row, by, occurrence, None)


def _place(tx: Transaction, row: Appointment, by: str, occurrence: str, place: Place | None) -> None:
    series = series_of(tx, [row])[row.id]
    name = _named(row, series, occurrence)
    usual = name, name + series.length
    before = series.changed.get(name, usual)
    if place == before:
        return
    if place == usual:
        tx.execute(
            sa.delete(ChangedOccurrence).where(
                ChangedOccurrence.appointment_id == row.id, ChangedOccurrence.occurrence == name
            )
        )
    else:
        if len(series.changed) >= MOST_CHANGES and name not in series.changed:
            raise errors.too_many_changes(MOST_CHANGES)
        starts, ends = place or (None, None)
        tx.merge(ChangedOccurrence(appointment_id=row.id, occurrence=name, starts=starts, ends=ends))
        tx.flush()
    series = series_of(tx, [row])[row.id]
    _touch(row, series)
    told = item(row, series, series.at(name, place or before or usual))
    tx.emit((AppointmentChanged if place else AppointmentWithdrawn).of(row, told, by=by))


def _named(row: Appointment, series: Series, occurrence: str) -> datetime:
    try:
        name = series.named(clock.parse(occurrence)) if row.rrule else None
    except (ValueError, OverflowError):
        name = None
    if name is None:
        raise errors.occurrence_not_found()
    return name


def series_of(tx: Transaction, rows: Sequence[Appointment]) -> dict[str, Series]:
    """All times of each of the appointments."""
    changed: dict[str, list[ChangedOccurrence]] = defaultdict(list)
    for change in tx.scalars(
        sa.select(ChangedOccurrence).where(
            ChangedOccurrence.appointment_id.in_([row.id for row in rows if row.rrule])
        )
    ):
        changed[change.appointment_id].append(change)
    return {row.id: row.series(changed[row.id]) for row in rows}


def item(row: Appointment, series: Series, occurrence: Occurrence | None = None) -> Json:
    """An occurrence in a calendar; without one the appointment itself, as it comes next or was at first."""
    found = occurrence or upcoming(series, clock.now()) or series.regular(row.starts)
    name = instant(found.wall, series.zone)
    return {
        "id": row.id,
        "kind": "appointment",
        "group_id": row.group_id,
        "title": row.title,
        "place": row.place,
        "timezone": row.timezone,
        "all_day": row.all_day,
        **_times(row, series, found),
        "occurrence": clock.rfc3339(name) if occurrence and row.rrule else None,
    }


def upcoming(series: Series, since: datetime) -> Occurrence | None:
    """The next occurrence that is not over by then; None where it is years away."""
    return next(series.between(since, since + _NEXT), None)


def as_dict(row: Appointment, series: Series, ended_at: datetime | None) -> Json:
    """An appointment as the members of its group see it.

    Args:
        ended_at: of the group: nothing takes place after that.
    """
    now = clock.now()
    following = upcoming(series, now)
    if following and ended_at and following.start >= ended_at:
        following = None
    return {
        "id": row.id,
        "group_id": row.group_id,
        "made_by": row.made_by,
        "title": row.title,
        "description": row.description,
        "place": row.place,
        "timezone": row.timezone,
        "all_day": row.all_day,
        **_times(row, series, series.regular(row.starts)),
        "rrule": row.rrule,
        "remind_minutes": row.remind_minutes,
        "next": following and _times(row, series, following),
        "made_at": clock.rfc3339(row.made_at),
        "changed_at": clock.rfc3339(row.changed_at),
        "version": row.version,
    }


def changes_of(row: Appointment, series: Series) -> list[Json]:
    """Its single changes, by where the occurrences were; one without times is cancelled."""
    nowhere = dict.fromkeys(("start", "end", "local_start", "local_end"))
    return [
        {
            "occurrence": clock.rfc3339(instant(name, series.zone)),
            "cancelled": place is None,
            **(_times(row, series, series.at(name, place)) if place else nowhere),
        }
        for name, place in sorted(series.changed.items())
    ]


def look_again(row: Appointment, series: Series, since: datetime) -> None:
    """Notes when the first of its reminders is due that is not due before `since`.

    Where the next occurrence is more than a year away, that is when to look again.
    """
    horizon, dues = since + _LOOK, []
    for minutes in row.remind_minutes:
        lead = timedelta(minutes=minutes)
        starts = (o.start for o in series.between(since + lead, horizon))
        dues += [s - lead for s in [next((s for s in starts if s >= since + lead), None)] if s]
    goes_on = row.latest is None or row.latest > horizon.replace(tzinfo=None)
    if not dues and row.remind_minutes and goes_on:
        dues = [horizon - timedelta(minutes=EARLIEST_MINUTES)]
    row.next_near_at = min(dues, default=None)


def _touch(row: Appointment, series: Series) -> None:
    row.version += 1
    row.changed_at = clock.now()
    # What is due and not said yet is not forgotten by a change.
    _settle(row, series, min(row.next_near_at or row.changed_at, row.changed_at))


def _settle(row: Appointment, series: Series, since: datetime) -> None:
    places = [place for place in series.changed.values() if place]
    row.earliest = min([row.starts, *(starts for starts, _ in places)])
    endless = row.rrule and not row.last
    last = (row.last or row.starts) + series.length
    row.latest = None if endless else max([last, *(ends for _, ends in places)])
    look_again(row, series, since)


def _columns(fields: AppointmentFields) -> Json:
    found = fields.model_dump(exclude={"start", "end"})
    last = fields.rrule and last_of(fields.rrule, fields.start, zone(fields.timezone))
    return {**found, "starts": fields.start, "ends": fields.end, "last": last}


def _times(row: Appointment, series: Series, occurrence: Occurrence) -> Json:
    start, end = occurrence.start, occurrence.end
    return {
        "start": clock.rfc3339(start),
        "end": clock.rfc3339(end),
        "local_start": row.local(wall(start, series.zone)),
        "local_end": row.local(wall(end, series.zone)),
    }
