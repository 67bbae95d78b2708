"""History, read marks, and catching up: all of what a room has, or a clear word that it is not all."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from kit.errors import Invalid, Unauthenticated, Unavailable
from kit.event import new_id
from kit.testing import said

from .conftest import House, message

ANN, BEN = new_id(), new_id()


def seqs(page: dict[str, Any]) -> list[int]:
    return [entry["seq"] for entry in page["items"]]


def filled(house: House, entries: int) -> str:
    """A room of Ann and Ben with so many entries."""
    room = house.room(ANN, BEN)
    house.send(*(message(ANN, room, f"No. {i}") for i in range(entries - 3)))
    return room


def test_a_timeline_opens_at_its_newest_and_pages_back_and_forth(house: House) -> None:
    room = filled(house, 25)
    chat = house.chat(BEN)
    newest = chat.timeline(group_id=room, limit=10)
    assert seqs(newest) == list(range(16, 26))
    older = chat.timeline(group_id=room, before_seq=int(newest["next_cursor"]), limit=10)
    assert seqs(older) == list(range(6, 16))
    oldest = chat.timeline(group_id=room, before_seq=int(older["next_cursor"]), limit=10)
    assert seqs(oldest) == list(range(1, 6))
    assert oldest["next_cursor"] is None

    first = chat.timeline(group_id=room, after_seq=0, limit=20)
    assert seqs(first) == list(range(1, 21))
    rest = chat.timeline(group_id=room, after_seq=int(first["next_cursor"]), limit=20)
    assert seqs(rest) == list(range(21, 26))
    assert rest["next_cursor"] is None
    assert seqs(chat.timeline(group_id=room, after_seq=3, before_seq=7)) == [4, 5, 6]
    assert chat.timeline(group_id=room, after_seq=25) == {"items": [], "next_cursor": None}
    assert len(chat.timeline(group_id=room)["items"]) == 25


@pytest.mark.parametrize("wrong", [-1, 2**63, "1", 1.5, True])
def test_a_wrong_number_is_refused(house: House, wrong: Any) -> None:
    room = house.room(ANN)
    chat = house.chat(ANN)
    for call in (
        lambda: chat.timeline(group_id=room, after_seq=wrong),
        lambda: chat.timeline(group_id=room, before_seq=wrong),
        lambda: chat.read(group_id=room, seq=wrong),
        lambda: chat.fetch(group_id=room, after_seq=wrong),
        lambda: chat.catch_up(user_id=ANN, have={room: wrong}, groups=[room]),
    ):
        with pytest.raises(Invalid):
            call()


def test_nobody_reads_without_a_name(house: House) -> None:
    room = house.room(ANN)
    with pytest.raises(Unauthenticated):
        house.chat().timeline(group_id=room)
    with pytest.raises(Unauthenticated):
        house.chat().rooms(group_ids=[room])


def test_a_read_mark_only_moves_forward_and_never_past_the_end(house: House) -> None:
    room = filled(house, 10)
    chat, before = house.chat(BEN), len(said(house.db))
    marks = [chat.read(group_id=room, seq=seq)["seq"] for seq in (5, 4, 5, 0, 8, 99, 2**62)]
    assert marks == [5, 5, 5, 5, 8, 10, 10]
    moved = [(kind, data["seq"], audience) for kind, data, audience in said(house.db)[before:]]
    assert moved == [("chat.read_moved", seq, [f"group:{room}"]) for seq in (5, 8, 10)]
    assert chat.rooms(group_ids=[room, new_id(), "no id"]) == {
        "items": {room: {"last_seq": 10, "read_seq": 10, "unread": 0, "mentions_unread": 0}}
    }


def test_an_ended_room_can_still_be_read(house: House) -> None:
    room = filled(house, 5)
    house.end(room, ANN)
    assert house.chat(BEN).read(group_id=room, seq=6)["seq"] == 6
    assert len(house.chat(BEN).timeline(group_id=room)["items"]) == 6


def test_members_see_how_far_the_others_have_read(house: House) -> None:
    room = filled(house, 5)
    assert house.chat(BEN).reads(group_id=room) == {
        "items": [{"user_id": u, "seq": s} for u, s in sorted([(ANN, 5), (BEN, 3)])],
        "next_cursor": None,
    }
    first = house.chat(BEN).reads(group_id=room, limit=1)
    second = house.chat(BEN).reads(group_id=room, limit=1, cursor=first["next_cursor"])
    assert [p["items"][0]["user_id"] for p in (first, second)] == sorted([ANN, BEN])
    assert second["next_cursor"] is None
    house.leave(room, BEN)
    assert [i["user_id"] for i in house.chat(ANN).reads(group_id=room)["items"]] == [ANN]


def test_catching_up_brings_all_that_was_missed_or_nothing(house: House) -> None:
    behind, current, far, new, ahead = (filled(house, n) for n in (12, 4, 20, 7, 4))
    rooms = house.chat().catch_up(
        user_id=BEN,
        have={behind: 2, current: 4, far: 9, ahead: 40, new_id(): 1, "no id": 1},
        groups=[behind, current, far, new, ahead],
        limit=10,
    )["rooms"]
    assert {g: ([e["seq"] for e in r["entries"]], r["complete"]) for g, r in rooms.items()} == {
        behind: (list(range(3, 13)), True),
        current: ([], True),
        far: ([], False),
        new: ([], True),
        ahead: ([], False),
    }
    assert {k: rooms[new][k] for k in ("last_seq", "read_seq", "unread")} == {
        "last_seq": 7,
        "read_seq": 3,
        "unread": 4,
    }


def test_catching_up_is_bounded_as_a_whole(house: House) -> None:
    rooms = [filled(house, 120) for _ in range(3)]
    chat = house.chat(CATCH_UP_ENTRIES=250)
    answer = chat.catch_up(user_id=BEN, have=dict.fromkeys(rooms, 0), groups=rooms)["rooms"]
    assert sorted(len(r["entries"]) for r in answer.values()) == [0, 120, 120]
    assert all(r["complete"] == bool(r["entries"]) for r in answer.values())


def test_no_answer_is_larger_than_the_broker_takes(house: House) -> None:
    rooms = [house.room(ANN, BEN) for _ in range(3)]
    for room in rooms:
        house.send(*(message(ANN, room, "\N{GRINNING FACE}" * 10_000) for _ in range(40)))
    answer = house.chat().catch_up(user_id=BEN, have=dict.fromkeys(rooms, 3), groups=rooms)["rooms"]
    assert [(len(answer[r]["entries"]), answer[r]["complete"]) for r in rooms] == [
        (40, True),
        (0, False),
        (0, False),
    ]
    house.send(*(message(ANN, rooms[0], "\N{GRINNING FACE}" * 10_000) for _ in range(40)))
    chat, seen, cursor = house.chat(BEN), [], "0"
    while cursor:
        page = chat.timeline(group_id=rooms[0], after_seq=int(cursor), limit=200)
        assert len(json.dumps(page)) < 8_000_000
        seen, cursor = seen + seqs(page), page["next_cursor"]
    assert seen == list(range(1, 84))


def test_the_number_of_statements_does_not_grow_with_the_rooms(
    house: House, statements: Callable[[Callable[[], Any]], list[str]]
) -> None:
    rooms = [filled(house, 6) for _ in range(12)]
    for n in (1, 12):
        have = dict.fromkeys(rooms[:n], 1)
        ran = statements(lambda have=have: house.chat().catch_up(user_id=BEN, have=have, groups=list(have)))
        assert len(ran) == 2
    assert len(statements(lambda: house.chat(BEN).rooms(group_ids=rooms))) == 1


def test_a_room_not_heard_of_yet_is_not_taken_for_gone(house: House) -> None:
    room = new_id()
    house.groups.put(room, ANN, "owner")
    house.groups.away = True
    with pytest.raises(Unavailable):
        house.chat().catch_up(user_id=ANN, have={}, groups=[room])
    house.groups.away = False
    chat = house.chat()
    type(chat)._groups_rest_until = 0.0
    assert chat.catch_up(user_id=ANN, have={}, groups=[room])["rooms"][room]["last_seq"] == 0


def test_the_gateway_can_fetch_what_it_missed(house: House) -> None:
    room = filled(house, 10)
    answer = house.chat().fetch(group_id=room, after_seq=7, limit=200)
    assert [e["seq"] for e in answer["entries"]] == [8, 9, 10]
    assert answer["last_seq"] == 10
    assert house.chat().last_seqs(group_ids=[room, new_id(), "no id"]) == {room: 10}
    assert house.chat().fetch(group_id=new_id(), after_seq=0) == {"last_seq": 0, "entries": []}
