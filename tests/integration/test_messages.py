"""Messages: acknowledged once stored, in one order for all, and whole again after an absence."""

import pytest
from client import Connected, Device, Person, Refused, Someone, new_id, until


def room_of(owner: Person, *others: Person) -> str:
    """A group with these members."""
    group: str = owner.post("/groups", {"name": "Room", "catalogue": "chat", "visibility": "invite"})["id"]
    for other in others:
        role = "staff" if other.user["kind"] == "staff" else "guest"
        owner.put(f"/groups/{group}/members/{other.id}", {"role": role})
    return group


def in_room(device: Device, group: str) -> Device:
    device.wait(lambda: group in device.rooms, "shown the room")
    return device


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
    his = connected(bob, have={group: 2})
    said = his.frame("entries", group_id=group)
    assert (said["entries"], said["complete"]) == ([], False)
    hers.send(group, "new")
    his.entry(group, text="new")
    assert his.rooms[group].entries == ann.timeline(group)[2:]
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
