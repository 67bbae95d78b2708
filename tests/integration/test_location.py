"""Positions: sent into a room once, or shared live, and seen by its members alone."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from client import Connected, Device, Json, Person, Refused, Someone, new_id, until
from stack import Stack

AMSTERDAM = [4.895168, 52.370216]


def room_of(owner: Person, *others: Person) -> str:
    """A group with these members."""
    group: str = owner.post("/groups", {"name": "On the road", "catalogue": "chat", "visibility": "invite"})[
        "id"
    ]
    for other in others:
        role = "staff" if other.user["kind"] == "staff" else "guest"
        owner.put(f"/groups/{group}/members/{other.id}", {"role": role})
    return group


def in_room(device: Device, group: str) -> Device:
    device.wait(lambda: group in device.rooms, "shown the room")
    return device


def feature(coordinates: list[float] = AMSTERDAM, id: str | None = None, **properties: Any) -> Json:
    made: Json = {"type": "Feature", "geometry": {"type": "Point", "coordinates": coordinates}}
    return made | ({"id": id} if id else {}) | ({"properties": properties} if properties else {})


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat(timespec="milliseconds")


def pins(person: Person, group: str, at: int = 0) -> dict[str, Json]:
    """Where those are who share their position."""
    found = person.get(f"/groups/{group}/positions", at=at)
    assert found["type"] == "FeatureCollection"
    return {pin["properties"]["user_id"]: pin for pin in found["features"]}


def positions(device: Device, person: Person) -> list[list[float]]:
    """The live positions of somebody that a device was told."""
    told = [f for f in device.frames if f["type"] == "position" and f["user_id"] == person.id]
    return [frame["feature"]["geometry"]["coordinates"] for frame in told]


def test_a_position_is_an_entry_for_all_and_for_who_was_away(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone(kind="customer")
    group = room_of(ann, bob)
    hers, his = (in_room(connected(who, at=at), group) for at, who in enumerate((ann, bob)))
    away, id = his.rooms[group].last, new_id()
    sent = feature([*AMSTERDAM, 2.5], id, accuracy_m=12, recorded_at=ago(seconds=20))
    entry = hers.ask({"type": "position", "group_id": group, "feature": sent})["entry"]
    assert (entry["kind"], entry["sender_id"], entry["client_id"]) == ("position", ann.id, id)
    assert entry["feature"]["geometry"] == sent["geometry"]
    assert his.entry(group, id=entry["id"]) == hers.entry(group, id=entry["id"]) == entry
    other = bob.post(f"/groups/{group}/positions", feature([0, 0]), at=1)
    assert hers.entry(group, id=other["id"])["feature"]["properties"]["accuracy_m"] is None

    back = connected(bob, have={group: away})
    assert back.entry(group, id=entry["id"]) == entry
    back.entry(group, id=other["id"])
    assert pins(bob, group) == {}, "sent once is not shared live"


def test_the_same_id_or_key_is_the_same_position_wherever_it_comes_in(
    someone: Someone, connected: Connected
) -> None:
    ann = someone()
    group, id, key = room_of(ann), new_id(), {"Idempotency-Key": new_id()}
    devices = [in_room(connected(ann, at=at), group) for at in (0, 1)]
    frame = {"type": "position", "group_id": group, "feature": feature(id=id)}
    first = devices[0].ask(frame)["entry"]
    assert devices[1].ask(frame)["entry"] == first
    assert ann.post(f"/groups/{group}/positions", feature(id=id), at=1) == first
    keyed = [ann.post(f"/groups/{group}/positions", feature(), at=at, headers=key) for at in (0, 1)]
    assert keyed[0] == keyed[1]
    ann.post(f"/groups/{group}/end")
    assert devices[1].ask(frame)["entry"] == first
    assert [e["kind"] for e in ann.timeline(group)].count("position") == 2


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        (feature([181, 0]), "coordinates"),
        (feature([0, -90.1]), "coordinates"),
        (feature([0]), "coordinates"),
        (feature([0, 0, 0, 0]), "coordinates"),
        (feature(["4.9", 52]), "coordinates"),  # type: ignore[list-item]
        (feature(id="mine"), "id"),
        (feature(accuracy_m=1e6), "accuracy_m"),
        (feature(recorded_at=ago(hours=3)), "recorded_at"),
        (feature(recorded_at="just now"), "recorded_at"),
        (feature() | {"geometry": {"type": "Polygon", "coordinates": []}}, "type"),
    ],
)
def test_what_is_no_position_is_refused_and_named(
    someone: Someone, connected: Connected, wrong: Json, at: str
) -> None:
    ann = someone()
    group = room_of(ann)
    device = in_room(connected(ann, at=1), group)
    share = ann.post(f"/groups/{group}/shares", {"minutes": 5})["id"]
    for refused, code in (
        (lambda: ann.post(f"/groups/{group}/positions", wrong), "errors"),
        (lambda: ann.put(f"/shares/{share}/position", wrong), "errors"),
        (lambda: device.ask({"type": "position", "group_id": group, "feature": wrong}), "frame"),
        (
            lambda: device.ask({"type": "position", "group_id": group, "feature": wrong, "live": True}),
            "frame",
        ),
    ):
        with pytest.raises(Refused) as no:
            refused()
        assert at in str(no.value.more[code])
    assert all(e["kind"] != "position" for e in ann.timeline(group))
    assert pins(ann, group) == {}


def test_while_chat_is_away_a_position_is_kept_and_its_entry_comes_later(
    stack: Stack, someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone()
    group, id = room_of(ann, bob), new_id()
    hers, his = (in_room(connected(who, at=at), group) for at, who in enumerate((ann, bob)))
    # Known as members there, without chat or groups having to be asked.
    ann.post(f"/groups/{group}/positions", feature())
    frame = {"type": "position", "group_id": group, "feature": feature(id=id)}
    with contextlib.ExitStack() as away:
        for name in ("chat.1", "chat.2"):
            away.enter_context(stack.stopped(name))
        with pytest.raises(Refused) as no:
            hers.ask(frame)
        assert no.value.code == "unavailable"
        assert no.value.retry_after
    entry = his.entry(group, client_id=id)
    assert until(lambda: _answered(hers, frame), "answered") == entry
    assert [e.get("client_id") for e in ann.timeline(group)].count(id) == 1


def _answered(device: Device, frame: Json) -> Json | None:
    with contextlib.suppress(Refused):  # not ready again
        entry: Json = device.ask(frame)["entry"]
        return entry
    return None


def test_a_live_position_is_followed_at_both_gateways_the_last_one_wins(
    someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone(kind="customer")
    group = room_of(ann, bob)
    hers, his, laptop = (in_room(connected(who, at=at), group) for who, at in ((ann, 0), (bob, 1), (ann, 1)))
    share = ann.post(f"/groups/{group}/shares", {"minutes": 15}, at=1)
    for device in (hers, his, laptop):
        assert device.frame("share")["share"] == share
    assert bob.get(f"/groups/{group}/shares")["items"] == ann.get("/shares")["items"] == [share]
    assert bob.get("/shares")["items"] == []

    frame = {"type": "position", "group_id": group, "live": True}
    for n in range(21):
        hers.tell({**frame, "feature": feature([n, 0], accuracy_m=9)})
    for device in (his, laptop, hers):
        device.wait(lambda device=device: [20, 0] in positions(device, ann), "told the last one")
        assert len(positions(device, ann)) <= 3
    pin = pins(bob, group, at=1)[ann.id]
    assert (pin["id"], pin["geometry"]["coordinates"]) == (share["id"], [20, 0])
    assert (pin["properties"]["accuracy_m"], pin["properties"]["ends_at"]) == (9, share["ends_at"])
    assert 0 <= pin["properties"]["age_s"] < 60

    ann.put(f"/shares/{share['id']}/position", feature([30, 0]), at=1)
    ann.put(f"/shares/{share['id']}/position", feature([29, 0], recorded_at=ago(minutes=5)), at=0)
    his.wait(lambda: positions(his, ann)[-1] == [30, 0], "told what came over HTTP")
    assert pins(bob, group)[ann.id]["geometry"]["coordinates"] == [30, 0]

    longer = ann.post(f"/groups/{group}/shares", {"minutes": 60})
    assert longer["id"] == share["id"]
    his.wait(lambda: any(f.get("share") == longer for f in his.frames), "told of another end")
    assert all(e["kind"] != "position" for e in bob.timeline(group)), "live is no entry"

    ann.delete(f"/shares/{share['id']}", at=1)
    for device in (hers, his, laptop):
        device.wait(lambda device=device: _ended(device, share["id"]) == "stopped", "told of the end")
    assert pins(bob, group) == {}
    ann.delete(f"/shares/{share['id']}")
    with pytest.raises(Refused) as no:
        hers.ask({**frame, "feature": feature()})
    assert no.value.code == "not_sharing"


def _ended(device: Device, share_id: str) -> str | None:
    for frame in device.frames:
        if frame["type"] == "share" and frame["share"]["id"] == share_id and frame["share"]["ended_at"]:
            reason: str = frame["share"]["end_reason"]
            return reason
    return None


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (lambda owner, who, group: who.post(f"/groups/{group}/leave"), "left"),
        (lambda owner, who, group: owner.delete(f"/groups/{group}/members/{who.id}"), "left"),
        (lambda owner, who, group: owner.post(f"/groups/{group}/end"), "group_ended"),
        (lambda owner, who, group: who.post("/auth/logout"), "signed_out"),
    ],
)
def test_a_share_ends_when_its_person_or_its_group_goes(
    someone: Someone, connected: Connected, ends: Callable[[Person, Person, str], Any], reason: str
) -> None:
    ann, bob = someone(), someone(kind="customer")
    group = room_of(ann, bob)
    hers = in_room(connected(ann), group)
    share = bob.post(f"/groups/{group}/shares", {"minutes": 15}, at=1)["id"]
    bob.put(f"/shares/{share}/position", feature())
    assert bob.id in pins(ann, group)
    hers.frame("position", user_id=bob.id)
    ends(ann, bob, group)
    hers.wait(lambda: _ended(hers, share) == reason, "told of the end")
    assert pins(ann, group, at=1) == {}
    assert ann.get(f"/groups/{group}/shares")["items"] == []


def test_who_is_deactivated_is_followed_no_longer(
    someone: Someone, connected: Connected, admin: Person
) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    hers = in_room(connected(ann), group)
    share = bob.post(f"/groups/{group}/shares", {"minutes": 15})["id"]
    admin.patch(f"/users/{bob.id}", {"active": False})
    hers.wait(lambda: _ended(hers, share) == "signed_out", "told of the end")


def test_who_is_no_member_sends_nothing_and_is_shown_nobody(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    share = ann.post(f"/groups/{group}/shares", {"minutes": 15})["id"]
    strangers = [someone(), someone(kind="customer")]
    devices = [connected(who, at=at) for at, who in enumerate(strangers)]
    hers = in_room(connected(ann), group)
    for who, device in zip(strangers, devices, strict=True):
        for refused, code in (
            (lambda who=who: who.post(f"/groups/{group}/positions", feature()), "group_not_found"),
            (lambda who=who: who.get(f"/groups/{group}/positions"), "group_not_found"),
            (lambda who=who: who.post(f"/groups/{group}/shares", {"minutes": 5}), "group_not_found"),
            (lambda who=who: who.get(f"/groups/{group}/shares"), "group_not_found"),
            (lambda who=who: who.get(f"/groups/{new_id()}/positions"), "group_not_found"),
            (lambda who=who: who.put(f"/shares/{share}/position", feature()), "share_not_found"),
            (lambda who=who: who.delete(f"/shares/{share}"), "share_not_found"),
            (lambda who=who: who.delete(f"/shares/{new_id()}"), "share_not_found"),
            (lambda device=device: device.ask(_position(group)), "group_not_found"),
            (lambda device=device: device.ask({**_position(group), "live": True}), "not_a_member"),
        ):
            with pytest.raises(Refused) as no:
                refused()
            assert no.value.code == code
        assert who.get("/shares")["items"] == []
    # Another member neither moves nor stops it.
    for refused in (
        lambda: bob.put(f"/shares/{share}/position", feature()),
        lambda: bob.delete(f"/shares/{share}"),
    ):
        with pytest.raises(Refused) as no:
            refused()
        assert (no.value.status, no.value.code) == (403, "not_your_share")
    assert all(e["kind"] != "position" for e in ann.timeline(group))

    hers.ask(_position(group))
    hers.tell({**_position(group), "live": True})
    hers.wait(lambda: positions(hers, ann), "shown her own point")
    ann.delete(f"/shares/{share}")
    hers.wait(lambda: _ended(hers, share), "told of the end")
    for device in devices:
        device.ask({"type": "ping"})
        assert not {f["type"] for f in device.frames} & {"share", "position", "entry", "entries"}


def _position(group: str) -> Json:
    return {"type": "position", "group_id": group, "feature": feature()}


def test_an_ended_group_takes_no_position_and_a_share_no_wrong_time(someone: Someone) -> None:
    ann = someone()
    group = room_of(ann)
    for minutes in (0, 481, -1):
        with pytest.raises(Refused) as no:
            ann.post(f"/groups/{group}/shares", {"minutes": minutes})
        assert (no.value.status, no.value.code) == (422, "invalid_share")
    key = {"Idempotency-Key": new_id()}
    first, again = (ann.post(f"/groups/{group}/shares", {"minutes": 5}, at=at, headers=key) for at in (0, 1))
    assert first == again
    ann.post(f"/groups/{group}/end")
    until(lambda: not ann.get(f"/groups/{group}/shares")["items"], "ended there too")
    for refused in (
        lambda: ann.post(f"/groups/{group}/positions", feature()),
        lambda: ann.post(f"/groups/{group}/shares", {"minutes": 5}, at=1),
    ):
        with pytest.raises(Refused) as no:
            refused()
        assert (no.value.status, no.value.code) == (409, "group_ended")
