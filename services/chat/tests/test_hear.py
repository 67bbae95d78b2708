"""What other services say becomes entries and our copy of the memberships, in whatever order it arrives."""

from dataclasses import dataclass
from typing import Any

import pytest
from chat import events
from chat.memberships import Membership, keep
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.clock import now, rfc3339
from kit.errors import Conflict
from kit.event import new_id
from kit.testing import hear_event, said

from .conftest import House, codes, message

ANN, BEN, EVE = new_id(), new_id(), new_id()


def report(group_id: str | None, **fields: Any) -> events.ReportMade:
    return hear_event(
        events.ReportMade,
        **{
            "report_id": new_id(),
            "type": "sales",
            "title": "Sales, November",
            "status": "ready",
            "group_id": group_id,
            "at": rfc3339(now()),
            "requested_by": ANN,
            **fields,
        },
    )


def test_the_life_of_a_group_is_told_in_its_timeline(house: House) -> None:
    room = house.room(ANN, BEN)
    chat = house.chat()
    changed = house.event(events.GroupChanged, room, ANN, changed=["name"])
    chat.group_changed(changed)
    chat.group_changed(house.event(events.GroupChanged, room, ANN, changed=[]))
    chat.member_role_changed(
        house.event(events.MemberRoleChanged, room, ANN, user_id=BEN, role="coordinator")
    )
    house.leave(room, BEN, removed=True)
    house.end(room, ANN)
    told = house.chat(ANN).timeline(group_id=room)["items"]
    fixed = ("seq", "id", "at", "kind", "sender_id", "client_id")
    assert [(e["kind"], {k: v for k, v in e.items() if k not in fixed}) for e in told] == [
        ("group", {"change": "created", "by": ANN}),
        ("member", {"user_id": ANN, "role": "owner", "change": "joined", "by": ANN}),
        ("member", {"user_id": BEN, "role": "staff", "change": "joined", "by": BEN}),
        ("group", {"change": "changed", "by": ANN, "changed": ["name"]}),
        ("member", {"user_id": BEN, "role": "coordinator", "change": "role", "by": ANN}),
        ("member", {"user_id": BEN, "role": None, "change": "removed", "by": BEN}),
        ("group", {"change": "ended", "by": ANN}),
    ]
    assert told[3]["at"] == rfc3339(changed.at), "the time it happened, not the time it was heard"
    assert [data["entries"] for _, data, _ in said(house.db)] == [[entry] for entry in told]


def test_who_joins_has_read_what_was_there(house: House) -> None:
    room = house.room(ANN)
    house.send(message(ANN, room))
    house.join(room, BEN)
    assert house.chat(BEN).rooms(group_ids=[room])["items"][room]["unread"] == 0
    assert house.chat(ANN).rooms(group_ids=[room])["items"][room]["unread"] == 1


def test_a_report_enters_the_room_without_its_numbers(house: House) -> None:
    room = house.room(ANN)
    event = report(room)
    house.chat().report_made(event)
    house.chat().report_made(event)
    entry = house.chat(ANN).timeline(group_id=room)["items"][-1]
    assert {k: entry[k] for k in ("seq", "kind", "report_id", "report_type", "title")} == {
        "seq": 3,
        "kind": "report",
        "report_id": event.report_id,
        "report_type": "sales",
        "title": "Sales, November",
    }


def test_a_report_that_failed_or_is_for_no_room_or_for_an_ended_one_is_not_told(house: House) -> None:
    room = house.room(ANN)
    house.chat().report_made(report(room, status="failed"))
    house.chat().report_made(report(None))
    house.end(room, ANN)
    house.chat().report_made(report(room))
    assert [kind for _, kind in house.timeline(room)] == ["group", "member", "group"]


def test_a_position_is_one_entry_whether_it_is_asked_for_or_heard_of_first(house: House) -> None:
    room = house.room(ANN, BEN)
    asked = {
        "group_id": room,
        "user_id": ANN,
        "position_id": new_id(),
        "feature": {"type": "Feature", "geometry": {"type": "Point", "coordinates": [8.7, 50.1]}},
        "at": rfc3339(now()),
    }
    entry = house.chat().position_entry(**asked)["entry"]
    assert {
        k: entry[k] for k in ("seq", "kind", "sender_id", "client_id", "position_id", "feature", "at")
    } == {
        "seq": 4,
        "kind": "position",
        "sender_id": ANN,
        "client_id": asked["position_id"],
        "position_id": asked["position_id"],
        "feature": asked["feature"],
        "at": asked["at"],
    }
    house.chat().position_shared(hear_event(events.PositionShared, **asked))
    heard = asked | {"position_id": new_id()}
    for _ in range(2):
        house.chat().position_shared(hear_event(events.PositionShared, **heard))
    assert house.chat().position_entry(**heard)["entry"]["seq"] == 5
    house.end(room, ANN)
    assert house.chat().position_entry(**asked)["entry"] == entry
    late = asked | {"position_id": new_id()}
    house.chat().position_shared(hear_event(events.PositionShared, **late))
    with pytest.raises(Conflict):
        house.chat().position_entry(**late)
    told = [kind for _, kind in house.timeline(room)]
    assert told == ["group", "member", "member", "position", "position", "group"]


def test_news_enter_each_room_they_are_for_once(house: House) -> None:
    one, two, ended, new = (house.room(ANN) for _ in range(4))
    house.end(ended, ANN)
    told = {"news_id": new_id(), "article": {"title": "Gate 4", "author_id": ANN}, "at": rfc3339(now())}
    published = hear_event(events.NewsPublished, **told, group_ids=[two, ended, one])
    for _ in range(2):
        house.chat().news_published(published)
    house.chat().news_changed(
        hear_event(events.NewsChanged, **told, group_ids=[two, new], new_group_ids=[new])
    )
    for room in (one, two, new):
        entry = house.chat(ANN).timeline(group_id=room)["items"][-1]
        assert {k: entry[k] for k in ("seq", "kind", "sender_id", "news_id", "title")} == {
            "seq": 3,
            "kind": "news",
            "sender_id": ANN,
            "news_id": told["news_id"],
            "title": "Gate 4",
        }
        assert house.chat(ANN).rooms(group_ids=[room])["items"][room]["unread"] == 1, "it came by the clock"
    assert [kind for _, kind in house.timeline(ended)] == ["group", "member", "group"]
    assert house.chat(ANN).rooms(group_ids=[one])["items"][one]["unread"] == 1, "nobody was there to read it"


def test_who_left_may_not_write_and_who_came_back_may(house: House) -> None:
    room = house.room(ANN, BEN)
    house.leave(room, BEN)
    assert codes(house.send(message(BEN, room))) == ["not_a_member"]
    house.join(room, BEN)
    assert codes(house.send(message(BEN, room))) == ["text"]
    assert house.groups.asked == [(room, BEN)]  # who left may still see it or not: groups knows


def test_what_becomes_of_a_task_is_told(house: House) -> None:
    room = house.room(ANN, BEN)
    chat = house.chat()
    old = {"state": "open", "assignee_id": None, "target_end": "2026-12-24T17:00:00.000Z"}
    new = {"state": "done", "assignee_id": BEN, "target_end": "2026-12-25T17:00:00.000Z"}
    changed = house.event(events.TaskChanged, room, ANN, old=old, new=new)
    chat.task_changed(changed)
    chat.task_changed(changed)
    for minutes in (60, 0):
        chat.task_reminded(
            house.event(
                events.TaskReminded, room, ANN, minutes=minutes, item={"start": "2026-12-25T17:00:00.000Z"}
            )
        )
    fixed = ("seq", "id", "at", "sender_id", "client_id")
    told = house.chat(ANN).timeline(group_id=room)["items"][3:]
    assert [{k: v for k, v in e.items() if k not in fixed} for e in told] == [
        {"kind": "task", "change": "state", "by": ANN, "old": "open", "new": "done"},
        {"kind": "task", "change": "assignee", "by": ANN, "old": None, "new": BEN},
        {
            "kind": "task",
            "change": "target",
            "by": ANN,
            "old": "2026-12-24T17:00:00.000Z",
            "new": "2026-12-25T17:00:00.000Z",
        },
        {"kind": "task", "change": "reminder", "minutes": 60, "target_end": "2026-12-25T17:00:00.000Z"},
        {"kind": "task", "change": "overdue", "target_end": "2026-12-25T17:00:00.000Z"},
    ]


@dataclass
class History:
    """What happened in a group, as it was said, and what was true after each version of it."""

    told: list[Any]
    truths: list[tuple[dict[str, str], bool]]


@st.composite
def histories(draw: st.DrawFn) -> History:
    group_id, users = new_id(), [ANN, BEN, EVE]
    members: dict[str, str] = {}
    told: list[Any] = []
    truths: list[tuple[dict[str, str], bool]] = []

    def say(kind: type[Any], **fields: Any) -> None:
        version = len(told) + 1
        told.append(hear_event(kind, group_id=group_id, by=ANN, version=version, at=rfc3339(now()), **fields))
        truths.append((dict(members), kind is events.GroupEnded))

    say(events.GroupCreated)
    for _ in range(draw(st.integers(1, 12))):
        user = draw(st.sampled_from(users))
        if user not in members:
            members[user] = draw(st.sampled_from(["owner", "coordinator", "staff", "guest"]))
            say(events.MemberJoined, user_id=user, role=members[user])
        elif draw(st.booleans()):
            members[user] = draw(st.sampled_from(["owner", "coordinator", "staff", "guest"]))
            say(events.MemberRoleChanged, user_id=user, role=members[user])
        else:
            del members[user]
            say(events.MemberLeft, user_id=user, removed=draw(st.booleans()))
    if draw(st.booleans()):
        say(events.GroupEnded)
    return History(told, truths)


HANDLERS = {
    events.GroupCreated: "group_created",
    events.GroupEnded: "group_ended",
    events.MemberJoined: "member_joined",
    events.MemberRoleChanged: "member_role_changed",
    events.MemberLeft: "member_left",
}


@given(history=histories(), data=st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_repetition_of_a_history_comes_to_the_same(
    house: House, history: History, data: st.DataObject
) -> None:
    """Also with answers of groups, true at some version, in between."""
    chat = house.chat()
    told, group_id = history.told, history.told[0].group_id
    repeated = data.draw(st.lists(st.sampled_from(told), max_size=6))
    answers = data.draw(
        st.lists(st.tuples(st.integers(0, len(told) - 1), st.sampled_from([ANN, BEN, EVE])), max_size=4)
    )
    steps: list[Any] = [*told, *repeated, *answers]
    for step in data.draw(st.permutations(steps)):
        if isinstance(step, tuple):
            index, user = step
            members, ended = history.truths[index]
            with house.db() as tx:
                keep(tx, [Membership(group_id, user, members.get(user), index + 1, ended)])
        else:
            getattr(chat, HANDLERS[type(step)])(step)

    members, ended = history.truths[-1]
    copied = {row.user_id: row.role for row in house.rows("members") if row.group_id == group_id and row.role}
    assert copied == members
    [room] = [row for row in house.rows("rooms") if row.group_id == group_id]
    assert room.ended == ended
    kinds = sorted(
        "group" if isinstance(e, events.GroupCreated | events.GroupEnded) else "member" for e in told
    )
    entries = house.timeline(group_id)
    assert sorted(kind for _, kind in entries) == kinds
    assert [seq for seq, _ in entries] == list(range(1, len(told) + 1))
