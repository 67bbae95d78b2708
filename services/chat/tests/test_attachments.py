"""Photos and files: looked at when they come, sent once, had by who may read the room, and gone in time."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from chat import attachments
from chat.models import Attachment
from kit.clock import now
from kit.errors import Conflict, Invalid, NotFound, Unavailable
from kit.event import new_id
from kit.testing import said, staff
from PIL import Image

from .conftest import House, codes, message

ANN, BEN, EVE = new_id(), new_id(), new_id()


def picture(format: str = "JPEG", size: tuple[int, int] = (3000, 1500), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#c03020").save(out, format, **options)
    return out.getvalue()


def moving() -> bytes:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


def read(house: House, user_id: str, attachment_id: str, thumbnail: bool = False) -> bytes:
    told = house.chat(user_id).attachment(attachment_id=attachment_id, thumbnail=thumbnail)
    content = house.files.get(told["key"])
    assert told["size"] == len(content)
    return content


def missing(house: House, user_id: str, attachment_id: str) -> None:
    for thumbnail in (False, True):
        with pytest.raises(NotFound) as refused:
            house.chat(user_id).attachment(attachment_id=attachment_id, thumbnail=thumbnail)
        assert refused.value.code == "attachment_not_found"


def age(house: House, seconds: int) -> None:
    with house.db() as tx:
        tx.execute(sa.update(Attachment).values(at=Attachment.at - timedelta(seconds=seconds)))


def test_a_photo_is_drawn_anew_with_a_thumbnail(house: House) -> None:
    told = house.bring(ANN, picture(comment=b"SECRET"), "C:\\photos\\gate.JPEG")
    assert told == {
        "id": told["id"],
        "kind": "photo",
        "content_type": "image/jpeg",
        "name": "gate.jpg",
        "size": told["size"],
        "width": 2560,
        "height": 1280,
        "url": f"/api/v1/attachments/{told['id']}",
        "thumbnail_url": f"/api/v1/attachments/{told['id']}/thumbnail",
    }
    content = read(house, ANN, told["id"])
    assert b"SECRET" not in content
    assert Image.open(io.BytesIO(content)).size == (2560, 1280)
    assert Image.open(io.BytesIO(read(house, ANN, told["id"], thumbnail=True))).size == (480, 240)
    assert "name" not in house.chat(ANN).attachment(attachment_id=told["id"]), "it may be shown"


@pytest.mark.parametrize(
    ("content", "name", "content_type"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "offer.pdf", "application/pdf"),
        (zipped("a.txt"), "all.zip", "application/zip"),
        (
            zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
            "figures.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "x.svg", "text/plain"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "photo.jpg", "text/plain"),
        ("Grüße 你好".encode() * 2000, "你好.txt", "text/plain"),
        (b"\xff\xfe\xfa" * 50, "what", "application/octet-stream"),
        (b"a\x00b", "nul.txt", "application/octet-stream"),
        (b"GIF89a/*<script>*/=1;", "polyglot.gif", "image/gif"),
        (picture("TIFF", (20, 10)), "scan.tiff", "image/tiff"),
        (moving(), "dance.gif", "image/gif"),
    ],
)
def test_a_file_is_what_its_bytes_say_and_stays_as_it_is(
    house: House, content: bytes, name: str, content_type: str
) -> None:
    told = house.bring(ANN, content, name)
    assert (told["kind"], told["content_type"], told["name"]) == ("file", content_type, name)
    assert "thumbnail_url" not in told
    assert read(house, ANN, told["id"]) == content
    assert house.chat(ANN).attachment(attachment_id=told["id"])["name"] == name, "saved, and never shown"
    with pytest.raises(NotFound):
        house.chat(ANN).attachment(attachment_id=told["id"], thumbnail=True)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("", "file"),
        ("..", "file"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("gnp.\u202eexe", "gnp.exe"),
        ("x" * 300 + ".txt", "x" * 251 + ".txt"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_one_that_any_computer_can_take(house: House, name: str, kept: str) -> None:
    assert house.bring(ANN, name=name)["name"] == kept


def test_attachments_are_sent_with_or_without_a_text(house: House) -> None:
    room = house.room(ANN, BEN)
    photo, another = house.bring(ANN, picture()), house.bring(ANN, picture())
    file = house.bring(ANN)
    before = len(said(house.db))
    sent = house.send(
        message(ANN, room, "", attachment_ids=[photo["id"]]),
        message(ANN, room, "Both", attachment_ids=[another["id"].upper(), file["id"], file["id"]]),
    )
    assert codes(sent) == ["photo", "file"]
    entries = [r["entry"] for r in sent]
    assert [e.get("text") for e in entries] == [None, "Both"]
    assert [e["attachments"] for e in entries] == [[photo], [another, file]]
    assert [data["entries"] for _, data, _ in said(house.db)[before:]] == [entries]
    assert house.chat(BEN).timeline(group_id=room, limit=2)["items"] == entries
    assert (
        house.chat(BEN).catch_up(user_id=BEN, have={room: 3}, groups=[room])["rooms"][room]["entries"]
        == entries
    )


def test_an_attachment_is_sent_once_by_who_brought_it(house: House) -> None:
    room, ended = house.room(ANN, BEN), house.room(ANN)
    house.end(ended, ANN)
    one, two = house.bring(ANN)["id"], house.bring(ANN)["id"]
    sent = message(ANN, room, attachment_ids=[one])
    results = house.send(
        message(BEN, room, attachment_ids=[one]),
        message(ANN, ended, attachment_ids=[one]),
        message(ANN, room, attachment_ids=[two, new_id()]),
        sent,
        message(ANN, room, attachment_ids=[one]),
        sent | {"text": "again"},
        message(ANN, room, attachment_ids=[two]),
        message(ANN, room, attachment_ids=["no id"]),
        message(ANN, room, attachment_ids=[new_id() for _ in range(11)]),
    )
    wrong = "invalid_message"
    assert codes(results) == [wrong, "group_ended", wrong, "file", wrong, "file", "file", wrong, wrong]
    assert results[3] == results[5] == house.send(sent)[0]
    assert results[0]["refusal"]["errors"][0]["loc"] == ["attachment_ids"]
    assert codes(house.send(message(ANN, room, attachment_ids=[one]))) == [wrong]


def test_the_number_of_statements_does_not_grow_with_the_attachments(
    house: House, statements: Callable[[Callable[[], Any]], list[str]]
) -> None:
    room = house.room(ANN, BEN)

    def batch(messages: int, each: int) -> list[dict[str, Any]]:
        return [
            message(ANN, room, mentions=[BEN], attachment_ids=[house.bring(ANN)["id"] for _ in range(each)])
            for _ in range(messages)
        ]

    one, many = batch(1, 1), batch(8, 5)
    assert len(statements(lambda: house.send(*one))) == len(statements(lambda: house.send(*many))) == 7


def test_a_sent_attachment_is_for_the_members_of_its_room(house: House) -> None:
    room = house.room(ANN, BEN)
    id = house.bring(ANN, picture())["id"]
    for user in (BEN, EVE):
        missing(house, user, id)
    house.send(message(ANN, room, attachment_ids=[id]))
    house.groups.put(room, EVE, None, visible=True)
    missing(house, EVE, id)
    for user in (ANN, BEN):
        assert read(house, user, id)
    house.leave(room, ANN)
    house.leave(room, BEN)
    missing(house, BEN, id)
    missing(house, ANN, id)  # who brought it has given it away
    for unknown in (new_id(), "no id", "\x00", f"{id}-thumbnail"):
        missing(house, ANN, unknown)
    house.join(room, BEN)
    house.end(room, BEN)
    assert read(house, BEN, id), "an ended room can still be read"


def test_whether_one_is_a_member_that_can_not_be_told_is_no_no(house: House) -> None:
    room = house.room(ANN)
    id = house.bring(ANN)["id"]
    house.send(message(ANN, room, attachment_ids=[id]))
    house.groups.away = True
    with pytest.raises(Unavailable):
        house.chat(EVE).attachment(attachment_id=id)


def test_one_has_only_so_many_that_are_not_sent(house: House) -> None:
    room, chat = house.room(ANN), house.chat(ANN, UNSENT_ATTACHMENTS=2)
    ids = [house.bring(ANN)["id"] for _ in range(2)]
    house.files.put("incoming/" + new_id(), b"x")
    with pytest.raises(Conflict) as refused:
        chat.attach(incoming_key=f"incoming/{new_id()}", name="x")
    assert refused.value.code == "too_many_unsent"
    assert house.bring(BEN)
    house.send(message(ANN, room, attachment_ids=[ids[0]]))
    chat.detach(attachment_id=ids[1])
    for _ in range(2):
        key = f"incoming/{new_id()}"
        house.files.put(key, b"x")
        chat.attach(incoming_key=key, name="x")


def test_what_is_not_sent_can_be_given_up_by_its_owner_only(house: House) -> None:
    room = house.room(ANN, BEN)
    sent, unsent = house.bring(ANN)["id"], house.bring(ANN)["id"]
    house.send(message(ANN, room, attachment_ids=[sent]))
    for user, id in ((BEN, unsent), (ANN, sent), (ANN, new_id()), (ANN, "no id")):
        with pytest.raises(NotFound):
            house.chat(user).detach(attachment_id=id)
    house.chat(ANN).detach(attachment_id=unsent)
    missing(house, ANN, unsent)
    assert codes(house.send(message(ANN, room, attachment_ids=[unsent]))) == ["invalid_message"]
    house.chat().clear_files()
    assert house.stored() == {sent}


def test_a_repeated_upload_is_the_same_attachment(house: House) -> None:
    def again(name: str) -> dict[str, Any]:
        key = f"incoming/{new_id()}"
        house.files.put(key, b"Some words.")
        chat = house.chat(ANN)
        chat.caller = staff(ANN, idempotency_key="k")
        return chat.attach(incoming_key=key, name=name)

    first = again("notes.txt")
    assert again("notes.txt") == first
    with pytest.raises(Invalid):
        again("others.txt")
    house.chat().clear_files()
    assert house.stored() == {first["id"]}


def test_what_was_not_sent_in_time_is_deleted_and_leftovers_too(house: House) -> None:
    room = house.room(ANN)
    sent, unsent = (house.bring(ANN, picture())["id"] for _ in range(2))
    house.send(message(ANN, room, attachment_ids=[sent]))
    with house.db() as tx:
        left = attachments.begin(tx, ANN, 10)
    house.files.put(attachments.key(left), b"from a process that was killed")
    age(house, 3600)
    young = house.bring(ANN)["id"]
    house.chat(UNSENT_SECONDS=3600).clear_files()
    kept = {sent, f"{sent}-thumbnail", young}
    assert house.stored() == kept
    assert {row.id for row in house.rows("attachments")} == {sent, young}
    missing(house, ANN, unsent)


def test_leftovers_of_uploads_go_when_they_are_old(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.files.put(f"incoming/{new_id()}", b"x")
    house.chat(UNSENT_SECONDS=3600).clear_files()
    later = now() + timedelta(hours=2)
    assert len(house.files.older("incoming", later, 10)) == 1, "it may still be under way"
    monkeypatch.setattr("chat.service.now", lambda: later)
    house.chat(UNSENT_SECONDS=3600).clear_files()
    assert house.files.older("incoming", later, 10) == []


def test_an_upload_that_fails_leaves_nothing_behind(house: House) -> None:
    with pytest.raises(NotFound):
        house.chat(ANN).attach(incoming_key=f"incoming/{new_id()}", name="x")
    for key in ("chat/" + new_id(), "incoming/../chat/x", "incoming/x"):
        with pytest.raises(Invalid):
            house.chat(ANN).attach(incoming_key=key, name="x")
    house.chat().clear_files()
    assert house.rows("attachments") == []
    assert house.stored() == set()


def test_a_message_is_not_sent_with_what_is_cleared_away_at_that_moment(real_house: House) -> None:
    house = real_house
    room, id = house.room(ANN), house.bring(ANN)["id"]
    with house.db() as tx:
        assert attachments.claim(tx, [(id, ANN)])
        with house.db() as other:  # does not wait, and leaves alone what somebody is sending
            attachments.expire(other, now() + timedelta(hours=1))
    assert [row.state for row in house.rows("attachments")] == ["kept"]
    with house.db() as tx:
        attachments.expire(tx, now() + timedelta(hours=1))
    assert codes(house.send(message(ANN, room, attachment_ids=[id]))) == ["invalid_message"]
