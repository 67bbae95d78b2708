"""What a member writes is verified, stored, confirmed and said; once."""

from collections.abc import Callable
from typing import Any

import pytest
from kit.errors import Invalid
from kit.event import new_id
from kit.testing import said

from .conftest import House, codes, message

ANN, BEN, CAM, EVE = new_id(), new_id(), new_id(), new_id()


def test_a_message_is_stored_confirmed_and_said(house: House) -> None:
    room = house.room(ANN, BEN)
    before = len(said(house.db))
    sent = message(ANN, room, "  Good morning.\n")
    [result] = house.send(sent)
    entry = result["entry"]
    assert entry == {
        "seq": 4,
        "id": entry["id"],
        "kind": "text",
        "sender_id": ANN,
        "client_id": sent["client_id"],
        "at": entry["at"],
        "text": "Good morning.",
    }
    assert said(house.db)[before:] == [
        ("chat.entries_appended", {"group_id": room, "entries": [entry]}, [f"group:{room}"])
    ]
    assert house.chat(BEN).timeline(group_id=room)["items"][-1] == entry


def test_many_senders_and_rooms_go_in_one_call_with_one_event_a_room(house: House) -> None:
    rooms = [house.room(ANN, BEN), house.room(BEN, ANN)]
    before = len(said(house.db))
    batch = [message(ANN if i % 3 else BEN, rooms[i % 2], f"No. {i}") for i in range(50)]
    results = house.send(*batch)
    assert [r["entry"]["text"] for r in results] == [m["text"] for m in batch]
    heard = {data["group_id"]: data["entries"] for _, data, _ in said(house.db)[before:]}
    assert len(said(house.db)) == before + 2
    for i, room in enumerate(rooms):
        assert heard[room] == [r["entry"] for r in results[i::2]]
        assert [e["seq"] for e in heard[room]] == list(range(4, 29))


def test_the_number_of_statements_does_not_grow_with_the_batch(
    house: House, statements: Callable[[Callable[[], Any]], list[str]]
) -> None:
    rooms = [house.room(ANN, BEN) for _ in range(20)]
    one = statements(lambda: house.send(message(ANN, rooms[0])))
    many = statements(
        lambda: house.send(*(message(user, room) for room in rooms for user in (ANN, BEN) for _ in range(12)))
    )
    assert len(one) == len(many) == 3, "\n".join(many)


def test_a_refusal_concerns_only_its_own_message_and_changes_nothing(house: House) -> None:
    room, ended = house.room(ANN), house.room(ANN)
    house.end(ended, ANN)
    house.groups.put(room, EVE, None)
    before = {t: house.rows(t) for t in ("entries", "rooms", "outbox")}
    wrong = [
        (message(EVE, room), "not_a_member"),
        (message(ANN, ended), "group_ended"),
        (message(ANN, new_id()), "group_not_found"),
        (message(ANN, "no id"), "group_not_found"),
        (message(ANN, room, ""), "invalid_message"),
        (message(ANN, room, " \n "), "invalid_message"),
        (message(ANN, room, "a\x00b"), "invalid_message"),
        (message(ANN, room, "\ud800"), "invalid_message"),
        (message(ANN, room, "x" * 10_001), "invalid_message"),
        (message(ANN, room, None), "invalid_message"),
        (message(ANN, room, 7), "invalid_message"),
        (message(ANN, room, client_id="1"), "invalid_message"),
        (message(ANN, room, client_id="\x00"), "invalid_message"),
        (message("'; DROP TABLE entries; --", room), "invalid_message"),
        (message(ANN, room, colour="red"), "invalid_message"),
        (message(ANN, room, reply_to=99), "invalid_message"),
        (message(ANN, room, reply_to=0), "invalid_message"),
        (message(ANN, room, reply_to=-1), "invalid_message"),
        (message(ANN, room, reply_to=2**70), "invalid_message"),
        (message(ANN, room, reply_to="1"), "invalid_message"),
        ({}, "invalid_message"),
    ]
    assert codes(house.send(*(m for m, _ in wrong))) == [code for _, code in wrong]
    assert {t: house.rows(t) for t in before} == before

    mixed = [m for bad, _ in wrong for m in (bad, message(ANN, room, "x" * 10_000))]
    results = house.send(*mixed)
    assert codes(results) == [c for _, code in wrong for c in (code, "text")]
    assert [r["entry"]["seq"] for r in results[1::2]] == list(range(3, 3 + len(wrong)))
    assert results[0]["refusal"]["type"] == "Forbidden"
    assert results[2 * 4]["refusal"]["errors"][0]["loc"] == ["text"]


def test_a_batch_has_a_limit(house: House) -> None:
    room = house.room(ANN)
    assert len(house.send(*(message(ANN, room) for _ in range(500)))) == 500
    with pytest.raises(Invalid):
        house.send(*(message(ANN, room) for _ in range(501)))
    assert house.send() == []


def test_a_reply_may_name_a_part_of_what_it_answers(house: House) -> None:
    room = house.room(ANN)
    [result] = house.send(message(ANN, room, reply_to=1, reply_part="  Revenue, March "))
    assert result["entry"]["reply_part"] == "Revenue, March"
    assert house.chat(ANN).timeline(group_id=room)["items"][-1] == result["entry"]
    wrong = [
        {"reply_part": "March"},
        {"reply_to": 1, "reply_part": "x" * 201},
        {"reply_to": 1, "reply_part": ""},
    ]
    assert set(codes(house.send(*(message(ANN, room, **fields) for fields in wrong)))) == {"invalid_message"}


def test_who_is_mentioned_is_told_and_counts_it_until_they_have_read(house: House) -> None:
    room = house.room(ANN, BEN, CAM)
    other = house.room(ANN, BEN)
    sent = house.send(
        message(ANN, room, mentions=[BEN.upper(), BEN]),
        message(ANN, room, mentions=["everyone", BEN]),
        message(ANN, room),
        message(ANN, other, mentions=[BEN]),
    )
    assert [r["entry"].get("mentions") for r in sent] == [[BEN], ["everyone", BEN], None, [BEN]]

    def counted(user_id: str) -> list[int]:
        rooms = house.chat(user_id).rooms(group_ids=[room, other])["items"]
        return [rooms[g]["mentions_unread"] for g in (room, other) if g in rooms]

    assert (counted(ANN), counted(BEN), counted(CAM)) == ([0, 0], [2, 1], [1])
    house.chat(BEN).read(group_id=room, seq=sent[0]["entry"]["seq"])
    assert counted(BEN) == [1, 1]


def test_only_members_are_mentioned_and_everyone_only_by_who_leads(house: House) -> None:
    room = house.room(ANN, BEN)
    house.leave(room, CAM)
    wrong = [
        (message(BEN, room, mentions=[EVE]), "invalid_message"),
        (message(BEN, room, mentions=[ANN, CAM]), "invalid_message"),
        (message(BEN, room, mentions=["all"]), "invalid_message"),
        (message(BEN, room, mentions=[new_id() for _ in range(51)]), "invalid_message"),
        (message(BEN, room, mentions=["everyone"]), "may_not_mention_everyone"),
    ]
    assert codes(house.send(*(m for m, _ in wrong))) == [code for _, code in wrong]
    assert house.groups.asked == [], "anybody can make up ids"
    assert house.rows("mentions") == []


def test_the_same_client_id_is_the_same_message(house: House) -> None:
    room = house.room(ANN, BEN)
    sent = message(ANN, room, "First")
    twice = house.send(sent, sent | {"text": "Second"})
    before = len(said(house.db))
    again = house.send(sent | {"text": "Third", "client_id": sent["client_id"].upper()})
    assert twice[0] == twice[1] == again[0]
    assert twice[0]["entry"]["text"] == "First"
    assert len(said(house.db)) == before
    assert len(house.timeline(room)) == 4

    house.end(room, ANN)
    assert house.send(sent) == again, "an answer that was lost can be had again after the end"
    assert codes(house.send(sent | {"sender_id": BEN})) == ["group_ended"], "another's message is another"


def test_the_same_client_id_in_another_room_or_of_another_sender_is_another_message(house: House) -> None:
    room, other = house.room(ANN, BEN), house.room(ANN)
    sent = message(ANN, room)
    results = house.send(sent, sent | {"group_id": other}, sent | {"sender_id": BEN})
    assert len({r["entry"]["id"] for r in results}) == 3


def test_a_reply_names_an_entry_of_its_room(house: House) -> None:
    room = house.room(ANN)
    first, reply = house.send(message(ANN, room), message(ANN, room, reply_to=3))
    assert reply["entry"]["reply_to"] == first["entry"]["seq"] == 3
    assert house.chat(ANN).timeline(group_id=room)["items"][-1] == reply["entry"]


def test_sending_reads_the_room_up_to_there(house: House) -> None:
    room = house.room(ANN, BEN)
    house.send(message(ANN, room), message(ANN, room), message(BEN, room))
    assert house.chat(ANN).rooms(group_ids=[room])["items"][room] == {
        "last_seq": 6,
        "read_seq": 5,
        "unread": 1,
        "mentions_unread": 0,
    }
    assert not [kind for kind, *_ in said(house.db) if kind == "chat.read_moved"]
