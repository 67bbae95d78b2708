"""Who may do what: every call of the API and every frame of the socket, tried by every kind of person.

A room that one is invited into, with its people: a *guest* (a customer), a *member* of the staff, a
*coordinator* and the *owner*, who made everything in it. Outside: *nobody* (not signed in), a *stranger* (a
customer of another room), an *outsider* (staff of another room) and an *administrator*. A new call without a
row here fails.
"""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from client import Connected, Http, Person, Someone, new_id, until
from documents import Documents
from PIL import Image
from stack import Stack

pytestmark = pytest.mark.usefixtures("books")
Json = dict[str, Any]
WHO = ("nobody", "stranger", "outsider", "guest", "member", "coordinator", "owner", "administrator")
LATER = (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
POINT: Json = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [13.4, 52.5]}}
APPOINTMENT = {"title": "Talk", "start": "2030-05-06T10:00", "end": "2030-05-06T11:00", "timezone": "UTC"}
SUBSCRIPTION = {"type": "sales", "target": "me", "schedule": {"cron": "0 8 * * 1", "timezone": "UTC"}}
# Statuses in the order of WHO. 404 is also what there is and one may not see.
CALLS = """
GET /admin/groups                                                  401 403 403 403 403 403 403 200
POST /admin/groups/{group_id}/end                                  401 403 403 403 403 403 403 200
GET /admin/groups/{group_id}/members                               401 403 403 403 403 403 403 200
DELETE /admin/groups/{group_id}/members/{user_id}                  401 403 403 403 403 403 403 204
PUT /admin/groups/{group_id}/owner                                 401 403 403 403 403 403 403 409
GET /alerts                                                        401 200 200 200 200 200 200 200
GET /alerts/{alert_id}                                             401 404 404 404 404 404 404 404
POST /alerts/{alert_id}/acknowledge                                401 404 404 404 404 404 404 404
GET /appointments/{appointment_id}                                 401 404 404 200 200 200 200 404
PATCH /appointments/{appointment_id}                               401 404 404 403 403 200 200 404
DELETE /appointments/{appointment_id}                              401 404 404 403 403 204 204 404
PUT /appointments/{appointment_id}/occurrences/{occurrence}        401 404 404 403 403 200 200 404
DELETE /appointments/{appointment_id}/occurrences/{occurrence}     401 404 404 403 403 204 204 404
POST /attachments                                                  401 201 201 201 201 201 201 201
GET /attachments/{attachment_id}                                   401 404 404 200 200 200 200 404
DELETE /attachments/{attachment_id}                                401 404 404 404 404 404 404 404
GET /attachments/{attachment_id}/thumbnail                         401 404 404 404 404 404 404 404
POST /auth/login                                                   401 401 401 401 401 401 401 401
POST /auth/logout                                                  401 204 204 204 204 204 204 204
POST /auth/refresh                                                 401 401 401 401 401 401 401 401
GET /calendar                                                      401 200 200 200 200 200 200 200
GET /calendar/token                                                401 200 200 200 200 200 200 200
POST /calendar/token                                               401 201 201 201 201 201 201 201
DELETE /calendar/token                                             401 204 204 204 204 204 204 204
GET /calendar/{token}.ics                                          404 404 404 404 404 404 404 404
GET /customers/{user_id}/parties                                   401 403 403 403 403 403 403 200
PUT /customers/{user_id}/parties/{source}                          401 403 403 403 403 403 403 200
DELETE /customers/{user_id}/parties/{source}                       401 403 403 403 403 403 403 204
GET /devices                                                       401 200 200 200 200 200 200 200
PUT /devices/{device_id}                                           401 200 200 200 200 200 200 200
DELETE /devices/{device_id}                                        401 404 404 404 404 404 404 204
GET /groups                                                        401 200 200 200 200 200 200 200
POST /groups                                                       401 403 201 403 201 201 201 201
GET /groups/{group_id}                                             401 404 404 200 200 200 200 404
PATCH /groups/{group_id}                                           401 404 404 403 403 403 200 404
GET /groups/{group_id}/appointments                                401 404 404 200 200 200 200 404
POST /groups/{group_id}/appointments                               401 404 404 201 201 201 201 404
POST /groups/{group_id}/end                                        401 404 404 403 403 403 200 404
GET /groups/{group_id}/export                                      401 404 404 403 403 403 200 404
GET /groups/{group_id}/invites                                     401 404 404 403 403 200 200 404
POST /groups/{group_id}/invites                                    401 404 404 403 403 201 201 404
DELETE /groups/{group_id}/invites/{invite_id}                      401 404 404 403 403 204 204 404
POST /groups/{group_id}/join                                       401 404 404 200 200 200 200 404
POST /groups/{group_id}/leave                                      401 404 404 204 204 204 409 404
GET /groups/{group_id}/members                                     401 404 404 200 200 200 200 404
PUT /groups/{group_id}/members/{user_id}                           401 404 404 403 403 403 200 404
DELETE /groups/{group_id}/members/{user_id}                        401 404 404 204 403 403 204 404
POST /groups/{group_id}/messages                                   401 404 404 201 201 201 201 404
PATCH /groups/{group_id}/messages/{seq}                            401 404 404 403 403 403 200 404
DELETE /groups/{group_id}/messages/{seq}                           401 404 404 403 403 204 204 404
GET /groups/{group_id}/messages/{seq}/receipts                     401 404 404 403 403 403 200 404
GET /groups/{group_id}/messages/{seq}/versions                     401 404 404 403 403 403 200 404
PUT /groups/{group_id}/mute                                        401 404 404 200 200 200 200 404
DELETE /groups/{group_id}/mute                                     401 404 404 200 200 200 200 404
GET /groups/{group_id}/positions                                   401 404 404 200 200 200 200 404
POST /groups/{group_id}/positions                                  401 404 404 201 201 201 201 404
PUT /groups/{group_id}/read                                        401 404 404 204 204 204 204 404
GET /groups/{group_id}/reads                                       401 404 404 200 200 200 200 404
GET /groups/{group_id}/shares                                      401 404 404 200 200 200 200 404
POST /groups/{group_id}/shares                                     401 404 404 201 201 201 201 404
PUT /groups/{group_id}/task                                        401 404 404 403 403 200 200 404
GET /groups/{group_id}/timeline                                    401 404 404 200 200 200 200 404
POST /hooks/{source}                                               401 401 401 401 401 401 401 401
GET /invites/{token}                                               200 200 200 200 200 200 200 200
POST /invites/{token}/accept                                       401 200 200 200 200 200 200 200
GET /me                                                            401 200 200 200 200 200 200 200
PATCH /me                                                          401 200 200 200 200 200 200 200
DELETE /me/avatar                                                  401 200 200 200 200 200 200 200
PUT /me/avatar                                                     401 200 200 200 200 200 200 200
POST /me/password                                                  401 422 422 422 422 422 422 422
GET /me/sessions                                                   401 200 200 200 200 200 200 200
DELETE /me/sessions                                                401 204 204 204 204 204 204 204
DELETE /me/sessions/{session_id}                                   401 404 404 404 404 404 404 404
GET /news                                                          401 200 200 200 200 200 200 200
POST /news                                                         401 403 403 403 403 403 201 201
GET /news/{news_id}                                                401 404 200 404 200 200 200 200
PATCH /news/{news_id}                                              401 404 403 404 403 403 200 200
DELETE /news/{news_id}                                             401 404 403 404 403 403 204 204
GET /news/{news_id}/picture                                        401 404 200 404 200 200 200 200
PUT /news/{news_id}/picture                                        401 404 403 404 403 403 200 200
DELETE /news/{news_id}/picture                                     401 404 403 404 403 403 204 204
PUT /news/{news_id}/read                                           401 404 204 404 204 204 204 204
GET /news/{news_id}/reads                                          401 404 403 404 403 403 200 200
GET /operations                                                    401 403 403 403 403 403 403 200
GET /permissions                                                   401 200 200 200 200 200 200 200
GET /push                                                          401 200 200 200 200 200 200 200
GET /pushes/{secret}/picture                                       404 404 404 404 404 404 404 404
POST /receipts                                                     204 204 204 204 204 204 204 204
GET /reports                                                       401 200 200 200 200 200 200 200
POST /reports                                                      401 403 403 403 403 403 202 202
GET /reports/types                                                 401 200 200 200 200 200 200 200
GET /reports/types/{type}/choices                                  401 403 403 403 403 403 200 200
GET /reports/{report_id}                                           401 404 404 404 404 404 200 404
GET /reports/{report_id}.csv                                       401 404 404 404 404 404 200 404
GET /reports/{report_id}.pdf                                       401 404 404 404 404 404 200 404
GET /reports/{report_id}.png                                       401 404 404 404 404 404 200 404
GET /reports/{report_id}.svg                                       401 404 404 404 404 404 200 404
GET /reports/{report_id}.xlsx                                      401 404 404 404 404 404 200 404
GET /reports/{report_id}/readers                                   401 404 404 404 404 404 200 200
POST /reports/{report_id}/recompute                                401 404 404 404 404 404 202 404
GET /reports/{report_id}/rows                                      401 404 404 404 404 404 200 404
GET /search                                                        401 200 200 200 200 200 200 200
GET /shares                                                        401 200 200 200 200 200 200 200
DELETE /shares/{share_id}                                          401 404 404 403 403 403 204 404
PUT /shares/{share_id}/position                                    401 404 404 403 403 403 204 404
GET /sources                                                       401 403 200 403 200 200 200 200
POST /sources/{name}/acquire                                       401 403 403 403 403 403 403 202
GET /sources/{name}/loads                                          401 403 200 403 200 200 200 200
GET /subscriptions                                                 401 200 200 200 200 200 200 200
POST /subscriptions                                                401 403 403 403 403 403 201 201
GET /subscriptions/countries                                       401 200 200 200 200 200 200 200
POST /subscriptions/preview                                        401 403 403 403 403 403 200 200
GET /subscriptions/{subscription_id}                               401 404 404 404 404 404 200 404
PATCH /subscriptions/{subscription_id}                             401 404 404 404 404 404 200 404
DELETE /subscriptions/{subscription_id}                            401 404 404 404 404 404 204 404
POST /subscriptions/{subscription_id}/run                          401 404 404 404 404 404 202 404
GET /subscriptions/{subscription_id}/runs                          401 404 404 404 404 404 200 404
GET /users                                                         401 200 200 200 200 200 200 200
POST /users                                                        401 403 403 403 403 403 403 201
GET /users/{user_id}                                               401 404 200 200 200 200 200 200
PATCH /users/{user_id}                                             401 403 403 403 403 403 403 200
DELETE /users/{user_id}                                            401 403 403 403 403 403 403 204
GET /users/{user_id}/avatar                                        401 404 200 200 200 200 200 200
GET /users/{user_id}/sessions                                      401 403 403 403 403 403 403 200
GET /users/{user_id}/export                                        401 404 403 200 403 403 403 200
DELETE /users/{user_id}/sessions/{session_id}                      401 403 403 403 403 403 403 404
"""
# What a call is given; a function of the room's things.
GIVEN: dict[str, Any] = {
    "PUT /admin/groups/{group_id}/owner": lambda room: {"user_id": room["member"]},
    "PATCH /appointments/{appointment_id}": {"title": "Another"},
    "PUT /appointments/{appointment_id}/occurrences/{occurrence}": {"start": "2030-05-06T12:00"},
    "POST /auth/login": lambda room: {"username": new_id(), "password": "wrong"},
    "POST /auth/logout": {"refresh_token": "wrong"},
    "POST /auth/refresh": {"refresh_token": "wrong"},
    "PUT /customers/{user_id}/parties/{source}": {"party_id": "1"},
    "POST /groups": lambda room: {"name": "Another", "catalogue": "chat"},
    "PUT /devices/{device_id}": {"platform": "android", "fcm_token": "matrix"},
    "PUT /groups/{group_id}/mute": {"until": None},
    "POST /receipts": lambda room: {"receipts": [new_id()]},
    "PATCH /groups/{group_id}": {"description": "Another"},
    "POST /groups/{group_id}/appointments": APPOINTMENT,
    "POST /groups/{group_id}/invites": {},
    "PUT /groups/{group_id}/members/{user_id}": {"role": "guest"},
    "POST /groups/{group_id}/messages": lambda room: {"client_id": new_id(), "text": "Hello"},
    "PATCH /groups/{group_id}/messages/{seq}": {"text": "Changed"},
    "POST /groups/{group_id}/positions": POINT,
    "PUT /groups/{group_id}/read": {"seq": 1},
    "POST /groups/{group_id}/shares": {"minutes": 5},
    "PUT /groups/{group_id}/task": {"state": "in_progress"},
    "POST /hooks/{source}": {},
    "POST /invites/{token}/accept": {},
    "PATCH /me": {},
    "POST /me/password": {"old": "wrong", "new": "another long one"},
    "POST /news": {"title": "News", "body": "Text", "audience": "staff"},
    "PATCH /news/{news_id}": {"title": "Another"},
    "PUT /news/{news_id}/read": {},
    "POST /reports": {"type": "sales", "period": "this_month"},
    "PUT /shares/{share_id}/position": POINT,
    "POST /subscriptions": SUBSCRIPTION,
    "POST /subscriptions/preview": SUBSCRIPTION,
    "PATCH /subscriptions/{subscription_id}": {"active": False},
    "POST /users": lambda room: {"username": f"u-{new_id()}", "password": new_id(), "kind": "staff"},
    "PATCH /users/{user_id}": {"display_name": "Another"},
}
ASKED: dict[str, Json] = {
    "GET /calendar": {"from": "2030-01-01T00:00:00.000Z", "to": "2030-02-01T00:00:00.000Z"},
    "GET /search": {"q": "hello"},
    "GET /reports/types/{type}/choices": {"filter": "segment"},
}
# They leave the room's things as they need to be.
HARMLESS = {
    *("POST /groups/{group_id}/messages", "PUT /groups/{group_id}/read", "POST /groups/{group_id}/positions"),
    *("POST /groups/{group_id}/shares", "POST /groups/{group_id}/appointments"),
    *("POST /groups/{group_id}/invites", "PATCH /groups/{group_id}", "PUT /groups/{group_id}/task"),
    *("PATCH /appointments/{appointment_id}", "PATCH /groups/{group_id}/messages/{seq}"),
    *("PUT /shares/{share_id}/position", "PATCH /subscriptions/{subscription_id}", "PATCH /news/{news_id}"),
    *("PUT /news/{news_id}/read", "PATCH /users/{user_id}", "POST /subscriptions/{subscription_id}/run"),
    *("PUT /groups/{group_id}/mute", "DELETE /groups/{group_id}/mute"),
    *("PUT /news/{news_id}/picture", "POST /reports/{report_id}/recompute"),
}


def table() -> dict[str, tuple[int, ...]]:
    rows = [line.split() for line in CALLS.strip().splitlines()]
    return {f"{method} {path}": tuple(map(int, statuses)) for method, path, *statuses in rows}


def picture() -> bytes:
    content = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(content, "PNG")
    return content.getvalue()


class House:
    """The people, and a room that is made anew when something of it is gone."""

    def __init__(self, stack: Stack, admin: Person, someone: Someone) -> None:
        self._someone = someone
        self.people: dict[str, Http] = {
            "nobody": Http(stack.urls),
            "stranger": someone("customer"),
            "outsider": someone(),
            "guest": someone("customer"),
            "member": someone(),
            "coordinator": someone(),
            "owner": someone(permissions=("news:publish", "reports:sales")),
            "administrator": admin,
        }
        for name in ("stranger", "outsider"):
            other = admin.post("/groups", {"name": "Other", "catalogue": "chat", "visibility": "invite"})
            role = "guest" if name == "stranger" else "staff"
            admin.put(f"/groups/{other['id']}/members/{self.person(name).id}", {"role": role})
        owner = self.person("owner")
        self.lasting = {
            "alert_id": new_id(),
            "device_id": new_id(),
            "secret": new_id(),
            "session_id": someone().get("/me/sessions")["items"][0]["id"],
            "source": "kestrel",
            "type": "sales",
            "name": "kestrel",
            "occurrence": "2030-05-06T10:00:00.000Z",
            "report_id": owner.post("/reports", {"type": "sales", "period": "this_year"})["report_id"],
        }
        admin.put(f"/devices/{self.lasting['device_id']}", GIVEN["PUT /devices/{device_id}"])
        guest = self.person("guest")
        admin.put(f"/customers/{guest.id}/parties/kestrel", {"party_id": "1"})
        guest.raw("PUT", "/api/v1/me/avatar", data=picture(), headers={"Content-Type": "image/png"})
        at = f"/reports/{self.lasting['report_id']}"
        until(lambda: owner.get(at)["status"] == "ready", "made")
        chart = next(chart for chart in owner.get(at)["charts"] if chart["points"])
        ASKED["GET /reports/{report_id}/rows"] = {"chart": chart["id"], "point": chart["points"][0]["key"]}
        self.room: Json = {}

    def person(self, name: str) -> Person:
        found = self.people[name]
        assert isinstance(found, Person)
        return found

    def things(self) -> Json:
        """What the paths name; the room's own are made by its owner."""
        if not self.room:
            owner = self.person("owner")
            body = {"name": "Room", "catalogue": "task", "visibility": "invite", "target_end": LATER}
            at = f"/groups/{owner.post('/groups', body)['id']}"
            for name, role in (("guest", "guest"), ("member", "staff"), ("coordinator", "coordinator")):
                owner.put(f"{at}/members/{self.person(name).id}", {"role": role})
            attachment = owner.bring(b"kept")["id"]
            message = {"client_id": new_id(), "text": "Hello", "attachment_ids": [attachment]}
            invite = owner.post(f"{at}/invites", {"max_uses": 100})
            article = owner.post(
                "/news", {"title": "News", "body": "Text", "audience": "staff", "must_read": True}
            )
            owner.raw(
                "PUT",
                f"/api/v1/news/{article['id']}/picture",
                data=picture(),
                headers={"Content-Type": "image/png"},
            )
            self.room = {
                "group_id": at.rpartition("/")[2],
                "seq": owner.post(f"{at}/messages", message)["seq"],
                "attachment_id": attachment,
                "appointment_id": owner.post(
                    f"{at}/appointments", {**APPOINTMENT, "rrule": "FREQ=DAILY;COUNT=3"}
                )["id"],
                "invite_id": invite["id"],
                "token": invite["token"],
                "share_id": owner.post(f"{at}/shares", {"minutes": 60})["id"],
                "news_id": article["id"],
                "subscription_id": owner.post("/subscriptions", SUBSCRIPTION)["id"],
                "user_id": self.person("guest").id,
                "member": self.person("member").id,
            }
        return {**self.lasting, **self.room}

    def status(self, who: str, call: str) -> int:
        """What the call is answered."""
        method, _, path = call.partition(" ")
        things = self.things()
        if call == "DELETE /users/{user_id}":
            things["user_id"] = self._someone().id  # everybody in here is needed
        given = GIVEN.get(call)
        options: Json = {"params": ASKED.get(call)}
        if path == "/attachments":
            options["files"] = {"file": ("notes.txt", b"notes")}
        elif path.endswith(("/avatar", "/picture")) and method == "PUT":
            options.update(data=picture(), headers={"Content-Type": "image/png"})
        elif given is not None:
            options["json"] = given(things) if callable(given) else given
        named = set(re.findall(r"{(\w+)}", path))
        answer = self.people[who].raw(method, "/api/v1" + path.format(**things), **options)
        if call == "POST /auth/logout" and answer.ok:
            self.person(who).login()
        if call == "POST /invites/{token}/accept" and answer.ok and who in ("stranger", "outsider"):
            # Else they would share a room with its people, and may see them.
            self.person(who).post(f"/groups/{things['group_id']}/leave")
        if method != "GET" and answer.ok and named & self.room.keys() and call not in HARMLESS:
            self.room = {}
        return answer.status_code


@pytest.fixture(scope="module")
def house(stack: Stack, admin: Person, someone: Someone) -> House:
    return House(stack, admin, someone)


def test_every_call_has_its_row(documents: Documents) -> None:
    there = {f"{method} {path.removeprefix('/api/v1')}" for method, _, path, _ in documents.operations}
    assert table().keys() - there == set(), "there is no such call any more"
    assert there - table().keys() == set(), "say in CALLS who may do this, in the order of WHO"


@pytest.mark.parametrize("call", table())
def test_a_call_is_for_whom_it_should_be(house: House, call: str) -> None:
    answered = {who: house.status(who, call) for who in WHO}
    # Made and waited for, both are a yes.
    assert answered == dict(zip(WHO, table()[call], strict=True))


# What a frame is answered, in the order of WHO less nobody, who gets no further than hello; `-` is nothing.
# `not_a_member` is also said of a room that there is not, so it tells nobody that there is one.
FRAMES = """
send      group_not_found group_not_found ack  ack  ack  ack  group_not_found
position  group_not_found group_not_found ack  ack  ack  ack  group_not_found
live      not_a_member    not_a_member    not_sharing not_sharing not_sharing - not_a_member
read      group_not_found group_not_found -    -    -    -    group_not_found
received  not_a_member    not_a_member    -    -    -    -    not_a_member
typing    not_a_member    not_a_member    -    -    -    -    not_a_member
ping      pong            pong            pong pong pong pong pong
hello     error           error           error error error error error
"""


def frame(kind: str, group_id: str, token: str) -> Json:
    """A frame of that kind into the room."""
    return {
        "send": {"type": "send", "group_id": group_id, "client_id": new_id(), "text": "Hello"},
        "position": {"type": "position", "group_id": group_id, "feature": POINT},
        "live": {"type": "position", "group_id": group_id, "feature": POINT, "live": True},
        "read": {"type": "read", "group_id": group_id, "seq": 1},
        "received": {"type": "received", "group_id": group_id, "seq": 1},
        "typing": {"type": "typing", "group_id": group_id},
        "ping": {"type": "ping"},
        "hello": {"type": "hello", "token": token},
    }[kind]


def frames() -> dict[str, list[str]]:
    return {kind: answers for kind, *answers in map(str.split, FRAMES.strip().splitlines())}


def test_every_frame_has_its_row(documents: Documents) -> None:
    told = {frame(kind, "", "")["type"] for kind in frames()}
    assert told == documents.frames["fromClient"].keys(), "say in FRAMES who may say this"


def test_a_frame_is_for_whom_it_should_be(house: House, connected: Connected) -> None:
    group_id, table = house.things()["group_id"], frames()
    seen: dict[str, list[str]] = {kind: [] for kind in table}
    for who in WHO[1:]:
        device = connected(house.person(who))
        for number, (kind, answers) in enumerate(table.items(), 1000):
            device.tell({**frame(kind, group_id, house.person(who).token or ""), "ref": number})
            if answers[WHO.index(who) - 1] != "-":
                device.wait(lambda number=number: device.answer(number), f"answered {kind}")  # noqa: B023
        # Whatever was to be refused at once is refused before this is answered.
        device.ask({"type": "ping"})
        for number, kind in enumerate(table, 1000):
            answer = device.answer(number) or {"type": "-"}
            code = answer.get("code", answer["type"])
            seen[kind].append("error" if code == "already_greeted" else code)
    assert seen == table
