"""A client of Bchat that knows nothing but the protocol, and checks what it promises.

`Person` is someone who signs in over HTTP; `Device` is one of their sockets. A device keeps its rooms whole
the way every client may: `hello` says what it has, missed entries follow, too many are paged over HTTP. What
must not happen - a hole, a repetition, another order, an answer that is no problem document - is written down
in `broken` or raised at once.
"""

import contextlib
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import requests
from documents import Documents
from requests.adapters import HTTPAdapter
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE = 60.0
ANSWER_SECONDS = 12.0
Json = dict[str, Any]


class Refused(Exception):
    """A clear no, over HTTP or as an `error` frame."""

    def __init__(self, code: str, status: int | None = None, retry_after: float | None = None, **more: Any):
        super().__init__(f"{status or 'error'} {code} {more}")
        self.code, self.status, self.retry_after, self.more = code, status, retry_after, more


def until(condition: Callable[[], Any], what: str = "it", seconds: float = PATIENCE) -> Any:
    """The first true value of the condition."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} was not so within {seconds} s"
        time.sleep(0.02)
    return value


def new_id() -> str:
    return str(uuid.uuid4())


# The fixtures of `conftest.py`.
Someone = Callable[..., "Person"]
Connected = Callable[..., "Device"]


class _From(HTTPAdapter):
    """Calls from this address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **kwargs)


class Http:
    """HTTP under `/api/v1`, at any of several addresses.

    `documents`, where set, is what every answer and frame must agree with.
    """

    documents: ClassVar[Documents | None] = None

    def __init__(self, urls: Sequence[str], address: str = "127.0.0.1") -> None:
        self.urls = list(urls)
        self.token: str | None = None
        self._session = requests.Session()
        self._session.mount("http://", _From(address))
        # A gateway closes one that rests for as long as tests do, just when it is used again.
        self._session.headers["Connection"] = "close"

    def raw(self, method: str, path: str, at: int = 0, **options: Any) -> requests.Response:
        headers = options.pop("headers", {})
        if self.token and "Authorization" not in headers:
            headers = {**headers, "Authorization": f"Bearer {self.token}"}
        url = self.urls[at % len(self.urls)] + path
        answer = self._session.request(method, url, headers=headers, timeout=30, **options)
        if self.documents and path.startswith("/api/"):
            self.documents.answer(method, path, answer)
        return answer

    def call(self, method: str, path: str, body: Any = None, *, at: int = 0, **options: Any) -> Any:
        """The JSON of the answer.

        Raises:
            Refused: the answer is a problem document, and a correct one.
        """
        if body is not None:
            options["json"] = body
        answer = self.raw(method, "/api/v1" + path, at, **options)
        if answer.ok:
            return answer.json() if answer.content else None
        raise refusal(answer)

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("PUT", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.call("DELETE", path, **options)


def newcomer(
    admin: "Person", kind: str = "staff", permissions: Sequence[str] = (), address: str = "127.0.0.1"
) -> "Person":
    """Somebody new, signed in."""
    name = f"{kind}-{new_id()[:13]}"
    body: Json = {"username": name, "password": "correct horse " + name, "kind": kind}
    admin.post("/users", {**body, "permissions": list(permissions)})
    return Person(admin.urls, name, body["password"], address).login()


def read_books(admin: "Person", seconds: float) -> None:
    """Lets the company's numbers be read, and waits until there are some to report on."""
    source = admin.get("/sources")["items"][0]
    admin.post(f"/sources/{source['name']}/acquire")
    until(lambda: admin.get("/sources")["items"][0]["as_of"], "the books read", seconds)


def refusal(answer: requests.Response) -> Refused:
    """The problem that an answer is; fails where it isn't one."""
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json", answer.text[:300]
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys(), problem
    assert problem["status"] == answer.status_code
    retry_after = answer.headers.get("Retry-After")
    if answer.status_code in (429, 503):
        assert retry_after, problem
    if answer.status_code == 422:
        assert all({"loc", "msg"} <= error.keys() for error in problem.get("errors", [])), problem
    return Refused(
        problem["code"],
        problem["status"],
        float(retry_after) if retry_after else None,
        errors=problem.get("errors"),
        detail=problem["detail"],
    )


class Person(Http):
    """Someone who signs in, and stays so by refreshing."""

    def __init__(self, urls: Sequence[str], username: str, password: str, address: str = "127.0.0.1") -> None:
        super().__init__(urls, address)
        self.username, self.password = username, password
        self.user: Json = {}
        self.refresh_token = ""

    def login(self, *, remember: bool = False, at: int = 0) -> Self:
        self.token = None
        body = {"username": self.username, "password": self.password, "remember": remember}
        self.take(self.post("/auth/login", body, at=at))
        return self

    def refresh(self, at: int = 0) -> None:
        self.take(self.post("/auth/refresh", {"refresh_token": self.refresh_token}, at=at))

    def take(self, pair: Json) -> None:
        self.token, self.refresh_token = pair["access_token"], pair["refresh_token"]
        self.user = pair.get("user", self.user)

    @property
    def id(self) -> str:
        found: str = self.user["id"]
        return found

    def pages(self, path: str, **params: Any) -> Iterator[Json]:
        """All items of a list."""
        cursor = None
        while True:
            page = self.get(path, params={**params, **({"cursor": cursor} if cursor else {})})
            yield from page["items"]
            if not (cursor := page["next_cursor"]):
                return

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Likewise, with a new token where the old one has run out."""
        try:
            return super().call(method, path, body, **options)
        except Refused as refused:
            if refused.code != "token_expired":
                raise
        self.refresh()
        return super().call(method, path, body, **options)

    def bring(self, content: bytes, name: str = "notes.txt", at: int = 0, **headers: str) -> Json:
        """Uploads an attachment."""
        answer = self.raw("POST", "/api/v1/attachments", at, files={"file": (name, content)}, headers=headers)
        if not answer.ok:
            raise refusal(answer)
        attachment: Json = answer.json()
        return attachment

    def timeline(self, group_id: str, after: int = 0) -> list[Json]:
        """All entries of a room after one."""
        entries: list[Json] = []
        while True:
            page = self.get(f"/groups/{group_id}/timeline", params={"after_seq": after, "limit": 200})[
                "items"
            ]
            if not page:
                return entries
            entries += page
            after = page[-1]["seq"]


@dataclass
class Room:
    """What a device has of a room: everything after `since`; and of what version of the group it knows."""

    since: int
    version: int = 0
    entries: list[Json] = field(default_factory=list)
    paging: bool = False
    held: list[Json] = field(default_factory=list)

    @property
    def last(self) -> int:
        seq: int = self.entries[-1]["seq"] if self.entries else self.since
        return seq


class Device:
    """A socket, and what a client keeps: the rooms, and what it sent and nobody acknowledged yet.

    Args:
        have: the last seq of each room it has already.
        steady: comes back after each close, as the protocol asks, to the next gateway.
    """

    def __init__(
        self,
        person: Person,
        *,
        at: int = 0,
        have: dict[str, int] | None = None,
        steady: bool = False,
    ) -> None:
        self.person, self.steady = person, steady
        self.rooms: dict[str, Room] = {g: Room(seq) for g, seq in (have or {}).items()}
        self.frames: list[Json] = []
        self.broken: list[str] = []
        self.closed: int | None = None
        self.welcomes = 0
        self._at = at
        self._refs = iter(range(1, 1 << 30))
        self._news = threading.Condition()
        self._leaving = False
        self._socket: ClientConnection | None = None
        self._open()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.wait(lambda: self.welcomes or self.closed is not None, "welcomed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        self._leaving = True
        if self._socket:
            self._socket.close()
        self._thread.join(10)

    # Speaking

    def tell(self, frame: Json | str | bytes) -> None:
        assert self._socket
        self._socket.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    def ask(self, frame: Json, seconds: float = PATIENCE) -> Json:
        """The answer to a frame with a `ref`.

        Raises:
            Refused: it is an `error`.
        """
        ref = next(self._refs)
        self.tell({**frame, "ref": ref})
        answer = self.wait(lambda: self.answer(ref), f"answered {frame['type']}", seconds)
        return _accepted(answer)

    def send(self, group_id: str, text: str | None, client_id: str | None = None, **more: Any) -> Json:
        """Sends a message until it is acknowledged or refused; returns its entry."""
        client_id = client_id or new_id()
        end = time.monotonic() + PATIENCE
        frame = {"type": "send", "group_id": group_id, "client_id": client_id, **more}
        if text is not None:
            frame["text"] = text
        while True:
            assert time.monotonic() < end, f"{text!r} was not acknowledged"
            ref, times = next(self._refs), self.welcomes
            answer = None
            with contextlib.suppress(ConnectionClosed, AssertionError, OSError):
                self.tell({**frame, "ref": ref})
                # The same client_id makes asking again harmless: after a new connection, or a long silence.
                with self._news:
                    self._news.wait_for(
                        lambda ref=ref, times=times: (  # type: ignore[misc]
                            self.answer(ref) or self.welcomes > times or self._gone()
                        ),
                        ANSWER_SECONDS,
                    )
                answer = self.answer(ref)
            if answer is None:
                if self._gone() and not self.steady:
                    raise ConnectionError(f"closed with {self.closed}")
                time.sleep(0.05)
            elif answer["type"] == "error" and answer.get("retry_after_ms") is not None:
                time.sleep(min(answer["retry_after_ms"] / 1000, 2))
            else:
                entry: Json = _accepted(answer)["entry"]
                return entry

    def answer(self, ref: Any) -> Json | None:
        return next((f for f in reversed(self.frames) if f.get("ref") == ref), None)

    # Hearing

    def wait(self, condition: Callable[[], Any], what: str = "it", seconds: float = PATIENCE) -> Any:
        with self._news:
            value = self._news.wait_for(condition, seconds)
        assert value, f"{self.person.username} was not {what} within {seconds} s: {self.frames[-5:]}"
        return value

    def frame(self, type: str, **parts: Any) -> Json:
        """The first frame of that type with those parts, waited for."""

        def found() -> Json | None:
            return next(
                (
                    f
                    for f in list(self.frames)
                    if f["type"] == type and all(f.get(k) == v for k, v in parts.items())
                ),
                None,
            )

        frame: Json = self.wait(found, f"sent {type} {parts}")
        return frame

    def entry(self, group_id: str, **parts: Any) -> Json:
        """The first entry of a room with those parts, waited for."""

        def found() -> Json | None:
            room = self.rooms.get(group_id)
            entries = room.entries if room else []
            return next((e for e in entries if all(e.get(k) == v for k, v in parts.items())), None)

        entry: Json = self.wait(found, f"sent an entry {parts}")
        return entry

    def texts(self, group_id: str) -> list[str]:
        room = self.rooms.get(group_id)
        return [e["text"] for e in (room.entries if room else []) if e["kind"] == "text"]

    def ended(self) -> int:
        """The code the socket was closed with, waited for."""
        code: int = self.wait(lambda: self.closed, "closed")
        return code

    # The connection

    def _open(self) -> None:
        host = self.person.urls[self._at % len(self.person.urls)].removeprefix("http")
        self._socket = connect(
            f"ws{host}/api/v1/ws",
            subprotocols=[Subprotocol("bchat.v1")],
            compression=None,
            ping_interval=None,
            open_timeout=15,
            max_size=None,
            legacy=True,  # it stays open beyond a block
        )
        assert self._socket.subprotocol == "bchat.v1"
        self.closed = None
        for room in self.rooms.values():
            room.paging, room.held = False, []
        hello = {"type": "hello", "token": self.person.token, "device_id": "test"}
        have = {group_id: room.last for group_id, room in self.rooms.items()}
        self.tell({**hello, **({"groups": have} if have else {})})

    def _gone(self) -> bool:
        return self.closed is not None

    def _run(self) -> None:
        tries = 0
        while True:
            try:
                assert self._socket
                for text in self._socket:
                    assert isinstance(text, str)
                    with self._news:
                        self._take(json.loads(text))
                        self._news.notify_all()
                    tries = 0
                raise ConnectionClosed(None, None)
            except (ConnectionClosed, OSError):
                with self._news:
                    self.closed = (self._socket.close_code if self._socket else None) or 1006
                    self._news.notify_all()
            while self._gone():
                if self._leaving or not self.steady:
                    return
                tries += 1
                time.sleep(random.uniform(0.05, min(0.1 * 2**tries, 2)))
                self._at += 1
                with contextlib.suppress(OSError, InvalidHandshake, ConnectionClosed, TimeoutError, EOFError):
                    self._open()

    def _take(self, frame: Json) -> None:
        self.frames.append(frame)
        if Http.documents:
            try:
                Http.documents.frame("toClient", frame)
            except AssertionError as problem:
                self.broken.append(str(problem))
        match frame["type"]:
            case "welcome":
                for group in frame["groups"]:
                    self._show(group)
                self.welcomes += 1
            case "group":
                self._show(frame["group"])
            case "group_gone":
                self.rooms.pop(frame["group_id"], None)
            case "entry":
                self._add(frame["group_id"], [frame["entry"]])
            case "entries" if frame.get("complete") is False:
                if frame["entries"]:
                    self.broken.append(f"a part of the missed entries: {frame}")
                self._page(frame["group_id"])
            case "entries":
                self._add(frame["group_id"], frame["entries"])

    def _show(self, group: Json) -> None:
        room = self.rooms.get(group["id"])
        if room and group["version"] < room.version:
            return  # what is older may come later
        if group["my_role"] is None:
            self.rooms.pop(group["id"], None)
        elif room is None and "last_seq" in group:
            self.rooms[group["id"]] = Room(group["last_seq"], group["version"])
        elif room:
            room.version = group["version"]

    def _add(self, group_id: str, entries: list[Json]) -> None:
        room = self.rooms.get(group_id)
        if room is None:
            self.broken.append(f"entries of a room that was never shown: {group_id}")
            return
        if room.paging:
            room.held += entries
            return
        for entry in entries:
            if entry["seq"] != room.last + 1:
                self.broken.append(f"{entry['seq']} after {room.last} in {group_id}")
                if entry["seq"] <= room.last:
                    continue
            room.entries.append(entry)

    def _page(self, group_id: str) -> None:
        room = self.rooms[group_id]
        room.paging = True

        def run() -> None:
            missed = self.person.timeline(group_id, room.last)
            with self._news:
                held, room.held, room.paging = room.held, [], False
                self._add(group_id, missed)
                self._add(group_id, [e for e in held if e["seq"] > room.last])
                self._news.notify_all()

        threading.Thread(target=run, daemon=True).start()


def _accepted(answer: Json) -> Json:
    if answer["type"] == "error":
        after = answer.get("retry_after_ms")
        raise Refused(answer["code"], None, after / 1000 if after else None, frame=answer)
    return answer


def room_of(owner: Person, *others: Person) -> str:
    """A group with these members."""
    group: str = owner.post("/groups", {"name": "Room", "catalogue": "chat", "visibility": "invite"})["id"]
    for other in others:
        role = "staff" if other.user["kind"] == "staff" else "guest"
        owner.put(f"/groups/{group}/members/{other.id}", {"role": role})
    return group


def in_room(device: Device, group: str) -> Device:
    device.wait(lambda: group in device.rooms, "shown the room")
    return device
