"""Appointments are made, moved and withdrawn, are near once, and stand in the calendars of members only."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from client import Connected, Device, Http, Json, Person, Refused, Someone, new_id, until
from ical.calendar_stream import IcsCalendarStream
from stack import Stack

WEEKLY = {
    "title": "Weekly numbers",
    "start": "2027-03-22T09:00",
    "end": "2027-03-22T09:30",
    "timezone": "Europe/Berlin",
    "rrule": "FREQ=WEEKLY;BYDAY=MO",
}
SUMMER = "2027-03-29T07:00:00.000Z"
SPRING = {"from": "2027-03-20T00:00:00.000Z", "to": "2027-04-10T00:00:00.000Z"}


def refusal(call: Any) -> tuple[int | None, str]:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.status, refused.value.code


def told(device: Device, id: str, change: str) -> Json:
    """The item of the frame that says so, waited for."""

    def found() -> Json | None:
        frames = (f["item"] for f in list(device.frames) if f["type"] == "calendar")
        return next((i for i in frames if i["id"] == id and i["change"] == change), None)

    item: Json = device.wait(found, f"told that {id} is {change}")
    return item


def silent(device: Device) -> bool:
    """Whether nothing of a calendar came; what would have come before the answer to a ping did."""
    device.ask({"type": "ping"})
    return not any(frame["type"] == "calendar" for frame in device.frames)


def listed(person: Person, **window: Any) -> list[tuple[str, str]]:
    return [(item["start"], item["title"]) for item in person.pages("/calendar", **{**SPRING, **window})]


@pytest.fixture
def room(someone: Someone) -> Any:
    """Ann's invite group with Bob and the customer Carl; Eve and the customer Dan are outside."""
    ann, bob, eve = someone(), someone(), someone()
    carl, dan = someone(kind="customer"), someone(kind="customer")
    group = ann.post("/groups", {"name": "Board", "catalogue": "chat", "visibility": "invite"})["id"]
    for person, role in ((bob, "staff"), (carl, "guest")):
        ann.put(f"/groups/{group}/members/{person.id}", {"role": role})
    return ann, bob, carl, (eve, dan), group


def test_an_appointment_lives_before_the_eyes_of_its_group_and_of_nobody_else(
    room: Any, connected: Connected
) -> None:
    ann, bob, carl, strangers, group = room
    members = [connected(who, at=at) for at, who in enumerate((ann, bob, carl))]
    outside = [connected(who, at=at) for at, who in enumerate(strangers)]
    for device in members:
        device.wait(lambda device=device: group in device.rooms, "let into the room")

    made = ann.post(f"/groups/{group}/appointments", WEEKLY, at=0)
    path, one = f"/appointments/{made['id']}", f"/appointments/{made['id']}/occurrences/{SUMMER}"
    assert (made["start"], made["local_start"]) == ("2027-03-22T08:00:00.000Z", "2027-03-22T09:00:00")
    assert [told(device, made["id"], "made")["group_id"] for device in members] == [group] * 3

    assert refusal(lambda: bob.patch(path, {"title": "Mine"}, at=1)) == (403, "not_the_maker")
    assert refusal(lambda: carl.delete(path)) == (403, "not_the_maker")
    assert refusal(lambda: ann.patch(path, {"rrule": "FREQ=HOURLY"}))[0] == 422
    assert ann.get(path) == made == bob.get(path, at=1)
    ann.put(f"/groups/{group}/members/{bob.id}", {"role": "coordinator"})
    bob.put(one, {"start": "2027-03-30T14:00"}, at=1)
    for device in members:
        item = told(device, made["id"], "moved")
        assert (item["occurrence"], item["start"]) == (SUMMER, "2027-03-30T12:00:00.000Z")
    assert [c["start"] for c in ann.get(path)["changes"]] == ["2027-03-30T12:00:00.000Z"]
    ann.delete(one.replace(SUMMER, "2027-04-05T07:00:00.000Z"), at=1)
    for device in members:
        assert told(device, made["id"], "withdrawn")["occurrence"] == "2027-04-05T07:00:00.000Z"
    for person in (ann, bob, carl):
        assert listed(person) == [
            ("2027-03-22T08:00:00.000Z", "Weekly numbers"),
            ("2027-03-30T12:00:00.000Z", "Weekly numbers"),
        ]

    for stranger in strangers:
        for call in (
            lambda who=stranger: who.get(f"/groups/{group}/appointments"),
            lambda who=stranger: who.post(f"/groups/{group}/appointments", WEEKLY),
        ):
            assert refusal(call) == (404, "group_not_found")
        for call in (
            lambda who=stranger: who.get(path),
            lambda who=stranger: who.patch(path, {"title": "Mine"}),
            lambda who=stranger: who.delete(path),
            lambda who=stranger: who.put(one, {"start": SUMMER}),
            lambda who=stranger: who.delete(one),
            lambda who=stranger: who.get(f"/appointments/{new_id()}"),
        ):
            assert refusal(call) == (404, "appointment_not_found")
        assert listed(stranger) == []
    assert all(silent(device) for device in outside)

    carl.post(f"/groups/{group}/leave")
    assert refusal(lambda: carl.get(path)) == (404, "appointment_not_found")
    assert listed(carl) == []
    bob.delete(path)
    for device in members[:2]:
        device.wait(
            lambda device=device: any(
                f["type"] == "calendar" and f["item"]["change"] == "withdrawn" and not f["item"]["occurrence"]
                for f in device.frames
            ),
            "told that it is withdrawn",
        )
    assert refusal(lambda: ann.get(path)) == (404, "appointment_not_found")


def test_the_same_key_makes_one_appointment_and_who_was_away_finds_it(
    room: Any, connected: Connected
) -> None:
    ann, bob, _, _, group = room
    key = {"Idempotency-Key": new_id()}
    first, second = (ann.post(f"/groups/{group}/appointments", WEEKLY, at=at, headers=key) for at in (0, 1))
    assert first == second
    assert refusal(
        lambda: ann.post(f"/groups/{group}/appointments", {**WEEKLY, "title": "Other"}, headers=key)
    ) == (422, "idempotency_key_reused")
    assert [a["id"] for a in ann.pages(f"/groups/{group}/appointments")] == [first["id"]]
    device = connected(bob, at=1)
    device.wait(lambda: group in device.rooms, "back")
    assert len(listed(bob)) == 3

    ann.post(f"/groups/{group}/end")
    for call in (
        lambda: ann.post(f"/groups/{group}/appointments", WEEKLY),
        lambda: ann.patch(f"/appointments/{first['id']}", {"title": "Late"}),
        lambda: ann.delete(f"/appointments/{first['id']}"),
    ):
        assert refusal(call) == (409, "group_ended")
    assert bob.get(f"/appointments/{first['id']}")["next"] is None
    assert listed(bob) == []


def test_what_is_near_is_said_once_by_two_of_everything(room: Any, connected: Connected) -> None:
    ann, bob, _, strangers, group = room
    hers, device, outside = connected(ann), connected(bob, at=1), connected(strangers[0])
    for each in (hers, device):
        each.wait(lambda each=each: group in each.rooms, "let into the room")

    def due_in(seconds: float, where: str = group) -> tuple[str, datetime]:
        """An appointment with its reminder, made before that was due, however busy the machine is."""
        while True:
            due = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
            times = {"start": due + timedelta(minutes=1), "end": due + timedelta(hours=1)}
            body = {"title": "Soon", "timezone": "UTC", "remind_minutes": [1]}
            body |= {name: time.isoformat() for name, time in times.items()}
            made = ann.post(f"/groups/{where}/appointments", body)
            if datetime.fromisoformat(made["made_at"]) < due:
                return made["id"], due

    def in_time(undo: Callable[[str, str], Any]) -> str:
        """An appointment that was undone before its reminder was due."""
        while True:
            where = ann.post("/groups", {"name": "Over", "catalogue": "chat"})["id"]
            hers.wait(lambda where=where: where in hers.rooms, "let into the room")
            id, due = due_in(3, where)
            undo(where, id)
            if datetime.now(UTC) < due:
                return id

    undone = {
        in_time(lambda where, id: ann.delete(f"/appointments/{id}")),
        in_time(lambda where, id: ann.post(f"/groups/{where}/end")),
    }
    ids = [due_in(2)[0] for _ in range(5)]
    items = [told(device, id, "near") for id in ids]
    assert [(i["kind"], i["group_id"], i["timezone"]) for i in items] == [("appointment", group, "UTC")] * 5
    # Each of the two looks again within the five seconds until this one is due.
    last = due_in(6)[0]
    for each in (hers, device):
        told(each, last, "near")
        items = [frame["item"] for frame in each.frames if frame["type"] == "calendar"]
        near = [item["id"] for item in items if item["change"] == "near"]
        assert [near.count(id) for id in ids] == [1] * 5
        assert not undone & set(near)
    assert silent(outside)


def test_a_calendar_has_tasks_and_report_times_and_does_without_them(stack: Stack, someone: Someone) -> None:
    ann, carl = someone(permissions=("reports:sales",)), someone(kind="customer")
    room = ann.post("/groups", {"name": "Ours", "catalogue": "chat"})["id"]
    start = (datetime.now(UTC) + timedelta(days=3)).replace(hour=12, minute=0, second=0, microsecond=0)
    end = start.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    task = ann.post("/groups", {"name": "Stocktaking", "catalogue": "task", "target_end": end})["id"]
    ann.put(f"/groups/{task}/members/{carl.id}", {"role": "guest"})
    until(lambda: ann.timeline(room), "written in the timeline")
    schedule = {"cron": f"30 11 {start.day} {start.month} *", "timezone": "UTC"}
    body = {"type": "sales", "target": {"group_id": room}, "schedule": schedule}
    subscription = ann.post("/subscriptions", body)["id"]
    window = {
        "from": (start - timedelta(hours=2)).isoformat(),
        "to": (start + timedelta(hours=2)).isoformat(),
    }

    def kinds(person: Person) -> list[tuple[str, str]]:
        return [(item["kind"], item["id"]) for item in person.pages("/calendar", **window)]

    assert kinds(ann) == [("report", subscription), ("task", task)]
    assert kinds(carl) == [("task", task)]
    with stack.stopped("reports.1"), stack.stopped("reports.2"):
        page = ann.get("/calendar", params=window)
        assert page["missing"] == ["report"]
        assert [item["kind"] for item in page["items"]] == ["task"]
        feed = ann.post("/calendar/token")["url"]
        assert "Stocktaking" in Http(stack.urls).raw("GET", _path(feed)).text
    stack.wait_ready(["reports.1", "reports.2"])
    assert ann.get("/calendar", params=window)["missing"] == []
    assert refusal(lambda: ann.get("/calendar", params={**window, "to": window["from"]}))[0] == 422


def _path(url: str) -> str:
    return url[url.index("/api/v1/") :]


def test_a_feed_is_read_by_whoever_has_its_token_and_only_so_long(
    stack: Stack, room: Any, admin: Person
) -> None:
    ann, _, carl, _, group = room
    ann.post(f"/groups/{group}/appointments", {**WEEKLY, "description": "bring:\r\nX-EVIL:1; a, b\\c"})
    application = Http(stack.urls)
    assert carl.get("/calendar/token")["exists"] is False
    first = carl.post("/calendar/token")
    assert first["url"].startswith(stack.urls[0])

    def fetch(token: str, at: int = 0, **headers: str) -> Any:
        return application.raw("GET", f"/api/v1/calendar/{token}.ics", at, headers=headers)

    for at in (0, 1):
        answer = fetch(first["token"], at)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        again = fetch(first["token"], at, **{"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    [event] = IcsCalendarStream.calendar_from_ics(answer.content.decode()).events
    assert (event.summary, event.description) == ("Weekly numbers", "bring:\nX-EVIL:1; a, b\\c")
    assert carl.get("/calendar/token")["read_at"]

    hers, second = ann.post("/calendar/token")["token"], carl.post("/calendar/token", at=1)["token"]
    ann.delete(f"/groups/{group}/members/{carl.id}")
    assert "Weekly numbers" not in fetch(second).text
    admin.patch(f"/users/{carl.id}", {"active": False})
    until(lambda: fetch(second).status_code == 404, "closed with the account")
    ann.delete("/calendar/token")
    gone = [fetch(token, at).json() for token in (first["token"], second, hers, "x" * 43) for at in (0, 1)]
    assert all(problem == gone[0] for problem in gone)
    assert (gone[0]["status"], gone[0]["code"]) == (404, "calendar_not_found")
