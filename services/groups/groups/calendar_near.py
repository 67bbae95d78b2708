"""Reminders: a group is told when an appointment is near. Every replica looks; a locked row and a unique one
let each reminder be said once.

What a stop kept from being said is made up until the appointment begins; of several reminders of one
occurrence that wait, only the last is said.
"""

from datetime import timedelta

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction, Transactions
from sqlalchemy.dialects.postgresql import insert

from groups import appointments
from groups.events import AppointmentNear
from groups.models import Appointment, Group, Reminder
from groups.recurrence import Occurrence, Series

MOST_AT_ONCE = 500
# The clock looks every few seconds: what is to be said at the start itself would be past otherwise.
GRACE = timedelta(minutes=1)
_REMEMBERED = timedelta(days=1)


def say_due(db: Transactions) -> None:
    """Says what is due now."""
    for _ in range(MOST_AT_ONCE):
        with db() as tx:
            # The group's row as well: what is said comes before its end, or not at all.
            row = tx.execute(
                sa.select(Appointment, Group)
                .join(Group, Group.id == Appointment.group_id)
                .where(Appointment.next_near_at <= clock.now())
                .order_by(Appointment.next_near_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return
            appointment, group = row
            if group.ended_at:
                appointment.next_near_at = None
            else:
                _say(tx, appointment, appointments.series_of(tx, [appointment])[appointment.id])


def _say(tx: Transaction, appointment: Appointment, series: Series) -> None:
    now, since, asked = clock.now(), appointment.next_near_at, appointment.remind_minutes
    for occurrence in series.between(now - GRACE, now + timedelta(minutes=max(asked, default=0)) + GRACE):
        due = [m for m in asked if since and since <= occurrence.start - timedelta(minutes=m) <= now]
        if due and occurrence.start > now - GRACE:
            _say_once(tx, appointment, series, occurrence, min(due))
    past = Reminder.start < now - _REMEMBERED
    tx.execute(sa.delete(Reminder).where(Reminder.appointment_id == appointment.id, past))
    appointments.look_again(appointment, series, now + timedelta(milliseconds=1))


def _say_once(
    tx: Transaction, appointment: Appointment, series: Series, occurrence: Occurrence, minutes: int
) -> None:
    said = insert(Reminder).values(appointment_id=appointment.id, start=occurrence.start, minutes=minutes)
    if tx.execute(said.on_conflict_do_nothing().returning(Reminder.minutes)).first():
        item = appointments.item(appointment, series, occurrence)
        tx.emit(AppointmentNear.of(appointment, item, minutes=minutes))
