"""A running group always has exactly one owner, who says who else is in it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from groups.events import UserChanged, UserCreated
from groups.models import Group
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from kit.errors import Conflict, NotFound, Refusal, Unavailable
from kit.event import new_id
from kit.testing import hear_event, said

Refused = Callable[..., Refusal]


def test_the_owner_adds_people_and_gives_roles(house: Any) -> None:
    mei, ann = house.person(), house.person("customer", name="Ann")
    group_id = house.group(mei, visibility="invite")
    added = house.groups(mei).set_role(group_id=group_id, user_id=ann.id, role="guest")
    assert (added["role"], added["display_name"], added["kind"]) == ("guest", "Ann", "customer")
    assert house.groups(ann).get(group_id=group_id)["my_role"] == "guest"
    changed = house.groups(mei).set_role(group_id=group_id, user_id=ann.id, role="coordinator")
    assert changed == {**added, "role": "coordinator"}
    (joined, first, _), (role_changed, second, audience) = said(house.db)[-2:]
    assert (joined, first["user_id"], first["by"]) == ("groups.member_joined", ann.id, mei.id)
    assert (role_changed, second["role"], second["version"]) == (
        "groups.member_role_changed",
        "coordinator",
        4,
    )
    assert audience == [f"group:{group_id}", f"user:{ann.id}"]
    before = house.state(group_id)
    assert house.groups(mei).set_role(group_id=group_id, user_id=ann.id, role="coordinator") == changed
    assert house.state(group_id) == before


def test_an_id_in_capitals_is_the_same_person(house: Any) -> None:
    mei, tom, eva = (house.person() for _ in range(3))
    group_id = house.group(mei, tom)
    added = house.groups(mei).set_role(group_id=group_id.upper(), user_id=eva.id.upper(), role="staff")
    assert added["user_id"] == eva.id
    _, joined, audience = said(house.db)[-1]
    assert (joined["group_id"], joined["user_id"]) == (group_id, eva.id)
    assert f"user:{eva.id}" in audience
    house.groups(tom).remove_member(group_id=group_id, user_id=tom.id.upper())
    assert house.roles(group_id) == {mei.id: "owner", eva.id: "staff"}


@pytest.mark.parametrize("already_in", [True, False])
def test_handing_over_makes_the_old_owner_coordinator(house: Any, refused: Refused, already_in: bool) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, *([tom] if already_in else []))
    house.groups(mei).set_role(group_id=group_id, user_id=tom.id, role="owner")
    assert house.roles(group_id) == {mei.id: "coordinator", tom.id: "owner"}
    assert house.groups(mei).get(group_id=group_id)["owner_id"] == tom.id
    (first, old, _), (second, new, _) = said(house.db)[-2:]
    assert (first, old["user_id"], old["role"]) == ("groups.member_role_changed", mei.id, "coordinator")
    assert second == ("groups.member_role_changed" if already_in else "groups.member_joined")
    assert (new["user_id"], new["role"], new["version"]) == (tom.id, "owner", old["version"] + 1)
    assert refused(house.groups(mei).end, group_id=group_id).code == "not_the_owner"


def test_of_two_hand_overs_at_once_one_happens(real_house: Any) -> None:
    mei, tom, eva = (real_house.person() for _ in range(3))
    group_id = real_house.group(mei, tom, eva)

    def hand_over(user_id: str) -> str:
        try:
            real_house.groups(mei).set_role(group_id=group_id, user_id=user_id, role="owner")
        except Refusal as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(hand_over, (tom.id, eva.id))) == ["done", "not_the_owner"]
    roles = real_house.roles(group_id)
    assert sorted(roles.values()) == ["coordinator", "owner", "staff"]
    assert roles[real_house.groups(mei).get(group_id=group_id)["owner_id"]] == "owner"


def test_a_customer_does_not_own_a_group(house: Any, refused: Refused) -> None:
    mei, ann = house.person(), house.person("customer")
    group_id = house.group(mei, ann)
    before = house.state(group_id)
    refusal = refused(house.groups(mei).set_role, group_id=group_id, user_id=ann.id, role="owner")
    assert isinstance(refusal, Conflict)
    assert refusal.code == "customers_may_not_own"
    assert house.state(group_id) == before


@pytest.mark.parametrize("role", ["", "king", "Owner", None])
def test_an_unknown_role_is_refused(house: Any, refused: Refused, role: Any) -> None:
    mei = house.person()
    refusal = refused(house.groups(mei).set_role, group_id=house.group(mei), user_id=mei.id, role=role)
    assert (refusal.code, refusal.errors[0]["loc"]) == ("invalid_group", ["role"])


def test_who_is_unknown_or_may_not_sign_in_is_not_added(house: Any, refused: Refused) -> None:
    mei, gone = house.person(), house.person(active=False)
    group_id = house.group(mei)
    before = house.state(group_id)
    for user_id in (new_id(), gone.id, "no id", ""):
        refusal = refused(house.groups(mei).set_role, group_id=group_id, user_id=user_id, role="staff")
        assert isinstance(refusal, NotFound)
        assert refusal.code == "user_not_found"
    assert house.state(group_id) == before


def test_a_person_groups_has_not_heard_of_is_asked_for_once(house: Any) -> None:
    mei, new = house.person(), new_id()
    house.auth.people[new] = {"id": new, "display_name": "New", "kind": "staff", "active": True, "version": 4}
    group_id = house.group(mei)
    for role in ("staff", "coordinator"):
        added = house.groups(mei).set_role(group_id=group_id, user_id=new, role=role)
        assert added["display_name"] == "New"
    assert house.auth.asked == [new]


def test_while_auth_is_away_only_the_unknown_wait(house: Any, refused: Refused) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei)

    def away(*, user_id: str) -> None:
        raise Unavailable("unavailable", "The service auth is out of reach.", retry_after=1)

    house.auth.person = away
    assert house.groups(mei).set_role(group_id=group_id, user_id=tom.id, role="staff")
    before = house.state(group_id)
    assert (
        refused(house.groups(mei).set_role, group_id=group_id, user_id=new_id(), role="staff").code
        == "unavailable"
    )
    assert house.state(group_id) == before


def test_the_owner_removes_a_member(house: Any, refused: Refused) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, tom, visibility="invite")
    assert house.groups(mei).remove_member(group_id=group_id, user_id=tom.id) is None
    type, data, audience = said(house.db)[-1]
    assert (type, data["user_id"], data["by"], data["removed"]) == (
        "groups.member_left",
        tom.id,
        mei.id,
        True,
    )
    assert f"user:{tom.id}" in audience
    assert refused(house.groups(tom).get, group_id=group_id).code == "group_not_found"
    before = house.state(group_id)
    for user_id in (tom.id, new_id(), "no id"):
        refusal = refused(house.groups(mei).remove_member, group_id=group_id, user_id=user_id)
        assert isinstance(refusal, NotFound)
        assert refusal.code == "not_a_member"
    assert house.state(group_id) == before


def test_a_member_may_remove_themselves(house: Any) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, tom)
    house.groups(tom).remove_member(group_id=group_id, user_id=tom.id)
    assert house.roles(group_id) == {mei.id: "owner"}
    assert said(house.db)[-1][1]["removed"] is False


def test_what_is_heard_of_people_is_kept_and_never_replaced_by_older(house: Any) -> None:
    mei = house.person()
    group_id = house.group(mei)
    tom = {
        "id": new_id(),
        "username": "tom",
        "display_name": "Tom",
        "kind": "staff",
        "active": True,
        "version": 1,
    }
    groups = house.groups(mei)
    groups.note_new_person(hear_event(UserCreated, user=tom))
    renamed = hear_event(UserChanged, user={**tom, "display_name": "Thomas", "version": 3})
    groups.note_person(renamed)
    groups.note_person(renamed)
    groups.note_person(hear_event(UserChanged, user={**tom, "display_name": "Tommy", "version": 2}))
    added = groups.set_role(group_id=group_id, user_id=tom["id"], role="staff")
    assert added["display_name"] == "Thomas"
    assert house.auth.asked == []


def test_any_sequence_of_steps_keeps_one_owner(house: Any) -> None:
    people = [house.person() for _ in range(3)] + [house.person("customer")]
    who = strategies.sampled_from(people)

    class Room(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.group_id = house.group(people[0])

        def attempt(self, call: str, caller: Any, **more: Any) -> None:
            before = house.state(self.group_id)
            try:
                getattr(house.groups(caller), call)(group_id=self.group_id, **more)
            except Refusal:
                assert house.state(self.group_id) == before

        @rule(caller=who, call=strategies.sampled_from(["join", "leave"]))
        def come_or_go(self, caller: Any, call: str) -> None:
            self.attempt(call, caller)

        @rule(caller=who, other=who, role=strategies.sampled_from(["owner", "coordinator", "staff", "guest"]))
        def give(self, caller: Any, other: Any, role: str) -> None:
            self.attempt("set_role", caller, user_id=other.id, role=role)

        @rule(caller=who, other=who)
        def remove(self, caller: Any, other: Any) -> None:
            self.attempt("remove_member", caller, user_id=other.id)

        @invariant()
        def one_owner(self) -> None:
            roles = house.roles(self.group_id)
            with house.db() as tx:
                group = tx.get_one(Group, self.group_id)
            owners = [user_id for user_id, role in roles.items() if role == "owner"]
            assert owners == ([] if group.ended_at else [group.owner_id])
            assert group.member_count == len(roles)
            about = [data for _, data, _ in said(house.db) if data["group_id"] == self.group_id]
            assert [data["version"] for data in about] == list(range(1, group.version + 1))

    run_state_machine_as_test(Room, settings=settings(max_examples=15, stateful_step_count=12, deadline=None))
