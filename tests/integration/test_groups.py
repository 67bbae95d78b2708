"""Groups are made, joined, left and ended, and everybody concerned is told."""

from datetime import UTC, datetime, timedelta

import pytest
from client import Connected, Person, Refused, Someone, new_id, until


def test_a_group_is_made_joined_left_and_ended_before_the_eyes_of_all(
    someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone()
    hers, his = connected(ann, at=0), connected(bob, at=1)
    group = ann.post("/groups", {"name": "Launch", "catalogue": "chat"})
    assert (group["my_role"], group["owner_id"], group["ended_at"]) == ("owner", ann.id, None)
    id = group["id"]
    his.wait(lambda: any(f["type"] == "group" and f["group"]["id"] == id for f in his.frames), "shown it")

    hers.wait(lambda: id in hers.rooms, "let into her own room")
    assert bob.post(f"/groups/{id}/join", at=1)["my_role"] == "staff"
    hers.frame("member", group_id=id, user_id=bob.id, role="staff")
    his.wait(lambda: id in his.rooms, "let in")
    hers.entry(id, kind="member", user_id=bob.id, change="joined")
    hers.send(id, "welcome")
    his.entry(id, text="welcome")

    assert [m["user_id"] for m in bob.pages(f"/groups/{id}/members")] == [ann.id, bob.id]
    bob.post(f"/groups/{id}/leave", at=1)
    hers.frame("member", group_id=id, user_id=bob.id, role=None)
    his.wait(lambda: id not in his.rooms, "let out")
    hers.send(id, "alone again")
    with pytest.raises(Refused) as left:
        his.send(id, "still here?")
    assert left.value.code == "not_a_member"

    assert ann.post(f"/groups/{id}/end")["ended_at"]
    hers.entry(id, kind="group", change="ended")
    for refused in (
        lambda: hers.send(id, "too late"),
        lambda: ann.post(f"/groups/{id}/messages", {"client_id": new_id(), "text": "too late"}, at=1),
        lambda: ann.patch(f"/groups/{id}", {"name": "Other"}),
        lambda: ann.put(f"/groups/{id}/members/{bob.id}", {"role": "staff"}),
        lambda: ann.delete(f"/groups/{id}/members/{ann.id}"),
        lambda: ann.post(f"/groups/{id}/leave"),
        lambda: ann.post(f"/groups/{id}/invites", {}),
        lambda: ann.put(f"/groups/{id}/task", {"state": "done"}),
        lambda: bob.post(f"/groups/{id}/join"),
        lambda: ann.post(f"/groups/{id}/end"),
    ):
        with pytest.raises(Refused) as ended:
            refused()
        assert ended.value.code == "group_ended"
    kinds = [entry["kind"] for entry in ann.timeline(id)]
    assert kinds[-1] == "group"
    assert "too late" not in str(ann.timeline(id))


def test_the_owner_edits_hands_over_and_closes_a_group(someone: Someone, connected: Connected) -> None:
    ann, bob, eve = someone(permissions=("reports:sales",)), someone(), someone()
    id = ann.post("/groups", {"name": "Launch", "catalogue": "chat"})["id"]
    path = f"/groups/{id}"
    bob.post(f"{path}/join")
    his, outside = connected(bob, at=1), connected(eve)
    edited = ann.patch(path, {"catalogue": "business", "type": "sales", "name": "Sales"})
    assert (edited["catalogue"], edited["type"], edited["name"]) == ("business", "sales", "Sales")
    his.entry(id, kind="group", change="changed", changed=["name", "catalogue", "type"])
    ann.put(f"{path}/members/{bob.id}", {"role": "owner"})
    his.frame("member", group_id=id, user_id=bob.id, role="owner")
    for refused, code in (
        (lambda: ann.patch(path, {"name": "Still mine"}), "not_the_owner"),
        (lambda: ann.put(f"{path}/members/{eve.id}", {"role": "staff"}), "not_the_owner"),
        (lambda: bob.post(f"{path}/leave"), "last_owner"),
        (lambda: bob.patch(path, {"type": "ledger"}), "permission_required"),
        (lambda: eve.patch(path, {"name": "Mine"}), "not_a_member"),
    ):
        with pytest.raises(Refused) as no:
            refused()
        assert no.value.code == code
    outside.wait(
        lambda: any(f["type"] == "group" and f["group"]["id"] == id for f in outside.frames), "shown it"
    )
    assert bob.patch(path, {"visibility": "invite"}, at=1)["visibility"] == "invite"
    outside.frame("group_gone", group_id=id)
    assert id not in {g["id"] for g in eve.pages("/groups")}

    def gone() -> bool:
        with pytest.raises(Refused) as no:
            eve.get(f"{path}/timeline")
        return no.value.code == "group_not_found"

    until(gone, "as if it did not exist, in the room too")
    assert ann.get(path)["my_role"] == "coordinator"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 300}, "name"),
        ({"catalogue": "task"}, "target_end"),
        ({"target_end": "2999-01-01T00:00:00.000Z"}, "target_end"),
        ({"catalogue": "task", "target_end": "2001-01-01T00:00:00.000Z"}, "target_end"),
        ({"catalogue": "gossip"}, "catalogue"),
        ({"type": "sales"}, "type"),
        ({"colour": "red"}, "colour"),
        ({"name": "nul\x00"}, "name"),
    ],
)
def test_a_wrong_field_is_named(admin: Person, wrong: dict[str, str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        admin.post("/groups", {"name": "Launch", "catalogue": "chat", **wrong})
    assert refused.value.status == 422
    assert field in str(refused.value.more["errors"])


def test_a_task_has_its_end_and_the_same_key_makes_one_group(someone: Someone) -> None:
    ann = someone()
    end = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    wanted = {"name": "Stocktaking", "catalogue": "task", "target_end": end}
    key = {"Idempotency-Key": new_id()}
    first, second = (ann.post("/groups", wanted, at=at, headers=key) for at in (0, 1))
    assert first["id"] == second["id"]
    assert first["target_end"] == end
    with pytest.raises(Refused) as reused:
        ann.post("/groups", {**wanted, "name": "Other"}, headers=key)
    assert reused.value.code == "idempotency_key_reused"
    assert [g["id"] for g in ann.pages("/groups", q="Stocktaking") if g["owner_id"] == ann.id] == [
        first["id"]
    ]


def test_an_invite_group_is_invisible_until_added(someone: Someone, connected: Connected) -> None:
    ann, bob, customer = someone(), someone(), someone(kind="customer")
    devices = [connected(bob, at=0), connected(customer, at=1)]
    group = ann.post("/groups", {"name": "Quiet", "catalogue": "chat", "visibility": "invite"})
    path = f"/groups/{group['id']}"
    for stranger in (bob, customer):
        for refused in (
            lambda who=stranger: who.get(path),
            lambda who=stranger: who.post(path + "/join"),
            lambda who=stranger: who.get(path + "/members"),
            lambda who=stranger: who.get(path + "/timeline"),
        ):
            with pytest.raises(Refused) as unseen:
                refused()
            assert (unseen.value.status, unseen.value.code) == (404, "group_not_found")
        assert group["id"] not in {g["id"] for g in stranger.pages("/groups")}
    for person, role in ((bob, "staff"), (customer, "guest")):
        ann.put(f"{path}/members/{person.id}", {"role": role})
        assert person.get(path)["my_role"] == role
    for device in devices:
        device.wait(lambda device=device: group["id"] in device.rooms, "shown the group")
    ann.delete(f"{path}/members/{customer.id}")
    devices[1].frame("group_gone", group_id=group["id"])
    with pytest.raises(Refused) as gone:
        customer.get(path)
    assert gone.value.status == 404


def test_a_customer_makes_no_group_and_sees_only_who_shares_one(someone: Someone) -> None:
    ann, customer = someone(), someone(kind="customer")
    with pytest.raises(Refused) as refused:
        customer.post("/groups", {"name": "Mine", "catalogue": "chat"})
    assert refused.value.status == 403
    assert ann.id not in {u["id"] for u in customer.pages("/users", q=ann.username)}
    group = ann.post("/groups", {"name": "Ours", "catalogue": "chat"})
    ann.put(f"/groups/{group['id']}/members/{customer.id}", {"role": "guest"})

    until(lambda: ann.id in {u["id"] for u in customer.pages("/users", q=ann.username)}, "visible")
