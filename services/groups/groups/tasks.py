"""What is to be done in a group, until when and by whom, and the reminders of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction

from groups.events import TaskChanged, TaskReminded
from groups.models import Group

AT_ONCE = 100


def begin(group: Group) -> None:
    """Makes the group's task a new one, or none, as its catalogue says."""
    group.state = "open" if group.catalogue == "task" else None
    group.assignee_id = None
    look_again(group)


def change(tx: Transaction, group: Group, by: str, **new: Any) -> None:
    """Gives the task of a locked group another state, assignee or target, and says so if it is another."""
    old = group.as_task()
    for name, value in new.items():
        setattr(group, name, value)
    if group.as_task() == old:
        return
    look_again(group)
    group.touch()
    tx.emit(TaskChanged.of_change(group, by, old))


def look_again(group: Group) -> None:
    """Lets the clock find out when to remind of this task, unless there is nothing left to do."""
    group.remind_at = clock.now() if group.to_be_done else None


def remind(tx: Transaction, minutes: Sequence[int]) -> int:
    """Reminds of tasks whose moment has come; returns how many the clock looked at, `AT_ONCE` at most.

    A task is claimed by the lock of its group's row, and its next moment is written in the same transaction:
    of several replicas one reminds, once. Of moments that passed together the last is said.

    Args:
        minutes: before the target; the target itself is always a moment.
    """
    now = clock.now()
    due = sa.select(Group).where(Group.remind_at <= now).order_by(Group.remind_at).limit(AT_ONCE)
    groups = tx.scalars(due.with_for_update(skip_locked=True)).all()
    for group in groups:
        target, since = group.target_end, group.remind_at or now
        moments = {target - timedelta(minutes=m): m for m in (*minutes, 0)} if target else {}
        passed = [moment for moment in moments if since <= moment <= now]
        group.remind_at = min((moment for moment in moments if moment > now), default=None)
        if passed:
            group.touch()
            tx.emit(TaskReminded.of_target(group, moments[max(passed)]))
    return len(groups)
