"""Administrators keep rooms in order whose owners can not, and see nothing of what is said in them."""

from collections.abc import Callable
from typing import Any

import pytest
from groups.models import Person
from kit.caller import ANONYMOUS
from kit.errors import Conflict, Forbidden, NotFound, Refusal
from kit.event import new_id
from kit.testing import said

Refused = Callable[..., Refusal]


def deactivate(house: Any, who: Any, **changes: Any) -> None:
    with house.db() as tx:
        person = tx.get_one(Person, who.id)
        for name, value in (changes or {"active": False}).items():
            setattr(person, name, value)


@pytest.fixture
def rooms(house: Any) -> Any:
    """An administrator; Mei's room, open; Tom's, by invitation, with Ann in it."""
    root, mei, tom, ann = (
        house.person("staff", "administrator"),
        house.person(),
        house.person(),
        house.person("customer"),
    )
    return (
        root,
        mei,
        tom,
        ann,
        house.group(mei, name="open"),
        house.group(tom, ann, name="closed", visibility="invite"),
    )


def test_an_administrator_lists_every_group_and_its_members(house: Any, rooms: Any, refused: Refused) -> None:
    root, _, tom, ann, first, second = rooms
    deactivate(house, tom)
    groups = house.groups(root)
    listed = groups.admin_list()["items"]
    assert [(g["name"], g["owner_active"]) for g in listed] == [("closed", False), ("open", True)]
    assert "my_role" not in listed[0]
    assert [g["id"] for g in groups.admin_list(ownerless=True)["items"]] == [second]
    assert [g["id"] for g in groups.admin_list(q="OPE")["items"]] == [first]
    page = groups.admin_list(limit=1)
    assert [g["id"] for g in groups.admin_list(limit=1, cursor=page["next_cursor"])["items"]] == [first]
    assert [m["user_id"] for m in groups.admin_members(group_id=second)["items"]] == [tom.id, ann.id]
    assert refused(groups.get, group_id=second).code == "group_not_found", "they are no member for all that"
    groups.admin_end(group_id=second)
    assert groups.admin_list(ownerless=True)["items"] == []
    assert [g["id"] for g in groups.admin_list(ended=True)["items"]] == [second]


@pytest.mark.parametrize("why", [{"active": False}, {"kind": "customer"}])
def test_where_the_owner_can_not_act_an_administrator_names_another(
    house: Any, rooms: Any, refused: Refused, why: dict[str, Any]
) -> None:
    root, mei, tom, ann, _, group_id = rooms
    name = house.groups(root).admin_name_owner
    refusal = refused(name, group_id=group_id, user_id=mei.id)
    assert (type(refusal), refusal.code) == (Conflict, "owner_is_active")
    deactivate(house, tom, **why)
    before = house.state(group_id)
    for user_id, code in (
        (ann.id, "customers_may_not_own"),
        (new_id(), "user_not_found"),
        ("no id", "user_not_found"),
    ):
        assert refused(name, group_id=group_id, user_id=user_id).code == code
    assert house.state(group_id) == before
    named = name(group_id=group_id, user_id=mei.id.upper())
    assert (named["owner_id"], named["owner_active"]) == (mei.id, True)
    assert house.roles(group_id) == {tom.id: "coordinator", ann.id: "guest", mei.id: "owner"}
    (changed, first, _), (joined, second, _) = said(house.db)[-2:]
    assert (changed, first["user_id"], first["by"]) == ("groups.member_role_changed", tom.id, root.id)
    assert (joined, second["user_id"], second["by"]) == ("groups.member_joined", mei.id, root.id)
    before = house.state(group_id)
    assert name(group_id=group_id, user_id=mei.id) == named
    assert house.state(group_id) == before


def test_an_administrator_ends_a_group_and_removes_a_member(house: Any, rooms: Any, refused: Refused) -> None:
    root, mei, tom, ann, first, second = rooms
    groups = house.groups(root)
    groups.admin_remove_member(group_id=second, user_id=ann.id.upper())
    type, data, _ = said(house.db)[-1]
    assert (type, data["user_id"], data["by"], data["removed"]) == (
        "groups.member_left",
        ann.id,
        root.id,
        True,
    )
    for user_id in (ann.id, "no id"):
        refusal = refused(groups.admin_remove_member, group_id=second, user_id=user_id)
        assert (refusal.__class__, refusal.code) == (NotFound, "not_a_member")
    house.groups(house.person()).join(group_id=first)
    assert refused(groups.admin_remove_member, group_id=first, user_id=mei.id).code == "last_owner"
    ended = groups.admin_end(group_id=first)
    assert (bool(ended["ended_at"]), ended["owner_active"]) == (True, True)
    assert said(house.db)[-1][1]["by"] == root.id
    before = house.state(first)
    for call, more in (
        (groups.admin_end, {}),
        (groups.admin_name_owner, {"user_id": tom.id}),
        (groups.admin_remove_member, {"user_id": mei.id}),
    ):
        assert refused(call, group_id=first, **more).code == "group_ended"
    assert house.state(first) == before


def test_nobody_else_administers(house: Any, rooms: Any, refused: Refused) -> None:
    root, mei, tom, ann, _, second = rooms
    calls: list[tuple[str, dict[str, Any]]] = [
        ("admin_list", {}),
        ("admin_members", {"group_id": second}),
        ("admin_name_owner", {"group_id": second, "user_id": mei.id}),
        ("admin_end", {"group_id": second}),
        ("admin_remove_member", {"group_id": second, "user_id": ann.id}),
    ]
    before = house.state(second)
    for name, asked in calls:
        for caller in (mei, tom, ann):
            refusal = refused(getattr(house.groups(caller), name), **asked)
            assert (type(refusal), refusal.code) == (Forbidden, "permission_required")
        assert refused(getattr(house.groups(ANONYMOUS), name), **asked).code == "not_signed_in"
        for unknown in (new_id(), "no id") if asked else ():
            refusal = refused(getattr(house.groups(root), name), **{**asked, "group_id": unknown})
            assert (type(refusal), refusal.code) == (NotFound, "group_not_found")
    assert house.state(second) == before
