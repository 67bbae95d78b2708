"""Who isn't connected hears by push: on each device once, whatever happens to those who send."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
import requests
from client import Connected, Json, Person, Refused, Someone, new_id, until
from stack import Stack
from standins import LocalFcm, LocalWebPush, fcm_error

MANY = 1000
AT_ONCE = 20  # of a worker, as it stands in push's settings


@contextlib.contextmanager
def database(stack: Stack) -> Iterator[Any]:
    connection = psycopg2.connect(stack.database_uri.replace("+psycopg2", ""), dbname="bchat")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def room(owner: Person, *others: Person) -> str:
    group: str = owner.post("/groups", {"name": "Harbour", "catalogue": "chat"})["id"]
    for other in others:
        owner.put(f"/groups/{group}/members/{other.id}", {"role": "staff"})
    ids = {other.id for other in others}
    # Else a message may come before the entry that somebody was let in.
    until(lambda: ids <= {entry.get("user_id") for entry in owner.timeline(group)}, "let in")
    return group


def say(who: Person, group: str, text: str, **more: Any) -> Json:
    entry: Json = who.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": text, **more})
    return entry


def measured(stack: Stack, name: str) -> float:
    """The sum of a metric over all processes of push."""
    total = 0.0
    for program in (n for n in stack.names if n.startswith("push")):
        port = stack.env[f"PORT_{program.replace('.', '_').replace('-', '_')}"]
        for line in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text.splitlines():
            if line.startswith((f"{name}{{", f"{name} ")):
                total += float(line.rpartition(" ")[2])
    return total


def test_a_message_comes_to_phone_and_browser_and_its_sender_sees_how_far(
    stack: Stack, someone: Someone, connected: Connected, fcm: LocalFcm, browsers: LocalWebPush
) -> None:
    mei, tom, eve = someone(), someone(), someone()
    group = room(mei, tom, eve)
    token, browser = new_id(), new_id()
    offers = tom.get("/push")
    assert offers == {"fcm": True, "web_push": {"public_key": browsers.public_key}}
    tom.put("/devices/phone", {"platform": "android", "fcm_token": token})
    subscription = browsers.browser(browser).subscription
    tom.put("/devices/browser", {"platform": "web", "web_push": subscription})
    assert {d["device_id"] for d in tom.get("/devices")["items"]} == {"phone", "browser"}

    def on_phone(*, gone: bool = False) -> list[Json]:
        data = [message["data"] for to, message in list(fcm.messages) if to == token]
        return [one for one in data if (one["kind"] == "gone") is gone]

    def in_browser() -> list[Json]:
        return [message for to, message, _ in browsers.messages if to == browser]

    def receipt(seq: int, of: Person = tom) -> Json:
        items = mei.get(f"/groups/{group}/messages/{seq}/receipts")["items"]
        return next(item for item in items if item["user_id"] == of.id)

    entry = say(mei, group, "The ship is in.")
    assert receipt(entry["seq"])["state"] == "stored"
    until(lambda: on_phone() and in_browser(), "pushed to both")
    (pushed,) = on_phone()
    # That they were let in may be told with it or before.
    assert pushed["title"].startswith("Harbour")
    assert pushed["tag"] == f"room:{group}"
    assert pushed["body"].endswith(": The ship is in.")
    assert in_browser()[0]["body"] == pushed["body"]
    until(lambda: receipt(entry["seq"])["state"] == "pushed", "noted")
    before = measured(stack, "bchat_push_acknowledged_total")
    answer = requests.post(f"{stack.url}/api/v1/receipts", json={"receipts": [pushed["receipt"]]}, timeout=30)
    assert answer.status_code == 204
    assert receipt(entry["seq"])["state"] == "received"
    assert measured(stack, "bchat_push_acknowledged_total") == before + 1
    with pytest.raises(Refused) as refused:
        tom.get(f"/groups/{group}/messages/{entry['seq']}/receipts")
    assert refused.value.code == "not_the_sender"
    tom.put(f"/groups/{group}/read", {"seq": entry["seq"]})
    assert receipt(entry["seq"])["state"] == "read"
    until(lambda: on_phone(gone=True), "taken from the locked screen")
    assert [one["tag"] for one in on_phone(gone=True)] == [f"room:{group}"]

    # What is on a screen in use needs no push; a page that nobody looks at has it, and is pushed to.
    page, seen = connected(tom), 0
    for shown in (True, False):
        told, skipped = len(on_phone()), measured(stack, "bchat_push_not_sent_total")
        entry = say(mei, group, "And out again.")
        page.entry(group, seq=entry["seq"])
        page.tell({"type": "received", "group_id": group, "seq": entry["seq"], "shown": shown})
        until(lambda entry=entry: receipt(entry["seq"])["state"] == "received", "told by the gateway")
        if shown:
            until(lambda skipped=skipped: measured(stack, "bchat_push_not_sent_total") > skipped, "skipped")
            seen = told
        else:
            until(lambda told=told: len(on_phone()) > told, "pushed all the same")
    assert on_phone()[seen]["seq"] == str(entry["seq"])
    page.leave()

    # A mute holds off everybody's words but those that name one, and is shown in the row.
    assert tom.put(f"/groups/{group}/mute", {})["muted"] is True
    tom.put(f"/groups/{group}/read", {"seq": entry["seq"]})
    say(mei, group, "For nobody in particular.")
    say(mei, group, "Tom!", mentions=[tom.id])
    until(lambda: on_phone()[-1]["body"].endswith("mentioned you: Tom!"), "called by name")
    assert not [data for data in on_phone() if "nobody in particular" in data["body"]]
    assert tom.delete(f"/groups/{group}/mute")["muted"] is False

    # A token that is gone takes its device along; logging out takes the others.
    fcm.moods[token] = [fcm_error(404, "UNREGISTERED")]
    say(mei, group, "Tom?", mentions=[tom.id])
    until(lambda: [d["device_id"] for d in tom.get("/devices")["items"]] == ["browser"], "forgotten")
    tom.post("/auth/logout", {})
    tom.login()
    until(lambda: tom.get("/devices")["items"] == [], "forgotten with its session")
    assert (fcm.refused, browsers.refused) == ([], [])


def test_a_thousand_devices_hear_it_once_though_a_worker_is_killed_in_the_middle(
    stack: Stack, someone: Someone, fcm: LocalFcm
) -> None:
    mei, tom = someone(), someone()
    group = room(mei, tom)
    tom.put("/devices/0", {"platform": "android", "fcm_token": new_id()})
    mark = new_id()
    with database(stack) as cursor:
        # As many as nobody has: signing in a thousand people would take minutes.
        cursor.execute(
            "INSERT INTO push.devices (id, user_id, device_id, session_id, platform, channel, address,"
            " address_digest, registered_at) SELECT gen_random_uuid(), user_id, n::text, session_id,"
            " 'android', 'fcm', %s || '-' || n, sha256(convert_to(%s || '-' || n, 'UTF8')), now()"
            " FROM push.devices, generate_series(1, %s) n WHERE user_id = %s AND device_id = '0'",
            (mark, mark, MANY, tom.id),
        )

    def heard() -> Counter[str]:
        return Counter(to for to, _ in list(fcm.messages) if to.startswith(mark))

    say(mei, group, "All of you.")
    until(lambda: len(heard()) >= MANY // 4, "a quarter")
    stack.kill("push-worker.1")
    until(lambda: len(heard()) == MANY, "all")
    with database(stack) as cursor:

        def ended() -> bool:
            cursor.execute(
                "SELECT count(*) FROM push.deliveries WHERE user_id = %s AND state IN ('asked', 'trying')",
                (tom.id,),
            )
            return bool(cursor.fetchone() == (0,))

        until(ended, "all noted")
    twice = [to for to, times in heard().items() if times > 1]
    assert max(heard().values()) <= 2
    assert len(twice) <= AT_ONCE
    tags = {message["data"]["tag"] for to, message in fcm.messages if to in twice}
    assert tags <= {f"room:{group}"}
    tom.post("/auth/logout", {})  # else each of them would hear of what all further tests do
