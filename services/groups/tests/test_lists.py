"""What people see of groups, and what other services are told."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from groups import errors, events
from groups.models import Person
from kit import contract
from kit.caller import ANONYMOUS
from kit.errors import Invalid, Refusal
from kit.event import new_id
from kit.testing import check_models

Refused = Callable[..., Refusal]
Later = Callable[[float], None]


def names(answer: dict[str, Any]) -> list[str]:
    return [group["name"] for group in answer["items"]]


@pytest.fixture
def rooms(house: Any, later: Later) -> Any:
    """Mei's three groups, a second apart; Ann is in the first, Tom in none."""
    mei, tom, ann = house.person("staff", "reports:sales"), house.person(), house.person("customer")
    first = house.group(mei, ann, name="first", description="the 100% one")
    later(1)
    second = house.group(mei, name="second", visibility="invite")
    later(1)
    third = house.group(mei, name="third", catalogue="business", type="sales")
    return mei, tom, ann, first, second, third


def test_everybody_sees_their_own_groups_and_staff_the_open_ones(
    house: Any, rooms: Any, refused: Refused
) -> None:
    mei, tom, ann, *_ = rooms
    assert names(house.groups(mei).list()) == ["third", "second", "first"]
    assert names(house.groups(tom).list()) == ["third", "first"]
    assert names(house.groups(ann).list()) == ["first"]
    assert [g["my_role"] for g in house.groups(tom).list()["items"]] == [None, None]
    assert [g["my_role"] for g in house.groups(ann).list()["items"]] == ["guest"]
    assert refused(house.groups(ANONYMOUS).list).code == "not_signed_in"


def test_groups_are_listed_by_their_last_change(house: Any, rooms: Any, later: Later) -> None:
    mei, _, _, first, *_ = rooms
    later(1)
    house.groups(mei).edit(group_id=first, changes={"description": "changed"})
    assert names(house.groups(mei).list()) == ["first", "third", "second"]


def test_groups_are_found_by_catalogue_state_and_words(house: Any, rooms: Any, refused: Refused) -> None:
    mei, _, _, first, *_ = rooms
    groups = house.groups(mei)
    assert names(groups.list(catalogue="business")) == ["third"]
    assert names(groups.list(q="IR")) == ["third", "first"]
    assert names(groups.list(q="100%")) == ["first"]
    assert names(groups.list(q="0_%")) == names(groups.list(q="\\")) == []
    groups.end(group_id=first)
    assert names(groups.list(ended=False)) == ["third", "second"]
    assert names(groups.list(ended=True)) == ["first"]
    assert isinstance(refused(groups.list, catalogue="gossip"), Invalid)


def test_groups_and_members_are_paged_without_a_hole(house: Any, refused: Refused) -> None:
    mei = house.person()
    people = [house.person() for _ in range(4)]
    made = [house.group(mei, *people) for _ in range(5)]

    def walk(call: Callable[..., Any], **asked: Any) -> list[dict[str, Any]]:
        found, cursor = [], None
        while True:
            page = call(limit=2, cursor=cursor, **asked)
            assert len(page["items"]) <= 2
            found += page["items"]
            if not (cursor := page["next_cursor"]):
                return found

    groups = house.groups(mei)
    assert {group["id"] for group in walk(groups.list)} == set(made)
    assert len(walk(groups.list)) == 5
    members = walk(groups.members, group_id=made[0])
    assert members[0]["user_id"] == mei.id
    assert {m["user_id"] for m in members} == {mei.id, *(p.id for p in people)}
    everyone = walk(groups.all_memberships)
    assert len({(m["group_id"], m["user_id"]) for m in everyone}) == len(everyone) == 25
    for call in (groups.list, lambda cursor: groups.members(group_id=made[0], cursor=cursor)):
        for cursor in ("x", "é", "WyJhIiwgImIiXQ"):
            assert refused(call, cursor=cursor).code == "invalid_cursor"


def test_members_are_shown_with_their_names(house: Any) -> None:
    mei, new = house.person(name="Mei"), new_id()
    group_id = house.group(mei)
    house.auth.people[new] = {"id": new, "display_name": "New", "kind": "staff", "active": True, "version": 1}
    house.groups(mei.__class__(user_id=new)).join(group_id=group_id)
    shown = house.groups(house.person()).members(group_id=group_id)["items"]
    assert [(m["user_id"], m["role"], m["display_name"], m["kind"]) for m in shown] == [
        (mei.id, "owner", "Mei", "staff"),
        (new, "staff", "New", "staff"),
    ]


def test_other_services_are_told_of_a_membership(house: Any, rooms: Any) -> None:
    mei, tom, ann, first, *_ = rooms
    groups = house.groups(ANONYMOUS)
    told = groups.membership(group_id=first, user_id=ann.id)
    assert told == {
        "group_id": first,
        "user_id": ann.id,
        "role": "guest",
        "visible": True,
        "ended": False,
        "name": "first",
        "version": 3,
    }
    assert groups.membership(group_id=first, user_id=tom.id)["role"] is None
    assert groups.membership(group_id=first, user_id="no id")["role"] is None
    assert groups.membership(group_id=new_id(), user_id=ann.id) is None
    assert groups.membership(group_id="no id", user_id=ann.id) is None
    assert told in groups.all_memberships()["items"]
    house.groups(mei).end(group_id=first)
    assert groups.membership(group_id=first, user_id=ann.id)["ended"] is True


def test_hello_gets_all_groups_of_a_person_running_ones_first(house: Any, rooms: Any) -> None:
    mei, tom, _, _, _, third = rooms
    house.groups(mei).end(group_id=third)
    groups = house.groups(ANONYMOUS)
    assert names(groups.memberships(user_id=mei.id)) == ["second", "first", "third"]
    assert {g["my_role"] for g in groups.memberships(user_id=mei.id)["items"]} == {"owner"}
    assert groups.memberships(user_id=tom.id) == groups.memberships(user_id="no id") == {"items": []}


def test_models_and_migrations_agree(kit_config: Any, engine: Any) -> None:
    check_models(kit_config, engine)


def test_contracts_are_what_is_said(kit_config: Any) -> None:
    assert contract.differences(events, kit_config.parent / "contract") == []


def test_the_readme_names_every_refusal_and_event(kit_config: Any) -> None:
    readme = (kit_config.parent / "README.md").read_text().replace("`member_", "`groups.member_")
    codes = re.findall(r'[a-zA-Z]\(\s*"([a-z_]+)"', Path(errors.__file__).read_text())
    types = [event.event_type for event in (*contract.said_in(events), *contract.heard_in(events))]
    assert [name for name in (*codes, *types) if f"`{name}`" not in readme] == []
    assert len(codes) > 8


def test_the_copy_of_people_is_rebuilt_from_auth(house: Any) -> None:
    mei, tom = house.person(), house.person()
    house.group(mei)
    with house.db() as tx:
        tx.delete(tx.get_one(Person, mei.id))
    items = [
        {"id": mei.id, "display_name": "Mei", "kind": "staff", "active": True, "version": 2, "locale": "en"},
        {"id": tom.id, "display_name": "Tom as he was", "kind": "staff", "active": True, "version": 0},
    ]
    house.groups(ANONYMOUS).keep_people(items=items)
    with house.db() as tx:
        assert tx.get_one(Person, mei.id).display_name == "Mei"
        assert tx.get_one(Person, tom.id).display_name == "Somebody"
