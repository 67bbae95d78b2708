"""Workers and schedulers beside each other, with real transactions and real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from kit.caller import Caller
from kit.clock import now, parse
from kit.errors import NotFound
from kit.event import new_id
from kit.store import Store
from kit.testing import hear_event, required, said, staff
from reports import events, jobs
from reports.acquire.sources import read_sources
from reports.due import run_due
from reports.models import Load, Report, Subscription
from reports.worker import Worker, _lane

from .conftest import ended

Sold = Callable[..., dict[str, Any]]
MINUTELY = {"cron": "* * * * *", "timezone": "UTC"}


@pytest.fixture
def stocked(house: Any, erp: Any, sold: Sold) -> Any:
    erp.company()
    erp.lines(sold("1", "2026-01-05", "100.00"))
    house.service(staff(None, "administrator")).acquire(name="house")
    assert house.work() == 1
    return house


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def subscribe(house: Any, caller: Caller, *, due_ago: timedelta, **more: Any) -> str:
    """A subscription whose next run was due so long ago."""
    made = house.service(caller).subscribe(type="sales", **{"target": "me", "schedule": MINUTELY, **more})
    with house.db() as tx:
        tx.get_one(Subscription, made["id"]).next_run_at = now() - due_ago
    return str(made["id"])


def rows(house: Any, model: type[Any]) -> list[Any]:
    with house.db() as tx:
        return list(tx.scalars(sa.select(model).order_by(model.created_at)))


def test_a_worker_waits_for_a_database_that_is_only_read(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, tried = threading.Event(), 0

    def work() -> bool:
        nonlocal tried
        tried += 1
        with engine.begin() as connection:
            connection.execute(sa.text(f"SET TRANSACTION READ {'ONLY' if tried == 1 else 'WRITE'}"))
            connection.execute(sa.select(Report.id).with_for_update())
        stop.set()
        return False

    monkeypatch.setattr("reports.worker._wait", lambda *_: None)
    _lane(engine, work, 0, stop)
    assert tried == 2


def test_two_schedulers_and_two_workers_make_each_run_once(stocked: Any, seller: Caller) -> None:
    for _ in range(6):
        subscribe(stocked, seller, due_ago=timedelta(seconds=1))
    barrier = threading.Barrier(4)

    def schedule() -> int:
        barrier.wait()
        return run_due(stocked.db, read_sources(stocked.settings.SOURCES_FILE), 120)

    def work() -> None:
        barrier.wait()
        until(lambda: not stocked.worker().work() and len(rows(stocked, Report)) == 6)

    with ThreadPoolExecutor(4) as pool:
        scheduled = [pool.submit(schedule), pool.submit(schedule)]
        for worker in [pool.submit(work), pool.submit(work)]:
            worker.result()
    assert sum(s.result() for s in scheduled) == 6
    stocked.work()
    reports = rows(stocked, Report)
    assert [r.status for r in reports] == ["ready"] * 6
    assert {r.attempts for r in reports} == {1}
    made = [data["report_id"] for type, data, _ in said(stocked.db) if type == "reports.report_made"]
    assert sorted(made) == sorted(r.id for r in reports)


def test_runs_missed_while_nobody_looked_happen_late_once_and_say_so(stocked: Any, seller: Caller) -> None:
    hourly = {"cron": f"{(now().minute - 10) % 60} * * * *", "timezone": "UTC"}
    subscribe(stocked, seller, due_ago=timedelta(hours=9), schedule=hourly)
    sources = read_sources(stocked.settings.SOURCES_FILE)
    assert [run_due(stocked.db, sources, 120), run_due(stocked.db, sources, 120)] == [1, 0]
    stocked.work()
    [report] = rows(stocked, Report)
    assert timedelta(minutes=9) < now() - report.scheduled_at < timedelta(minutes=12)
    assert "and is late." in report.notes[0]
    assert report.notes[1] == "Runs missed before it, which are not made up: 8."
    assert (report.run["reason"], report.run["missed"]) == ("made_up", 8)
    with stocked.db() as tx:
        assert tx.scalars(sa.select(Subscription)).one().next_run_at > now()


def test_a_run_on_time_is_not_called_late(stocked: Any, seller: Caller) -> None:
    subscribe(stocked, seller, due_ago=timedelta(seconds=0))
    run_due(stocked.db, {}, 120)
    # The source is the first of those configured; with none the report fails and says so.
    stocked.work()
    [report] = rows(stocked, Report)
    assert report.status == "failed"
    subscribe(stocked, seller, due_ago=timedelta(seconds=0))
    run_due(stocked.db, read_sources(stocked.settings.SOURCES_FILE), 120)
    stocked.work()
    assert rows(stocked, Report)[1].notes == [n for n in rows(stocked, Report)[1].notes if "late" not in n]


def test_a_sources_schedule_makes_one_load_a_time(stocked: Any, erp: Any, tmp_path: Path) -> None:
    file = tmp_path / "scheduled.yml"
    file.write_text(
        f"house: {{kind: generic, title: H, uri: '{erp.uri}', schedule: '0 3 1 1 *', timezone: Asia/Taipei}}"
    )
    sources = read_sources(file)
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda _: run_due(stocked.db, sources, 120), range(2)))
    assert sum(counts) == 1
    stocked.work()
    assert run_due(stocked.db, sources, 120) == 0
    assert [load.status for load in stocked.loads()] == ["ready", "ready"]


def lose_right(house: Any, seller: Caller, group_id: str) -> None:
    house.service(seller).permissions_changed(
        hear_event(
            events.PermissionsChanged,
            user_id=seller.id,
            kind="staff",
            permissions=["reports:ledger"],
            active=True,
            version=2,
        )
    )


def lose_membership(house: Any, seller: Caller, group_id: str) -> None:
    house.service(seller).member_left(
        hear_event(events.MemberLeft, group_id=group_id, user_id=seller.id, version=9)
    )


def end_group(house: Any, seller: Caller, group_id: str) -> None:
    house.service(seller).group_ended(ended(group_id))


@pytest.mark.parametrize(
    ("lose", "reason"),
    [
        (lose_right, "may no longer see sales reports"),
        (lose_membership, "no longer a member"),
        (end_group, "The group has ended"),
    ],
)
def test_rights_count_when_the_report_is_sent(
    stocked: Any, seller: Caller, lose: Callable[[Any, Caller, str], None], reason: str
) -> None:
    group_id = new_id()
    stocked.groups.put(group_id, seller.id, "staff")
    subscribe(stocked, seller, due_ago=timedelta(seconds=1), target={"group_id": group_id})
    run_due(stocked.db, read_sources(stocked.settings.SOURCES_FILE), 120)
    lose(stocked, seller, group_id)
    stocked.work()
    [report] = rows(stocked, Report)
    assert (report.status, report.charts) == ("failed", None)
    assert reason in report.error
    [made] = [data for type, data, _ in said(stocked.db) if type == "reports.report_made"]
    assert (made["status"], made["group_id"]) == ("failed", group_id)


@pytest.mark.parametrize(
    ("lose", "reason"), [(lose_membership, "no longer a member"), (end_group, "The group has ended")]
)
def test_who_has_left_meanwhile_sends_nothing_into_the_room(
    stocked: Any, seller: Caller, lose: Callable[[Any, Caller, str], None], reason: str
) -> None:
    group_id = new_id()
    stocked.groups.put(group_id, seller.id, "staff")
    stocked.service(seller).request(type="sales", group_id=group_id)
    lose(stocked, seller, group_id)
    stocked.work()
    [report] = rows(stocked, Report)
    assert report.status == "failed"
    assert reason in report.error


@pytest.fixture
def start(
    stocked: Any, engine: sa.Engine, kit_config: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts worker processes; they die with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def process() -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [Path(sys.executable).with_name("kit"), "worker", "reports.worker:run"],
                cwd=kit_config.parent,
                env={
                    **os.environ,
                    "DATABASE_URI": engine.url.render_as_string(hide_password=False),
                    "AMQP_URI": required("TEST_AMQP_URI"),
                    "SOURCES_FILE": str(stocked.settings.SOURCES_FILE),
                    "FILES_URL": stocked.settings.FILES_URL,
                    "LEASE_SECONDS": "1",
                    "POLL_SECONDS": "0.2",
                },
                stderr=subprocess.DEVNULL,
            )
        )
        return started[-1]

    yield process
    for worker in started:
        worker.kill()
        worker.wait()


def test_a_killed_workers_load_is_done_once_by_the_next(
    stocked: Any, erp: Any, sold: Sold, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    erp.lines(sold("2", "2026-02-05", "50.00"))
    with erp.engine.connect() as locker:
        locker.execute(sa.text("LOCK TABLE rpt.order_line"))  # the load hangs in the middle
        worker = start()
        stocked.service(staff(None, "administrator")).acquire(name="house")
        until(lambda: stocked.loads()[1].status == "running")
        held_until = stocked.loads()[1].leased_until
        until(lambda: stocked.loads()[1].leased_until > held_until)  # it says that it is alive
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        second = start()
    load = until(lambda: stocked.loads()[1].status == "ready" and stocked.loads()[1])
    assert (load.attempts, load.rows["order_line"]) == (2, 2)
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0


def test_a_file_is_made_while_a_load_takes_long(
    stocked: Any, erp: Any, seller: Caller, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    report_id = stocked.service(seller).request(type="sales", period="2026")["report_id"]
    stocked.work()
    with erp.engine.connect() as locker:
        locker.execute(sa.text("LOCK TABLE rpt.order_line"))
        worker = start()
        stocked.service(staff(None, "administrator")).acquire(name="house")
        until(lambda: stocked.loads()[1].status == "running")

        def file() -> dict[str, Any]:
            told: dict[str, Any] = stocked.service(seller).file(report_id=report_id, wanted={"form": "pdf"})
            return told if told["status"] == "ready" else {}

        told = until(file)
        assert Store(stocked.settings.FILES_URL).get(told["key"]).startswith(b"%PDF-")
        assert stocked.loads()[1].status == "running"
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0


def test_a_worker_that_is_killed_while_it_looks_leaves_it_to_the_next_and_it_is_told_once(
    stocked: Any,
    erp: Any,
    sold: Sold,
    seller: Caller,
    engine: sa.Engine,
    start: Callable[[], subprocess.Popen[bytes]],
) -> None:
    trigger = {"kind": "order_over", "amount": "500"}
    id = stocked.service(seller).subscribe(type="sales", target="me", trigger=trigger)["id"]
    stocked.work()
    erp.lines(sold("2", now().date().isoformat(), "900.00"))
    waits = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database() AND application_name = 'bchat-reports-worker'"
    )
    with engine.connect() as locker:
        locker.execute(sa.text("LOCK TABLE things"))  # it hangs where it has found the order
        worker = start()
        stocked.service(staff(None, "administrator")).acquire(name="house")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
            until(lambda: watcher.scalar(waits))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        start()
        start()
    until(lambda: [report.status for report in rows(stocked, Report)] == ["ready"], 180)
    stocked.work()
    [alert] = stocked.service(seller).alerts()["items"]
    assert (alert["subscription_id"], len(alert["items"])) == (id, 1)
    [run] = stocked.service(seller).runs(subscription_id=id)["items"]
    assert (run["report_id"], run["result"]) == (alert["report_id"], "sent")


def test_a_job_that_ends_its_workers_is_given_up_and_says_so(stocked: Any, seller: Caller) -> None:
    report_id = stocked.service(seller).request(type="sales")["report_id"]
    for _ in range(3):
        with stocked.db() as tx:
            assert jobs.claim(tx, Report, 0.0).id == report_id
    stocked.work()
    report = stocked.report(report_id)
    assert (report.status, report.attempts) == ("failed", 4)
    assert "Given up" in report.error
    [made] = [data for type, data, _ in said(stocked.db) if type == "reports.report_made"]
    assert (made["report_id"], made["status"]) == (report_id, "failed")


def test_a_worker_that_lost_its_lease_leaves_no_trace(stocked: Any, seller: Caller) -> None:
    report_id = stocked.service(seller).request(type="sales", period="2026")["report_id"]
    slow = stocked.worker()
    progress = slow._progress

    def stolen(job: Report, value: float) -> None:
        with stocked.db() as tx:
            tx.execute(sa.update(Report).values(lease=new_id()))
        progress(job, value)

    slow._progress = stolen
    assert slow.work()
    assert stocked.report(report_id).status == "running"
    assert not [data for type, data, _ in said(stocked.db) if type == "reports.report_made"]


def test_a_worker_whose_lease_is_lost_when_it_fails_goes_on(stocked: Any, seller: Caller) -> None:
    report_id = stocked.service(seller).request(type="sales", period="2026")["report_id"]
    slow = stocked.worker()

    def stolen(job: Report, value: float) -> None:
        with stocked.db() as tx:
            tx.execute(sa.update(Report).values(lease=new_id()))
        raise RuntimeError("a bug")

    slow._progress = stolen
    assert slow.work()
    assert stocked.report(report_id).status == "running"


def test_a_bug_fails_the_report_without_telling_its_insides(
    stocked: Any, seller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id = stocked.service(seller).request(type="sales")["report_id"]

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Worker, "_loads", broken)
    stocked.work()
    report = stocked.report(report_id)
    assert report.status == "failed"
    assert "secret" not in report.error


def test_a_waiting_worker_is_woken_and_outlives_its_connections(
    stocked: Any, seller: Caller, engine: sa.Engine, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    worker = start()

    def made() -> None:
        report_id = stocked.service(seller).request(type="sales")["report_id"]
        until(lambda: stocked.report(report_id).status == "ready")

    made()
    with engine.connect() as connection:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        ended += " AND application_name = 'bchat-reports-worker'"
        assert connection.execute(sa.text(ended)).rowcount > 0
    made()
    assert worker.poll() is None
    assert len(rows(stocked, Load)) == 1


AWAITING = {"cron": "0 23 * * *", "timezone": "Asia/Taipei", "await_load": True}


def awaiting(house: Any, caller: Caller, **changes: Any) -> str:
    made = house.service(caller).subscribe(type="sales", target="me", schedule=AWAITING)
    with house.db() as tx:
        row = tx.get_one(Subscription, made["id"])
        for name, value in changes.items():
            setattr(row, name, value)
    return str(made["id"])


def test_a_run_comes_when_the_load_of_its_day_is_finished_and_once(stocked: Any, seller: Caller) -> None:
    # Due in an hour, of the day that it is then in Taipei; the load is of then, or of the day before.
    soon = now() + timedelta(hours=1)
    zone = ZoneInfo("Asia/Taipei")
    midnight = soon.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    id = awaiting(stocked, seller, next_run_at=soon)
    sources = read_sources(stocked.settings.SOURCES_FILE)

    def read_at(time: datetime) -> int:
        with stocked.db() as tx:
            tx.execute(sa.update(Load).values(as_of=time))
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda _: run_due(stocked.db, sources, 120), range(2)))

    assert read_at(midnight - timedelta(minutes=1)) == 0
    assert read_at(midnight) == 1
    assert read_at(midnight + timedelta(minutes=5)) == 0
    stocked.work()
    [run] = stocked.service(seller).runs(subscription_id=id)["items"]
    assert (run["reason"], run["as_is"], run["result"]) == ("schedule", False, "sent")
    assert parse(run["scheduled_at"]) == soon.replace(microsecond=soon.microsecond // 1000 * 1000)
    # Of two times of a day the second waits for a later load.
    with stocked.db() as tx:
        row = tx.get_one(Subscription, id)
        row.looked_at, row.next_run_at = now(), now() + timedelta(minutes=30)
    assert read_at(now() - timedelta(minutes=1)) == 0
    assert read_at(now() + timedelta(minutes=1)) == 1


def test_at_the_latest_it_comes_with_what_is_there_and_says_so(stocked: Any, seller: Caller) -> None:
    awaiting(stocked, seller, next_run_at=now() - timedelta(seconds=1))
    assert run_due(stocked.db, read_sources(stocked.settings.SOURCES_FILE), 120) == 1
    stocked.work()
    [report] = rows(stocked, Report)
    assert "the source had not been read on that day" in report.notes[0]
    assert report.run["as_is"] is True


def test_many_missed_runs_are_one_that_says_how_many(stocked: Any, seller: Caller) -> None:
    id = subscribe(stocked, seller, due_ago=timedelta(days=40))
    sources = read_sources(stocked.settings.SOURCES_FILE)
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(lambda _: run_due(stocked.db, sources, 120), range(2))) == 1
    stocked.work()
    [run] = stocked.service(seller).runs(subscription_id=id)["items"]
    assert (run["reason"], run["missed"]) == ("made_up", 999)
    [report] = rows(stocked, Report)
    assert report.notes[0] == "Runs missed before it, which are not made up: at least 999."


def test_a_paused_subscription_has_no_runs_and_makes_none_up(stocked: Any, seller: Caller) -> None:
    id = subscribe(stocked, seller, due_ago=timedelta(hours=1))
    service, sources = stocked.service(seller), read_sources(stocked.settings.SOURCES_FILE)
    service.update_subscription(subscription_id=id, changes={"active": False})
    assert run_due(stocked.db, sources, 120) == 0
    service.update_subscription(subscription_id=id, changes={"active": True})
    assert run_due(stocked.db, sources, 120) == 0
    assert service.runs(subscription_id=id)["items"] == []
    made = [service.run_subscription(subscription_id=id)["report_id"] for _ in range(3)]
    first = service.runs(subscription_id=id, limit=2)
    second = service.runs(subscription_id=id, limit=2, cursor=first["next_cursor"])
    assert [run["report_id"] for run in first["items"] + second["items"]] == made[::-1]
    assert {run["reason"] for run in first["items"]} == {"by_hand"}
    with pytest.raises(NotFound):
        stocked.service(staff(None, "reports:sales")).runs(subscription_id=id)
