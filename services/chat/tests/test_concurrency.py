"""Several replicas at once, with transactions that really commit."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Barrier
from typing import Any

import sqlalchemy as sa
from chat import events
from chat.memberships import Membership, keep
from kit.errors import Conflict
from kit.event import new_id
from kit.testing import said

from .conftest import House, codes, message

USERS = [new_id() for _ in range(4)]


def together(*work: Callable[[], Any]) -> list[Any]:
    """What each piece of work returns when all begin at the same moment."""
    start = Barrier(len(work))

    def run(piece: Callable[[], Any]) -> Any:
        start.wait(10)
        return piece()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_eight_senders_in_three_rooms_leave_no_hole_and_no_double(real_house: House) -> None:
    house = real_house
    rooms = [house.room(*USERS) for _ in range(3)]

    def sender(number: int) -> list[dict[str, Any]]:
        random, results = Random(number), []
        for _ in range(12):
            batch = [message(random.choice(USERS), room) for room in random.choices(rooms, k=6)]
            results += house.send(*batch)
            house.chat(USERS[0]).read(group_id=random.choice(rooms), seq=random.randrange(200))
        return results

    confirmed = [r for results in together(*(lambda n=n: sender(n) for n in range(8))) for r in results]
    assert set(codes(confirmed)) == {"text"}
    assert len(confirmed) == 8 * 12 * 6
    announced: dict[str, list[dict[str, Any]]] = {room: [] for room in rooms}
    for kind, data, _ in said(house.db):
        if kind == "chat.entries_appended":
            announced[data["group_id"]] += data["entries"]
    for room in rooms:
        stored = house.chat().fetch(group_id=room, after_seq=0, limit=200)
        assert [e["seq"] for e in stored["entries"]] == list(range(1, len(stored["entries"]) + 1))
        table = house.timeline(room)
        assert [seq for seq, _ in table] == list(range(1, len(table) + 1))
        assert house.chat().last_seqs(group_ids=[room])[room] == len(table)
        assert [(e["seq"], e["kind"]) for e in announced[room]] == table, "said in order, all of it, once"
    told = {e["id"]: e for entries in announced.values() for e in entries}
    assert all(told[r["entry"]["id"]] == r["entry"] for r in confirmed)


def test_one_message_sent_to_two_replicas_at_once_is_one_entry(real_house: House) -> None:
    house = real_house
    rooms = [house.room(USERS[0]) for _ in range(3)]
    before = Counter(kind for kind, *_ in said(house.db))
    batch = [message(USERS[0], room) for room in rooms]
    answers = together(*(lambda n=n: house.send(*batch[n % 3 :], *batch[: n % 3]) for n in range(6)))
    first = {r["entry"]["client_id"]: r for r in answers[0]}
    assert all(r == first[r["entry"]["client_id"]] for results in answers for r in results)
    assert [len(house.timeline(room)) for room in rooms] == [3, 3, 3]
    assert Counter(kind for kind, *_ in said(house.db)) - before == {"chat.entries_appended": 3}


def test_one_event_heard_by_two_replicas_at_once_is_one_entry(real_house: House) -> None:
    house = real_house
    room = house.room(USERS[0])
    event = house.event(events.MemberJoined, room, USERS[1], user_id=USERS[1], role="staff")
    together(*(lambda: house.chat().member_joined(event) for _ in range(4)))
    assert [kind for _, kind in house.timeline(room)] == ["group", "member", "member"]


def test_nothing_is_written_after_the_end_however_close(real_house: House) -> None:
    house = real_house
    room = house.room(*USERS)
    together(
        lambda: house.end(room, USERS[0]),
        *(lambda u=u: [house.send(message(u, room)) for _ in range(5)] for u in USERS),
    )
    entries = house.chat(USERS[0]).timeline(group_id=room)["items"]
    assert entries[-1] | {"change": "ended"} == entries[-1]


def test_who_applies_changes_made_at_once_has_what_who_reads_afresh_has(real_house: House) -> None:
    house = real_house
    room = house.room(*USERS)
    sent = house.send(*(message(USERS[n % 2], room) for n in range(6)))

    def change(number: int) -> None:
        random = Random(number)
        for n in range(12):
            entry = random.choice(sent)["entry"]
            with suppress(Conflict):  # it has been deleted by then
                if random.random() < 0.9:
                    house.chat(entry["sender_id"]).edit(group_id=room, seq=entry["seq"], text=f"{number}.{n}")
                else:
                    house.chat(USERS[0]).remove(group_id=room, seq=entry["seq"])

    together(*(lambda n=n: change(n) for n in range(6)))
    appended = [data for kind, data, _ in said(house.db) if kind == "chat.entries_appended"]
    told = [entry for data in appended for entry in data["entries"]]
    texts = {e["seq"]: e["text"] for e in told if e["kind"] == "text"}
    for entry in told:
        if entry["kind"] in ("edit", "delete"):
            texts[entry["target_seq"]] = entry.get("text", "")
    read = house.chat(USERS[0]).timeline(group_id=room, after_seq=0, limit=200)["items"]
    assert [e["seq"] for e in read] == list(range(1, len(read) + 1)) == [e["seq"] for e in told]
    assert {e["seq"]: e["text"] for e in read if e["kind"] == "text"} == texts
    found = house.chat(USERS[0]).search(q=".")["items"]
    assert {i["entry"]["seq"] for i in found} == {seq for seq, text in texts.items() if text}
    # Of the edits only the last one of a message carries its text.
    kept = [e for e in read if e["kind"] == "edit" and "text" in e]
    assert {e["target_seq"]: e["text"] for e in kept} == {
        seq: text for seq, text in texts.items() if text not in ("", "Good morning.")
    }
    assert len(kept) == len({e["target_seq"] for e in kept})


def test_memberships_learnt_by_many_at_once_agree(real_house: House) -> None:
    house = real_house
    rooms = [new_id() for _ in range(5)]
    for room in rooms:
        for user in USERS:
            house.groups.put(room, user, "staff")
    batch = [(user, room) for user in USERS for room in rooms]
    answers = together(
        *(lambda n=n: house.send(*(message(*m) for m in Random(n).sample(batch, 12))) for n in range(6))
    )
    assert {code for results in answers for code in codes(results)} == {"text"}
    assert sum(len(house.timeline(room)) for room in rooms) == 72


def test_copies_stored_in_opposite_orders_do_not_wait_in_a_circle(real_house: House) -> None:
    rows = [Membership(new_id(), user, "staff", 1) for _ in range(100) for user in USERS]

    def store(order: list[Membership]) -> None:
        for _ in range(3):
            with real_house.db() as tx:
                keep(tx, order)

    together(*(lambda n=n: store(rows[:: -1 if n % 2 else 1]) for n in range(4)))
    assert len(real_house.rows("members")) == len(rows)


def test_what_is_sent_during_a_catch_up_is_left_to_its_event(real_house: House, engine: sa.Engine) -> None:
    house = real_house
    room = house.room(*USERS)
    last = len(house.timeline(room))
    sent: list[Any] = []

    def send_meanwhile(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT found") and not sent:
            sent.append(None)
            with ThreadPoolExecutor() as other:
                sent[0] = other.submit(house.send, message(USERS[0], room)).result()

    sa.event.listen(engine, "before_cursor_execute", send_meanwhile)
    try:
        answer = house.chat().catch_up(user_id=USERS[1], have={room: 1}, groups=[room])["rooms"][room]
    finally:
        sa.event.remove(engine, "before_cursor_execute", send_meanwhile)
    assert codes(sent[0]) == ["text"]
    assert answer["last_seq"] == last
    assert [e["seq"] for e in answer["entries"]] == list(range(2, last + 1))
