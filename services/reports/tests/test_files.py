"""A report in other forms: who gets them, that each is made once, and that all say the same numbers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from kit.caller import Caller
from kit.clock import now
from kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unavailable
from kit.event import new_id
from kit.store import Store
from kit.testing import customer, hear_event, staff
from reports import events
from reports.files import keeping
from reports.models import Report, ReportFile

from .kept import content

PDF = {"form": "pdf"}
CONTENT = content()
EVERY = [{"form": form} for form in ("png", "svg", "pdf", "csv", "xlsx")]


def put(house: Any, who: Caller, group_id: str | None = None, status: str = "ready") -> str:
    """A report that is made."""
    fixed = {"type": "sales", "source": "house", "filters": {}, "locale": "en", "attempts": 1}
    period = {"name": "2026", "from": "2026-01-01", "to": "2026-12-31"}
    # Lately, or it would be forgotten.
    times = dict.fromkeys(("created_at", "finished_at", "as_of"), now() - timedelta(hours=1))
    whose = {"requested_by": who.id, "group_id": group_id, "status": status}
    row = Report(**fixed, **times, **CONTENT, **whose, period=period)
    with house.db() as tx:
        tx.add(row)
        tx.flush()
        return row.id


@pytest.fixture
def made(house: Any, seller: Caller) -> str:
    """A report that the seller has asked for, with a text that is a formula."""
    return put(house, seller)


def rows_of(house: Any) -> list[ReportFile]:
    with house.db() as tx:
        return list(tx.scalars(sa.select(ReportFile).order_by(ReportFile.created_at)))


def file_of(house: Any, caller: Caller, report_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """The file once it is made."""
    service = house.service(caller)
    service.file(report_id=report_id, wanted=wanted)
    house.work()
    answer: dict[str, Any] = service.file(report_id=report_id, wanted=wanted)
    return answer


def test_a_file_is_made_by_a_worker_and_kept(house: Any, made: str, seller: Caller) -> None:
    store = Store(house.settings.FILES_URL)
    beginnings = {"png": b"\x89PNG", "svg": b"<svg", "pdf": b"%PDF-", "csv": b"\xef\xbb\xbf", "xlsx": b"PK"}
    for wanted in EVERY:
        assert house.service(seller).file(report_id=made, wanted=wanted) == {"status": "queued"}
    assert house.work() == len(EVERY)
    for wanted in EVERY:
        told = house.service(seller).file(report_id=made, wanted=wanted)
        content = store.get(told["key"])
        assert (told["status"], told["size"]) == ("ready", len(content))
        assert content.startswith(beginnings[wanted["form"]])
        part = " · Revenue by month" if wanted["form"] == "csv" else ""
        assert told["name"] == f"Sales · Jan – Dec 2026{part}.{wanted['form']}"
    assert house.work() == 0
    [reader] = house.service(seller).readers(report_id=made)["items"]
    assert (reader["user_id"], reader["opened"]) == (seller.id, len(EVERY))


def test_what_is_lost_from_the_store_is_made_again_and_is_the_same(
    house: Any, made: str, seller: Caller
) -> None:
    for wanted in (PDF, {"form": "xlsx"}):
        first = file_of(house, seller, made, wanted)
        Store(house.settings.FILES_URL).delete(first["key"])
        assert house.service(seller).file(report_id=made, wanted=wanted) == {"status": "queued"}
        assert file_of(house, seller, made, wanted) == first


def test_asked_for_at_once_it_is_made_once(house: Any, made: str, seller: Caller) -> None:
    start = threading.Barrier(6)

    def ask() -> None:
        start.wait()
        house.service(seller).file(report_id=made, wanted=PDF)

    with ThreadPoolExecutor(6) as people:
        for asked in [people.submit(ask) for _ in range(6)]:
            asked.result()
    # A default that is said is the same file.
    house.service(seller).file(report_id=made, wanted={"form": "pdf", "paper": "a4"})
    assert len(rows_of(house)) == 1
    workers = [house.worker() for _ in range(3)]
    with ThreadPoolExecutor(3) as lanes:
        done = list(lanes.map(lambda worker: worker.work_on_files(), workers))
    assert sorted(done) == [False, False, True]


def test_who_may_not_see_the_report_gets_no_file(house: Any, made: str, seller: Caller) -> None:
    stranger, blind = staff(None, "reports:sales"), staff(seller.id, "reports:ledger")
    file_of(house, seller, made, {"form": "csv"})
    for wanted in EVERY:
        with pytest.raises(NotFound):
            house.service(stranger).file(report_id=made, wanted=wanted)
        with pytest.raises(Forbidden):
            house.service(blind).file(report_id=made, wanted=wanted)
        with pytest.raises(NotFound):
            house.service(seller).file(report_id=new_id(), wanted=wanted)
    with pytest.raises(NotFound):
        house.service(seller).file(report_id="no id", wanted=PDF)


def in_room(house: Any, caller: Caller) -> tuple[str, str]:
    """A group with the caller in it, and their report there."""
    group = new_id()
    house.groups.put(group, caller.id, "owner")
    return group, put(house, caller, group)


def test_members_of_the_room_get_its_files_until_they_leave(house: Any, made: str, seller: Caller) -> None:
    member = staff(None, "reports:sales")
    group, report_id = in_room(house, seller)
    house.groups.put(group, member.id, "staff")
    assert house.service(member).file(report_id=report_id, wanted=PDF) == {"status": "queued"}
    left = hear_event(events.MemberLeft, group_id=group, user_id=member.id, version=2)
    house.service(member).member_left(left)
    with pytest.raises(NotFound):
        house.service(member).file(report_id=report_id, wanted=PDF)


def test_a_customer_gets_no_file_with_the_rows_of_others(house: Any, made: str, seller: Caller) -> None:
    guest = customer(permissions=frozenset({"reports:sales"}))
    group, report_id = in_room(house, seller)
    house.groups.put(group, guest.id, "guest")
    for wanted in EVERY:
        with pytest.raises(NotFound):
            house.service(guest).file(report_id=report_id, wanted=wanted)
    fields = {"kind": "customer", "permissions": ["reports:sales"], "active": True, "version": 2}
    service = house.service(staff())
    service.permissions_changed(hear_event(events.PermissionsChanged, user_id=guest.id, **fields))
    service.member_joined(
        hear_event(events.MemberJoined, group_id=group, user_id=guest.id, role="guest", version=2)
    )
    with pytest.raises(NotFound):
        service.picture(report_id=report_id, user_id=guest.id)


def test_a_picture_to_be_sent_is_for_who_may_see_the_report_now(
    house: Any, made: str, seller: Caller
) -> None:
    service = house.service(staff())
    member, other = new_id(), new_id()
    group, report_id = in_room(house, seller)
    versions = iter(range(2, 99))

    def person(user_id: str, *permissions: str, active: bool = True) -> None:
        fields = {"kind": "staff", "permissions": list(permissions), "active": active}
        told = hear_event(events.PermissionsChanged, user_id=user_id, version=next(versions), **fields)
        service.permissions_changed(told)

    def refused(user_id: str) -> bool:
        try:
            service.picture(report_id=report_id, user_id=user_id)
        except NotFound:
            return True
        return False

    for id in (member, other, seller.id):
        assert refused(id)  # nothing is known of them yet
    joined = hear_event(events.MemberJoined, group_id=group, user_id=member, role="staff", version=2)
    service.member_joined(joined)
    for id in (member, other, seller.id):
        person(id, "reports:sales")
    assert refused(other)
    assert service.picture(report_id=report_id, user_id=member) == {"status": "queued"}
    house.work()
    ready = service.picture(report_id=report_id, user_id=seller.id)
    assert (ready["status"], ready["content_type"]) == ("ready", "image/png")
    content = Store(house.settings.FILES_URL).get(ready["key"])
    assert [int.from_bytes(content[n : n + 4], "big") for n in (16, 20)] == [720, 360]
    assert len(content) < 100_000
    person(member, "reports:ledger")
    assert refused(member)
    person(member, "reports:sales", active=False)
    assert refused(member)
    person(member, "administrator")
    assert not refused(member)
    service.member_left(hear_event(events.MemberLeft, group_id=group, user_id=member, version=3))
    assert refused(member)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"form": "gif"}, Invalid),
        ({}, Invalid),
        ({"form": "png", "width": 719}, Invalid),
        ({"form": "png", "width": 100_000}, Invalid),
        ({"form": "svg", "scale": 2}, Invalid),
        ({"form": "pdf", "paper": "a0"}, Invalid),
        ({"form": "png", "chart": "../../etc/passwd"}, NotFound),
        ({"form": "csv", "table": "nothing"}, NotFound),
    ],
)
def test_what_there_is_not_is_refused_and_nothing_is_queued(
    house: Any, made: str, seller: Caller, wanted: dict[str, Any], error: type[Refusal]
) -> None:
    with pytest.raises(error):
        house.service(seller).file(report_id=made, wanted=wanted)
    assert rows_of(house) == []


def test_a_report_that_is_not_made_has_no_files(house: Any, made: str, seller: Caller) -> None:
    failed = put(house, seller, status="failed")
    with pytest.raises(Conflict):
        house.service(seller).file(report_id=failed, wanted=PDF)


def test_one_person_has_so_many_files_made_at_once(house: Any, made: str, seller: Caller) -> None:
    house.settings = house.settings.model_copy(update={"MOST_OPEN_FILES": 2})
    service = house.service(seller)
    for form in ("csv", "xlsx"):
        service.file(report_id=made, wanted={"form": form})
    with pytest.raises(TooMany):
        service.file(report_id=made, wanted={"form": "svg"})
    house.work()
    assert service.file(report_id=made, wanted={"form": "svg"}) == {"status": "queued"}


@pytest.mark.parametrize("limit", [{"FILE_SECONDS": 0.01}, {"FILE_MEMORY_MB": 16}])
def test_what_takes_too_long_or_too_much_fails_and_is_tried_again_later(
    house: Any, made: str, seller: Caller, limit: dict[str, Any]
) -> None:
    whole = house.settings
    house.settings = whole.model_copy(update=limit)
    service = house.service(seller)
    service.file(report_id=made, wanted=PDF)
    house.work()
    with pytest.raises(Unavailable) as refused:
        service.file(report_id=made, wanted=PDF)
    assert refused.value.code == "file_not_made"
    house.settings = whole
    with house.db() as tx:
        tx.execute(sa.update(ReportFile).values(finished_at=now() - timedelta(minutes=2)))
    assert service.file(report_id=made, wanted=PDF) == {"status": "queued"}
    house.work()
    assert service.file(report_id=made, wanted=PDF)["status"] == "ready"


def test_a_file_that_nobody_asks_for_is_forgotten(house: Any, made: str, seller: Caller) -> None:
    store = Store(house.settings.FILES_URL)
    keys = [file_of(house, seller, made, wanted)["key"] for wanted in EVERY[3:]]
    house.service(seller).forget_reports()
    assert [store.size(key) > 0 for key in keys] == [True, True]
    with house.db() as tx:
        old = now() - timedelta(days=house.settings.FILES_KEPT_DAYS, hours=1)
        tx.execute(sa.update(ReportFile).values(asked_at=old))
    assert house.service(seller).file(report_id=made, wanted=EVERY[3])["status"] == "ready"
    house.service(seller).forget_reports()
    assert [row.key for row in rows_of(house)] == keys[:1]
    assert store.size(keys[0])
    with pytest.raises(FileNotFoundError):
        store.size(keys[1])


@pytest.mark.parametrize("kept", [0, 30])
def test_reports_are_kept_as_long_as_is_said_and_in_rooms_for_good(
    house: Any, made: str, seller: Caller, kept: int
) -> None:
    house.settings = house.settings.model_copy(update={"ROOM_REPORTS_KEPT_DAYS": kept})
    store, service = Store(house.settings.FILES_URL), house.service(seller)
    _, shared = in_room(house, seller)
    keys = {id: file_of(house, seller, id, EVERY[3])["key"] for id in (made, shared)}
    service.forget_reports()
    assert {row.report_id for row in rows_of(house)} == {made, shared}
    with house.db() as tx:
        tx.execute(sa.update(Report).values(finished_at=now() - timedelta(days=401)))
    service.forget_reports()
    with pytest.raises(NotFound):
        service.report(report_id=made)
    with pytest.raises(FileNotFoundError):
        store.size(keys[made])
    if kept:
        with pytest.raises(NotFound):
            service.report(report_id=shared)
        assert rows_of(house) == []
    else:
        assert service.report(report_id=shared)["kpis"]
        assert store.size(keys[shared])


def test_so_many_are_forgotten_at_once(
    house: Any, made: str, seller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "CLEAR_AT_ONCE", 2)
    for _ in range(2):
        put(house, seller)
    with house.db() as tx:
        tx.execute(sa.update(Report).values(finished_at=now() - timedelta(days=401)))
    for left in (1, 0):
        house.service(seller).forget_reports()
        with house.db() as tx:
            assert tx.scalar(sa.select(sa.func.count()).select_from(Report)) == left
