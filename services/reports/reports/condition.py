"""How the work goes: jobs that wait, sources that are behind."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from kit.clock import now
from kit.db import Transaction
from prometheus_client import Gauge

from reports import jobs
from reports.acquire.sources import Source
from reports.models import Load, Report, ReportFile

JOBS = Gauge("bchat_reports_jobs", "Jobs that are not done, by kind and state.", ["kind", "state"])
OLDEST = Gauge("bchat_reports_jobs_oldest_seconds", "How long the oldest queued job has waited.", ["kind"])
AGE = Gauge(
    "bchat_reports_source_age_seconds",
    "How old what is known of a source is; infinite where it was never read.",
    ["source"],
)
OVERDUE = Gauge(
    "bchat_reports_source_overdue_seconds",
    "How long ago a source should have been read by its schedule, and was not.",
    ["source"],
)
FAILED = Gauge("bchat_reports_source_failed", "1 where the last load of a source failed.", ["source"])
MISMATCHED = Gauge(
    "bchat_reports_source_mismatches", "Checks of the last good load that do not agree.", ["source"]
)


def work(tx: Transaction) -> list[dict[str, Any]]:
    """The queues of jobs."""
    found = []
    for model in (Load, Report, ReportFile):
        waited = sa.func.extract("epoch", sa.func.now() - sa.func.min(model.created_at))
        told: dict[str, tuple[int, float]] = {
            status: (count, float(seconds))
            for status, count, seconds in tx.execute(
                sa.select(model.status, sa.func.count(), waited)
                .where(model.status.in_(jobs.OPEN))
                .group_by(model.status)
            )
        }
        queued, oldest = told.get("queued", (0, 0.0))
        found.append(
            {
                "name": model.__tablename__,
                "queued": queued,
                "running": told.get("running", (0, 0.0))[0],
                "oldest_seconds": oldest,
            }
        )
    return found


class Loads(NamedTuple):
    """The newest of a source: that went well, that has ended, of all."""

    good: Load | None
    ended: Load | None
    last: Load | None

    @property
    def failed(self) -> bool:
        return self.ended is not None and self.ended.status == "failed"

    @property
    def mismatches(self) -> int:
        return sum(not check["agrees"] for check in (self.good and self.good.checks) or ())

    def overdue(self, source: Source) -> float:
        """Seconds since the schedule's first time after what is known; 0 while that is ahead."""
        if source.times is None or self.good is None or self.good.as_of is None:
            return 0.0
        return max(0.0, (now() - source.times.after(self.good.as_of)[0]).total_seconds())


def newest(tx: Transaction, source: str) -> Loads:
    """The newest loads of a source."""
    loads = sa.select(Load).where(Load.source == source).order_by(Load.created_at.desc()).limit(1)
    return Loads(
        tx.scalars(loads.where(Load.status == "ready")).first(),
        tx.scalars(loads.where(Load.finished_at.is_not(None))).first(),
        tx.scalars(loads).first(),
    )


def troubles(source: Source, loads: Loads, late: float) -> list[str]:
    """What is wrong with a source, in codes; nothing where all is well.

    Args:
        late: seconds that a load may come after its time.
    """
    found = {
        "never_read": loads.good is None,
        "failed": loads.failed,
        "mismatched": loads.mismatches > 0,
        "overdue": loads.overdue(source) > late,
    }
    return [trouble for trouble, is_so in found.items() if is_so]


def measure(tx: Transaction, sources: Mapping[str, Source]) -> None:
    """Brings the gauges up to date."""
    for queue in work(tx):
        for state in ("queued", "running"):
            JOBS.labels(queue["name"], state).set(queue[state])
        OLDEST.labels(queue["name"]).set(queue["oldest_seconds"])
    for source in sources.values():
        loads = newest(tx, source.name)
        known = loads.good and loads.good.as_of
        AGE.labels(source.name).set((now() - known).total_seconds() if known else float("inf"))
        OVERDUE.labels(source.name).set(loads.overdue(source))
        FAILED.labels(source.name).set(loads.failed)
        MISMATCHED.labels(source.name).set(loads.mismatches)
