"""Messages edited and deleted: everybody learns of it, and what is gone is gone everywhere."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from chat import events
from chat.models import Entry
from kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from kit.event import new_id
from kit.testing import said
from pydantic import TypeAdapter

from .conftest import House, codes, message
from .test_attachments import picture

ANN, BEN, CAM, EVE = new_id(), new_id(), new_id(), new_id()
ENTRY: TypeAdapter[Any] = TypeAdapter(events.AnyEntry)


def entry(house: House, room: str, seq: int) -> dict[str, Any]:
    [found] = house.chat(ANN).timeline(group_id=room, after_seq=seq - 1, limit=1)["items"]
    ENTRY.validate_python(found)
    return found


def texts(house: House, user_id: str, room: str, seq: int) -> list[str]:
    return [v["text"] for v in house.chat(user_id).versions(group_id=room, seq=seq)["items"]]


def test_an_edit_is_an_entry_and_the_message_shows_its_present_text(house: House) -> None:
    room = house.room(ANN, BEN)
    [sent] = house.send(message(BEN, room, "Frist", reply_to=1))
    before, seq = len(said(house.db)), sent["entry"]["seq"]
    edited = house.chat(BEN).edit(group_id=room, seq=seq, text=" First ")
    assert edited == sent["entry"] | {"text": "First", "edited_at": edited["edited_at"]}
    assert entry(house, room, seq) == edited
    told = entry(house, room, seq + 1)
    assert {k: told[k] for k in ("kind", "sender_id", "target_seq", "text", "at")} == {
        "kind": "edit",
        "sender_id": BEN,
        "target_seq": seq,
        "text": "First",
        "at": edited["edited_at"],
    }
    assert said(house.db)[before:] == [
        ("chat.entries_appended", {"group_id": room, "entries": [told]}, [f"group:{room}"])
    ]
    house.chat(BEN).edit(group_id=room, seq=seq, text="First")
    assert len(house.timeline(room)) == seq + 1, "the same text again is nothing new"


def test_an_edit_that_was_overtaken_keeps_no_text(house: House) -> None:
    room = house.room(ANN, BEN)
    seq = house.send(message(BEN, room, "one"))[0]["entry"]["seq"]
    for text in ("two", "three"):
        house.chat(BEN).edit(group_id=room, seq=seq, text=text)
    assert [entry(house, room, n).get("text") for n in (seq, seq + 1, seq + 2)] == ["three", None, "three"]


def test_former_texts_are_for_the_sender_and_the_owner(house: House) -> None:
    room = house.room(ANN, BEN, CAM)
    [first] = house.send(message(BEN, room, "one"))
    seq = first["entry"]["seq"]
    times = [first["entry"]["at"]]
    for text in ("two", "three"):
        times.append(house.chat(BEN).edit(group_id=room, seq=seq, text=text)["edited_at"])
    for user in (ANN, BEN):
        assert texts(house, user, room, seq) == ["one", "two"]
    page = house.chat(BEN).versions(group_id=room, seq=seq, limit=1)
    assert page["items"] == [{"text": "one", "at": times[0]}]
    rest = house.chat(BEN).versions(group_id=room, seq=seq, limit=1, cursor=page["next_cursor"])
    assert rest == {"items": [{"text": "two", "at": times[1]}], "next_cursor": None}
    with pytest.raises(Forbidden) as refused:
        texts(house, CAM, room, seq)
    assert refused.value.code == "not_the_sender"


def test_what_is_deleted_is_gone_everywhere_but_its_place(house: House) -> None:
    room = house.room(ANN, BEN)
    photo = house.bring(BEN, picture(), "SECRET.jpg")
    sent = [
        message(BEN, room, "SECRET one", mentions=[ANN]),
        message(BEN, room, "SECRET two", attachment_ids=[photo["id"]]),
    ]
    one, two = (r["entry"]["seq"] for r in house.send(*sent))
    house.chat(BEN).edit(group_id=room, seq=one, text="SECRET three")
    for seq in (one, two):
        house.chat(BEN).remove(group_id=room, seq=seq)
        house.chat(BEN).remove(group_id=room, seq=seq)
    kept = ("seq", "id", "kind", "sender_id", "client_id", "at")
    shown = {k: v for k, v in entry(house, room, one).items() if k not in kept}
    assert shown == {"text": "", "deleted": True}
    shown = {k: v for k, v in entry(house, room, two).items() if k not in kept}
    assert shown == {"attachments": [], "deleted": True}
    told = house.chat(ANN).timeline(group_id=room, after_seq=two)["items"]
    assert [(e["kind"], e["target_seq"], e.get("text")) for e in told] == [
        ("edit", one, None),
        ("delete", one, None),
        ("delete", two, None),
    ]
    with pytest.raises(NotFound):
        house.chat(BEN).attachment(attachment_id=photo["id"])
    house.chat().clear_files()
    assert house.stored() == set()
    rows = {t: house.rows(t) for t in ("entries", "versions", "mentions", "findable", "attachments")}
    assert "SECRET" not in repr(rows)
    assert rows["versions"] == rows["mentions"] == rows["findable"] == rows["attachments"] == []
    assert "SECRET" not in json.dumps(house.chat(ANN).export(group_id=room))
    assert house.chat(ANN).rooms(group_ids=[room])["items"][room]["mentions_unread"] == 0
    assert texts(house, BEN, room, one) == []
    # Sent again it is still that message, and does not come back.
    assert house.send(sent[0])[0]["entry"]["deleted"]


def test_who_leads_deletes_what_others_wrote_and_edits_nothing_of_theirs(house: House) -> None:
    room = house.room(ANN, BEN, CAM)
    house.chat().member_role_changed(
        house.event(events.MemberRoleChanged, room, ANN, user_id=CAM, role="coordinator")
    )
    seqs = [r["entry"]["seq"] for r in house.send(*(message(BEN, room) for _ in range(3)))]
    for who in (ANN, CAM):
        with pytest.raises(Forbidden):
            house.chat(who).edit(group_id=room, seq=seqs[0], text="Mine")
    house.chat(ANN).remove(group_id=room, seq=seqs[0])
    house.chat(CAM, CHANGE_SECONDS=1).remove(group_id=room, seq=seqs[1])
    told = house.chat(BEN).timeline(group_id=room, after_seq=seqs[-1])["items"]
    assert [(e["kind"], e["sender_id"]) for e in told] == [("delete", ANN), ("delete", CAM)]
    with pytest.raises(Conflict) as refused:
        house.chat(BEN).edit(group_id=room, seq=seqs[0], text="Back")
    assert refused.value.code == "message_deleted"


def test_a_time_is_set_for_the_sender(house: House) -> None:
    room = house.room(ANN, BEN)
    seq = house.send(message(BEN, room))[0]["entry"]["seq"]
    with house.db() as tx:
        tx.execute(sa.update(Entry).values(at=Entry.at - sa.text("interval '1 hour'")))
    late, for_ever = house.chat(BEN, CHANGE_SECONDS=3599), house.chat(BEN, CHANGE_SECONDS=0)
    for refused in (
        lambda: late.edit(group_id=room, seq=seq, text="Late"),
        lambda: late.remove(group_id=room, seq=seq),
    ):
        with pytest.raises(Conflict) as no:
            refused()
        assert no.value.code == "too_late"
    for_ever.edit(group_id=room, seq=seq, text="Not too late")
    for_ever.remove(group_id=room, seq=seq)


def test_a_refused_change_changes_nothing(house: House) -> None:
    room, ended = house.room(ANN, BEN, EVE), house.room(ANN, BEN)
    seq = house.send(message(BEN, room))[0]["entry"]["seq"]
    of_ended = house.send(message(BEN, ended))[0]["entry"]["seq"]
    house.end(ended, ANN)
    house.leave(room, EVE)
    house.groups.put(room, EVE, None)
    before = {t: house.rows(t) for t in ("entries", "rooms", "outbox", "versions", "findable")}
    refused: list[tuple[type[Refusal], str, Callable[[], Any]]] = []
    for method, fields in (("edit", {"text": "Other"}), ("remove", {})):
        for who, where, which, kind, code in (
            (EVE, room, seq, Forbidden, "not_a_member"),
            (CAM, new_id(), seq, NotFound, "group_not_found"),
            (BEN, room, 99, NotFound, "entry_not_found"),
            (BEN, room, 1, Conflict, "not_a_message"),
            (BEN, ended, of_ended, Conflict, "group_ended"),
            (BEN, room, 0, Invalid, "invalid_request"),
            (BEN, room, "1", Invalid, "invalid_request"),
        ):
            call = getattr(house.chat(who), method)
            refused.append((kind, code, lambda c=call, g=where, s=which, f=fields: c(group_id=g, seq=s, **f)))
    for text in ("", "  ", "x" * 10_001, "a\x00b", None):
        refused.append(
            (Invalid, "invalid_message", lambda t=text: house.chat(BEN).edit(group_id=room, seq=seq, text=t))
        )
    for kind, code, call in refused:
        with pytest.raises(kind) as no:
            call()
        assert no.value.code == code
    assert {t: house.rows(t) for t in before} == before


def test_changes_are_not_counted_as_unread_and_read_nothing(house: House) -> None:
    room = house.room(ANN, BEN)
    seqs = [r["entry"]["seq"] for r in house.send(*(message(BEN, room) for _ in range(3)))]
    house.send(message(ANN, room))
    house.chat(BEN).edit(group_id=room, seq=seqs[0], text="Other")
    house.chat(BEN).remove(group_id=room, seq=seqs[1])

    def place(user_id: str) -> tuple[int, int, int]:
        found = house.chat(user_id).rooms(group_ids=[room])["items"][room]
        return found["last_seq"], found["read_seq"], found["unread"]

    assert place(BEN) == (9, 6, 1), "who edits has not read what others wrote meanwhile"
    assert place(ANN) == (9, 7, 0)
    house.chat(BEN).read(group_id=room, seq=8)
    assert place(BEN) == (9, 8, 0)


def test_a_photo_may_lose_its_text_and_a_text_may_not(house: House) -> None:
    room = house.room(ANN)
    photo = house.bring(ANN, picture())
    [sent] = house.send(message(ANN, room, "Look", attachment_ids=[photo["id"]]))
    edited = house.chat(ANN).edit(group_id=room, seq=sent["entry"]["seq"], text="")
    assert "text" not in edited
    assert edited["attachments"] == [photo]
    assert codes([{"entry": edited}]) == ["photo"]


def test_the_owner_exports_all_of_a_room_also_when_it_has_ended(house: House) -> None:
    room = house.room(ANN, BEN)
    house.send(*(message(BEN, room, f"No. {n}") for n in range(250)))
    house.end(room, ANN)
    entries, cursor = [], 0
    while cursor is not None:
        page = house.chat(ANN).export(group_id=room, after_seq=cursor)
        entries += page["items"]
        cursor = page["next_cursor"] and int(page["next_cursor"])
    assert [e["seq"] for e in entries] == list(range(1, 255))
    with pytest.raises(Forbidden) as refused:
        house.chat(BEN).export(group_id=room)
    assert refused.value.code == "not_the_owner"
    house.groups.put(room, EVE, None, visible=False)
    with pytest.raises(NotFound):
        house.chat(EVE).export(group_id=room)
