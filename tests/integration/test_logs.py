"""What the logs of all processes and servers hold of what people type, and of what lets them in: nothing."""

from contextlib import suppress
from typing import Any

import psycopg2
from client import Connected, Person, Refused, Someone, new_id, room_of
from faults import database
from stack import Stack


def test_no_log_holds_a_password_a_token_or_what_somebody_wrote(
    stack: Stack, admin: Person, someone: Someone, connected: Connected
) -> None:
    ann, ben = someone(), someone()
    secrets = {"password": ann.password, "access token": ann.token or "", "refresh token": ann.refresh_token}

    def secret(name: str) -> str:
        secrets[name] = f"{name} {new_id()}"
        return secrets[name]

    stranger = Person(stack.urls, ann.username, secret("wrong password"))
    with suppress(Refused):
        stranger.login()
    ann.refresh()
    secrets |= {"next access token": ann.token or "", "next refresh token": ann.refresh_token}
    group = room_of(ann, ben)
    device = connected(ann)
    device.send(group, secret("message"))
    device.tell(secret("nonsense"))
    device.tell({"type": "send", "group_id": group, "text": secret("bad message"), "surprise": 1})
    device.ask({"type": "ping"})
    ann.get("/search", params={"q": secret("search")})
    invite = ann.post(f"/groups/{group}/invites", {})
    secrets["invitation"] = invite["token"]
    ben.get(f"/invites/{invite['token']}")
    secrets["calendar"] = ann.post("/calendar/token")["token"]
    ann.raw("GET", f"/api/v1/calendar/{secrets['calendar']}.ics")
    secrets["address of a phone"] = new_id()
    ann.put("/devices/phone", {"platform": "android", "fcm_token": secrets["address of a phone"]})
    body = {"current_password": ann.password, "new_password": secret("new password")}
    ann.raw("POST", "/api/v1/me/password", json=body)
    ann.raw("POST", "/api/v1/me/password", json={**body, "surprise": secret("surprise")})
    # What the database itself refuses it would log, with all that stands in the statement.
    with database(stack) as query, suppress(psycopg2.Error):
        query("SELECT 1 / 0, %s", secret("statement"))

    logs = sorted(stack.log.glob("*"))
    assert {"gateway.1.log", "auth.1.log", "chat.2.log", "postgres.1.log"} <= {log.name for log in logs}
    found: dict[str, Any] = {}
    for log in logs:
        content = log.read_bytes()
        found |= {f"{what} in {log.name}": log for what, text in secrets.items() if text.encode() in content}
    assert list(found) == []
    assert any(ann.id.encode() in log.read_bytes() for log in logs), "nothing was logged at all"
