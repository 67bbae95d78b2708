"""What is due by the clock. Every replica looks; a unique row lets each run happen once."""

from collections.abc import Mapping

import sqlalchemy as sa
from kit.clock import now
from kit.db import Transaction, Transactions
from kit.observe import get_logger

from reports import jobs
from reports.acquire.sources import Source
from reports.making import KINDS
from reports.models import Load, Report, Subscription
from reports.schedule import Schedule
from reports.words import Words

log = get_logger(__name__)
MOST_AT_ONCE = 500


def run_due(db: Transactions, sources: Mapping[str, Source]) -> int:
    """Queues all that is due now, and returns how many jobs that made."""
    made = sum(_source_due(db, source) for source in sources.values())
    for _ in range(MOST_AT_ONCE):
        with db() as tx:
            subscription = tx.scalars(
                sa.select(Subscription)
                .where(Subscription.active, Subscription.next_run_at <= now())
                .order_by(Subscription.next_run_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if subscription is None:
                break
            made += _run(tx, subscription, sources)
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


def _run(tx: Transaction, subscription: Subscription, sources: Mapping[str, Source]) -> bool:
    """Queues the latest of the runs that are due: those missed before it are not made up."""
    times = Schedule(cron=subscription.cron, timezone=subscription.timezone)
    due = max(times.latest(now()), subscription.next_run_at)
    subscription.next_run_at = times.after(now())[0]
    return queue(tx, subscription, sources, scheduled_at=due) is not None


def queue(
    tx: Transaction, subscription: Subscription, sources: Mapping[str, Source], **scheduled: object
) -> str | None:
    """The id of the queued report; None if another replica was first."""
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
        group_id=subscription.group_id,
        subscription_id=subscription.id,
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
