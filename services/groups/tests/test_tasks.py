"""A task group has a state, somebody whose task it is, and a target that its members are reminded of."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from groups import tasks
from groups.models import Group
from kit import clock
from kit.errors import Conflict, Forbidden, Invalid, Refusal
from kit.event import new_id
from kit.testing import said

Refused = Callable[..., Refusal]
Later = Callable[[float], None]
MINUTES = [60, 5]


def in_minutes(minutes: float) -> str:
    return clock.rfc3339(clock.now() + timedelta(minutes=minutes))


def task(house: Any, owner: Any, *members: Any, minutes: float = 90, **fields: Any) -> str:
    """A task group of this owner, to be done in so many minutes."""
    made: str = house.group(owner, *members, catalogue="task", target_end=in_minutes(minutes), **fields)
    return made


def about_task(house: Any) -> list[tuple[str, dict[str, Any], list[str]]]:
    return [event for event in said(house.db) if event[0].startswith("groups.task_")]


def remind(house: Any) -> list[int]:
    """The minutes of the reminders that the clock said this time."""
    before = len(about_task(house))
    with house.db() as tx:
        tasks.remind(tx, MINUTES)
    return [data["minutes"] for _, data, _ in about_task(house)[before:]]


def test_owner_and_coordinator_set_a_task_and_it_is_said_what_it_was_and_is(house: Any) -> None:
    mei, tom, ann = house.person(), house.person(), house.person("customer")
    group_id = task(house, mei, tom, ann)
    made = house.groups(mei).get(group_id=group_id)
    assert (made["state"], made["assignee_id"], made["overdue"]) == ("open", None, False)
    end = in_minutes(200)
    changes = {"state": "in_progress", "assignee_id": ann.id.upper(), "target_end": end}
    set_ = house.groups(mei).set_task(group_id=group_id, changes=changes)
    assert (set_["state"], set_["assignee_id"], set_["target_end"]) == ("in_progress", ann.id, end)
    assert (set_["my_role"], set_["version"]) == ("owner", made["version"] + 1)
    type, data, audience = said(house.db)[-1]
    assert (type, data["by"], audience) == ("groups.task_changed", mei.id, [f"group:{group_id}", "staff"])
    assert data["old"] == {"state": "open", "assignee_id": None, "target_end": made["target_end"]}
    assert data["new"] == {"state": "in_progress", "assignee_id": ann.id, "target_end": end}
    assert data["group"] == {name: set_[name] for name in data["group"]}
    assert (data["item"]["change"], data["item"]["start"]) == ("moved", end)

    house.groups(mei).set_role(group_id=group_id, user_id=tom.id, role="coordinator")
    done = house.groups(tom).set_task(group_id=group_id, changes={"state": "done"})
    assert (done["state"], done["assignee_id"], done["target_end"]) == ("done", ann.id, end)
    assert said(house.db)[-1][1]["item"] is None
    before = house.state(group_id)
    assert house.groups(tom).set_task(group_id=group_id, changes={"state": "done"}) == done
    assert house.state(group_id) == before
    free = house.groups(tom).set_task(group_id=group_id, changes={"state": "done", "assignee_id": None})
    assert free["assignee_id"] is None


def test_who_leads_no_group_sets_no_task(house: Any, refused: Refused) -> None:
    mei, tom, ann, eve = house.person(), house.person(), house.person("customer"), house.person()
    open_one, closed = task(house, mei, tom, ann), task(house, mei, visibility="invite")
    before = house.state(open_one), house.state(closed)
    cases = [
        (tom, open_one, "not_a_coordinator"),
        (ann, open_one, "not_a_coordinator"),
        (eve, open_one, "not_a_member"),
        (tom, closed, "group_not_found"),
        (mei, new_id(), "group_not_found"),
        (house.person("customer"), open_one, "group_not_found"),
    ]
    for caller, group_id, code in cases:
        refusal = refused(house.groups(caller).set_task, group_id=group_id, changes={"state": "done"})
        assert refusal.code == code
        assert isinstance(refusal, Forbidden) == (code != "group_not_found")
    assert (house.state(open_one), house.state(closed)) == before


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"state": "started"}, ["state"]),
        ({"state": None}, ["state"]),
        ({"assignee_id": new_id()}, ["assignee_id"]),
        ({"assignee_id": "no id"}, ["assignee_id"]),
        ({"assignee_id": 5}, ["assignee_id"]),
        ({"target_end": None}, ["target_end"]),
        ({"target_end": "2001-01-01T00:00:00.000Z"}, ["target_end"]),
        ({"target_end": "2999-01-01T00:00:00"}, ["target_end"]),
        ({"name": "Other"}, ["name"]),
    ],
)
def test_a_wrong_task_is_refused_and_changes_nothing(
    house: Any, refused: Refused, changes: dict[str, Any], wrong: list[str]
) -> None:
    mei = house.person()
    group_id = task(house, mei)
    before = house.state(group_id)
    asked = {"state": "done", **changes}
    refusal = refused(house.groups(mei).set_task, group_id=group_id, changes=asked)
    assert isinstance(refusal, Invalid)
    assert (refusal.code, [error["loc"] for error in refusal.errors or []]) == ("invalid_task", [wrong])
    assert house.state(group_id) == before


def test_what_is_no_task_or_has_ended_is_not_set(house: Any, refused: Refused) -> None:
    mei = house.person()
    chat, ended = house.group(mei), task(house, mei)
    house.groups(mei).end(group_id=ended)
    for group_id, code in ((chat, "not_a_task"), (ended, "group_ended")):
        refusal = refused(house.groups(mei).set_task, group_id=group_id, changes={"state": "done"})
        assert isinstance(refusal, Conflict)
        assert refusal.code == code


@pytest.mark.parametrize("way", ["leave", "remove", "last"])
def test_whose_task_it_was_is_unassigned_on_going(house: Any, way: str) -> None:
    mei, tom = house.person(), house.person()
    owner = house.groups(mei)
    group_id = task(house, mei, *([] if way == "last" else [tom]))
    goes = mei if way == "last" else tom
    owner.set_task(group_id=group_id, changes={"state": "blocked", "assignee_id": goes.id})
    if way == "remove":
        owner.remove_member(group_id=group_id, user_id=tom.id)
    else:
        house.groups(goes).leave(group_id=group_id)
    ended = ["groups.group_ended"] if way == "last" else []
    types = [type for type, _, _ in said(house.db)]
    assert types[-2 - len(ended) :] == ["groups.task_changed", *ended, "groups.member_left"]
    _, data, _ = about_task(house)[-1]
    assert (data["old"]["assignee_id"], data["new"]["assignee_id"]) == (goes.id, None)
    assert data["new"]["state"] == "blocked"


def test_the_owner_moves_a_target_and_the_catalogue_brings_and_takes_the_task(house: Any) -> None:
    mei = house.person()
    group_id = task(house, mei)
    owner = house.groups(mei)
    owner.set_task(group_id=group_id, changes={"state": "blocked", "assignee_id": mei.id})
    end = in_minutes(500)
    edited = owner.edit(group_id=group_id, changes={"name": "Move", "target_end": end})
    (changed, first, _), (moved, second, _) = said(house.db)[-2:]
    assert (changed, first["changed"]) == ("groups.group_changed", ["name"])
    assert (moved, second["item"]["title"], second["new"]["target_end"]) == (
        "groups.task_changed",
        "Move",
        end,
    )
    assert (second["version"], edited["version"]) == (first["version"] + 1, first["version"] + 1)
    chat = owner.edit(group_id=group_id, changes={"catalogue": "chat"})
    assert chat["state"] is chat["assignee_id"] is chat["target_end"] is None
    again = owner.edit(group_id=group_id, changes={"catalogue": "task", "target_end": end})
    assert (again["state"], again["assignee_id"]) == ("open", None)
    assert [type for type, _, _ in said(house.db)[-2:]] == ["groups.group_changed"] * 2


@pytest.mark.parametrize(("state", "overdue"), [("open", True), ("blocked", True), ("done", False)])
def test_overdue_is_what_should_be_done_by_now(house: Any, later: Later, state: str, overdue: bool) -> None:
    mei = house.person()
    group_id = task(house, mei)
    owner = house.groups(mei)
    owner.set_task(group_id=group_id, changes={"state": state})
    later(90 * 60 - 30)
    assert owner.get(group_id=group_id)["overdue"] is False
    later(30)
    assert owner.get(group_id=group_id)["overdue"] is overdue
    assert owner.list()["items"][0]["overdue"] is overdue
    assert owner.memberships(user_id=mei.id)["items"][0]["overdue"] is overdue
    owner.end(group_id=group_id)
    assert owner.get(group_id=group_id)["overdue"] is False


def test_members_are_reminded_before_the_target_and_at_it(house: Any, later: Later) -> None:
    mei = house.person()
    group_id = task(house, mei, name="Stocktaking")
    assert remind(house) == []
    later(30 * 60)
    assert remind(house) == [60]
    assert remind(house) == []
    later(55 * 60)
    assert remind(house) == [5]
    later(5 * 60)
    assert remind(house) == [0]
    later(1e6)
    assert remind(house) == []
    for (type, data, audience), change in zip(about_task(house), ("near", "near", "overdue"), strict=True):
        assert (type, audience) == ("groups.task_reminded", [f"group:{group_id}"])
        assert data["item"] == {
            "id": group_id,
            "kind": "task",
            "group_id": group_id,
            "title": "Stocktaking",
            "start": data["group"]["target_end"],
            "end": None,
            "timezone": None,
            "change": change,
        }
        assert data["group"]["overdue"] == (change == "overdue")
    versions = [data["version"] for _, data, _ in said(house.db)]
    assert versions == list(range(1, 6))


def test_of_reminders_that_were_missed_the_last_is_said(house: Any, later: Later) -> None:
    task(house, house.person())
    assert remind(house) == []
    later(89 * 60)
    assert remind(house) == [5]


def test_a_target_that_moves_is_reminded_of_anew(house: Any, later: Later) -> None:
    mei = house.person()
    group_id = task(house, mei)
    later(30 * 60)
    assert remind(house) == [60]
    house.groups(mei).edit(group_id=group_id, changes={"target_end": in_minutes(90)})
    assert remind(house) == []
    later(29 * 60)
    assert remind(house) == []
    later(60)
    assert remind(house) == [60]


@pytest.mark.parametrize("way", ["done", "cancelled", "end", "chat"])
def test_of_what_is_no_longer_to_be_done_nobody_is_reminded(house: Any, later: Later, way: str) -> None:
    mei = house.person()
    group_id = task(house, mei)
    owner = house.groups(mei)
    assert remind(house) == []
    if way == "end":
        owner.end(group_id=group_id)
    elif way == "chat":
        owner.edit(group_id=group_id, changes={"catalogue": "chat"})
    else:
        owner.set_task(group_id=group_id, changes={"state": way})
    later(30 * 60)
    assert remind(house) == []
    later(1e6)
    assert remind(house) == []
    if way in ("done", "cancelled"):
        owner.edit(group_id=group_id, changes={"target_end": in_minutes(30)})
        owner.set_task(group_id=group_id, changes={"state": "open"})
        later(25 * 60)
        assert remind(house) == [5]


def test_of_several_replicas_one_reminds_of_a_task_and_all_of_many(real_house: Any, later: Later) -> None:
    mei = real_house.person()
    made = {task(real_house, mei) for _ in range(30)}
    later(90 * 60)

    def tick(_: int) -> None:
        real_house.groups(mei).remind()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(tick, range(12)))
    told = [data["group_id"] for _, data, _ in about_task(real_house)]
    assert sorted(told) == sorted(made)


def test_who_holds_a_group_while_it_is_due_does_not_hold_up_the_others(real_house: Any, later: Later) -> None:
    mei = real_house.person()
    held, other = task(real_house, mei), task(real_house, mei)
    later(90 * 60)
    with real_house.db() as tx:
        tx.get_one(Group, held, with_for_update=True)
        real_house.groups(mei).remind()
        assert [data["group_id"] for _, data, _ in about_task(real_house)] == [other]
    real_house.groups(mei).remind()
    assert [data["group_id"] for _, data, _ in about_task(real_house)] == [other, held]
