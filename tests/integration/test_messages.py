"""Messages: acknowledged once stored, in one order for all, and whole again after an absence."""

import json

import pytest
from client import Connected, Refused, Someone, in_room, new_id, refusal, room_of, until


def test_what_is_acknowledged_is_stored_and_reaches_every_socket_of_every_member(
    someone: Someone, connected: Connected
) -> None:
    ann, bob, eve = someone(), someone(kind="customer"), someone()
    group = room_of(ann, bob)
    devices = [in_room(connected(who, at=at), group) for who in (ann, bob) for at in (0, 1)]
    stranger = connected(eve)
    ack = devices[0].ask(
        {"type": "send", "group_id": group, "client_id": new_id(), "text": "  Grüße 你好\n👋 "}
    )
    entry = ack["entry"]
    assert (entry["kind"], entry["sender_id"], entry["text"]) == ("text", ann.id, "Grüße 你好\n👋")
    for device in devices:
        assert device.entry(group, id=entry["id"]) == entry
    assert ann.timeline(group)[-1] == entry
    stranger.ask({"type": "ping"})
    assert all(f.get("group_id") != group for f in stranger.frames)


def test_the_same_client_id_is_the_same_message_wherever_it_comes_in(
    someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone()
    group, other = room_of(ann, bob), room_of(ann)
    devices = [in_room(connected(ann, at=at), group) for at in (0, 1)]
    id = new_id()
    first = devices[0].send(group, "once", id)
    assert devices[1].send(group, "once", id) == first
    assert ann.post(f"/groups/{group}/messages", {"client_id": id, "text": "once"}, at=1) == first
    # Of another sender or in another room it is another message.
    assert in_room(connected(bob), group).send(group, "once", id)["id"] != first["id"]
    in_room(devices[0], other)
    assert devices[0].send(other, "once", id)["id"] != first["id"]
    assert [e["text"] for e in ann.timeline(group) if e["kind"] == "text"] == ["once", "once"]


def test_many_senders_see_one_order_without_a_hole(someone: Someone, connected: Connected) -> None:
    people = [someone() for _ in range(4)]
    group = room_of(*people)
    devices = [in_room(connected(who, at=at), group) for at, who in enumerate(people)]
    ids = [(device, new_id()) for _ in range(15) for device in devices]
    for device, id in ids:
        device.tell({"type": "send", "ref": id, "group_id": group, "client_id": id, "text": id})
    for device, id in ids:
        device.wait(lambda device=device, id=id: device.answer(id), "acknowledged")
    timeline = people[0].timeline(group)
    assert sorted(e["text"] for e in timeline if e["kind"] == "text") == sorted(id for _, id in ids)
    assert [e["seq"] for e in timeline] == list(range(1, len(timeline) + 1))
    for device in devices:
        device.wait(lambda device=device: len(device.texts(group)) == len(ids), "told all")
        room = device.rooms[group]
        assert room.entries == timeline[room.since :]


def test_what_was_missed_comes_first_and_in_order(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    hers = in_room(connected(ann), group)
    seq = hers.send(group, "before")["seq"]
    missed = [hers.send(group, f"missed {n}")["text"] for n in range(5)]
    his = connected(bob, at=1, have={group: seq})
    hers.send(group, "new")
    his.entry(group, text="new")
    assert his.texts(group) == [*missed, "new"]
    welcome = his.frame("welcome")
    shown = next(g for g in welcome["groups"] if g["id"] == group)
    assert (shown["my_role"], shown["last_seq"] >= seq + 5) == ("staff", True)
    assert welcome["user"]["id"] == bob.id
    assert his.frame("entries", group_id=group)["complete"] is True


def test_too_much_missed_is_said_in_one_word_and_paged(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    hers = in_room(connected(ann), group)
    ids = [new_id() for _ in range(210)]
    for n, id in enumerate(ids):
        ann.post(f"/groups/{group}/messages", {"client_id": id, "text": id}, at=n)
    his = connected(bob, have={group: 0})  # who joined when may be told after the first texts
    said = his.frame("entries", group_id=group)
    assert (said["entries"], said["complete"]) == ([], False)
    hers.send(group, "new")
    his.entry(group, text="new")
    assert his.rooms[group].entries == ann.timeline(group)
    assert his.texts(group) == [*ids, "new"]
    assert his.broken == []
    # A client that is behind by just so many gets them all.
    last = ann.get(f"/groups/{group}")["last_seq"]
    again = connected(bob, at=1, have={group: last - 200})
    assert len(again.wait(lambda: again.rooms[group].entries, "sent entries")) > 0
    until(lambda: again.rooms[group].last == last)


def test_read_marks_move_forward_only_and_are_told(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    hers, his = (in_room(connected(who, at=at), group) for at, who in enumerate((ann, bob)))
    seqs = [hers.send(group, f"{n}")["seq"] for n in range(3)]
    his.entry(group, seq=seqs[2])
    assert bob.get(f"/groups/{group}")["unread"] >= 3
    his.tell({"type": "read", "group_id": group, "seq": seqs[1]})
    hers.frame("read", group_id=group, user_id=bob.id, seq=seqs[1])
    bob.put(f"/groups/{group}/read", {"seq": seqs[2]}, at=0)
    hers.frame("read", group_id=group, user_id=bob.id, seq=seqs[2])
    bob.put(f"/groups/{group}/read", {"seq": seqs[0]})
    assert {m["user_id"]: m["seq"] for m in ann.pages(f"/groups/{group}/reads")}[bob.id] == seqs[2]
    mine = bob.get(f"/groups/{group}")
    assert (mine["read_seq"], mine["unread"]) == (seqs[2], mine["last_seq"] - seqs[2])


def test_typing_reaches_the_others_in_the_room_at_every_gateway(
    someone: Someone, connected: Connected
) -> None:
    ann, bob, eve = someone(), someone(), someone()
    group = room_of(ann, bob)
    hers, his, other = (
        in_room(connected(ann), group),
        in_room(connected(bob, at=1), group),
        connected(eve, at=1),
    )
    hers.tell({"type": "typing", "group_id": group})
    his.frame("typing", group_id=group, user_id=ann.id)
    other.ask({"type": "ping"})
    assert not any(f["type"] == "typing" for f in [*other.frames, *hers.frames])


def test_a_reply_names_what_it_answers(someone: Someone, connected: Connected) -> None:
    ann = someone()
    group = room_of(ann)
    hers = in_room(connected(ann), group)
    seq = hers.send(group, "question")["seq"]
    assert hers.send(group, "answer", reply_to=seq)["reply_to"] == seq
    with pytest.raises(Refused):
        hers.send(group, "to nothing", reply_to=999)


def test_a_reply_may_name_the_bar_of_a_report_that_is_meant(someone: Someone, connected: Connected) -> None:
    ann = someone()
    group = room_of(ann)
    entry = in_room(connected(ann), group).send(group, "Why?", reply_to=1, reply_part="Revenue, March")
    assert ann.timeline(group)[-1] == entry
    assert entry["reply_part"] == "Revenue, March"


def test_a_change_of_a_message_reaches_all_and_who_was_away(someone: Someone, connected: Connected) -> None:
    ann, bob, cam = someone(), someone(kind="customer"), someone()
    group = room_of(ann, bob, cam)
    hers, his = in_room(connected(ann), group), in_room(connected(bob, at=1), group)
    one, two = (his.send(group, text)["seq"] for text in ("frist", "secret"))
    hers.entry(group, seq=two)
    edited = bob.patch(f"/groups/{group}/messages/{one}", {"text": " first "}, at=0)
    assert (edited["seq"], edited["text"]) == (one, "first")
    told = hers.entry(group, kind="edit")
    assert (told["target_seq"], told["text"], told["sender_id"]) == (one, "first", bob.id)
    bob.patch(f"/groups/{group}/messages/{one}", {"text": "first"}, at=1)
    bob.delete(f"/groups/{group}/messages/{two}", at=1)
    bob.delete(f"/groups/{group}/messages/{two}", at=0)
    assert hers.entry(group, kind="delete")["target_seq"] == two
    entries = ann.timeline(group)
    assert [e["kind"] for e in entries if e["seq"] > two] == ["edit", "delete"]
    assert next(e for e in entries if e["seq"] == one) == edited
    gone = next(e for e in entries if e["seq"] == two)
    assert (gone["text"], gone["deleted"]) == ("", True)

    late = connected(cam, at=1, have={group: one})
    late.entry(group, kind="delete")
    assert late.rooms[group].entries == entries[one:]
    assert "secret" not in str(late.frames)
    mine = ann.get(f"/groups/{group}")
    assert (mine["last_seq"], mine["unread"]) == (two + 2, two - mine["read_seq"])
    versions = [list(who.pages(f"/groups/{group}/messages/{one}/versions")) for who in (ann, bob)]
    assert versions[0] == versions[1]
    assert [v["text"] for v in versions[0]] == ["frist"]


def test_who_may_not_change_a_message_is_told_why_and_nothing_changes(someone: Someone) -> None:
    ann, bob, cam, eve = someone(), someone(), someone(), someone(kind="customer")
    group = room_of(ann, bob, cam)
    seq = bob.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": "his"})["seq"]
    before = ann.timeline(group)
    message = f"/groups/{group}/messages/{seq}"
    for who, method, path, code in (
        (ann, "PATCH", message, "not_the_sender"),
        (cam, "PATCH", message, "not_the_sender"),
        (cam, "DELETE", message, "not_the_sender"),
        (cam, "GET", message + "/versions", "not_the_sender"),
        (eve, "PATCH", message, "group_not_found"),
        (eve, "DELETE", message, "group_not_found"),
        (eve, "GET", message + "/versions", "group_not_found"),
        (bob, "PATCH", f"/groups/{group}/messages/1", "not_a_message"),
        (bob, "DELETE", f"/groups/{group}/messages/999", "entry_not_found"),
        (bob, "DELETE", f"/groups/{group}/messages/x", "not_found"),
    ):
        with pytest.raises(Refused) as no:
            who.call(method, path, {"text": "other"} if method == "PATCH" else None)
        assert no.value.code == code, (method, path)
    for text in ("", "x" * 10_001, None):
        with pytest.raises(Refused) as no:
            bob.patch(message, {"text": text})
        assert no.value.status == 422
    assert ann.timeline(group) == before
    ann.delete(message)
    with pytest.raises(Refused) as no:
        bob.patch(message, {"text": "back"})
    assert no.value.code == "message_deleted"
    ann.post(f"/groups/{group}/end")
    ended = ann.post("/groups", {"name": "Room", "catalogue": "chat"})["id"]
    last = ann.post(f"/groups/{ended}/messages", {"client_id": new_id(), "text": "last"})["seq"]
    ann.post(f"/groups/{ended}/end")
    until(lambda: ann.timeline(ended)[-1].get("change") == "ended")
    with pytest.raises(Refused) as no:
        ann.delete(f"/groups/{ended}/messages/{last}")
    assert no.value.code == "group_ended"


def test_who_is_mentioned_can_count_it(someone: Someone, connected: Connected) -> None:
    ann, bob, eve = someone(), someone(), someone()
    group = room_of(ann, bob)
    hers, his = in_room(connected(ann), group), in_room(connected(bob, at=1), group)
    seq = hers.send(group, "Bob?", mentions=[bob.id])["seq"]
    hers.send(group, "All!", mentions=["everyone"])
    assert his.entry(group, seq=seq)["mentions"] == [bob.id]
    assert bob.get(f"/groups/{group}")["mentions_unread"] == 2
    welcome = connected(bob).frame("welcome")
    assert next(g for g in welcome["groups"] if g["id"] == group)["mentions_unread"] == 2
    bob.put(f"/groups/{group}/read", {"seq": seq})
    assert bob.get(f"/groups/{group}")["mentions_unread"] == 1
    assert ann.get(f"/groups/{group}")["mentions_unread"] == 0
    for device, mentions, code in (
        (hers, [eve.id], "invalid_message"),
        (hers, [new_id()], "invalid_message"),
        (his, ["everyone"], "may_not_mention_everyone"),
    ):
        with pytest.raises(Refused) as no:
            device.send(group, "x", mentions=mentions)
        assert no.value.code == code


def test_the_owner_takes_a_room_along_also_when_it_has_ended(someone: Someone) -> None:
    ann, bob, eve = someone(), someone(), someone(kind="customer")
    group = room_of(ann, bob)
    for n in range(220):
        text = f"No. {n} <script>alert(1)</script>"
        bob.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": text}, at=n)
    ann.delete(f"/groups/{group}/messages/{ann.timeline(group)[-1]['seq']}")
    ann.post(f"/groups/{group}/end")
    until(lambda: ann.timeline(group)[-1].get("change") == "ended")
    path = f"/api/v1/groups/{group}/export"
    lines = [json.loads(line) for line in ann.raw("GET", path + "?format=jsonl").text.splitlines()]
    assert [line["type"] for line in (lines[0], lines[-1])] == ["export", "end"]
    assert [line["entry"] for line in lines[1:-1]] == ann.timeline(group)
    assert lines[-1]["people"].keys() == {ann.id, bob.id}
    page = ann.raw("GET", path, at=1)
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert "<script" not in page.text
    assert page.text.count("No. ") == 219
    assert "This is the end of what" in page.text
    for who, status in ((bob, 403), (eve, 404)):
        assert refusal(who.raw("GET", path)).status == status


def test_the_timeline_is_paged_both_ways(someone: Someone) -> None:
    ann = someone()
    group = room_of(ann)
    for n in range(6):
        ann.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": f"{n}"}, at=n)
    whole = ann.timeline(group)

    def page(**params: int) -> list[int]:
        items = ann.get(f"/groups/{group}/timeline", params=params)["items"]
        return [entry["seq"] for entry in items]

    last = whole[-1]["seq"]
    assert page(limit=2) == [last - 1, last]
    assert page(limit=2, before_seq=last) == [last - 2, last - 1]
    assert page(limit=2, after_seq=1) == [2, 3]
    assert page(after_seq=last) == []
