"""When reports come to somebody: the times ahead of their own subscriptions and of those of their rooms."""

from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import dropwhile, islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from kit.clock import rfc3339
from kit.db import Transaction

from reports import rooms
from reports.making import KINDS
from reports.models import Member, Person, Subscription
from reports.words import Words

MOST_SUBSCRIPTIONS = 500
Time = tuple[datetime, str, Subscription]


def subscriptions_of(tx: Transaction, user_id: str, until: datetime) -> list[Subscription]:
    """The subscriptions whose reports this person will be sent or see in a room, by the rights of today."""
    person = tx.get(Person, user_id)
    if person is None or not person.active:
        return []
    mine = sa.select(Member.group_id).where(Member.user_id == user_id, Member.role.is_not(None))
    found = tx.scalars(
        sa.select(Subscription)
        .where(Subscription.active, Subscription.cron.is_not(None), Subscription.next_run_at < until)
        .where(sa.or_(Subscription.owner_id == user_id, Subscription.group_id.in_(mine)))
        .order_by(Subscription.next_run_at, Subscription.id)
        .limit(MOST_SUBSCRIPTIONS)
    )
    rights = set(person.permissions)
    return [
        row
        for row in found
        if rights & {f"reports:{row.type}", "administrator"}
        and not rooms.why_not(tx, owner_id=row.owner_id, type=row.type, group_id=row.group_id)
    ]


def times(
    rows: list[Subscription],
    since: datetime,
    until: datetime,
    *,
    limit: int,
    after: str | None = None,
    each: int | None = None,
) -> list[dict[str, Any]]:
    """The first times of these subscriptions in [since, until), as they stand in a calendar.

    Args:
        after: of those at `since` itself only subscriptions with an id after this.
        each: times of one subscription at most.
    """
    ahead = merge(*(islice(_ahead(row, since, until), each) for row in rows), key=itemgetter(0, 1))
    rest = dropwhile(lambda time: time[:2] <= (since, after or ""), ahead)
    return [_item(row, time) for time, _, row in islice(rest, limit)]


def _ahead(row: Subscription, since: datetime, until: datetime) -> Iterator[Time]:
    schedule, first = row.schedule, row.next_run_at
    if schedule is None or first is None:
        return iter(())
    return ((time, row.id, row) for time in schedule.between(max(since, first), until))


def _item(row: Subscription, time: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": "report",
        "group_id": row.group_id,
        "title": Words(row.locale, "")(KINDS[row.type].title),
        "report_type": row.type,
        "start": rfc3339(time),
        "end": None,
        "timezone": row.timezone,
        "all_day": False,
        "made_at": rfc3339(row.created_at),
    }
