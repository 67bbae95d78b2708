"""Our own copy of memberships: groups is asked only when a row is missing, with no lock held."""

from typing import Any

import pytest
import sqlalchemy as sa
from chat import events
from kit.errors import Forbidden, NotFound, Unavailable
from kit.event import new_id

from .conftest import Groups, House, codes, message

ANN, BEN, EVE = new_id(), new_id(), new_id()


def test_a_missing_membership_is_asked_for_once_and_kept(house: House) -> None:
    room = new_id()
    house.groups.put(room, ANN, "owner")
    house.groups.put(room, EVE, None)
    batch = [message(ANN, room), message(ANN, room), message(EVE, room)]
    assert codes(house.send(*batch)) == ["text", "text", "not_a_member"]
    assert codes(house.send(message(ANN, room), message(EVE, room))) == ["text", "not_a_member"]
    assert sorted(house.groups.asked) == sorted([(room, ANN), (room, EVE)])


def test_an_answer_that_says_ended_is_believed(house: House) -> None:
    room = new_id()
    house.groups.put(room, ANN, "owner", ended=True)
    assert codes(house.send(message(ANN, room))) == ["group_ended"]


def test_while_groups_is_away_whoever_is_known_goes_on(house: House) -> None:
    room, unheard = house.room(ANN), new_id()
    house.groups.away = True
    results = house.send(message(ANN, unheard), message(ANN, room), message(EVE, room))
    assert codes(results) == ["unavailable", "text", "unavailable"]
    assert results[0]["refusal"]["type"] == "Unavailable"
    assert results[0]["refusal"]["retry_after"] > 0
    assert [seq for seq, _ in house.timeline(room)] == [1, 2, 3]
    assert house.chat(ANN).timeline(group_id=room)["items"]
    with pytest.raises(Unavailable) as refused:
        house.chat(ANN).timeline(group_id=unheard)
    assert refused.value.retry_after


def test_a_groups_that_is_away_is_left_alone_for_a_while(house: House) -> None:
    house.groups.away = True
    house.send(*(message(ANN, new_id()) for _ in range(20)))
    house.send(message(ANN, new_id()))
    assert len(house.groups.asked) == 1, "nobody's message waits for it again behind a stranger's"
    house.groups.away = False
    room = new_id()
    house.groups.put(room, ANN, "staff")
    rested = house.chat(ASK_REST_SECONDS=0)
    type(rested)._groups_rest_until = 0.0
    assert codes(rested.send(messages=[message(ANN, room)])["results"]) == ["text"]


def test_groups_is_asked_with_no_lock_held(real_house: House, engine: sa.Engine) -> None:
    room = real_house.room(ANN)

    class Slow(Groups):
        def membership(self, **question: Any) -> dict[str, Any] | None:
            with engine.begin() as other:  # fails at once if a transaction of ours holds the row
                other.execute(sa.text("SELECT 1 FROM rooms FOR UPDATE NOWAIT")).all()
            return super().membership(**question)

    real_house.groups = Slow()
    real_house.groups.put(room, EVE, "staff")
    assert codes(real_house.send(message(ANN, room), message(EVE, room))) == ["text", "text"]


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("timeline", {}),
    ("timeline", {"after_seq": 0}),
    ("read", {"seq": 1}),
    ("reads", {}),
]


@pytest.mark.parametrize(("method", "arguments"), CALLS)
def test_a_group_one_may_not_see_looks_unknown(house: House, method: str, arguments: dict[str, Any]) -> None:
    room = house.room(ANN)
    house.groups.put(room, EVE, None, visible=False)
    with pytest.raises(NotFound) as refused:
        getattr(house.chat(EVE), method)(group_id=room, **arguments)
    assert refused.value.code == "group_not_found"
    assert codes(house.send(message(EVE, room))) == ["group_not_found"]


def test_who_sees_a_room_they_are_not_in_is_asked_again_when_it_may_have_changed(house: House) -> None:
    room = house.room(ANN, BEN)

    def answer() -> list[str]:
        return codes(house.send(message(BEN, room)))

    house.leave(room, BEN, visible=False)  # a customer, for instance
    assert answer() == answer() == ["group_not_found"]
    assert house.groups.asked == [(room, BEN)]
    for visible, code in ((True, "not_a_member"), (False, "group_not_found")):
        changed = house.event(events.GroupChanged, room, ANN, changed=["visibility"])
        house.chat().group_changed(changed)
        house.groups.put(room, BEN, None, changed.version, visible=visible)
        assert answer() == [code]
    house.chat().group_changed(house.event(events.GroupChanged, room, ANN, changed=["name"]))
    assert answer() == ["group_not_found"]
    assert len(house.groups.asked) == 3


def test_an_answer_older_than_our_copy_ends_the_asking(house: House) -> None:
    room = house.room(ANN, BEN)
    house.leave(room, BEN)
    house.groups.put(room, BEN, "staff", version=1)
    assert codes(house.send(message(BEN, room))) == ["group_not_found"]


@pytest.mark.parametrize(("method", "arguments"), CALLS)
def test_who_is_no_member_sees_nothing(house: House, method: str, arguments: dict[str, Any]) -> None:
    room = house.room(ANN, BEN)
    house.send(message(ANN, room, "Secret"))
    house.leave(room, BEN)
    house.groups.put(room, EVE, None)
    before = {t: house.rows(t) for t in ("entries", "rooms", "outbox")}
    for stranger in (BEN, EVE):
        chat = house.chat(stranger)
        with pytest.raises(Forbidden) as refused:
            getattr(chat, method)(group_id=room, **arguments)
        assert refused.value.code == "not_a_member"
        for unknown in (new_id(), "no id", "\x00"):
            with pytest.raises(NotFound):
                getattr(chat, method)(group_id=unknown, **arguments)
        assert chat.rooms(group_ids=[room]) == {"items": {}}
        assert chat.catch_up(user_id=stranger, have={room: 0}, groups=[room]) == {"rooms": {}}
        assert chat.catch_up(user_id=stranger, have={room: 0}, groups=[]) == {"rooms": {}}
    assert {t: house.rows(t) for t in before} == before


def test_the_copy_can_be_made_anew_from_its_owner(house: House) -> None:
    left, gone = house.room(ANN, BEN), house.room(EVE)
    rooms = [new_id() for _ in range(5)]
    for room in rooms:
        house.groups.put(room, ANN, "owner", version=3)
    house.groups.put(left, ANN, "owner", version=9)
    house.groups.put(left, BEN, None, version=9)  # we missed that he left
    entries = house.rows("entries")
    chat = house.chat()
    first = chat.memberships(limit=2)
    ours = first["items"] + chat.memberships(cursor=first["next_cursor"])["items"]
    assert {(item["group_id"], item["user_id"]) for item in ours} == {(left, ANN), (left, BEN), (gone, EVE)}
    lost = {"group_id": gone, "user_id": EVE, "role": None, "version": ours[-1]["version"]}
    chat.keep_memberships(items=[*house.groups.known.values(), lost])
    members = {(r.group_id, r.user_id) for r in house.rows("members") if r.role}
    assert members == {*((room, ANN) for room in rooms), (left, ANN)}
    assert (gone, EVE) not in members
    assert house.rows("entries") == entries, "what a copy repairs did not happen now, and is not told"


def test_what_is_told_of_before_leaves_newer_rows_alone(house: House) -> None:
    room = house.room(ANN, BEN)
    house.groups.put(room, ANN, "guest", version=1)
    house.groups.put(room, BEN, "staff", version=3)
    house.chat().keep_memberships(items=list(house.groups.known.values()))
    assert {r.user_id: r.role for r in house.rows("members")} == {ANN: "owner", BEN: "staff"}
