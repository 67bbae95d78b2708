"""What is due by the clock. Every replica looks; a unique row lets each run happen once."""

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa
from kit.clock import now
from kit.db import Transaction, Transactions
from kit.observe import get_logger

from reports import jobs
from reports.acquire.sources import Source
from reports.making import KINDS
from reports.models import Load, Report, Subscription
from reports.words import Words

log = get_logger(__name__)
MOST_AT_ONCE = 500
MOST_MISSED = 1000


def run_due(db: Transactions, sources: Mapping[str, Source], late_seconds: int) -> int:
    """Queues all that is due now, and returns how many jobs that made."""
    made = sum(_source_due(db, source) for source in sources.values())
    made += _loaded(db, sources)
    for _ in range(MOST_AT_ONCE):
        with db() as tx:
            subscription = tx.scalars(
                sa.select(Subscription)
                .where(Subscription.active, Subscription.cron.is_not(None), Subscription.next_run_at <= now())
                .order_by(Subscription.next_run_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if subscription is None:
                break
            made += _run(tx, subscription, sources, late_seconds)
    return made


def _source_due(db: Transactions, source: Source) -> bool:
    times = source.times
    if times is None:
        return False
    due = times.latest(now())
    with db() as tx:
        # Asked first: most looks find nothing to do, and a failed insert would still cost a write.
        if tx.scalar(sa.select(Load.id).where(Load.source == source.name, Load.scheduled_at >= due).limit(1)):
            return False
        return jobs.add(tx, Load, source=source.name, scheduled_at=due) is not None


def _loaded(db: Transactions, sources: Mapping[str, Source]) -> int:
    """Queues the runs that wait for the load of their day, which has come before their time."""
    read = sa.select(sa.func.max(Load.as_of)).where(
        Load.source == Subscription.source, Load.status == "ready"
    )
    ahead = (
        Subscription.active
        & Subscription.await_load
        & Subscription.next_run_at.between(now(), now() + timedelta(days=1, hours=2))
    )
    made = 0
    with db() as tx:
        waiting = tx.execute(
            sa.select(Subscription.id, read.scalar_subquery().label("as_of"))
            .where(ahead)
            .order_by(Subscription.next_run_at)
            .limit(MOST_AT_ONCE)
        ).all()
    for id, as_of in waiting:
        with db() as tx:
            locked = sa.select(Subscription).where(Subscription.id == id, ahead)
            row = tx.scalars(locked.with_for_update(skip_locked=True)).first()
            if row is None or as_of is None:
                continue
            times, due = row.schedule, row.next_run_at
            assert times is not None
            assert due is not None
            # Of several times of a day each waits for a load of its own.
            if as_of < max(times.begins(due), row.looked_at or times.begins(due)):
                continue
            row.looked_at, row.next_run_at = due, next(iter(times.after(due)), None)
            made += queue(tx, row, sources, run={"reason": "schedule"}, scheduled_at=due) is not None
    return made


def _run(
    tx: Transaction, subscription: Subscription, sources: Mapping[str, Source], late_seconds: int
) -> bool:
    """Queues the latest of the runs that are due: those missed before it are counted, and not made up."""
    times, since, at = subscription.schedule, subscription.next_run_at, now()
    assert times is not None
    assert since is not None
    missed = times.missed(since, at, MOST_MISSED)
    due = max(missed[0], since) if missed else since
    late = len(missed) > 1 or (at - due).total_seconds() > late_seconds
    run = {
        "reason": "made_up" if late else "schedule",
        "missed": max(len(missed) - 1, 0),
        "as_is": subscription.await_load,
    }
    subscription.next_run_at = next(iter(times.after(at)), None)
    if subscription.await_load:
        subscription.looked_at = due
    return queue(tx, subscription, sources, run=run, scheduled_at=due) is not None


def queue(
    tx: Transaction,
    subscription: Subscription,
    sources: Mapping[str, Source],
    *,
    run: Mapping[str, object],
    group_id: str | None = None,
    **scheduled: object,
) -> str | None:
    """The id of the queued report; None if another replica was first.

    Args:
        run: why it is made.
        group_id: another room than that of the subscription.
    """
    source = subscription.source or next(iter(sources), "")
    found = jobs.add(
        tx,
        Report,
        type=subscription.type,
        title=Words(subscription.locale, "")(KINDS[subscription.type].title),
        source=source,
        period=subscription.period,
        filters=subscription.filters,
        locale=subscription.locale,
        requested_by=subscription.owner_id,
        group_id=group_id or subscription.group_id,
        subscription_id=subscription.id,
        run=dict(run),
        **scheduled,
    )
    if found:
        first_load(tx, source)
    return found


def first_load(tx: Transaction, source: str) -> None:
    """Queues a load of a source that has never been read: a report needs one."""
    read = sa.exists().where(Load.source == source, Load.status == "ready")
    if not tx.scalar(sa.select(read)):
        jobs.add(tx, Load, source=source)
