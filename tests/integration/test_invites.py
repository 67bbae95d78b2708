"""A link brings people in: staff, customers, and those who have no account yet."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from client import Connected, Http, Json, Person, Refused, Someone, new_id, until
from stack import Stack


def room(owner: Person, **fields: object) -> str:
    made: str = owner.post(
        "/groups", {"name": "Launch", "catalogue": "chat", "visibility": "invite", **fields}
    )["id"]
    return made


def account() -> dict[str, str]:
    return {
        "username": f"new-{new_id()[:13]}",
        "password": "correct horse battery",
        "display_name": "New One",
    }


def refused(call: Any) -> tuple[int | None, str]:
    with pytest.raises(Refused) as no:
        call()
    return no.value.status, no.value.code


def test_somebody_new_comes_in_by_a_link_and_sees_what_is_shared_with_them(
    stack: Stack, someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone()
    id, other = room(ann), room(ann, visibility="open", name="Other")
    hers = connected(ann)
    made = ann.post(f"/groups/{id}/invites", {"expires_in_hours": 2})
    assert made["url"] == f"{stack.url}/join#{made['token']}"
    assert [i["id"] for i in ann.pages(f"/groups/{id}/invites")] == [made["id"]]

    stranger, link, new = Http(stack.urls), f"/invites/{made['token']}", account()
    shown = stranger.get(link, at=1)
    assert shown == {"group_name": "Launch", "role": "guest", "expires_at": made["expires_at"]}
    key = {"Idempotency-Key": new_id()}
    accepted = stranger.post(f"{link}/accept", new, headers=key)
    assert (accepted["group"]["id"], accepted["group"]["my_role"]) == (id, "guest")
    assert (accepted["user"]["username"], accepted["user"]["kind"]) == (new["username"], "customer")
    assert stranger.post(f"{link}/accept", new, headers=key, at=1) == accepted
    hers.frame("member", group_id=id, user_id=accepted["user"]["id"], role="guest")
    hers.entry(id, kind="member", user_id=accepted["user"]["id"], change="joined")
    assert refused(lambda: stranger.get(link)) == (404, "invite_not_valid")

    customer = Person(stack.urls, new["username"], new["password"]).login(at=1)
    theirs = connected(customer, at=1)
    theirs.send(id, "Good morning")
    hers.entry(id, text="Good morning")
    until(
        lambda: {u["id"] for u in customer.pages("/users")} == {ann.id, customer.id},
        "seen whom they share it with",
    )
    assert [g["id"] for g in customer.pages("/groups")] == [id]
    unseen = [
        f"/groups/{other}",
        f"/groups/{other}/members",
        f"/groups/{other}/timeline",
        f"/users/{bob.id}",
        f"/groups/{other}/invites",
    ]
    for path in unseen:
        assert refused(lambda path=path: customer.get(path))[0] == 404, path
    assert refused(lambda: customer.get(f"/groups/{id}/invites")) == (403, "not_a_coordinator")
    ann.patch(f"/groups/{other}", {"description": "seen by staff"})
    bob.patch("/me", {"display_name": "Bob of Sales"})
    ann.put(f"/groups/{other}/members/{bob.id}", {"role": "staff"})
    hers.entry(other, kind="member", user_id=bob.id)
    theirs.ask({"type": "ping"})
    assert not [f for f in theirs.frames if other in str(f) or bob.id in str(f)]

    ann.delete(f"/groups/{id}/members/{customer.id}")
    theirs.frame("group_gone", group_id=id)
    assert refused(lambda: customer.get(f"/groups/{id}")) == (404, "group_not_found")
    for path in (f"/groups/{id}/timeline", f"/groups/{id}/reads"):
        # Chat hears of it from groups, as the gateway did: neither is always the first.
        until(lambda path=path: customer.raw("GET", f"/api/v1{path}").status_code == 404, f"refused {path}")
    assert [g["id"] for g in customer.pages("/groups")] == []


def test_who_has_an_account_comes_in_with_it(someone: Someone, connected: Connected) -> None:
    ann, bob, cal = someone(), someone(), someone(kind="customer")
    id = room(ann)
    link = f"/invites/{ann.post(f'/groups/{id}/invites', {'role': 'staff', 'max_uses': 2})['token']}/accept"
    device = connected(bob, at=1)
    for person, role in ((bob, "staff"), (cal, "guest")):
        accepted = person.post(link, at=1)
        assert (accepted["group"]["my_role"], accepted["user"]["id"]) == (role, person.id)
        assert person.post(link)["group"]["my_role"] == role
    device.wait(lambda: id in device.rooms, "let in")
    assert refused(lambda: someone().post(link)) == (404, "invite_not_valid")
    assert refused(lambda: bob.post(link, account())) == (409, "already_signed_in")


def test_links_are_refused_to_who_may_not_make_them_and_when_they_are_over(
    stack: Stack, someone: Someone
) -> None:
    ann, bob, eve, cal = someone(), someone(), someone(), someone(kind="customer")
    id = room(ann)
    ann.put(f"/groups/{id}/members/{bob.id}", {"role": "staff"})
    ann.put(f"/groups/{id}/members/{cal.id}", {"role": "coordinator"})
    path = f"/groups/{id}/invites"
    assert refused(lambda: bob.post(path, {})) == (403, "not_a_coordinator")
    assert refused(lambda: eve.post(path, {})) == (404, "group_not_found")
    assert refused(lambda: cal.post(path, {})) == (403, "customers_may_not_invite")
    for wrong in ({"role": "owner"}, {"expires_in_hours": 9000}, {"max_uses": 0}, {"max_uses": None}):
        assert refused(lambda wrong=wrong: ann.post(path, wrong)) == (422, "invalid_request")
    made = ann.post(path, {"max_uses": 5})
    stranger, link = Http(stack.urls), f"/invites/{made['token']}"
    assert refused(lambda: stranger.post(f"{link}/accept", {})) == (401, "not_signed_in")
    taken = {**account(), "username": bob.username.upper()}
    assert refused(lambda: stranger.post(f"{link}/accept", taken)) == (409, "username_taken")
    assert refused(lambda: stranger.post(f"{link}/accept", {**account(), "password": "short"})) == (
        422,
        "invalid_user",
    )
    assert [i["uses"] for i in ann.pages(path)] == [0]
    other = ann.post(path, {})
    ann.delete(f"{path}/{made['id']}")
    ann.delete(f"{path}/{made['id']}")
    for token in (made["token"], "x" * 43, other["id"]):
        assert refused(lambda token=token: stranger.get(f"/invites/{token}")) == (404, "invite_not_valid")
        assert refused(lambda token=token: stranger.post(f"/invites/{token}/accept", account()))[0] == 404
        assert refused(lambda token=token: eve.post(f"/invites/{token}/accept"))[0] == 404
    ann.post(f"/groups/{id}/end")
    for call in (
        lambda: stranger.get(f"/invites/{other['token']}"),
        lambda: stranger.post(f"/invites/{other['token']}/accept", account()),
        lambda: eve.post(f"/invites/{other['token']}/accept"),
        lambda: ann.post(path, {}),
    ):
        assert refused(call) == (409, "group_ended")


def test_as_many_come_in_as_a_link_is_for_and_an_address_makes_so_many_accounts(
    stack: Stack, someone: Someone, admin: Person
) -> None:
    """Ten an hour, as `conftest.py` sets it, whichever gateway is asked."""
    ann = someone()
    id = room(ann)
    token = ann.post(f"/groups/{id}/invites", {"max_uses": 6})["token"]
    other = ann.post(f"/groups/{id}/invites", {"max_uses": 50})["token"]

    def come(number: int) -> str:
        stranger = Http(stack.urls, "127.0.0.71")
        try:
            stranger.post(f"/invites/{token if number < 8 else other}/accept", account(), at=number)
        except Refused as no:
            return no.code
        return "in"

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(come, range(16)))
    counted: Json = {code: answers.count(code) for code in answers}
    assert counted == {"in": 10, "invite_not_valid": 2, "too_many_newcomers": 4}
    assert ann.get(f"/groups/{id}")["member_count"] == 11
    assert [i["uses"] for i in ann.pages(f"/groups/{id}/invites")] == [4]


def test_an_administrator_keeps_rooms_in_order_whose_owner_has_gone(
    someone: Someone, connected: Connected, admin: Person
) -> None:
    ann, bob, cal = someone(), someone(), someone(kind="customer")
    id = room(ann)
    for person, role in ((bob, "staff"), (cal, "guest")):
        ann.put(f"/groups/{id}/members/{person.id}", {"role": role})
    his = connected(bob, at=1)
    path = f"/admin/groups/{id}"
    for call in (
        lambda: bob.get("/admin/groups"),
        lambda: bob.get(f"{path}/members"),
        lambda: bob.put(f"{path}/owner", {"user_id": bob.id}),
        lambda: bob.post(f"{path}/end"),
        lambda: cal.delete(f"{path}/members/{bob.id}"),
    ):
        assert refused(call) == (403, "permission_required")
    assert refused(lambda: admin.put(f"{path}/owner", {"user_id": bob.id})) == (409, "owner_is_active")
    assert refused(lambda: admin.get(f"/groups/{id}/timeline")) == (404, "group_not_found")
    admin.patch(f"/users/{ann.id}", {"active": False})
    until(
        lambda: id in {g["id"] for g in admin.pages("/admin/groups", ownerless=True, q="Launch")},
        "listed without an owner",
    )
    assert {m["user_id"]: m["role"] for m in admin.pages(f"{path}/members")} == {
        ann.id: "owner",
        bob.id: "staff",
        cal.id: "guest",
    }
    named = admin.put(f"{path}/owner", {"user_id": bob.id}, at=1)
    assert (named["owner_id"], named["owner_active"]) == (bob.id, True)
    his.frame("member", group_id=id, user_id=bob.id, role="owner")
    his.entry(id, kind="member", change="role", user_id=bob.id, by=admin.user["id"])
    admin.delete(f"{path}/members/{cal.id}")
    his.entry(id, kind="member", change="removed", user_id=cal.id)
    assert bob.patch(f"/groups/{id}", {"name": "Mine now"})["name"] == "Mine now"
    assert admin.post(f"{path}/end")["ended_at"]
    his.entry(id, kind="group", change="ended", by=admin.user["id"])
    assert refused(lambda: admin.post(f"{path}/end")) == (409, "group_ended")
