"""Who is erased said nothing any more: to readers, to search, in the store."""

from typing import Any

from chat import events
from kit.event import new_id
from kit.testing import hear_event, said

from .conftest import House, message

WORD = "Zanzibar"


def erase(house: House, user_id: str) -> None:
    house.chat().user_erased(hear_event(events.UserErased, user_id=user_id))


def kept(house: House, user_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.chat(user_id).kept(user_id=user_id)["items"]
    return found


def test_what_one_wrote_is_told_and_of_others_nothing(house: House) -> None:
    ann, bob = new_id(), new_id()
    group = house.room(ann, bob)
    house.send(message(ann, group, WORD), message(bob, group, "And you?"))
    assert [(item["kind"], item["row"]["text"]) for item in kept(house, ann)] == [("entry", WORD)]
    assert WORD not in str(kept(house, bob))


def test_erased_messages_keep_their_place_and_nothing_else(house: House) -> None:
    ann, bob = new_id(), new_id()
    running, over, left = house.room(ann, bob), house.room(ann, bob), house.room(bob, ann)
    file = house.bring(ann)
    house.bring(ann, name="unsent.txt")
    house.send(
        message(ann, running, f"{WORD} is warm"),
        message(ann, running, None, attachment_ids=[file["id"]]),
        message(bob, running, "Is it?", mentions=[ann]),
        message(ann, over, WORD),
        message(ann, left, WORD),
    )
    house.chat(ann).edit(group_id=running, seq=4, text=f"{WORD} is hot")
    position = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [39.2, -6.2]}}
    where = {"user_id": ann, "position_id": new_id(), "feature": position, "at": "2026-11-22T17:26:03.120Z"}
    house.chat().position_shared(hear_event(events.PositionShared, group_id=running, **where))
    house.end(over, bob)
    house.leave(left, ann)
    told_before = len(house.timeline(over))

    erase(house, ann)

    rows = house.rows("entries")
    assert [word for word in (WORD, "39.2", file["id"]) if word in str(rows)] == []
    assert "Is it?" in str(rows)
    assert WORD not in str(house.rows("versions")) + str(house.rows("findable"))
    assert house.rows("mentions") == []
    assert {row.state for row in house.rows("attachments")} == {"going"}
    house.chat().clear_files()
    assert house.stored() == set()
    # Those who have the messages are told, where anything can still be told.
    gone = {
        (data["group_id"], entry["target_seq"])
        for type, data, _ in said(house.db)
        if type == "chat.entries_appended"
        for entry in data["entries"]
        if entry["kind"] == "delete"
    }
    hers = {(row.group_id, row.seq) for row in rows if row.sender_id == ann and row.client_id}
    assert gone == {(group, seq) for group, seq in hers if group != over}
    assert len(house.timeline(over)) == told_before
    # Heard once more it changes nothing.
    erase(house, ann)
    assert house.rows("entries") == rows
