"""Photos and files: sent once, had by the members of their room at every gateway, and by nobody else."""

import http.client
import io
from urllib.parse import urlsplit

import pytest
from client import Connected, Person, Refused, Someone, in_room, new_id, refusal, room_of, until
from PIL import Image
from stack import Stack


def picture(size: tuple[int, int] = (900, 600)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#2060c0").save(out, "JPEG", comment=b"SECRET")
    return out.getvalue()


def missing(person: Person, id: str) -> None:
    """Whatever it is, to this person there is no such attachment."""
    for path in (f"/attachments/{id}", f"/attachments/{id}/thumbnail"):
        for at in (0, 1):
            no = refusal(person.raw("GET", "/api/v1" + path, at))
            assert (no.status, no.code) == (404, "attachment_not_found")


def test_a_photo_reaches_the_others_and_comes_small_in_parts_and_not_twice(
    someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone(kind="customer")
    group = room_of(ann, bob)
    hers, his = in_room(connected(ann), group), in_room(connected(bob, at=1), group)
    photo = ann.bring(picture(), "../photos/gate.jpeg")
    assert (photo["kind"], photo["name"], photo["width"], photo["height"]) == ("photo", "gate.jpg", 900, 600)
    sent = hers.send(group, None, attachment_ids=[photo["id"]], mentions=[bob.id])
    assert (sent["kind"], sent["attachments"], sent["mentions"]) == ("photo", [photo], [bob.id])
    heard = his.entry(group, id=sent["id"])
    assert heard == sent

    whole = bob.raw("GET", photo["url"], at=1)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "image/jpeg")
    assert b"SECRET" not in whole.content
    assert Image.open(io.BytesIO(whole.content)).size == (900, 600)
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    assert whole.headers["Cache-Control"].startswith("private")
    part = bob.raw("GET", photo["url"], headers={**signed(bob), "Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    again = bob.raw("GET", photo["url"], headers={**signed(bob), "If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    small = bob.raw("GET", photo["thumbnail_url"])
    assert max(Image.open(io.BytesIO(small.content)).size) == 480


def signed(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def test_a_file_stays_as_it_is_and_is_saved_and_never_shown(someone: Someone) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    content = b"<!DOCTYPE html><script>alert(1)</script>" * 20_000
    file = ann.bring(content, "\u4f60\u597d.html", at=1)
    assert (file["kind"], file["content_type"], file["size"]) == ("file", "text/plain", len(content))
    body = {"client_id": new_id(), "text": "See", "attachment_ids": [ann.bring(picture())["id"], file["id"]]}
    entry = ann.post(f"/groups/{group}/messages", body)
    assert (entry["kind"], entry["text"], len(entry["attachments"])) == ("file", "See", 2)
    assert ann.post(f"/groups/{group}/messages", body, at=1) == entry
    got = bob.raw("GET", file["url"])
    assert got.content == content
    assert got.headers["Content-Type"].startswith("text/plain")
    assert got.headers["Content-Disposition"].endswith("filename*=UTF-8''%E4%BD%A0%E5%A5%BD.html")
    assert bob.raw("GET", file["url"] + "/thumbnail").status_code == 404


def test_who_was_away_gets_them_afterwards(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    hers = in_room(connected(ann), group)
    before = hers.send(group, "before")["seq"]
    photo = ann.bring(picture())
    sent = hers.send(group, "missed", attachment_ids=[photo["id"]])
    his = connected(bob, at=1, have={group: before})
    assert his.entry(group, seq=sent["seq"]) == sent
    assert bob.raw("GET", photo["url"]).ok


def test_nobody_else_sees_anything_of_them(someone: Someone, connected: Connected) -> None:
    ann, bob, eve, customer = someone(), someone(), someone(), someone(kind="customer")
    group = room_of(ann, bob)
    photo = ann.bring(picture())
    for other in (bob, eve, customer):
        missing(other, photo["id"])
    in_room(connected(ann), group).send(group, None, attachment_ids=[photo["id"]])
    assert bob.raw("GET", photo["url"]).ok
    for other in (eve, customer):
        missing(other, photo["id"])
        missing(other, new_id())
    bob.post(f"/groups/{group}/leave")
    missing_soon(bob, photo["id"])
    with pytest.raises(Refused) as no:
        eve.delete(f"/attachments/{photo['id']}")
    assert no.value.status == 404


def missing_soon(person: Person, id: str) -> None:
    """Chat hears of who left about when we do."""
    until(lambda: person.raw("GET", f"/api/v1/attachments/{id}").status_code == 404, "gone")
    missing(person, id)


def test_an_upload_repeated_under_one_key_is_one_attachment(someone: Someone) -> None:
    ann = someone()
    key = {"Idempotency-Key": new_id()}
    first = ann.bring(b"words", **key)
    assert ann.bring(b"words", at=1, **key) == first
    with pytest.raises(Refused) as no:
        ann.bring(b"other words", **key)
    assert no.value.code == "idempotency_key_reused"


def test_what_is_no_upload_or_too_much_is_refused(someone: Someone, stack: Stack) -> None:
    ann = someone()
    for wrong in (
        {"files": {"file": ("x", b"")}},
        {"files": {"other": ("x", b"y")}},
        {"json": {"file": "x"}},
    ):
        assert ann.raw("POST", "/api/v1/attachments", **wrong).status_code == 422
    place = urlsplit(stack.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    connection.putrequest("POST", "/api/v1/attachments")
    for name, value in {
        **signed(ann),
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(26 * 1024 * 1024),
    }.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413  # before it has been sent


def test_an_attachment_is_sent_once_by_who_brought_it(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    hers, his = in_room(connected(ann), group), in_room(connected(bob, at=1), group)
    id = ann.bring(b"words")["id"]
    mine = bob.bring(b"mine")["id"]
    last = ann.timeline(group)[-1]["seq"]
    for device, ids in (
        (his, [id]),
        (hers, [id, new_id()]),
        (hers, [mine]),
        (hers, ["no id"]),
        (hers, [new_id() for _ in range(11)]),
    ):
        with pytest.raises(Refused) as no:
            device.send(group, "x", attachment_ids=ids)
        assert no.value.code == "invalid_message"
    with pytest.raises(Refused) as no:
        hers.ask({"type": "send", "group_id": group, "client_id": new_id(), "attachment_ids": []})
    assert no.value.code == "invalid_frame"
    assert ann.timeline(group)[-1]["seq"] == last
    hers.send(group, None, attachment_ids=[id])
    with pytest.raises(Refused):
        hers.send(group, None, attachment_ids=[id])
    bob.delete(f"/attachments/{mine}")
    missing(bob, mine)


def test_of_a_deleted_message_nobody_gets_the_photo(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone()
    group = room_of(ann, bob)
    photo = bob.bring(picture())
    seq = in_room(connected(bob), group).send(group, None, attachment_ids=[photo["id"]])["seq"]
    ann.delete(f"/groups/{group}/messages/{seq}")
    for person in (ann, bob):
        missing(person, photo["id"])
    assert next(e for e in ann.timeline(group) if e["seq"] == seq)["attachments"] == []
