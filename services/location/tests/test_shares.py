"""Live sharing: started for a time, followed by the others, ended by time, by oneself, and by leaving."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from kit.clock import now, parse, rfc3339
from kit.errors import Refusal
from kit.event import new_id
from kit.testing import hear_event, said, staff
from location import events, shares

from .conftest import PARIS, House, feature

ANN, BEN, EVE = new_id(), new_id(), new_id()
Refused = Callable[..., Refusal]
Later = Callable[[float], None]


def seen(house: House, who: str, room: str) -> list[dict[str, Any]]:
    """The pins that a member sees."""
    found: list[dict[str, Any]] = house.location(who).last_positions(group_id=room)["features"]
    return found


def test_a_share_is_told_to_the_room_and_followed_by_its_members(house: House, later: Later) -> None:
    room = house.room(ANN, BEN)
    share = house.location(ANN).share(group_id=room, minutes=15)
    assert parse(share["ends_at"]) - parse(share["started_at"]) == timedelta(minutes=15)
    assert said(house.db) == [("location.share_started", {"share": share}, [f"group:{room}"])]
    assert house.location(BEN).shares(group_id=room)["items"] == [share]
    assert house.location(ANN).my_shares()["items"] == [share]
    assert house.location(BEN).my_shares()["items"] == []
    assert seen(house, BEN, room) == []

    at = rfc3339(now())
    told = house.location(ANN).move(group_id=room, feature=feature(accuracy_m=8, recorded_at=at))
    later(42)
    [pin] = seen(house, BEN, room)
    properties = {"user_id": ANN, "accuracy_m": 8.0, "recorded_at": at, "ends_at": share["ends_at"]}
    assert told["feature"] == {
        "type": "Feature",
        "id": share["id"],
        "geometry": {"type": "Point", "coordinates": PARIS},
        "properties": properties,
    }
    assert pin == {**told["feature"], "properties": {**properties, "age_s": 42}}
    assert (told["group_id"], told["user_id"]) == (room, ANN)
    assert [type for type, _, _ in said(house.db)] == ["location.share_started"], "points are fleeting"


def test_the_last_point_wins_however_they_come(house: House) -> None:
    room = house.room(ANN)
    share = house.location(ANN).share(group_id=room, minutes=15)
    at = now()
    for seconds, taken in ((20, True), (5, True), (10, False), (5, True)):
        sent = feature([seconds, 0], recorded_at=rfc3339(at - timedelta(seconds=seconds)))
        told = house.location(ANN).move_share(share_id=share["id"], feature=sent)
        assert (told["feature"] is not None) is taken
    [pin] = seen(house, ANN, room)
    assert pin["geometry"]["coordinates"] == [5, 0]


def test_sharing_again_in_the_same_room_moves_the_end_of_the_same_share(house: House, later: Later) -> None:
    room, other = house.room(ANN), house.room(ANN)
    first = house.location(staff(ANN, idempotency_key="k")).share(group_id=room, minutes=15)
    house.location(ANN).share(group_id=other, minutes=15)
    house.location(ANN).move(group_id=room, feature=feature())
    later(60)
    again = house.location(ANN).share(group_id=room, minutes=60)
    assert (again["id"], again["started_at"], again["version"]) == (first["id"], first["started_at"], 2)
    assert timedelta(minutes=46) <= parse(again["ends_at"]) - parse(first["ends_at"]) < timedelta(minutes=47)
    assert len(seen(house, ANN, room)) == 1
    assert house.said("share_started")[-1] == {"share": again}
    assert house.location(staff(ANN, idempotency_key="k")).share(group_id=room, minutes=15) == first
    assert house.location(ANN).shares(group_id=room)["items"] == [again]
    assert len(house.location(ANN).my_shares()["items"]) == 2


def test_a_share_ends_at_its_time_and_nothing_is_left_of_where_one_was(
    house: House, refused: Refused, later: Later
) -> None:
    room = house.room(ANN, BEN)
    share = house.location(ANN).share(group_id=room, minutes=1)
    house.location(ANN).move(group_id=room, feature=feature())
    house.location().end_shares()
    assert house.said("share_ended") == []
    later(61)
    assert seen(house, BEN, room) == house.location(BEN).shares(group_id=room)["items"] == []
    assert refused(house.location(ANN).move, group_id=room, feature=feature()).code == "not_sharing"
    for _ in range(2):
        house.location().end_shares()
    ended = [event for event in said(house.db) if event[0] == "location.share_ended"]
    [(_, data, audience)] = ended
    assert audience == [f"group:{room}", f"user:{ANN}"]
    assert (data["share"]["id"], data["share"]["end_reason"], data["share"]["version"]) == (
        share["id"],
        "expired",
        2,
    )
    [row] = house.rows("shares")
    assert (row.geometry, row.accuracy_m, row.recorded_at) == (None, None, None)


def test_one_who_shares_again_before_the_clock_has_come_round_begins_anew(house: House, later: Later) -> None:
    room = house.room(ANN)
    first = house.location(ANN).share(group_id=room, minutes=1)
    later(61)
    second = house.location(ANN).share(group_id=room, minutes=1)
    assert first["id"] != second["id"]
    assert [e["share"]["id"] for e in house.said("share_ended")] == [first["id"]]


def test_many_shares_end_in_portions(house: House, later: Later, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "BATCH", 2)
    for _ in range(5):
        house.location(ANN).share(group_id=house.room(ANN), minutes=1)
    later(61)
    house.location().end_shares()
    assert len(house.said("share_ended")) == 5


def logout(house: House, room: str, session: str) -> None:
    house.location().session_ended(hear_event(events.SessionEnded, session_id=session))


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (lambda house, room, _: house.leave(room, ANN), "left"),
        (lambda house, room, _: house.end(room), "group_ended"),
        (logout, "signed_out"),
    ],
)
def test_a_share_ends_with_what_it_needs(
    house: House, refused: Refused, ends: Callable[[House, str, str], None], reason: str
) -> None:
    room = house.room(ANN, BEN)
    house.location(ANN).share(group_id=house.room(ANN), minutes=15)
    house.location(BEN).share(group_id=house.room(BEN), minutes=15)
    caller = staff(ANN)
    share = house.location(caller).share(group_id=room, minutes=15)
    house.location(caller).move(group_id=room, feature=feature())
    ends(house, room, caller.session_id or "")
    assert seen(house, BEN, room) == []
    assert [(e["share"]["id"], e["share"]["end_reason"]) for e in house.said("share_ended")] == [
        (share["id"], reason)
    ]
    refusal = refused(house.location(caller).move_share, share_id=share["id"], feature=feature())
    assert refusal.code == "not_sharing"
    assert len(house.location(ANN).my_shares()["items"]) == 1


def test_a_leaving_heard_late_does_not_end_what_began_after_coming_back(house: House) -> None:
    room = house.room(ANN)
    left = house.event(events.MemberLeft, room, user_id=ANN)
    house.join(room, ANN)
    house.location(ANN).share(group_id=room, minutes=15)
    house.location().member_left(left)
    assert house.said("share_ended") == []


def test_one_ends_ones_own_share_and_nobody_elses(house: House, refused: Refused) -> None:
    room = house.room(ANN, BEN)
    share = house.location(ANN).share(group_id=room, minutes=15)["id"]
    before = house.state()
    for who, code in ((BEN, "not_your_share"), (EVE, "share_not_found")):
        for call in (
            lambda who=who: house.location(who).stop(share_id=share),
            lambda who=who: house.location(who).move_share(share_id=share, feature=feature()),
        ):
            assert refused(call).code == code
    for unknown in (new_id(), "no id"):
        assert refused(house.location(ANN).stop, share_id=unknown).code == "share_not_found"
    assert house.state() == before
    for _ in range(2):
        house.location(ANN).stop(share_id=share)
    assert [e["share"]["end_reason"] for e in house.said("share_ended")] == ["stopped"]


@pytest.mark.parametrize("minutes", [0, -1, 31, 1.5, "15", None, True, 10**30])
def test_a_time_that_is_none_is_refused(house: House, refused: Refused, minutes: Any) -> None:
    room = house.room(ANN)
    before = house.state()
    refusal = refused(house.location(ANN, SHARE_MINUTES=30).share, group_id=room, minutes=minutes)
    assert refusal.code == "invalid_share"
    assert refusal.errors
    assert refusal.errors[0]["loc"] == ["minutes"]
    assert house.state() == before


def test_a_point_that_is_none_changes_nothing(house: House, refused: Refused) -> None:
    room = house.room(ANN)
    share = house.location(ANN).share(group_id=room, minutes=15)["id"]
    house.location(ANN).move(group_id=room, feature=feature())
    before = house.state()
    old = feature(recorded_at=rfc3339(now() - timedelta(hours=2)))
    for wrong in (feature([181, 0]), feature([0]), old):
        for call in (
            lambda wrong=wrong: house.location(ANN).move(group_id=room, feature=wrong),
            lambda wrong=wrong: house.location(ANN).move_share(share_id=share, feature=wrong),
        ):
            assert refused(call).code == "invalid_position"
    assert house.state() == before


def test_who_is_no_member_shares_nothing_and_sees_nobody(house: House, refused: Refused) -> None:
    room = house.room(ANN, BEN)
    house.leave(room, BEN)
    house.groups.put(room, EVE, None, visible=False)
    house.location(ANN).share(group_id=room, minutes=15)
    house.location(ANN).move(group_id=room, feature=feature())
    before = house.state()
    for who, where, code in (
        (BEN, room, "not_a_member"),
        (EVE, room, "group_not_found"),
        (EVE, new_id(), "group_not_found"),
        (EVE, "no id", "group_not_found"),
    ):
        for call, arguments in (
            ("share", {"minutes": 5}),
            ("move", {"feature": feature()}),
            ("shares", {}),
            ("last_positions", {}),
        ):
            assert refused(getattr(house.location(who), call), group_id=where, **arguments).code == code
    house.end(room)
    for call, arguments in (("share", {"minutes": 5}), ("move", {"feature": feature()})):
        refusal = refused(getattr(house.location(ANN), call), group_id=room, **arguments)
        assert refusal.code == "group_ended"
    assert seen(house, ANN, room) == []
    assert house.state()["positions"] == before["positions"]
    assert len(house.said("share_started")) == 1


def test_lists_come_in_pages(house: House, refused: Refused) -> None:
    people = [new_id() for _ in range(5)]
    room = house.room(*people)
    for who in people:
        house.location(who).share(group_id=room, minutes=15)
        house.location(who).move(group_id=room, feature=feature())
    location = house.location(ANN)
    house.join(room, ANN)
    for call, key, whose in (
        (location.shares, "items", lambda item: item["user_id"]),
        (location.last_positions, "features", lambda item: item["properties"]["user_id"]),
    ):
        found, cursor = [], None
        while True:
            page = call(group_id=room, limit=2, cursor=cursor)
            found += [whose(item) for item in page[key]]
            if not (cursor := page["next_cursor"]):
                break
            assert len(page[key]) == 2
        assert found == people
        assert refused(call, group_id=room, cursor="nonsense").code == "invalid_cursor"


def test_what_is_raw_is_deleted_after_its_time(
    house: House, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "BATCH", 2)
    room = house.room(ANN)
    for _ in range(5):
        house.location(ANN).send(group_id=room, feature=feature())
        share = house.location(ANN).share(group_id=room, minutes=15)
        house.location(ANN).stop(share_id=share["id"])
    later(24 * 3600 - 60)
    house.location(KEPT_HOURS=24).forget()
    assert (len(house.rows("positions")), len(house.rows("shares"))) == (5, 5)
    later(120)
    house.location(ANN).share(group_id=room, minutes=15)
    house.location(KEPT_HOURS=24).forget()
    assert (len(house.rows("positions")), len(house.rows("shares"))) == (0, 1)


def together(*work: Callable[[], Any]) -> list[Any]:
    """What each piece of work returns, or raises, when all begin at the same moment."""
    start = Barrier(len(work))

    def run(piece: Callable[[], Any]) -> Any:
        start.wait(10)
        try:
            return piece()
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_however_many_start_at_once_it_is_one_share_and_one_position(real_house: House) -> None:
    house = real_house
    room, id = house.room(ANN), new_id()
    started = together(
        *(lambda n=n: house.location(ANN).share(group_id=room, minutes=n + 1)["id"] for n in range(8)),
    )
    assert len(set(started)) == 1
    house.chat.away = True
    together(*(lambda: house.location(ANN).send(group_id=room, feature=feature(id=id)) for _ in range(8)))
    assert len(house.said("position_shared")) == len(house.rows("positions")) == 1


def test_nothing_is_shared_in_a_room_that_ended_meanwhile(real_house: House) -> None:
    house = real_house
    for _ in range(5):
        room = house.room(*(people := [new_id() for _ in range(4)]))
        together(
            partial(house.end, room),
            *(partial(house.location(who).share, group_id=room, minutes=5) for who in people),
        )
        assert house.location(people[0]).shares(group_id=room)["items"] == []
    assert len(house.said("share_started")) == len(house.said("share_ended"))


def test_replicas_end_and_forget_each_share_once(real_house: House, later: Later) -> None:
    house = real_house
    for _ in range(30):
        house.location(ANN).share(group_id=house.room(ANN), minutes=1)
    later(61)
    together(*(house.location().end_shares for _ in range(4)))
    assert len(house.said("share_ended")) == 30
    later(80 * 3600)
    together(*(house.location().forget for _ in range(4)))
    assert house.rows("shares") == []
