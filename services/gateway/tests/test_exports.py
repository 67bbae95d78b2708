"""A room to take along: whole with its last line, in pieces, and nothing in it can run."""

import re
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from gateway.http import exports
from gateway.wiring import Gateway
from kit.errors import Forbidden, NotFound, Unavailable

ANN, BEN = "01936f5e-0000-7000-8000-000000000001", "01936f5e-0000-7000-8000-000000000002"
EVIL = "<script>alert(1)</script> 'quoted' \"so\" {{ 7*7 }}"
URL = "/api/v1/groups/g-1/export"


def entry(seq: int, kind: str = "text", **more: Any) -> dict[str, Any]:
    fixed = {"id": f"e-{seq}", "client_id": None, "at": "2026-11-22T17:26:03.120Z", "sender_id": ANN}
    return {"seq": seq, "kind": kind, **fixed, **more}


PHOTO = {"id": "a-1", "kind": "photo", "content_type": "image/jpeg", "name": "gate.jpg", "size": 48213}
GONE = {**PHOTO, "id": "a-2", "name": "gone.jpg"}
FILE = {**PHOTO, "id": "a-3", "kind": "file", "name": EVIL}
ENTRIES = [
    entry(1, "group", change="created", by=ANN, sender_id=None),
    entry(2, "member", change="joined", user_id=BEN, role="guest", by=ANN, sender_id=None),
    entry(3, text=EVIL, reply_to=1, reply_part=EVIL),
    entry(4, text="", deleted=True),
    entry(5, "photo", attachments=[PHOTO, GONE], edited_at="2026-11-22T18:00:00.000Z"),
    entry(6, "file", attachments=[FILE], sender_id=BEN, text="Look"),
    entry(7, "edit", target_seq=5),
    entry(8, "delete", target_seq=4),
    entry(9, "report", title="Sales <b>", report_id="r", report_type="sales", sender_id=None),
    entry(10, "position", feature={"geometry": {"coordinates": [8.7, 50.1]}}),
    entry(11, "news", title="We open"),
    entry(12, "task", change="state", old="open", new="done", by=ANN, sender_id=None),
    entry(13, "member", change="role", user_id=BEN, role="staff", by=ANN, sender_id=None),
    entry(14, "member", change="removed", user_id=BEN, role=None, by=ANN, sender_id=None),
    entry(15, "group", change="changed", changed=["name"], by=ANN, sender_id=None),
    entry(16, "of_tomorrow", sender_id="stranger"),
]


@pytest.fixture
def room(services: Any, gateway: Gateway) -> Any:
    """A room of two pages, with one photo that is still there."""

    def export(group_id: str, after_seq: int = 0) -> dict[str, Any]:
        page = [e for e in ENTRIES if after_seq < e["seq"] <= after_seq + 8]
        more = page[-1]["seq"] < len(ENTRIES)
        return {"items": page, "next_cursor": str(page[-1]["seq"]) if more else None}

    def attachment(attachment_id: str, thumbnail: bool) -> dict[str, Any]:
        if attachment_id != PHOTO["id"]:
            raise NotFound("attachment_not_found", "No.")
        return {"key": "chat/a-1-thumbnail", "content_type": "image/jpeg"}

    def user(user_id: str) -> dict[str, Any]:
        if user_id not in (ANN, BEN):
            raise NotFound("user_not_found", "No.")
        return {"display_name": "Ann <i>" if user_id == ANN else "Ben"}

    gateway.files.put("chat/a-1-thumbnail", b"\xff\xd8small")
    services.answers("chat.export", export)
    services.answers("chat.attachment", attachment)
    services.answers("groups.get", {"id": "g-1", "name": EVIL, "description": EVIL})
    services.answers("auth.me", {"id": ANN, "display_name": "Ann <i>", "timezone": "Asia/Hong_Kong"})
    services.answers("auth.user", user)
    return services


def test_a_page_can_be_read_by_people_and_runs_nothing(
    http: FlaskClient, room: Any, signed_in: dict[str, str]
) -> None:
    response = http.get(URL, headers=signed_in)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    page = response.text
    assert not re.search(r"<script|<i>|<b>\s*Sales|49|src=\"(?!data:)|href=\"(?!#m)|url\(", page)
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    for said in (
        "alert(1)",
        "{{ 7*7 }}",
        "Reply to 1",
        "Deleted.",
        "2026-11-23 01:26",
        "Edited 2026-11-23 02:00",
        "Look",
        "edited message 5.",
        "deleted message 4.",
        "Report: Sales",
        "50.1, 8.7 (latitude, longitude)",
        "News: We open",
        "task state old open, new done.",
        "Ben became staff.",
        "Ben was removed.",
        "changed the group: name.",
        "of_tomorrow",
        "This is the end of what",
    ):
        assert said in text.replace("  ", " "), said
    assert page.count("data:image/jpeg;base64,/9hzbWFsbA==") == 1
    assert "gone.jpg" in page


def test_programs_read_a_line_an_entry_and_who_they_are_of(
    http: FlaskClient, room: Any, signed_in: dict[str, str]
) -> None:
    response = http.get(URL + "?format=jsonl", headers=signed_in)
    head, *entries, end = map(orjson.loads, response.data.splitlines())
    assert (head["type"], head["by"], head["group"]["name"]) == ("export", ANN, EVIL)
    assert [line["entry"] for line in entries] == ENTRIES
    people = {ANN: "Ann <i>", BEN: "Ben", "stranger": "Someone"}
    assert end == {"type": "end", "entries": 16, "people": people}
    assert sum(name == "auth.user" for name, *_ in room.asked) == 3


@pytest.mark.parametrize("form", ["html", "jsonl"])
def test_who_may_not_is_told_so_before_anything_is_sent(
    http: FlaskClient, room: Any, signed_in: dict[str, str], form: str
) -> None:
    room.answers("chat.export", Forbidden("not_the_owner", "No."))
    response = http.get(f"{URL}?format={form}", headers=signed_in)
    assert (response.status_code, response.get_json()["code"]) == (403, "not_the_owner")
    assert http.get(URL + "?format=pdf", headers=signed_in).status_code == 422


@pytest.mark.parametrize("form", ["html", "jsonl"])
def test_a_service_that_is_away_for_a_moment_costs_nothing_and_for_long_breaks_it_off(
    http: FlaskClient, room: Any, signed_in: dict[str, str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(exports, "AGAIN_SECONDS", (0, 0))
    pages, failing = room.methods["chat.export"], 2

    def export(group_id: str, after_seq: int = 0) -> Any:
        nonlocal failing
        if after_seq and failing:
            failing -= 1
            raise Unavailable("timeout", "Late.")
        return pages(group_id=group_id, after_seq=after_seq)

    room.answers("chat.export", export)
    assert (
        b"end" in http.get(f"{URL}?format={form}", headers=signed_in).data.splitlines()[-1 - (form == "html")]
    )
    failing = 3
    broken = http.get(f"{URL}?format={form}", headers=signed_in)
    with pytest.raises(Unavailable):
        broken.get_data()
