"""Creating, joining, editing, leaving and ending a group."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from groups.models import Group
from kit import clock
from kit.caller import ANONYMOUS
from kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from kit.event import new_id
from kit.testing import said

Refused = Callable[..., Refusal]
Later = Callable[[float], None]
SOON = clock.rfc3339(clock.now() + timedelta(days=1))
PAST = clock.rfc3339(clock.now() - timedelta(seconds=1))


def wrong_fields(refusal: Refusal) -> list[Any]:
    assert isinstance(refusal, Invalid)
    assert refusal.code == "invalid_group"
    return [error["loc"] for error in refusal.errors or []]


def test_the_creator_becomes_the_owner_and_it_is_said_in_order(house: Any) -> None:
    mei = house.person()
    group = house.groups(mei).create(name=" Asia ", catalogue="chat", description="All of it")
    assert (group["name"], group["visibility"], group["owner_id"]) == ("Asia", "open", mei.id)
    assert (group["member_count"], group["my_role"], group["version"]) == (1, "owner", 2)
    assert group["ended_at"] is group["type"] is group["target_end"] is None
    (created, first, to_first), (joined, second, to_second) = said(house.db)
    assert (created, first["version"], first["group"]["member_count"]) == ("groups.group_created", 1, 0)
    assert (joined, second["version"], second["role"]) == ("groups.member_joined", 2, "owner")
    assert second["group"] == {k: v for k, v in group.items() if k in second["group"]}
    assert to_first == [f"user:{mei.id}", "staff"]
    assert to_second == [f"group:{group['id']}", f"user:{mei.id}", "staff"]


def test_nobody_else_hears_of_an_invite_group(house: Any) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, tom, visibility="invite")
    house.groups(mei).edit(group_id=group_id, changes={"name": "Other"})
    house.groups(tom).leave(group_id=group_id)
    house.groups(mei).end(group_id=group_id)
    assert [audience for _, _, audience in said(house.db)] == [
        [f"user:{mei.id}"],
        [f"group:{group_id}", f"user:{mei.id}"],
        [f"group:{group_id}", f"user:{tom.id}"],
        [f"group:{group_id}"],
        [f"group:{group_id}", f"user:{tom.id}"],
        [f"group:{group_id}"],
    ]


def test_a_business_group_is_about_a_report_its_maker_may_see(house: Any, refused: Refused) -> None:
    may, may_not = house.person("staff", "reports:sales"), house.person("staff", "reports:ledger")
    asked = {"name": "Sales", "catalogue": "business", "type": "sales"}
    assert house.groups(may).create(**asked)["type"] == "sales"
    assert house.groups(house.person("staff", "administrator")).create(**asked)["type"] == "sales"
    refusal = refused(house.groups(may_not).create, **asked)
    assert isinstance(refusal, Forbidden)
    assert refusal.code == "permission_required"


def test_a_task_group_has_a_target_end(house: Any) -> None:
    end = "2999-01-01T00:00:00.123456+01:00"
    group = house.groups(house.person()).create(name="Move", catalogue="task", target_end=end)
    assert group["target_end"] == "2998-12-31T23:00:00.123Z"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "  "}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"name": "a\x00b"}, ["name"]),
        ({"name": None}, ["name"]),
        ({"description": "x" * 2001}, ["description"]),
        ({"description": "a\x00b"}, ["description"]),
        ({"catalogue": "gossip"}, ["catalogue"]),
        ({"visibility": "secret"}, ["visibility"]),
        ({"type": "sales"}, ["type"]),
        ({"catalogue": "business", "type": "gossip"}, ["type"]),
        ({"catalogue": "task", "type": "sales", "target_end": SOON}, ["type"]),
        ({"target_end": SOON}, ["target_end"]),
        ({"catalogue": "task"}, ["target_end"]),
        ({"catalogue": "task", "target_end": PAST}, ["target_end"]),
        ({"catalogue": "task", "target_end": "tomorrow"}, ["target_end"]),
        ({"catalogue": "task", "target_end": "2999-01-01T00:00:00"}, ["target_end"]),
        ({"catalogue": "task", "target_end": "9999-12-31T23:59:59-12:00"}, ["target_end"]),
    ],
)
def test_a_group_with_a_wrong_field_is_refused(
    house: Any, refused: Refused, fields: dict[str, Any], wrong: list[str]
) -> None:
    asked = {"name": "Room", "catalogue": "chat", **fields}
    refusal = refused(house.groups(house.person("staff", "administrator")).create, **asked)
    assert wrong_fields(refusal) == [wrong]
    assert said(house.db) == []


def test_customers_and_strangers_do_not_create(house: Any, refused: Refused) -> None:
    asked = {"name": "Room", "catalogue": "chat"}
    refusal = refused(house.groups(house.person("customer")).create, **asked)
    assert isinstance(refusal, Forbidden)
    assert refusal.code == "customers_may_not_create"
    assert refused(house.groups(ANONYMOUS).create, **asked).code == "not_signed_in"
    assert said(house.db) == []


def test_the_same_idempotency_key_makes_one_group_and_one_of_each_step(house: Any, refused: Refused) -> None:
    mei = house.person()
    tom, ann = replace(house.person(), idempotency_key="k"), house.person("customer")
    keyed = house.groups(replace(mei, idempotency_key="k1"))
    group = keyed.create(name="Room", catalogue="chat")
    assert keyed.create(name="Room", catalogue="chat") == group
    assert refused(keyed.create, name="Other", catalogue="chat").code == "idempotency_key_reused"
    joined = house.groups(tom).join(group_id=group["id"])
    assert house.groups(tom).join(group_id=group["id"]) == joined
    house.groups(mei).set_role(group_id=group["id"], user_id=ann.id, role="guest")
    before = said(house.db)
    leaving = house.groups(replace(ann, idempotency_key="k2"))
    assert leaving.leave(group_id=group["id"]) is leaving.leave(group_id=group["id"]) is None
    ending = house.groups(replace(mei, idempotency_key="k3"))
    assert ending.end(group_id=group["id"]) == ending.end(group_id=group["id"])
    assert [type for type, _, _ in said(house.db)[len(before) :]] == [
        "groups.member_left",
        "groups.group_ended",
    ]


def test_staff_join_an_open_group_once(house: Any) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei)
    joined = house.groups(tom).join(group_id=group_id)
    assert (joined["my_role"], joined["member_count"], joined["version"]) == ("staff", 2, 3)
    before = said(house.db)
    assert before[-1][0] == "groups.member_joined"
    assert before[-1][1]["by"] == tom.id
    assert house.groups(tom).join(group_id=group_id) == joined
    assert said(house.db) == before


def test_two_who_join_at_once_are_both_in_and_counted(real_house: Any) -> None:
    mei = real_house.person()
    group_id = real_house.group(mei)
    people = [real_house.person() for _ in range(6)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda p: real_house.groups(p).join(group_id=group_id), people * 2))
    group = real_house.groups(mei).get(group_id=group_id)
    assert group["member_count"] == len(real_house.roles(group_id)) == 7
    versions = [data["version"] for _, data, _ in said(real_house.db)]
    assert versions == list(range(1, 9))


@pytest.mark.parametrize(
    "call",
    [
        "get",
        "join",
        "leave",
        "end",
        "members",
        "edit",
        "set_role",
        "remove_member",
        "set_task",
        "invite",
        "invites",
        "revoke_invite",
    ],
)
def test_who_may_not_see_a_group_is_told_it_does_not_exist(house: Any, refused: Refused, call: str) -> None:
    mei, tom, ann = house.person(), house.person(), house.person("customer")
    invite, open_one = house.group(mei, visibility="invite"), house.group(mei)
    more: dict[str, Any] = {
        "edit": {"changes": {"name": "Mine"}},
        "set_role": {"user_id": tom.id, "role": "staff"},
        "remove_member": {"user_id": mei.id},
        "set_task": {"changes": {"state": "done"}},
        "revoke_invite": {"invite_id": new_id()},
    }.get(call, {})
    before = house.state(invite), house.state(open_one)
    unseen = [(tom, invite), (ann, invite), (ann, open_one), (mei, new_id()), (mei, "no id"), (mei, "")]
    for caller, group_id in unseen:
        refusal = refused(getattr(house.groups(caller), call), group_id=group_id, **more)
        assert isinstance(refusal, NotFound)
        assert refusal.code == "group_not_found"
    assert refused(getattr(house.groups(ANONYMOUS), call), group_id=open_one, **more).code == "not_signed_in"
    assert (house.state(invite), house.state(open_one)) == before


def test_the_owner_edits_and_it_is_said_what_changed(house: Any) -> None:
    mei = house.person("staff", "reports:sales")
    group_id = house.group(mei)
    edited = house.groups(mei).edit(
        group_id=group_id,
        changes={"name": "Sales", "description": "", "catalogue": "business", "type": "sales"},
    )
    assert (edited["name"], edited["catalogue"], edited["type"], edited["version"]) == (
        "Sales",
        "business",
        "sales",
        3,
    )
    type, data, audience = said(house.db)[-1]
    assert (type, data["changed"]) == ("groups.group_changed", ["name", "catalogue", "type"])
    assert audience == [f"group:{group_id}", "staff"]
    before = house.state(group_id)
    assert house.groups(mei).edit(group_id=group_id, changes={"name": "Sales"}) == edited
    assert house.state(group_id) == before


def test_a_new_catalogue_leaves_the_old_ones_fields_behind(house: Any) -> None:
    mei = house.person("staff", "reports:sales")
    group_id = house.group(mei, catalogue="task", target_end=SOON)
    edited = house.groups(mei).edit(group_id=group_id, changes={"catalogue": "chat"})
    assert edited["target_end"] is None
    assert said(house.db)[-1][1]["changed"] == ["catalogue", "target_end"]


def test_an_overdue_task_can_be_renamed_and_moved_to_a_later_day_only(
    house: Any, refused: Refused, later: Later
) -> None:
    mei = house.person()
    group_id = house.group(mei, catalogue="task", target_end=SOON)
    later(2 * 86400)
    assert house.groups(mei).edit(group_id=group_id, changes={"name": "Late"})["target_end"] == SOON
    refusal = refused(house.groups(mei).edit, group_id=group_id, changes={"target_end": PAST})
    assert wrong_fields(refusal) == [["target_end"]]
    new_end = clock.rfc3339(clock.now() + timedelta(days=1))
    edited = house.groups(mei).edit(group_id=group_id, changes={"target_end": new_end})
    assert edited["target_end"] == new_end


def test_who_loses_sight_of_a_group_hears_that_it_is_closed(house: Any, refused: Refused) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei)
    edit = house.groups(mei).edit
    assert edit(group_id=group_id, changes={"visibility": "invite"})["visibility"] == "invite"
    assert said(house.db)[-1][2] == [f"group:{group_id}", "staff"]
    assert refused(house.groups(tom).get, group_id=group_id).code == "group_not_found"
    edit(group_id=group_id, changes={"name": "Ours"})
    assert said(house.db)[-1][2] == [f"group:{group_id}"]
    edit(group_id=group_id, changes={"visibility": "open"})
    assert said(house.db)[-1][2] == [f"group:{group_id}", "staff"]
    assert house.groups(tom).get(group_id=group_id)["name"] == "Ours"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"name": ""}, ["name"]),
        ({"description": None}, ["description"]),
        ({"catalogue": "task"}, ["target_end"]),
        ({"type": "sales"}, ["type"]),
        ({"visibility": "secret"}, ["visibility"]),
        ({"owner_id": new_id()}, ["owner_id"]),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    house: Any, refused: Refused, changes: dict[str, Any], wrong: list[str]
) -> None:
    mei = house.person("staff", "administrator")
    group_id = house.group(mei)
    before = house.state(group_id)
    refusal = refused(house.groups(mei).edit, group_id=group_id, changes={"name": "x", **changes})
    assert wrong_fields(refusal) == [wrong]
    assert house.state(group_id) == before


def test_the_right_to_a_report_is_needed_to_turn_a_group_to_it(house: Any, refused: Refused) -> None:
    mei = house.person("staff", "reports:sales")
    group_id = house.group(mei, catalogue="business", type="sales")
    before = house.state(group_id)
    refusal = refused(house.groups(mei).edit, group_id=group_id, changes={"type": "ledger"})
    assert refusal.code == "permission_required"
    assert house.state(group_id) == before
    # Who has lost the right may still rename the group.
    without = replace(mei, permissions=frozenset())
    assert house.groups(without).edit(group_id=group_id, changes={"name": "Was mine"})


def test_only_the_owner_edits_ends_and_manages(house: Any, refused: Refused) -> None:
    mei, tom, eva, ann = house.person(), house.person(), house.person(), house.person("customer")
    group_id = house.group(mei, tom, ann)
    house.groups(mei).set_role(group_id=group_id, user_id=tom.id, role="coordinator")
    before = house.state(group_id)
    for caller, code in ((tom, "not_the_owner"), (ann, "not_the_owner"), (eva, "not_a_member")):
        groups = house.groups(caller)
        for refusal in (
            refused(groups.edit, group_id=group_id, changes={"name": "Mine"}),
            refused(groups.end, group_id=group_id),
            refused(groups.set_role, group_id=group_id, user_id=caller.id, role="owner"),
            refused(groups.remove_member, group_id=group_id, user_id=mei.id),
        ):
            assert isinstance(refusal, Forbidden)
            assert refusal.code == code
    assert refused(house.groups(eva).leave, group_id=group_id).code == "not_a_member"
    assert house.state(group_id) == before


def test_an_ended_group_is_readable_and_refuses_everything_else(house: Any, refused: Refused) -> None:
    mei, tom, eva, ann = house.person(), house.person(), house.person(), house.person("customer")
    group_id = house.group(mei, tom, ann)
    ended = house.groups(mei).end(group_id=group_id)
    assert ended["ended_at"]
    assert said(house.db)[-1][0] == "groups.group_ended"
    before = house.state(group_id)
    owner = house.groups(mei)
    for call in (
        lambda: owner.end(group_id=group_id),
        lambda: owner.edit(group_id=group_id, changes={"name": "x"}),
        lambda: owner.set_role(group_id=group_id, user_id=eva.id, role="staff"),
        lambda: owner.remove_member(group_id=group_id, user_id=tom.id),
        lambda: house.groups(eva).join(group_id=group_id),
        lambda: house.groups(tom).join(group_id=group_id),
        lambda: house.groups(tom).leave(group_id=group_id),
        lambda: house.groups(ann).leave(group_id=group_id),
    ):
        refusal = refused(call)
        assert isinstance(refusal, Conflict)
        assert refusal.code == "group_ended"
    assert house.state(group_id) == before
    assert house.groups(ann).get(group_id=group_id)["my_role"] == "guest"
    assert len(house.groups(tom).members(group_id=group_id)["items"]) == 3


def test_a_member_leaves_and_sees_what_is_left_to_see(house: Any, refused: Refused) -> None:
    mei, tom, ann = house.person(), house.person(), house.person("customer")
    group_id = house.group(mei, tom, ann)
    left = house.groups(tom).leave(group_id=group_id)
    assert (left["my_role"], left["member_count"]) == (None, 2)
    assert house.groups(ann).leave(group_id=group_id) is None
    type, data, audience = said(house.db)[-1]
    assert (type, data["user_id"], data["removed"]) == ("groups.member_left", ann.id, False)
    assert data["group"]["member_count"] == 1
    assert audience == [f"group:{group_id}", f"user:{ann.id}", "staff"]
    assert refused(house.groups(ann).get, group_id=group_id).code == "group_not_found"


def test_the_owner_leaves_only_when_alone_and_so_ends_the_group(house: Any, refused: Refused) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, tom)
    before = house.state(group_id)
    for call in (
        lambda: house.groups(mei).leave(group_id=group_id),
        lambda: house.groups(mei).remove_member(group_id=group_id, user_id=mei.id),
        lambda: house.groups(mei).set_role(group_id=group_id, user_id=mei.id, role="staff"),
    ):
        refusal = refused(call)
        assert isinstance(refusal, Conflict)
        assert refusal.code == "last_owner"
    assert house.state(group_id) == before
    house.groups(tom).leave(group_id=group_id)
    left = house.groups(mei).leave(group_id=group_id)
    assert left["ended_at"]
    assert [(type, data["version"]) for type, data, _ in said(house.db)[-2:]] == [
        ("groups.group_ended", left["version"] - 1),
        ("groups.member_left", left["version"]),
    ]


def test_no_member_comes_while_the_last_one_leaves(real_house: Any) -> None:
    """Whoever is first wins: either the owner may not go, or the newcomer finds an ended group."""
    for _ in range(5):
        mei, tom = real_house.person(), real_house.person()
        group_id = real_house.group(mei)

        def code(call: Callable[..., Any], group_id: str = group_id) -> str:
            try:
                call(group_id=group_id)
            except Refusal as refusal:
                return refusal.code
            return "done"

        with ThreadPoolExecutor(2) as pool:
            calls = real_house.groups(mei).leave, real_house.groups(tom).join
            assert tuple(pool.map(code, calls)) in (("done", "group_ended"), ("last_owner", "done"))
        with real_house.db() as tx:
            ended = tx.scalar(sa.select(Group.ended_at).where(Group.id == group_id))
        assert ("owner" in real_house.roles(group_id).values()) == (ended is None)
