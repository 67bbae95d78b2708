"""What stands in somebody's calendar: the appointments of their groups, the ends of their tasks, and when
their reports come. What would be after the end of a group doesn't stand there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction

from groups import appointments
from groups.calendar_fields import Window
from groups.models import Appointment, Group, Member
from groups.recurrence import Series

Json = dict[str, Any]
# An entry's place: start, "report" for those, which come last, id, occurrence.
Key = tuple[datetime, str, str, str]
MOST_IN_WINDOW = 2000
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Planned:
    """An appointment with all its times."""

    row: Appointment
    group: Group
    series: Series

    def entries(self, window: Window) -> Iterator[tuple[Key, Json]]:
        until = min(window.until, self.group.ended_at or window.until)
        for occurrence in self.series.between(window.since, until):
            row, item = self.row, appointments.item(self.row, self.series, occurrence)
            yield (occurrence.start, "", row.id, item["occurrence"] or ""), item


def planned(tx: Transaction, user_id: str, since: datetime, until: datetime) -> list[Planned]:
    """The appointments of somebody's groups that may have a time in there; one more than `MOST_IN_WINDOW`
    says that there are too many."""
    # Wall times, with a day for all time zones.
    begin, end = since.replace(tzinfo=None) - _DAY, until.replace(tzinfo=None) + _DAY
    rows = tx.execute(
        sa.select(Appointment, Group)
        .join(Group, Group.id == Appointment.group_id)
        .join(Member, Member.group_id == Group.id)
        .where(Member.user_id == user_id, Appointment.earliest < end)
        .where(sa.or_(Appointment.latest.is_(None), Appointment.latest >= begin))
        .order_by(Appointment.earliest, Appointment.id)
        .limit(MOST_IN_WINDOW + 1)
    ).all()
    series = appointments.series_of(tx, [row for row, _ in rows])
    return [Planned(row, group, series[row.id]) for row, group in rows]


def tasks(tx: Transaction, user_id: str, since: datetime, until: datetime) -> list[Group]:
    """The task groups of somebody whose end is aimed at in there."""
    target = Group.target_end
    return list(
        tx.scalars(
            sa.select(Group)
            .join(Member, Member.group_id == Group.id)
            .where(Member.user_id == user_id, since <= target, target < until)
            .where(sa.or_(Group.ended_at.is_(None), target < Group.ended_at))
            .order_by(target, Group.id)
            .limit(MOST_IN_WINDOW)
        )
    )


def entries(
    appointed: Iterable[Planned], ends: Iterable[Group], reports: Iterable[Json], window: Window
) -> Iterator[tuple[Key, Json]]:
    """All of it with its places, in their order."""
    return merge(
        *(each.entries(window) for each in appointed),
        (_place(_task(group)) for group in ends),
        map(_place, reports),
        key=itemgetter(0),
    )


def _place(item: Json) -> tuple[Key, Json]:
    kind = "report" if item["kind"] == "report" else ""
    return (clock.parse(item["start"]), kind, item["id"], ""), item


def _task(group: Group) -> Json:
    return {
        "id": group.id,
        "kind": "task",
        "group_id": group.id,
        "title": group.name,
        "start": group.as_task()["target_end"],
        "end": None,
        "timezone": None,
        "all_day": False,
        "state": group.state,
        "assignee_id": group.assignee_id,
        "overdue": group.overdue,
    }
