"""Strangers are refused: a clear error each, and nothing changed."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from client import Connected, Device, Http, Person, Refused, Someone, new_id, until
from documents import Documents
from stack import Stack
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

WRONG = ("", "nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.")


def test_no_way_leads_in_without_a_token_or_with_a_wrong_one(stack: Stack, documents: Documents) -> None:
    stranger = Http(stack.urls)
    asked = 0
    for method, _, path, operation in documents.operations:
        if operation.get("security") == [{}] or path.endswith((".json", "/docs", "/ws")):
            continue
        asked += 1
        url = "/api/v1" + path.removeprefix("/api/v1").replace("{", "").replace("}", "")
        for token in (None, WRONG[asked % len(WRONG)]):
            stranger.token = token
            answer = stranger.raw(method, url, at=asked, json={})
            assert (answer.status_code, answer.json()["status"]) == (401, 401), f"{method} {path}"
    assert asked > 20


@pytest.mark.parametrize("token", WRONG)
def test_a_wrong_token_opens_no_socket(someone: Someone, connected: Connected, token: str) -> None:
    ann = someone()
    ann.token = token
    assert connected(ann).ended() == 4401


def test_a_signed_out_token_opens_no_socket_at_any_gateway(someone: Someone, connected: Connected) -> None:
    ann = someone()
    ann.post("/auth/logout")
    for at in (0, 1):
        until(lambda at=at: connected(ann, at=at).ended() == 4401, "refused")


def test_who_is_no_member_can_do_nothing_in_a_room(someone: Someone, connected: Connected) -> None:
    ann, eve = someone(), someone()
    for visibility, code in (("open", "not_a_member"), ("invite", "group_not_found")):
        group = ann.post("/groups", {"name": "Room", "catalogue": "chat", "visibility": visibility})["id"]
        until(lambda group=group: ann.timeline(group), "written in the timeline")
        before = ann.timeline(group)
        device = connected(eve, at=1)
        for refused in (
            lambda group=group, device=device: device.send(group, "hello?"),
            lambda group=group: eve.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": "x"}),
            lambda group=group: eve.get(f"/groups/{group}/timeline"),
            lambda group=group: eve.put(f"/groups/{group}/read", {"seq": 1}),
            lambda group=group: eve.get(f"/groups/{group}/reads"),
        ):
            with pytest.raises(Refused) as no:
                refused()
            assert no.value.code == code
        for refused in (
            lambda group=group: eve.patch(f"/groups/{group}", {"name": "Mine"}),
            lambda group=group: eve.post(f"/groups/{group}/end"),
            lambda group=group: eve.put(f"/groups/{group}/members/{eve.id}", {"role": "owner"}),
            lambda group=group: eve.delete(f"/groups/{group}/members/{ann.id}"),
        ):
            with pytest.raises(Refused) as no:
                refused()
            assert no.value.status in (403, 404)
        for frame in ("typing", "read"):
            with pytest.raises(Refused):
                device.ask({"type": frame, "group_id": group, **({"seq": 1} if frame == "read" else {})})
        assert device.closed is None
        assert ann.timeline(group) == before
        assert ann.get(f"/groups/{group}")["name"] == "Room"


def test_only_administrators_make_and_change_people(someone: Someone) -> None:
    ann, bob = someone(permissions=("reports:sales",)), someone()
    new = {"username": "intruder-" + new_id(), "password": "correct horse battery", "kind": "staff"}
    for refused in (
        lambda: ann.post("/users", new),
        lambda: ann.patch(f"/users/{bob.id}", {"display_name": "Mine"}),
        lambda: ann.patch(f"/users/{ann.id}", {"permissions": ["administrator"]}),
        lambda: ann.patch("/me", {"permissions": ["administrator"]}),
    ):
        with pytest.raises(Refused) as no:
            refused()
        assert no.value.status in (403, 422)
    assert ann.get("/me")["permissions"] == ["reports:sales"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"name":"x","catalogue":"chat","surprise":1}', 422),
        (b'{"name":5,"catalogue":"chat"}', 422),
        (b'{"name":"x"}', 422),
        (b'{"name":"' + b"x" * 3_000_000 + b'"}', 413),
    ],
)
def test_a_body_that_is_wrong_is_refused_for_what_it_is(someone: Someone, body: bytes, status: int) -> None:
    ann = someone()
    before = len(list(ann.pages("/groups")))
    answer = ann.raw("POST", "/api/v1/groups", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["code"]
    assert len(list(ann.pages("/groups"))) == before


@pytest.mark.parametrize("id", ["x", "0", "%00", "' OR 1=1 --", "x" * 300, "..%2f..", "1e9", "%F0%9F%91%8B"])
def test_what_is_no_id_is_not_found(someone: Someone, id: str) -> None:
    ann = someone()
    for path in (f"/groups/{id}", f"/groups/{id}/timeline", f"/reports/{id}", f"/users/{id}/avatar"):
        answer = ann.raw("GET", "/api/v1" + path)
        assert answer.status_code in (404, 422), (path, answer.text)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "surprise=1", "limit=-1"]
)
def test_a_wrong_page_is_refused(someone: Someone, query: str) -> None:
    assert someone().raw("GET", f"/api/v1/groups?{query}").status_code == 422


FRAMES = [
    ('{"type":"send","ref":7,"group_id":"G","client_id":"C","text":"x","surprise":1}', "invalid_frame"),
    ('{"type":"send","ref":7,"group_id":"G","client_id":"C"}', "invalid_frame"),
    ('{"type":"send","ref":7,"group_id":5,"client_id":"C","text":"x"}', "invalid_frame"),
    ('{"type":"dance","ref":7}', "unknown_type"),
    ('{"ref":7}', "unknown_type"),
    ('{"type":"hello","ref":7,"token":"x"}', "already_greeted"),
    ("{", "invalid_json"),
    ("[7]", "invalid_frame"),
    ('{"type":"send","ref":7,"group_id":"' + "x" * 60 + '","client_id":"C","text":"x"}', "group_not_found"),
]


@pytest.mark.parametrize(("frame", "code"), FRAMES)
def test_a_frame_that_is_wrong_is_refused_and_the_socket_stays(
    someone: Someone, connected: Connected, frame: str, code: str
) -> None:
    device = connected(someone())
    device.tell(frame)
    error = device.frame("error")
    assert (error["code"], error["ref"]) == (code, 7 if '"ref":7' in frame else None)
    assert device.ask({"type": "ping"})["type"] == "pong"


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001, "nul\x00", 5, None])
def test_a_text_that_is_none_is_refused(someone: Someone, connected: Connected, text: object) -> None:
    ann = someone()
    group = ann.post("/groups", {"name": "Room", "catalogue": "chat"})["id"]
    device = connected(ann)
    with pytest.raises(Refused) as no:
        device.ask({"type": "send", "group_id": group, "client_id": new_id(), "text": text})
    assert no.value.code in ("invalid_message", "invalid_frame")
    with pytest.raises(Refused) as no:
        ann.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": text})
    assert no.value.status == 422
    assert all(entry["kind"] != "text" for entry in ann.timeline(group))


def open_raw(stack: Stack, origin: str | None = None, protocol: str | None = "bchat.v1") -> object:
    return connect(
        stack.url.replace("http", "ws") + "/api/v1/ws",
        subprotocols=[Subprotocol(protocol)] if protocol else None,
        origin=Origin(origin) if origin else None,
        compression=None,
    )


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("x" * 65_537, 1009),
        (b"binary", 4400),
        ('{"type":"ping"}', 4400),
        ("nonsense", 4400),
        ('{"type":"hello"}', 4400),
        ('{"type":"hello","token":"x","surprise":1}', 4400),
    ],
)
def test_a_first_frame_that_is_no_hello_closes_the_socket(
    stack: Stack, first: str | bytes, code: int
) -> None:
    with open_raw(stack) as socket:  # type: ignore[attr-defined]
        socket.send(first)
        with pytest.raises(ConnectionClosed):
            socket.recv(10)
        assert socket.close_code == code


def test_an_oversize_frame_closes_the_socket_and_says_nothing(someone: Someone, connected: Connected) -> None:
    ann = someone()
    group = ann.post("/groups", {"name": "Room", "catalogue": "chat"})["id"]
    device = connected(ann)
    device.tell({"type": "send", "ref": 1, "group_id": group, "client_id": new_id(), "text": "x" * 65_537})
    assert device.ended() == 1009
    assert all(entry["kind"] != "text" for entry in ann.timeline(group))


def test_who_says_nothing_is_let_go(stack: Stack) -> None:
    with open_raw(stack) as socket:  # type: ignore[attr-defined]
        with pytest.raises(ConnectionClosed):
            socket.recv(30)
        assert socket.close_code == 4408


def test_another_origin_opens_no_socket(stack: Stack) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_raw(stack, origin="https://evil.example")
    assert refused.value.response.status_code == 403
    open_raw(stack, origin=stack.url).close()  # type: ignore[attr-defined]


def test_who_floods_is_slowed_and_then_closed(someone: Someone, connected: Connected) -> None:
    device = connected(someone())
    for _ in range(10_000):
        try:
            device.tell({"type": "ping"})
        except ConnectionClosed:
            break
    assert device.ended() == 4429
    assert device.frame("error", code="too_many_frames")["retry_after_ms"] > 0


def test_ten_thousand_wrong_passwords_are_refused_and_change_nothing(stack: Stack, someone: Someone) -> None:
    """From one address, at two gateways, as fast as they can be said."""
    ann = someone()
    before = ann.get("/me")

    def guess(worker: int) -> list[tuple[int, str]]:
        place = urlsplit(stack.urls[worker % 2])
        connection = http.client.HTTPConnection(
            place.hostname or "", place.port, timeout=60, source_address=("127.0.0.66", 0)
        )
        answers: list[tuple[int, str]] = []
        while len(answers) < 1250:
            body = {"username": ann.username, "password": f"guess {worker} {len(answers)}"}
            connection.request(
                "POST", "/api/v1/auth/login", json.dumps(body), {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            problem = json.loads(answer.read())
            assert answer.status == 401 or int(answer.headers["Retry-After"]) > 0
            if answer.status != 503:  # so busy that it is to be said again
                answers.append((answer.status, problem["code"]))
        return answers

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for part in pool.map(guess, range(8)) for answer in part]
    assert len(answers) == 10_000
    assert set(answers) <= {(401, "invalid_credentials"), (429, "too_many_attempts")}
    # Few were looked at; the others cost nobody a hash.
    assert answers.count((429, "too_many_attempts")) >= 9_990
    # Nobody is kept out by it, nor signed out.
    assert Person(stack.urls, ann.username, ann.password, "127.0.0.67").login().get("/me") == before
    assert ann.get("/me") == before
    assert Device(ann).ask({"type": "ping"})["type"] == "pong"
