"""The worker: takes loads, reports and files of reports from the queue, outside the service's event loop.

It has two lanes, each with one job at a time: somebody waits for a file, and a load may take minutes.
"""

import hashlib
import select
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import psycopg2
import sqlalchemy as sa
from kit.clock import now, rfc3339
from kit.db import Transaction, Transactions, away_or_busy, connect
from kit.errors import Refusal
from kit.observe import get_logger, span
from kit.outbox import OutboxRelay
from kit.store import Store
from prometheus_client import Histogram

from reports import alerts, audit, jobs, making, rooms, watch
from reports.acquire.load import Reading, load
from reports.acquire.replica import Limits, LoadError
from reports.acquire.sources import Source, read_sources
from reports.acquire.tieout import LOOKED_AT, SHOWN_ON, Check, tie_out
from reports.due import MOST_MISSED
from reports.events import KpiLine, LoadFinished, ReportMade, ReportProgressed, SourceStateChanged
from reports.files import press
from reports.models import HookCall, Load, Person, Report, ReportFile
from reports.settings import ReportsSettings
from reports.words import Words

log = get_logger(__name__)
WORKED = Histogram(
    "bchat_reports_job_seconds",
    "Jobs done, by kind and by how they ended.",
    ["kind", "outcome"],
    buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
LATE = Histogram(
    "bchat_reports_late_seconds",
    "From when a report was due until it was sent.",
    buckets=(1, 3, 10, 30, 60, 120, 300, 900, 3600, 86400),
)


def run(settings: ReportsSettings, stop: threading.Event) -> None:
    """The loop of `kit worker`: works until told to stop, then ends the job at hand."""
    engine = connect(settings.DATABASE_URI, pool=8, name="bchat-reports-worker")
    relay = OutboxRelay(engine, settings.AMQP_URI, settings.OUTBOX_POLL_SECONDS)
    relay.start()
    worker = Worker(Transactions(engine, "reports", relay.say), settings)
    with ThreadPoolExecutor(2, "lane") as lanes:
        works = (worker.work, worker.work_on_files)
        running = [lanes.submit(_lane, engine, work, settings.POLL_SECONDS, stop) for work in works]
        wait(running, return_when=FIRST_COMPLETED)
        stop.set()  # one lane that broke ends the process, which is started anew
    relay.stop()
    engine.dispose()
    for lane in running:
        lane.result()


def _lane(engine: sa.Engine, work: Callable[[], bool], seconds: float, stop: threading.Event) -> None:
    failures = 0
    while not stop.is_set():
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as ear:
                ear.execute(sa.text(f"LISTEN {jobs.CHANNEL}"))
                failures = 0
                while not stop.is_set():
                    while not stop.is_set() and work():
                        pass
                    _wait(ear, seconds)
        except Exception as problem:
            if not _is_away(problem):
                raise
            failures += 1
            log.warning("worker_waits", problem=str(problem))
            stop.wait(min(2.0**failures / 4, 15.0))


def _is_away(problem: Exception) -> bool:
    """Whether our own database did not serve; the driver's own errors come from who listens."""
    return away_or_busy(problem) or isinstance(problem, psycopg2.OperationalError | psycopg2.InterfaceError)


def _wait(ear: sa.Connection, seconds: float) -> None:
    """Until somebody notifies, or so many seconds: a lease that runs out notifies nobody."""
    raw = ear.connection.driver_connection
    assert raw is not None
    select.select([raw], [], [], seconds)
    raw.poll()
    raw.notifies.clear()


class Worker:
    """Does jobs, each method one at a time.

    Args:
        db: opens transactions on our schema.
    """

    def __init__(self, db: Transactions, settings: ReportsSettings) -> None:
        self.db = db
        self.settings = settings
        self.sources: Mapping[str, Source] = read_sources(settings.SOURCES_FILE)
        self.files = Store(settings.FILES_URL)
        self._turn = False

    def work(self) -> bool:
        """Does the next job; False if there is none. Loads go first: what comes after draws from them."""
        if self._next(Load, self._load, self._tell_load):
            return True
        # By turns: after a load there may be many triggers to look at, and people wait for their reports.
        self._turn = not self._turn
        return (self._look() or self._report()) if self._turn else (self._report() or self._look())

    def _look(self) -> bool:
        return watch.look(self.db, self.sources, self.settings.LOOK_SECONDS)

    def _report(self) -> bool:
        return self._next(Report, self._make, self._tell_report)

    def work_on_files(self) -> bool:
        """Makes the next file of a report; False if there is none to make."""
        return self._next(ReportFile, self._press)

    def _next(
        self,
        model: type[jobs.J],
        do: Callable[[jobs.J], None],
        tell: Callable[[Transaction, jobs.J], None] | None = None,
    ) -> bool:
        with self.db() as tx:
            job = jobs.claim(tx, model, self.settings.LEASE_SECONDS)
        if job is None:
            return False
        name, outcome, started = model.__tablename__, "ready", time.perf_counter()
        with (
            span(f"reports.{name}", dict(job.trace or {})),
            jobs.kept(self.db.engine, job, self.settings.LEASE_SECONDS),
        ):
            try:
                if job.attempts > self.settings.JOB_ATTEMPTS:
                    raise _Failed(f"Given up: {self.settings.JOB_ATTEMPTS} workers ended before it was done.")
                do(job)
            except jobs.LeaseLost:
                outcome = "lost"
                log.warning("lease_lost", job=name, job_id=job.id)
            except (_Failed, LoadError, press.NotMade, Refusal) as problem:
                outcome = "failed"
                log.warning("job_failed", job=name, job_id=job.id, problem=str(problem.__cause__ or problem))
                self._fail(job, tell, problem.detail if isinstance(problem, Refusal) else str(problem))
            except Exception as problem:
                if _is_away(problem):
                    # Nothing can be written down now; the lease will run out and the job is taken again.
                    raise
                outcome = "failed"
                log.exception("job_broke", job=name, job_id=job.id)
                self._fail(job, tell, "An unexpected failure; the log has the details.")
        WORKED.labels(name, outcome).observe(time.perf_counter() - started)
        return True

    def _fail(self, job: jobs.J, tell: Callable[[Transaction, jobs.J], None] | None, reason: str) -> None:
        with suppress(jobs.LeaseLost), self.db() as tx:
            held = jobs.hold(tx, job)
            held.status, held.error, held.finished_at = "failed", reason[:2000], now()
            if tell:
                tell(tx, held)

    # --- loads -------------------------------------------------------------------------------------

    def _load(self, job: Load) -> None:
        source = self.sources.get(job.source)
        if source is None:
            raise _Failed(f"The source {job.source} is no longer configured.")
        settings = self.settings
        with self.db() as tx:
            recent = sa.select(Load.id).where(
                Load.source == source.name,
                Load.status == "ready",
                Load.whole,
                Load.finished_at > sa.func.now() - timedelta(hours=settings.WHOLE_READ_HOURS),
            )
            whole = tx.scalar(sa.select(~recent.exists()))
            reading = load(
                tx,
                source=source.name,
                uri=source.uri,
                session=source.session,
                folder=settings.KINDS_FOLDER / source.kind,
                whole=bool(whole),
                limits=Limits(
                    settings.BATCH_ROWS,
                    settings.STATEMENT_SECONDS,
                    timedelta(minutes=settings.OVERLAP_MINUTES),
                ),
            )
            checks = self._judged(tx, job, source, reading)
            held = jobs.hold(tx, job)
            held.status, held.finished_at, held.as_of = "ready", now(), reading.as_of
            held.whole, held.rows, held.changed = bool(whole), reading.rows, reading.changed
            held.checks = checks
            self._tell_load(tx, held)
            kept = Load.finished_at >= now() - timedelta(days=settings.LOADS_KEPT_DAYS)
            tx.execute(sa.delete(Load).where(Load.source == source.name, Load.id != job.id, ~kept))
        changed = sum(reading.changed.values())
        log.info("load_finished", source=source.name, load_id=job.id, whole=whole, changed=changed)

    def _judged(self, tx: Transaction, job: Load, source: Source, reading: Reading) -> list[dict[str, Any]]:
        """What the load's facts tie out to; of facts that are as they were, what they did then."""
        day = reading.as_of.astimezone(source.zone).date()
        ready = sa.select(Load).where(Load.source == source.name, Load.status == "ready", Load.id != job.id)
        before = tx.scalars(ready.order_by(Load.finished_at.desc()).limit(1)).first()
        if (
            before
            and before.as_of
            and before.checks is not None
            and before.as_of.astimezone(source.zone).date() == day
            and set(before.rows or ()) == set(reading.rows)
            and not any(reading.changed.get(view) for view in LOOKED_AT)
        ):
            return before.checks
        return [check.as_json() for check in tie_out(tx, source.name, day, reading.rows)]

    def _tell_load(self, tx: Transaction, job: Load) -> None:
        mismatches = [check.sentence() for check in _mismatches(job)]
        self._tell_owner(tx, job, mismatches)
        tx.emit(
            LoadFinished(
                source=job.source,
                load_id=job.id,
                status="ready" if job.status == "ready" else "failed",
                as_of=rfc3339(job.as_of) if job.as_of else None,
                rows=job.rows or {},
                mismatches=mismatches,
            )
        )
        tx.flush()
        called = sa.exists().where(HookCall.source == job.source, HookCall.at > job.started_at)
        if tx.scalar(sa.select(called)):
            # The ERP has changed since this load began to look at it.
            jobs.add(tx, Load, source=job.source)
        jobs.wake(tx)  # reports may have waited for it

    def _tell_owner(self, tx: Transaction, job: Load, mismatches: list[str]) -> None:
        """Of a change only: a source that is read every minute would say the same every minute."""
        source = self.sources.get(job.source)
        if source is None or source.owner_id is None:
            return
        ended = sa.select(Load).where(Load.source == job.source, Load.id != job.id)
        ended = ended.where(Load.finished_at.is_not(None)).order_by(Load.finished_at.desc()).limit(1)
        before = tx.scalars(ended).first()
        if _trouble(job) == (_trouble(before) if before else set()):
            return
        tx.emit(
            SourceStateChanged(
                source=source.name,
                title=source.title,
                owner_id=str(source.owner_id),
                load_id=job.id,
                state="failed" if job.status == "failed" else "mismatched" if mismatches else "good",
                as_of=rfc3339(job.as_of) if job.as_of else None,
                reason=job.error,
                mismatches=mismatches,
                at=rfc3339(job.finished_at or now()),
            )
        )

    # --- reports -----------------------------------------------------------------------------------

    def _make(self, job: Report) -> None:
        kind = making.KINDS[job.type]
        source = self.sources.get(job.source)
        zone = source.zone if source else UTC
        with self.db() as tx:
            # Everything from one moment of the facts, though a load may commit meanwhile.
            tx.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            tx.execute(sa.text(f"SET LOCAL statement_timeout = '{self.settings.STATEMENT_SECONDS}s'"))
            self._refuse_unsent(tx, job)
            filters = self._narrowed(tx, job)
            used, newest = self._loads(tx, job.source, "party_id" not in filters)
            if missing := [view for view in kind.needs if view not in (used.rows or {})]:
                raise _Failed(
                    f"The source {job.source} does not offer {missing[0]}, which this report needs."
                )
            assert used.as_of is not None
            asked = making.Asked(job.source, job.period, filters, job.locale)
            draw = kind.make(tx, asked, job.day(used.as_of.astimezone(zone).date()))
        self._progress(job, 0.5)
        made = draw()
        with self.db() as tx:
            held = jobs.hold(tx, job)
            # Rights count when it is sent, and they may have gone while it was drawn.
            self._refuse_unsent(tx, held)
            if self._narrowed(tx, held) != filters:
                raise _Failed("Whose rows may be in the report changed while it was drawn.")
            held.status, held.finished_at, held.progress = "ready", now(), 1.0
            held.title, held.period, held.filters = made.title, made.period, filters
            held.notes = [*self._notes_of_run(held, zone), *made.notes]
            held.notes += self._notes_of_facts(held, used, newest, zone)
            held.kpis, held.charts, held.tables = made.kpis, made.charts, made.tables
            held.load_id, held.as_of = used.id, used.as_of
            self._tell_report(tx, held, made.currency)
        if job.scheduled_at:
            LATE.observe(max(0.0, (now() - job.scheduled_at).total_seconds()))
        log.info("report_made", report_id=job.id, type=job.type, load_id=used.id)

    def _narrowed(self, tx: Transaction, job: Report) -> dict[str, Any]:
        """The filters, with those that its reader or its room make necessary."""
        owner = tx.get(Person, job.requested_by)
        return rooms.narrowed(
            tx,
            owner_id=job.requested_by,
            customer=owner is not None and owner.kind == "customer",
            group_id=job.group_id,
            source=job.source,
            filters=job.filters,
            by_party=making.KINDS[job.type].by_party,
        )

    def _notes_of_run(self, job: Report, zone: tzinfo) -> list[str]:
        """Why it was made, and what of that was not as it should be."""
        words, run, notes = Words(job.locale, ""), job.run or {}, []
        # What was found among the rows of all is not for who sees those of one.
        if run.get("text") and job.filters.get("party_id") in (None, run.get("party_id")):
            notes.append(run["text"])
        due, missed = job.scheduled_at, run.get("missed", 0)
        if due and (job.created_at - due).total_seconds() > self.settings.LATE_SECONDS:
            notes.append(words("This run was due {time} and is late.", time=words.moment(due, zone)))
        if missed:
            many = words("at least {count}", count=missed) if missed >= MOST_MISSED - 1 else str(missed)
            notes.append(words("Runs missed before it, which are not made up: {count}.", count=many))
        if due and run.get("as_is"):
            notes.append(
                words(
                    "By {time} the source had not been read on that day: these are the facts from before.",
                    time=words.moment(due, zone),
                )
            )
        return notes

    def _notes_of_facts(self, job: Report, used: Load, newest: Load, zone: tzinfo) -> list[str]:
        """What is wrong with the facts it was made of; to a customer only that they are not the newest."""
        words, notes = Words(job.locale, ""), []
        assert used.as_of is not None
        whole = "party_id" not in job.filters
        if newest.id != used.id:
            failed_at = newest.started_at or newest.finished_at or now()
            reason = newest.error if whole else None
            job.stale = {"reason": reason, "failed_at": rfc3339(failed_at)}
            said = {"time": words.moment(used.as_of, zone), "later": words.moment(failed_at, zone)}
            if reason:
                notes.append(
                    words("As of {time}; the load of {later} failed: {reason}", reason=reason, **said)
                )
            else:
                notes.append(words("As of {time}; the load of {later} failed.", **said))
        # They show what all customers owe together.
        for check in _mismatches(used) if whole else ():
            of_these = job.filters.get("company_id")
            if job.type in SHOWN_ON[check.name] and (not of_these or check.company_id in of_these):
                notes.append(words("Not in agreement: {what}", what=check.sentence(words)))
        return notes

    def _press(self, job: ReportFile) -> None:
        with self.db() as tx:
            report = tx.get(Report, job.report_id)
            if report is None or report.status != "ready":
                raise _Failed("The report is not there any more.")
            source = self.sources.get(report.source)
            frozen = press.frozen(
                report, source.title if source else report.source, source.zone if source else UTC
            )
        content = press.made(
            frozen, job.wanted, seconds=self.settings.FILE_SECONDS, megabytes=self.settings.FILE_MEMORY_MB
        )
        with self.db() as tx:
            # Put while the row is held: bytes of one that was given up meanwhile would stay for good.
            held = jobs.hold(tx, job)
            self.files.put(job.key, content)
            held.status, held.finished_at, held.size = "ready", now(), len(content)
            held.etag = hashlib.sha256(content).hexdigest()[:32]
        log.info("file_made", report_id=job.report_id, name=job.name, bytes=len(content))

    def _loads(self, tx: Transaction, source: str, reasons: bool) -> tuple[Load, Load]:
        """The load that the facts are of, and the newest that ended.

        Args:
            reasons: whether who reads the report may know why a load failed, which may name hosts.
        """
        ended = sa.select(Load).where(Load.source == source).order_by(Load.finished_at.desc()).limit(1)
        newest = tx.scalars(ended.where(Load.status.in_(("ready", "failed")))).first()
        used = tx.scalars(ended.where(Load.status == "ready")).first()
        if newest is None or used is None:
            why = f": {newest.error}" if newest and reasons else "."
            raise _Failed(f"The source {source} has never been read{why}")
        return used, newest

    def _refuse_unsent(self, tx: Transaction, job: Report) -> None:
        if reason := rooms.why_not(tx, owner_id=job.requested_by, type=job.type, group_id=job.group_id):
            raise _Failed(reason)

    def _progress(self, job: Report, progress: float) -> None:
        with self.db() as tx:
            jobs.hold(tx, job).progress = progress
            tx.emit(
                ReportProgressed(
                    report_id=job.id, type=job.type, requested_by=job.requested_by, progress=progress
                )
            )

    def _tell_report(self, tx: Transaction, job: Report, currency: str = "") -> None:
        """Sends it: to who asked for it, or to those of its room who may see it now.

        Args:
            currency: of its money.
        """
        ready, run = job.status == "ready", job.run or {}
        sent = rooms.Recipients([], {}, {})
        if ready:
            sent = rooms.recipients(
                tx,
                owner_id=job.requested_by,
                type=job.type,
                group_id=job.group_id,
                source=job.source,
                party_id=job.filters.get("party_id"),
            )
            job.delivery = {"sent": len(sent.ids), "withheld": sent.withheld}
            audit.sent(tx, job.id, sent.ids)
        first = next(iter(job.kpis or ()), None) if ready else None
        tx.emit(
            ReportMade(
                report_id=job.id,
                type=job.type,
                title=job.title,
                status="ready" if ready else "failed",
                requested_by=job.requested_by,
                group_id=job.group_id,
                subscription_id=job.subscription_id,
                as_of=rfc3339(job.as_of) if job.as_of else None,
                reason=job.error,
                at=rfc3339(job.finished_at or now()),
                run=run.get("reason"),
                alert_id=run.get("alert_id"),
                recompute_of=job.recompute_of,
                locale=job.locale,
                kpi=_line(first, job.locale, currency) if first else None,
                recipients=sent.ids,
            )
        )


def _line(kpi: dict[str, Any], locale: str, currency: str) -> KpiLine:
    value = None if kpi["value"] is None else Decimal(kpi["value"])
    return KpiLine.model_validate(alerts.line(kpi, Words(locale, currency), value))


def _mismatches(load: Load) -> list[Check]:
    return [Check.of_json(body) for body in load.checks or () if not body["agrees"]]


def _trouble(load: Load) -> set[tuple[str | None, ...]]:
    """What a load is in trouble for; none for one that went well."""
    failed: set[tuple[str | None, ...]] = {("failed", load.error)} if load.status == "failed" else set()
    return failed | {(check.name, check.company_id) for check in _mismatches(load)}


class _Failed(Exception):
    """The job can't be done, for a reason that people may read."""
