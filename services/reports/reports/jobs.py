"""The queue: rows of loads, reports and their files, each taken by one worker under a lease.

Leases are counted by the database's clock, so that workers need not agree on the time.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from kit.db import Transaction
from kit.event import new_id
from kit.observe import carry_trace, get_logger
from sqlalchemy.dialects.postgresql import insert

from reports.models import Load, Report, ReportFile

log = get_logger(__name__)
CHANNEL = "reports_jobs"
OPEN = ("queued", "running")
J = TypeVar("J", Load, Report, ReportFile)


class LeaseLost(Exception):
    """Another worker has taken the job: whatever this one made of it must not be kept."""


def wake(tx: Transaction) -> None:
    """Tells waiting workers, when this transaction commits, that there is something to do."""
    tx.execute(sa.text(f"NOTIFY {CHANNEL}"))


def add(tx: Transaction, model: type[Load] | type[Report] | type[ReportFile], **values: Any) -> str | None:
    """Queues a job and returns its id; None if there is one already that makes it needless."""
    row = (
        insert(model)
        .values(id=new_id(), status="queued", created_at=sa.func.now(), trace=carry_trace({}), **values)
        .on_conflict_do_nothing()
        .returning(model.id)
    )
    job_id: str | None = tx.scalar(row)
    if job_id:
        wake(tx)
    return job_id


def claim(tx: Transaction, model: type[J], lease_seconds: float) -> J | None:
    """Takes the oldest job that nobody holds. `attempts` then counts this one."""
    now = sa.func.clock_timestamp()
    free = sa.select(model).where(
        sa.or_(model.status == "queued", (model.status == "running") & (model.leased_until < now))
    )
    if model is Report:
        # The first facts of a source are under way: its reports wait for them.
        def loads(*status: str) -> sa.Exists:
            return sa.exists().where(Load.source == Report.source, Load.status.in_(status))

        free = free.where(sa.or_(loads("ready"), ~loads(*OPEN)))
    job = tx.scalars(
        free.order_by(model.created_at, model.id).limit(1).with_for_update(skip_locked=True)
    ).first()
    if job is None:
        return None
    tx.execute(
        sa.update(model)
        .where(model.id == job.id)
        .values(
            status="running",
            attempts=model.attempts + 1,
            lease=new_id(),
            leased_until=now + sa.func.make_interval(0, 0, 0, 0, 0, 0, lease_seconds),
            started_at=sa.func.coalesce(model.started_at, now),
        )
    )
    tx.refresh(job)
    return job


def hold(tx: Transaction, job: J) -> J:
    """The job's row, locked for its end.

    Raises:
        LeaseLost
    """
    row = tx.get(type(job), job.id, with_for_update=True)
    if row is None or row.status != "running" or row.lease != job.lease:
        raise LeaseLost(job.id)
    return row


@contextmanager
def kept(engine: sa.Engine, job: Load | Report | ReportFile, lease_seconds: float) -> Iterator[None]:
    """Extends the lease from a thread of its own while the work goes on."""
    done = threading.Event()
    model = type(job)

    def extend() -> None:
        while not done.wait(lease_seconds / 3):
            # Skips the row while the job's own transaction holds it for its end.
            mine = sa.select(model.id).where(model.id == job.id, model.lease == job.lease)
            try:
                with engine.begin() as connection:
                    connection.execute(
                        sa.update(model)
                        .where(model.id.in_(mine.with_for_update(skip_locked=True)))
                        .values(
                            leased_until=sa.func.clock_timestamp()
                            + sa.func.make_interval(0, 0, 0, 0, 0, 0, lease_seconds)
                        )
                    )
            except sa.exc.DBAPIError as problem:
                log.warning("lease_not_extended", job_id=job.id, problem=str(problem.orig))

    thread = threading.Thread(target=extend, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
