"""When reports come to somebody, for their calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kit.caller import Caller
from kit.clock import now, rfc3339
from kit.event import new_id
from kit.testing import hear_event, staff
from reports import events
from reports.schedule import Schedule

from .conftest import ended

DAILY = {"cron": "0 8 * * *", "timezone": "Europe/Berlin"}


@pytest.fixture
def room(house: Any, seller: Caller) -> Any:
    """A room of the seller's."""
    group_id = new_id()
    house.groups.put(group_id, seller.id, "owner")
    join(house, group_id, seller)
    return group_id


def join(house: Any, group_id: str, caller: Caller, *, version: int = 1) -> None:
    event = hear_event(
        events.MemberJoined, group_id=group_id, user_id=caller.id, role="staff", version=version
    )
    house.service(caller).member_joined(event)


def known(house: Any, caller: Caller, *, version: int = 1, **fields: Any) -> None:
    rights = {"kind": "staff", "permissions": sorted(caller.permissions), "active": True, **fields}
    event = hear_event(events.PermissionsChanged, user_id=caller.id, version=version, **rights)
    house.service(caller).permissions_changed(event)


def times(house: Any, caller: Caller, days: int = 10, **more: Any) -> list[dict[str, Any]]:
    span = {"since": rfc3339(now()), "until": rfc3339(now() + timedelta(days=days))}
    items: list[dict[str, Any]] = house.service(caller).times(user_id=caller.id, **{**span, **more})["items"]
    return items


def test_mine_and_my_rooms_times_come_in_order(house: Any, seller: Caller, room: str) -> None:
    mine = house.service(seller).subscribe(type="sales", target="me", schedule=DAILY, locale="zh-CN")
    noon = {"cron": "0 12 * * *", "timezone": "Europe/Berlin"}
    rooms = house.service(seller).subscribe(type="sales", target={"group_id": room}, schedule=noon)
    found = times(house, seller)
    assert [item["start"] for item in found] == sorted(item["start"] for item in found)
    assert [i["start"] for i in found if i["id"] == mine["id"]][:5] == mine["next"]
    assert [i["start"] for i in found if i["id"] == rooms["id"]][:5] == rooms["next"]
    assert {(i["title"], i["group_id"]) for i in found} == {("销售", None), ("Sales", room)}
    house.service(seller).update_subscription(subscription_id=mine["id"], changes={"active": False})
    assert {item["id"] for item in times(house, seller)} == {rooms["id"]}


def test_pages_go_on_where_the_last_one_ended(house: Any, seller: Caller) -> None:
    for _ in range(3):
        house.service(seller).subscribe(type="sales", target="me", schedule=DAILY)
    whole = [(i["start"], i["id"]) for i in times(house, seller)]
    walked = []
    since, after = rfc3339(now()), None
    while part := times(house, seller, since=since, after=after, limit=4):
        walked += [(i["start"], i["id"]) for i in part]
        since, after = walked[-1]
    assert walked == whole
    assert len(whole) == 30
    assert len(times(house, seller, each=2)) == 6


def test_a_dense_line_is_walked_no_further_than_asked(house: Any, seller: Caller) -> None:
    every_minute = {"cron": "* * * * *", "timezone": "UTC"}
    house.service(seller).subscribe(type="sales", target="me", schedule=every_minute)
    assert len(times(house, seller, days=400, limit=7)) == 7
    assert len(times(house, seller, days=400, limit=10**6)) == 1000


def test_only_who_will_see_a_report_is_told_when_it_comes(house: Any, seller: Caller, room: str) -> None:
    house.service(seller).subscribe(type="sales", target={"group_id": room}, schedule=DAILY)
    house.service(seller).subscribe(type="sales", target="me", schedule=DAILY)
    member, unknowing, stranger = staff(None, "reports:sales"), staff(), staff(None, "reports:sales")
    for person in (member, unknowing):
        join(house, room, person)
    for person in (seller, member, unknowing, stranger):
        known(house, person)
    assert {item["group_id"] for item in times(house, member)} == {room}
    assert times(house, unknowing) == times(house, stranger) == []
    assert house.service(seller).times(user_id="x", since=rfc3339(now()), until=rfc3339(now()))["items"] == []
    known(house, member, version=2, active=False)
    assert times(house, member) == []
    # What its owner may not send any more comes to nobody.
    known(house, seller, version=2, permissions=[])
    known(house, member, version=3)
    assert times(house, member) == []


def test_a_room_that_has_ended_gets_no_report(house: Any, seller: Caller, room: str) -> None:
    service = house.service(seller)
    service.subscribe(type="sales", target={"group_id": room}, schedule=DAILY)
    service.subscribe(type="sales", target="me", schedule=DAILY)
    assert times(house, seller)
    service.group_ended(ended(room))
    assert {item["group_id"] for item in times(house, seller)} == {None}
    items = service.subscriptions()["items"]
    assert {(item["target"] == "me", item["active"]) for item in items} == {(True, True), (False, False)}


def test_the_wall_clock_stays_through_both_changes() -> None:
    berlin = Schedule(cron="30 2 * * *", timezone="Europe/Berlin")
    spring = [*berlin.between(datetime(2027, 3, 27, tzinfo=UTC), datetime(2027, 3, 30, tzinfo=UTC))]
    assert [t.hour * 60 + t.minute for t in spring] == [90, 60, 30]  # 02:30, 03:00, 02:30
    autumn = [*berlin.between(datetime(2027, 10, 31, tzinfo=UTC), datetime(2027, 11, 1, tzinfo=UTC))]
    assert [t.hour * 60 + t.minute for t in autumn] == [30]
    assert [*berlin.between(autumn[0], autumn[0])] == []
    assert [*berlin.between(autumn[0], autumn[0] + timedelta(seconds=1))] == autumn
