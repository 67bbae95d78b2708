"""News: released to those it is for, by hand and by the clock, and to nobody else."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from client import Connected, Device, Json, Person, Refused, Someone, new_id, until
from PIL import Image

PUBLISH = ("news:publish",)


def written(audience: str = "everyone", *groups: str, **more: Any) -> Json:
    text = {"title": f"Gate 4 {new_id()}", "body": "From **Monday** on."}
    return {**text, "audience": audience, **({"group_ids": list(groups)} if groups else {}), **more}


def ahead(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def room_of(owner: Person, *others: Person) -> str:
    """A group with these members."""
    group: str = owner.post("/groups", {"name": "Room", "catalogue": "chat", "visibility": "invite"})["id"]
    for other in others:
        role = "staff" if other.user["kind"] == "staff" else "guest"
        owner.put(f"/groups/{group}/members/{other.id}", {"role": role})
    return group


def news_in(device: Device) -> list[tuple[str, str, int]]:
    """What the device was told of articles: (frame, id, version)."""
    frames = [f for f in device.frames if f["type"] in ("news", "news_gone")]
    parts = [f.get("item", f) for f in frames]
    return [(f["type"], part["id"], part["version"]) for f, part in zip(frames, parts, strict=True)]


def hears(device: Device, type: str, id: str, version: int) -> None:
    device.wait(lambda: (type, id, version) in news_in(device), f"told {type} of version {version}")


def told(device: Device, id: str) -> list[str]:
    """The frames about an article that have come until a ping is answered."""
    device.ask({"type": "ping"})
    return [type for type, about, _ in news_in(device) if about == id]


def sees(person: Person, id: str) -> bool:
    """Whether the article is there for them; fails where the ways to it don't agree."""
    ways = [
        person.raw("GET", f"/api/v1/news/{id}"),
        person.raw("GET", f"/api/v1/news/{id}/picture", at=1),
        person.raw("PUT", f"/api/v1/news/{id}/read", at=1),
    ]
    there = [answer.ok or answer.json()["code"] == "no_picture" for answer in ways]
    assert all(answer.ok or answer.status_code == 404 for answer in ways)
    there.append(id in {item["id"] for item in person.pages("/news", limit=200)})
    assert len(set(there)) == 1, there
    return there[0]


def test_news_reach_whom_they_are_for_everywhere_and_nobody_else_anywhere(
    someone: Someone, connected: Connected
) -> None:
    mei, eve = someone(permissions=PUBLISH), someone()
    guest, customer = someone(kind="customer"), someone(kind="customer")
    group = room_of(mei, guest)
    people = {"mei": mei, "eve": eve, "guest": guest, "customer": customer}
    devices = {name: connected(person, at=at) for at, (name, person) in enumerate(people.items())}
    devices["guest"].wait(lambda: group in devices["guest"].rooms, "shown the room")
    devices["mei"].wait(lambda: group in devices["mei"].rooms, "shown the room")
    for audience, groups, readers in (
        ("everyone", (), set(people)),
        ("staff", (), {"mei", "eve"}),
        ("groups", (group,), {"mei", "guest"}),
    ):
        article = mei.post("/news", written(audience, *groups), at=1)
        assert (article["status"], article["html"]) == (
            "released",
            "<p>From <strong>Monday</strong> on.</p>\n",
        )
        for name in readers:
            hears(devices[name], "news", article["id"], 1)
        assert {name for name, person in people.items() if sees(person, article["id"])} == readers
        assert {name for name, device in devices.items() if told(device, article["id"])} == readers
    for name in ("mei", "guest"):
        entry = devices[name].entry(group, kind="news", news_id=article["id"])
        assert (entry["title"], entry["sender_id"]) == (article["title"], mei.id)
        assert "Monday" not in str(entry)


def test_what_may_not_be_released_is_refused_and_nothing_happens(
    someone: Someone, connected: Connected
) -> None:
    mei, eve = someone(permissions=PUBLISH), someone()
    customer = someone(kind="customer", permissions=PUBLISH)
    other = room_of(eve)
    device = connected(mei)
    before = mei.get("/news")
    for person, article, status, code in (
        (eve, written(), 403, "permission_required"),
        (customer, written(), 403, "customers_may_not_publish"),
        (mei, written("groups", other), 404, "group_not_found"),
        (mei, written("groups", new_id()), 404, "group_not_found"),
        (mei, written("groups"), 422, "invalid_article"),
        (mei, written(title=" "), 422, "invalid_article"),
        (mei, written(publish_at="2001-01-01T00:00:00.000Z"), 422, "invalid_article"),
        (mei, written("world"), 422, "invalid_request"),
    ):
        for at in (0, 1):
            with pytest.raises(Refused) as refused:
                person.post("/news", article, at=at)
            assert (refused.value.status, refused.value.code) == (status, code)
    with pytest.raises(Refused) as unseen:
        eve.get("/news", params={"status": "draft"})
    assert unseen.value.status == 403
    assert mei.get("/news") == before
    device.ask({"type": "ping"})
    assert not any(f["type"].startswith("news") for f in device.frames)


def test_who_only_reads_can_neither_change_nor_withdraw(someone: Someone) -> None:
    mei, eve, other = someone(permissions=PUBLISH), someone(), someone(permissions=PUBLISH)
    open_to_all = mei.post("/news", written(must_read=True))["id"]
    closed = mei.post("/news", written("groups", room_of(mei), must_read=True))["id"]
    for person, id, status in ((eve, open_to_all, 403), (eve, closed, 404), (other, closed, 404)):
        for refused in (
            lambda person=person, id=id: person.patch(f"/news/{id}", {"title": "Mine"}),
            lambda person=person, id=id: person.delete(f"/news/{id}", at=1),
            lambda person=person, id=id: person.get(f"/news/{id}/reads"),
            lambda person=person, id=id: person.call("PUT", f"/news/{id}/picture", data=picture()),
            lambda person=person, id=id: person.delete(f"/news/{id}/picture", at=1),
        ):
            with pytest.raises(Refused) as no:
                refused()
            assert no.value.status == status
    assert [mei.get(f"/news/{id}")["version"] for id in (open_to_all, closed)] == [1, 1]


def test_the_same_key_releases_one_article(someone: Someone, connected: Connected) -> None:
    mei = someone(permissions=PUBLISH)
    device = connected(mei)
    wanted, key = written("staff"), {"Idempotency-Key": new_id()}
    first, second = (mei.post("/news", wanted, at=at, headers=key) for at in (0, 1))
    assert first == second
    hears(device, "news", first["id"], 1)
    with pytest.raises(Refused) as reused:
        mei.post("/news", {**wanted, "title": "Other"}, headers=key)
    assert reused.value.code == "idempotency_key_reused"
    assert [item["id"] for item in mei.pages("/news", q=wanted["title"])] == [first["id"]]
    assert told(device, first["id"]) == ["news"]


def test_who_was_away_finds_what_must_be_read_and_the_publisher_sees_who_has(someone: Someone) -> None:
    mei, bob, ann = someone(permissions=PUBLISH), someone(), someone(kind="customer")
    group = room_of(mei, bob, ann)
    id = mei.post("/news", written("groups", group, must_read=True))["id"]
    before = bob.get("/news", at=1)
    found = next(item for item in before["items"] if item["id"] == id)
    assert (found["read_at"], found["must_read"]) == (None, True)
    assert next(ann.pages("/news", unread=True))["id"] == id
    for at in (0, 1):
        bob.put(f"/news/{id}/read", {"version": 1}, at=at)
    after = bob.get("/news")
    assert after["unread"] == before["unread"] - 1
    assert next(item for item in after["items"] if item["id"] == id)["read_at"]
    who = {p["user_id"]: bool(p["read_at"]) for p in mei.pages(f"/news/{id}/reads", limit=1)}
    assert who == {mei.id: True, bob.id: True, ann.id: False}
    assert [p["user_id"] for p in mei.pages(f"/news/{id}/reads", read=False)] == [ann.id]
    mei.patch(f"/news/{id}", {"body": "No: from Tuesday on.", "read_again": True}, at=1)
    assert {p["user_id"] for p in mei.pages(f"/news/{id}/reads", read=False)} == {ann.id, bob.id}
    bob.post(f"/groups/{group}/leave")
    until(lambda: bob.raw("GET", f"/api/v1/news/{id}").status_code == 404, "gone for who has left the group")
    assert not sees(bob, id)


def test_a_change_is_told_to_who_keeps_it_and_its_loss_to_who_does_not(
    someone: Someone, connected: Connected
) -> None:
    mei, eve, guest = someone(permissions=PUBLISH), someone(), someone(kind="customer")
    one, two = room_of(mei, guest), room_of(mei)
    devices = [connected(person, at=at) for at, person in enumerate((mei, eve, guest))]
    hers, eves, guests = devices
    for device, rooms in ((hers, (one, two)), (guests, (one,))):
        device.wait(lambda device=device, rooms=rooms: set(rooms) <= device.rooms.keys(), "shown the rooms")
    id = mei.post("/news", written())["id"]
    answer = mei.patch(f"/news/{id}", {"body": "From Tuesday on."}, at=1)
    assert (answer["version"], bool(answer["changed_at"])) == (2, True)
    for device in devices:
        hears(device, "news", id, 2)
    mei.patch(f"/news/{id}", {"audience": "groups", "group_ids": [one]})
    for device, type in ((hers, "news"), (eves, "news_gone"), (guests, "news")):
        hears(device, type, id, 3)
    assert [sees(person, id) for person in (mei, eve, guest)] == [True, False, True]
    mei.patch(f"/news/{id}", {"group_ids": [two]}, at=1)
    hears(hers, "news", id, 4)
    hears(guests, "news_gone", id, 4)
    assert [sees(person, id) for person in (mei, eve, guest)] == [True, False, False]
    hers.entry(two, kind="news", news_id=id)
    mei.delete(f"/news/{id}", at=1)
    hears(hers, "news_gone", id, 5)
    assert told(eves, id) == ["news", "news", "news_gone"]
    assert told(guests, id) == ["news", "news", "news", "news_gone"]
    trace = next(item for item in mei.pages("/news", status="withdrawn") if item["id"] == id)
    assert (trace["ended_by"], trace["title"]) == (mei.id, answer["title"])
    assert not sees(eve, id)
    mei.delete(f"/news/{id}")
    with pytest.raises(Refused) as ended:
        mei.patch(f"/news/{id}", {"title": "Again"})
    assert (ended.value.status, ended.value.code) == (409, "article_ended")


def test_the_clock_releases_and_ends_an_article_once_with_two_replicas(
    someone: Someone, connected: Connected
) -> None:
    mei, eve = someone(permissions=PUBLISH), someone()
    devices = [connected(eve, at=at) for at in (0, 1)]
    planned = written("staff", publish_at=ahead(1), expires_at=ahead(4))
    id = mei.post("/news", planned)["id"]
    assert not sees(eve, id)
    assert [a["id"] for a in mei.pages("/news", status="planned", q=planned["title"])] == [id]
    for device in devices:
        hears(device, "news", id, 1)
        hears(device, "news_gone", id, 2)
        assert told(device, id) == ["news", "news_gone"]
    assert not sees(eve, id)
    assert [a["id"] for a in mei.pages("/news", status="expired", q=planned["title"])] == [id]


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 200), "teal").save(out, "PNG")
    return out.getvalue()


def test_a_picture_is_for_readers_only(someone: Someone, connected: Connected) -> None:
    mei, eve, customer = someone(permissions=PUBLISH), someone(), someone(kind="customer")
    device = connected(eve)
    id = mei.post("/news", written("staff"))["id"]
    with pytest.raises(Refused) as none:
        eve.get(f"/news/{id}/picture")
    assert none.value.code == "no_picture"
    for wrong, status in ((b"<svg onload='alert(1)'/>", 422), (b"", 422)):
        with pytest.raises(Refused) as refused:
            mei.call("PUT", f"/news/{id}/picture", data=wrong)
        assert refused.value.status == status
    shown = mei.call("PUT", f"/news/{id}/picture", data=picture(), at=1)["picture"]
    assert (shown["width"], shown["height"]) == (320, 200)
    hears(device, "news", id, 2)
    answer = eve.raw("GET", f"/api/v1/news/{id}/picture")
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.size) == ("JPEG", (320, 200))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    etag = {"If-None-Match": answer.headers["ETag"]}
    assert eve.raw("GET", f"/api/v1/news/{id}/picture", at=1, headers=etag).status_code == 304
    assert customer.raw("GET", f"/api/v1/news/{id}/picture", headers=etag).status_code == 404
    mei.delete(f"/news/{id}/picture", at=1)
    assert eve.raw("GET", f"/api/v1/news/{id}/picture").status_code == 404
