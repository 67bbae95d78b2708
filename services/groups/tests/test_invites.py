"""An invitation brings people in, as often as it says and no more, whatever happens on the way."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from groups.models import Invite, InviteUse, Person
from kit.caller import ANONYMOUS, Caller
from kit.db import REPLIES
from kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unavailable
from kit.event import new_id
from kit.testing import said

Refused = Callable[..., Refusal]
Later = Callable[[float], None]
PASSWORD = "correct horse battery"


def invited(house: Any, by: Caller, group_id: str, **fields: Any) -> str:
    """The token of a new invitation."""
    token: str = house.groups(by).invite(group_id=group_id, **fields)["token"]
    return token


def come(house: Any, token: str, username: str = "ann", key: str | None = None, **more: Any) -> Any:
    """Somebody without an account accepts."""
    stranger = Caller(address="192.0.2.9", idempotency_key=key)
    account = {"username": username, "password": PASSWORD, **more}
    return house.groups(stranger).accept_invite(token=token, **account)


def uses(house: Any) -> list[tuple[int, int]]:
    """Of each invitation: the uses that count, and the people it has brought in."""
    with house.db() as tx:
        joined = sa.select(sa.func.count()).where(
            InviteUse.invite_id == Invite.id, InviteUse.joined_at.is_not(None)
        )
        found = tx.execute(sa.select(Invite.uses, joined.scalar_subquery()).order_by(Invite.id))
        return [tuple(row) for row in found]


def test_owner_and_coordinators_invite_and_only_a_hash_of_the_token_is_kept(house: Any) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, tom)
    house.groups(mei).set_role(group_id=group_id, user_id=tom.id, role="coordinator")
    made = house.groups(replace(mei, idempotency_key="k")).invite(
        group_id=group_id, role="coordinator", max_uses=3
    )
    assert (made["role"], made["max_uses"], made["uses"], made["created_by"]) == ("coordinator", 3, 0, mei.id)
    assert len(made["token"]) == 43
    with house.db() as tx:
        kept = tx.scalars(sa.select(Invite)).one()
        assert kept.token_hash == hashlib.sha256(made["token"].encode()).digest()
        assert made["token"] not in str(tx.execute(sa.select(REPLIES)).all())
    house.groups(tom).invite(group_id=group_id)
    listed = house.groups(tom).invites(group_id=group_id)["items"]
    assert [(i["role"], i["max_uses"], i["created_by"]) for i in listed] == [
        ("guest", 1, tom.id),
        ("coordinator", 3, mei.id),
    ]
    assert "token" not in listed[0]


def test_the_same_key_is_the_same_invitation_with_a_token_that_works(house: Any, refused: Refused) -> None:
    mei = house.person()
    group_id = house.group(mei)
    keyed = house.groups(replace(mei, idempotency_key="k"))
    first, second = keyed.invite(group_id=group_id), keyed.invite(group_id=group_id)
    assert {**first, "token": None} == {**second, "token": None}
    assert house.groups(ANONYMOUS).invitation(token=second["token"])["group_name"] == "Room"
    assert refused(house.groups(ANONYMOUS).invitation, token=first["token"]).code == "invite_not_valid"
    assert refused(keyed.invite, group_id=group_id, max_uses=2).code == "idempotency_key_reused"
    assert len(house.groups(mei).invites(group_id=group_id)["items"]) == 1


def test_who_leads_no_group_neither_invites_nor_sees_invitations(house: Any, refused: Refused) -> None:
    mei, tom, eva, ann, bea = (
        *(house.person() for _ in range(3)),
        *(house.person("customer") for _ in range(2)),
    )
    group_id = house.group(mei, tom, ann)
    house.groups(mei).set_role(group_id=group_id, user_id=ann.id, role="coordinator")
    invite_id = house.groups(mei).invite(group_id=group_id)["id"]
    other = house.group(eva)
    before = uses(house)
    cases = [
        (tom, "not_a_coordinator"),
        (eva, "not_a_member"),
        (bea, "group_not_found"),
        (ANONYMOUS, "not_signed_in"),
    ]
    for caller, code in cases:
        groups = house.groups(caller)
        for call in (
            lambda g=groups: g.invite(group_id=group_id),
            lambda g=groups: g.invites(group_id=group_id),
            lambda g=groups: g.revoke_invite(group_id=group_id, invite_id=invite_id),
        ):
            assert refused(call).code == code
    refusal = refused(house.groups(ann).invite, group_id=group_id)
    assert (type(refusal), refusal.code) == (Forbidden, "customers_may_not_invite")
    for unknown in (invite_id, new_id(), "no id"):
        refusal = refused(house.groups(eva).revoke_invite, group_id=other, invite_id=unknown)
        assert (type(refusal), refusal.code) == (NotFound, "invite_not_found")
    house.groups(mei).set_role(group_id=group_id, user_id=tom.id, role="coordinator")
    assert refused(house.groups(tom).invite, group_id=group_id, role="coordinator").code == "not_the_owner"
    assert uses(house) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "owner"},
        {"role": None},
        {"expires_in_hours": 0},
        {"expires_in_hours": 8761},
        {"expires_in_hours": "8"},
        {"max_uses": 0},
        {"max_uses": 1001},
        {"max_uses": None},
        {"max_uses": True},
    ],
)
def test_a_wrong_invitation_is_refused(house: Any, refused: Refused, wrong: dict[str, Any]) -> None:
    mei = house.person()
    refusal = refused(house.groups(mei).invite, group_id=house.group(mei), **wrong)
    assert isinstance(refusal, Invalid)
    assert (refusal.code, [e["loc"] for e in refusal.errors or []]) == ("invalid_invite", [list(wrong)])


def test_a_group_has_so_many_invitations_and_they_are_paged(
    house: Any, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groups.invites.MOST", 3)
    mei = house.person()
    group_id = house.group(mei)
    made = [house.groups(mei).invite(group_id=group_id)["id"] for _ in range(3)]
    assert refused(house.groups(mei).invite, group_id=group_id).code == "too_many_invites"
    house.groups(mei).revoke_invite(group_id=group_id, invite_id=made[0])
    house.groups(mei).revoke_invite(group_id=group_id, invite_id=made[0])
    made.append(house.groups(mei).invite(group_id=group_id)["id"])
    first = house.groups(mei).invites(group_id=group_id, limit=2)
    rest = house.groups(mei).invites(group_id=group_id, limit=2, cursor=first["next_cursor"])
    assert [i["id"] for i in first["items"] + rest["items"]] == made[:0:-1]


def test_a_link_shows_a_name_a_role_and_a_time_and_nothing_else(house: Any) -> None:
    mei = house.person()
    token = invited(house, mei, house.group(mei, name="Launch", visibility="invite"), role="staff")
    shown = house.groups(ANONYMOUS).invitation(token=token)
    assert (shown.pop("group_name"), shown.pop("role"), list(shown)) == ("Launch", "staff", ["expires_at"])


@pytest.mark.parametrize(
    ("kind", "invited_as", "becomes"),
    [
        ("staff", "coordinator", "coordinator"),
        ("staff", "guest", "guest"),
        ("customer", "coordinator", "guest"),
    ],
)
def test_who_is_signed_in_joins_once_customers_as_guests(
    house: Any, kind: str, invited_as: str, becomes: str
) -> None:
    mei, who = house.person(), house.person(kind)
    group_id = house.group(mei, visibility="invite")
    token = invited(house, mei, group_id, role=invited_as)
    accepted = house.groups(who).accept_invite(token=token)
    assert (accepted["group"]["id"], accepted["group"]["my_role"], accepted["user"]) == (
        group_id,
        becomes,
        None,
    )
    type, data, _ = said(house.db)[-1]
    assert (type, data["user_id"], data["role"], data["by"]) == (
        "groups.member_joined",
        who.id,
        becomes,
        who.id,
    )
    before = house.state(group_id)
    assert house.groups(who).accept_invite(token=token) == accepted
    keyed = house.groups(replace(who, idempotency_key="k"))
    assert keyed.accept_invite(token=token) == keyed.accept_invite(token=token) == accepted
    assert (house.state(group_id), uses(house)) == (before, [(1, 1)])


def test_who_is_a_member_already_stays_what_they_are_and_uses_nothing_up(house: Any) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, tom)
    token = invited(house, mei, group_id, role="guest")
    for who, role in ((mei, "owner"), (tom, "staff")):
        assert house.groups(who).accept_invite(token=token)["group"]["my_role"] == role
    assert uses(house) == [(0, 0)]


def test_somebody_new_becomes_a_customer_and_a_guest(house: Any) -> None:
    mei = house.person()
    group_id = house.group(mei, visibility="invite")
    token = invited(house, mei, group_id, role="staff")
    accepted = come(house, token, display_name="Ann")
    user = accepted["user"]
    assert (user["username"], user["display_name"], user["kind"]) == ("ann", "Ann", "customer")
    assert set(user) == {"id", "username", "display_name", "kind", "avatar_url"}
    assert (accepted["group"]["id"], accepted["group"]["my_role"]) == (group_id, "guest")
    assert house.roles(group_id) == {mei.id: "owner", user["id"]: "guest"}
    assert house.auth.made[0]["address"] == "192.0.2.9"
    assert PASSWORD not in str(said(house.db))
    with house.db() as tx:
        assert tx.get_one(Person, user["id"]).display_name == "Ann"
        assert PASSWORD not in str([list(vars(use).values()) for use in tx.scalars(sa.select(InviteUse))])


def test_what_is_not_valid_is_refused_in_one_way(house: Any, refused: Refused, later: Later) -> None:
    mei, tom, eva = (house.person() for _ in range(3))
    group_id = house.group(mei, tom, eva)
    for who in (tom, eva):
        house.groups(mei).set_role(group_id=group_id, user_id=who.id, role="coordinator")
    made = house.groups(mei).invite(group_id=group_id)
    house.groups(mei).revoke_invite(group_id=group_id, invite_id=made["id"])
    used_up = invited(house, mei, group_id)
    come(house, used_up)
    of_a_demoted, of_a_gone = invited(house, tom, group_id), invited(house, eva, group_id)
    house.groups(mei).set_role(group_id=group_id, user_id=tom.id, role="staff")
    with house.db() as tx:
        tx.get_one(Person, eva.id).active = False
    of_an_hour = invited(house, mei, group_id, expires_in_hours=1)
    assert house.groups(ANONYMOUS).invitation(token=of_an_hour)
    later(3600)
    before = house.state(group_id), uses(house)
    tokens = ("", "x" * 43, "\ud800", made["token"], used_up, of_a_demoted, of_a_gone, of_an_hour)
    for token in tokens:
        refusals = [
            refused(house.groups(ANONYMOUS).invitation, token=token),
            refused(house.groups(house.person()).accept_invite, token=token),
            refused(come, house, token, "ben"),
        ]
        assert {(type(r), r.code, r.detail) for r in refusals} == {
            (NotFound, "invite_not_valid", "This invitation is not valid, or no longer.")
        }
    assert (house.state(group_id), uses(house)) == before


def test_into_a_group_that_has_ended_nobody_is_brought(house: Any, refused: Refused) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei)
    token = invited(house, mei, group_id)
    invite_id = house.groups(mei).invites(group_id=group_id)["items"][0]["id"]
    house.groups(mei).end(group_id=group_id)
    for call in (
        lambda: house.groups(ANONYMOUS).invitation(token=token),
        lambda: house.groups(tom).accept_invite(token=token),
        lambda: come(house, token),
        lambda: house.groups(mei).invite(group_id=group_id),
        lambda: house.groups(mei).revoke_invite(group_id=group_id, invite_id=invite_id),
    ):
        refusal = refused(call)
        assert (type(refusal), refusal.code) == (Conflict, "group_ended")
    assert (uses(house), house.auth.made) == ([(0, 0)], [])


def test_a_link_brings_nobody_back_who_was_removed(house: Any, refused: Refused) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, visibility="invite")
    token = invited(house, mei, group_id, max_uses=5)
    house.groups(tom).accept_invite(token=token)
    house.groups(mei).remove_member(group_id=group_id, user_id=tom.id)
    assert refused(house.groups(tom).accept_invite, token=token).code == "invite_not_valid"
    keyed = come(house, token, key="k")
    house.groups(mei).remove_member(group_id=group_id, user_id=keyed["user"]["id"])
    assert refused(come, house, token, key="k").code == "invite_not_valid"
    assert house.roles(group_id) == {mei.id: "owner"}


def test_who_is_neither_signed_in_nor_wants_an_account_is_asked_to_sign_in(
    house: Any, refused: Refused
) -> None:
    mei = house.person()
    token = invited(house, mei, house.group(mei))
    assert refused(house.groups(ANONYMOUS).accept_invite, token=token).code == "not_signed_in"
    refusal = refused(
        house.groups(house.person()).accept_invite, token=token, username="tom", password=PASSWORD
    )
    assert (type(refusal), refusal.code) == (Conflict, "already_signed_in")
    assert uses(house) == [(0, 0)]


@pytest.mark.parametrize(
    "refusal",
    [
        Conflict("username_taken", "Another person has this username."),
        Invalid("invalid_user", "Too short.", [{"loc": ["password"], "msg": "Too short."}]),
        TooMany("too_many_newcomers", "Too many.", retry_after=60),
    ],
)
def test_a_refusal_of_auth_gives_the_use_back(house: Any, refused: Refused, refusal: Refusal) -> None:
    mei = house.person()
    group_id = house.group(mei)
    token = invited(house, mei, group_id)
    house.auth.says = refusal
    before = house.state(group_id)
    assert refused(come, house, token, key="k").as_dict() == refusal.as_dict()
    assert (house.state(group_id), uses(house)) == (before, [(0, 0)])
    house.auth.says = None
    assert come(house, token, key="k")["group"]["member_count"] == 2


def test_the_same_key_of_a_newcomer_is_the_same_person(house: Any, refused: Refused) -> None:
    mei = house.person()
    token = invited(house, mei, house.group(mei), max_uses=2)
    first = come(house, token, key="k")
    assert come(house, token, key="k") == first
    assert uses(house) == [(1, 1)]
    assert refused(come, house, token, "ben", key="k").code == "idempotency_key_reused"
    assert come(house, token, "ben")["user"]["id"] != first["user"]["id"]


@pytest.mark.parametrize("made", [True, False])
def test_what_auth_left_without_an_answer_is_found_out(
    house: Any, refused: Refused, later: Later, made: bool
) -> None:
    """A crash after the first transaction looks the same: a place is kept, and nobody answers for it."""
    mei = house.person()
    group_id = house.group(mei)
    token = invited(house, mei, group_id)
    house.auth.says = Unavailable("timeout", "The service auth did not answer in time.", retry_after=1)
    house.auth.makes_all_the_same = made
    assert refused(come, house, token).code == "timeout"
    assert uses(house) == [(1, 0)]
    house.groups(ANONYMOUS).settle_invites()
    assert uses(house) == [(1, 0)], "somebody may still be on the way"
    later(61)
    for _ in range(2):
        house.groups(ANONYMOUS).settle_invites()
        assert uses(house) == [(1, 1) if made else (0, 0)]
    assert len(house.roles(group_id)) == (2 if made else 1)
    assert [e[1]["role"] for e in said(house.db) if e[0] == "groups.member_joined"][1:] == (
        ["guest"] if made else []
    )


def test_who_asks_again_with_the_same_key_need_not_wait_for_the_clock(house: Any, refused: Refused) -> None:
    mei = house.person()
    token = invited(house, mei, house.group(mei))
    house.auth.says = Unavailable("unavailable", "The service auth is out of reach.", retry_after=1)
    house.auth.makes_all_the_same = True
    assert refused(come, house, token, key="k").code == "unavailable"
    assert refused(come, house, token, key="other").code == "invite_not_valid"
    house.auth.says = None
    assert come(house, token, key="k")["group"]["my_role"] == "guest"
    assert uses(house) == [(1, 1)]


def test_a_group_that_ends_while_auth_is_asked_takes_nobody(
    house: Any, refused: Refused, later: Later
) -> None:
    mei = house.person()
    group_id = house.group(mei)
    token = invited(house, mei, group_id)
    house.auth.meanwhile = lambda: house.groups(mei).end(group_id=group_id)
    assert refused(come, house, token).code == "group_ended"
    later(61)
    house.groups(ANONYMOUS).settle_invites()
    assert (uses(house), len(house.roles(group_id))) == ([(0, 0)], 1)


def test_of_many_at_once_as_many_come_in_as_the_link_is_for(real_house: Any) -> None:
    mei = real_house.person()
    group_id = real_house.group(mei)
    token = invited(real_house, mei, group_id, max_uses=3)
    people = [real_house.person() for _ in range(5)]

    def attempt(number: int) -> str:
        try:
            if number < len(people):
                real_house.groups(people[number]).accept_invite(token=token)
            else:
                come(real_house, token, f"new-{number}")
        except Refusal as refusal:
            return refusal.code
        return "in"

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(attempt, range(10)))
    assert sorted(answers) == ["in"] * 3 + ["invite_not_valid"] * 7
    assert uses(real_house) == [(3, 3)]
    assert len(real_house.roles(group_id)) == 4


def test_invitations_that_ended_long_ago_are_forgotten(house: Any, later: Later) -> None:
    mei = house.person()
    group_id = house.group(mei)
    come(house, invited(house, mei, group_id, expires_in_hours=1))
    revoked = house.groups(mei).invite(group_id=group_id, expires_in_hours=8760)["id"]
    house.groups(mei).revoke_invite(group_id=group_id, invite_id=revoked)
    invited(house, mei, group_id, expires_in_hours=8760)
    later(29 * 86400)
    house.groups(ANONYMOUS).forget_invites()
    assert len(uses(house)) == 3
    later(2 * 86400)
    house.groups(ANONYMOUS).forget_invites()
    assert uses(house) == [(0, 0)]
