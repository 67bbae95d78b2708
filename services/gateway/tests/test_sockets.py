"""The conversation of protocol.md, over real sockets; only the broker's side is in memory."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gevent
import gevent.socket
import orjson
import pytest
from flask.testing import FlaskClient
from gateway.http.ws import converse
from gateway.sockets import Bucket, Socket, whole_texts
from gateway.talk import POSITIONS_WAITING
from gateway.wiring import Gateway
from gevent.event import Event
from kit.clock import now, rfc3339
from kit.errors import Conflict, NotFound, Unavailable
from kit.event import new_id
from kit.rpc import RemoteFailure
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

ANN = "01936f5e-0000-7000-8000-000000000001"
BEN = "01936f5e-0000-7000-8000-000000000002"
ROOM = "01936f5e-0000-7000-8000-0000000000aa"


def entry(seq: int, **more: Any) -> dict[str, Any]:
    return {"seq": seq, "id": f"e-{seq}", "kind": "text", "text": f"m{seq}", **more}


class Peer:
    """A client at the other end of a socket."""

    def __init__(self, gateway: Gateway) -> None:
        self.sock, theirs = gevent.socket.socketpair()
        theirs.setblocking(True)
        self.protocol = ClientProtocol(parse_uri("ws://gateway/"), state=State.OPEN, max_size=None)
        self.frames: list[dict[str, Any]] = []
        self.server = gevent.spawn(converse, gateway, theirs, "127.0.0.1")

    def say(self, **frame: Any) -> None:
        self.say_bytes(orjson.dumps(frame))

    def say_bytes(self, body: bytes, opcode: Opcode = Opcode.TEXT, fin: bool = True) -> None:
        self.sock.sendall(Frame(opcode, body, fin).serialize(mask=True))

    def _receive(self, seconds: float) -> bool:
        self.sock.settimeout(seconds)
        try:
            received = self.sock.recv(65536)
        except TimeoutError:
            raise AssertionError("nothing came") from None
        if not received:
            return False
        self.protocol.receive_data(received)
        for out in self.protocol.data_to_send():
            if out:
                self.sock.sendall(out)
        for event in self.protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.frames.append(orjson.loads(bytes(event.data)))
        return True

    def next(self, seconds: float = 3) -> dict[str, Any]:
        while not self.frames:
            assert self._receive(seconds), self.protocol.close_rcvd
        return self.frames.pop(0)

    def until(self, type: str) -> dict[str, Any]:
        while (frame := self.next())["type"] != type:
            pass
        return frame

    def hello(self, token: str, **more: Any) -> dict[str, Any]:
        self.say(type="hello", token=token, **more)
        return self.next()

    def closed_with(self, seconds: float = 3) -> int:
        """The code the server closed with; whatever comes before is read."""
        while self._receive(seconds) and self.protocol.close_rcvd is None:
            pass
        assert self.protocol.close_rcvd is not None
        return int(self.protocol.close_rcvd.code)


class House:
    """What the services know: two people in one room, with so many entries."""

    def __init__(self, services: Any) -> None:
        self.entries = [entry(n) for n in range(1, 6)]
        self.members = {ANN: "owner", BEN: "staff"}
        self.version = 9
        self.settings = {"new_user_alert": True}
        for name in ("memberships", "get"):
            services.answers(f"groups.{name}", getattr(self, name))
        for name in ("catch_up", "rooms", "send", "fetch", "read"):
            services.answers(f"chat.{name}", getattr(self, name))
        services.answers("auth.me", {"id": ANN, "username": "ann", "version": 3, "settings": self.settings})

    def group(self, user_id: str | None) -> dict[str, Any]:
        role = self.members.get(user_id or "")
        return {"id": ROOM, "name": "Launch", "version": self.version, "my_role": role}

    def memberships(self, user_id: str) -> dict[str, Any]:
        return {"items": [self.group(user_id)] if user_id in self.members else []}

    def get(self, group_id: str) -> dict[str, Any]:
        if group_id != ROOM:
            raise NotFound("group_not_found", "No.")
        return self.group(BEN)

    def room(self) -> dict[str, int]:
        last = len(self.entries)
        return {"last_seq": last, "read_seq": 1, "unread": last - 1, "mentions_unread": 1}

    def catch_up(self, user_id: str, have: dict[str, int], groups: list[str], limit: int) -> dict[str, Any]:
        missed = self.entries[have.get(ROOM, len(self.entries)) :]
        complete = len(missed) <= limit
        room = {**self.room(), "entries": missed if complete else [], "complete": complete}
        return {"rooms": dict.fromkeys(groups, room)}

    def rooms(self, group_ids: list[str]) -> dict[str, Any]:
        return {"items": {g: self.room() for g in group_ids}}

    def fetch(self, group_id: str, after_seq: int, limit: int) -> dict[str, Any]:
        return {"entries": self.entries[after_seq : after_seq + limit], "last_seq": len(self.entries)}

    def send(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        return {"results": [{"entry": self.append(**m)} for m in messages]}

    def read(self, group_id: str, seq: int) -> dict[str, Any]:
        return {"group_id": group_id, "seq": seq}

    def append(self, **message: Any) -> dict[str, Any]:
        self.entries.append(entry(len(self.entries) + 1, **message))
        return self.entries[-1]


def says(gateway: Gateway, type: str, audience: str, /, **data: Any) -> None:
    """A service says an event."""
    envelope = {"id": new_id(), "source": "/bchat/x", "type": f"{type}.v1", "time": rfc3339(now())}
    gateway.live.hear(orjson.dumps({**envelope, "audience": audience, "data": data}))


def appended(gateway: Gateway, *entries: dict[str, Any]) -> None:
    says(gateway, "chat.entries_appended", f"group:{ROOM}", group_id=ROOM, entries=list(entries))


@pytest.fixture
def house(services: Any) -> House:
    return House(services)


@pytest.fixture
def peer(gateway: Gateway) -> Iterator[Callable[[], Peer]]:
    peers: list[Peer] = []

    def connect() -> Peer:
        peers.append(Peer(gateway))
        return peers[-1]

    yield connect
    for one in peers:
        one.sock.close()
    gevent.joinall([one.server for one in peers], timeout=5)
    assert all(one.server.dead for one in peers)
    assert gateway.hub.people == {}
    assert gateway.hub.rooms == {}
    assert gateway.sockets.all() == []


@pytest.fixture
def ann(house: House, peer: Callable[[], Peer], token: Callable[..., str]) -> Peer:
    made = peer()
    assert made.hello(token())["type"] == "welcome"
    return made


@pytest.fixture
def ben(house: House, peer: Callable[[], Peer], token: Callable[..., str]) -> Peer:
    made = peer()
    assert made.hello(token(sub=BEN, sid="s-2"))["type"] == "welcome"
    return made


# Hello


def test_hello_is_answered_with_who_and_where_one_is(
    house: House, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    welcome = peer().hello(token(), device_id="phone", groups={})
    assert welcome["session_id"] == "s-1"
    assert welcome["user"]["username"] == "ann"
    assert welcome["heartbeat_s"] == 25
    (group,) = welcome["groups"]
    assert (group["id"], group["my_role"], group["last_seq"], group["unread"]) == (ROOM, "owner", 5, 4)


def test_what_was_missed_comes_before_anything_newer_and_nothing_twice(
    house: House, gateway: Gateway, services: Any, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    asked, go_on = Event(), Event()

    def slow(have: dict[str, int], **rest: Any) -> dict[str, Any]:
        told = house.catch_up(have=have, **rest)
        if have:
            asked.set()
            go_on.wait()
        return told

    services.answers("chat.catch_up", slow)
    ann = peer()
    ann.say(type="hello", token=token(), groups={ROOM: 2})
    asked.wait()  # chat has told seq 3 to 5; 6 and 7 come while that answer is on its way
    appended(gateway, entry(5))
    appended(gateway, entry(6), entry(7))
    go_on.set()
    assert ann.next()["type"] == "welcome"
    missed = ann.next()
    assert [e["seq"] for e in missed["entries"]] == [3, 4, 5]
    assert missed["complete"] is True
    assert [e["seq"] for e in ann.next()["entries"]] == [6, 7]
    appended(gateway, entry(8))
    assert ann.next()["entry"]["seq"] == 8


def test_where_too_much_was_missed_nothing_of_it_comes(
    house: House, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    house.entries = [entry(n) for n in range(1, 302)]
    ann = peer()
    ann.hello(token(), groups={ROOM: 1})
    assert ann.next() == {"type": "entries", "group_id": ROOM, "entries": [], "complete": False}
    appended(gateway, entry(302))
    assert ann.next()["entry"]["seq"] == 302


def test_a_room_that_is_no_longer_ones_to_see_is_gone(
    house: House, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    ann = peer()
    ann.hello(token(), groups={"elsewhere": 3})
    assert ann.next() == {"type": "group_gone", "group_id": "elsewhere"}


@pytest.mark.parametrize(
    "first",
    [
        b'{"type":"ping"}',
        b"{",
        b'{"type":"hello"}',
        b'{"type":"hello","token":"x","more":1}',
        b'{"type":"hello","token":"x","groups":{"g":-1}}',
    ],
)
def test_who_does_not_say_hello_first_is_not_talked_to(peer: Callable[[], Peer], first: bytes) -> None:
    stranger = peer()
    stranger.say_bytes(first)
    assert stranger.closed_with() == 4400


def test_a_token_that_is_no_good_closes_with_4401(
    gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    gateway.tokens.ended(["s-9"])
    for bad in ("nonsense", token(sid="s-9")):
        stranger = peer()
        stranger.say(type="hello", token=bad)
        assert stranger.closed_with() == 4401


def test_who_says_nothing_is_closed_with_4408(gateway: Gateway, peer: Callable[[], Peer]) -> None:
    gateway.settings = gateway.settings.model_copy(update={"HELLO_SECONDS": 0.1})
    assert peer().closed_with() == 4408


def test_who_answers_no_ping_is_closed_with_4408(
    house: House, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    gateway.settings = gateway.settings.model_copy(update={"IDLE_SECONDS": 0.2})
    ann = peer()
    ann.hello(token())
    assert ann.closed_with() == 4408


def test_while_a_service_is_away_one_is_asked_to_come_back(
    house: House, services: Any, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    services.answers("groups.memberships", Unavailable("timeout", "Late."))
    ann = peer()
    ann.say(type="hello", token=token())
    assert ann.closed_with() == 1013


def test_more_sockets_than_one_may_have_are_closed_with_4429(
    house: House, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    for _ in range(gateway.settings.SOCKETS_PER_USER):
        peer().hello(token())
    last = peer()
    last.say(type="hello", token=token())
    assert last.closed_with() == 4429


def test_of_many_that_come_at_once_a_few_at_a_time_are_let_in(
    house: House, services: Any, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    at_once, under_way, most = gateway.settings.HELLOS_AT_ONCE, 0, 0

    def memberships(user_id: str) -> dict[str, Any]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        gevent.sleep(0.01)
        under_way -= 1
        return house.memberships(user_id)

    services.answers("groups.memberships", memberships)
    peers = [peer() for _ in range(4 * at_once)]
    for number, one in enumerate(peers):
        one.say(type="hello", token=token(sub=f"{ANN[:-4]}{number:04}"))
    assert [one.next()["type"] for one in peers] == ["welcome"] * len(peers)
    assert most == at_once


def test_who_stands_in_line_for_too_long_is_asked_to_come_back(
    house: House, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    line = gateway.partners.line
    gateway.partners = replace(gateway.partners, line_seconds=0.1)
    for _ in range(gateway.settings.HELLOS_AT_ONCE):
        line.acquire()
    late = peer()
    late.say(type="hello", token=token())
    assert late.closed_with() == 1013
    line.release()
    assert peer().hello(token())["type"] == "welcome"


def test_a_gateway_that_can_believe_nobody_yet_takes_no_sockets(gateway: Gateway, http: FlaskClient) -> None:
    gateway.tokens.ready = False
    answer = http.get("/api/v1/ws", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "starting", "1")


def test_a_gateway_that_is_full_takes_no_more_sockets_and_says_when_to_come_back(
    house: House, gateway: Gateway, http: FlaskClient, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    def knock() -> Any:
        return http.get("/api/v1/ws", headers={"Connection": "Upgrade", "Upgrade": "websocket"})

    assert knock().status_code == 400  # nothing but its key is missing
    most = gateway.settings.WORKER_CONNECTIONS * 9 // 10
    for _ in range(most):
        peer()
    gevent.sleep(0)
    answer = knock()
    assert (answer.status_code, answer.json["code"]) == (503, "full")
    assert int(answer.headers["Retry-After"]) > 0


# Frames


def test_a_frame_over_64_kib_closes_with_1009(ann: Peer) -> None:
    ann.say_bytes(b"x" * (64 * 1024 + 1))
    assert ann.closed_with() == 1009


def test_a_binary_frame_closes_with_4400_and_bad_utf_8_with_1007(ann: Peer, ben: Peer) -> None:
    ann.say_bytes(b"{}", Opcode.BINARY)
    assert ann.closed_with() == 4400
    ben.say_bytes(b"\xff")
    assert ben.closed_with() == 1007


def test_what_comes_cut_anywhere_is_read_the_same(gateway: Gateway, ann: Peer) -> None:
    frames = b"".join(
        Frame(Opcode.TEXT, orjson.dumps({"type": "ping", "ref": "x" * size})).serialize(mask=True)
        for size in (1, 60)
    ) + Frame(Opcode.PONG, b"").serialize(mask=True)
    for cut in (1, 5, 20, len(frames) - 1):
        ann.sock.sendall(frames[:cut])
        gevent.sleep(0)
        ann.sock.sendall(frames[cut:])
        assert [len(ann.next()["ref"]) for _ in range(2)] == [1, 60]


def test_only_whole_texts_and_pongs_are_read_without_the_library() -> None:
    def frame(opcode: Opcode, body: bytes, fin: bool = True) -> bytes:
        return Frame(opcode, body, fin).serialize(mask=True)

    texts = [b"", b"{}", b"x" * 125, b"y" * 126, b"z" * 65535]
    whole = frame(Opcode.PONG, b"").join(frame(Opcode.TEXT, text) for text in texts)
    assert whole_texts(whole) == texts
    assert all(whole_texts(whole[:cut]) is None for cut in (1, 5, 7, len(whole) - 1))
    for other in (
        frame(Opcode.TEXT, b"x", fin=False),
        frame(Opcode.CONT, b"x"),
        frame(Opcode.PING, b""),
        frame(Opcode.CLOSE, b""),
        frame(Opcode.BINARY, b"x"),
        frame(Opcode.TEXT, b"x" * 65536),
        Frame(Opcode.TEXT, b"unmasked").serialize(mask=False),
        b"\xc1" + frame(Opcode.TEXT, b"reserved bit")[1:],
    ):
        assert whole_texts(frame(Opcode.TEXT, b"x") + other) is None


def test_a_message_may_come_in_parts(ann: Peer) -> None:
    ann.say_bytes(b'{"type":"pi', fin=False)
    ann.say_bytes(b"", Opcode.PING)
    ann.say_bytes(b'ng","ref":7}', Opcode.CONT)
    assert ann.next() == {"type": "pong", "ref": 7}


@pytest.mark.parametrize(
    ("said", "ref", "code"),
    [
        (b"nonsense", None, "invalid_json"),
        (b"[]", None, "invalid_frame"),
        (b'{"type":"dance","ref":1}', 1, "unknown_type"),
        (b'{"type":["ping"],"ref":1}', 1, "unknown_type"),
        (b'{"type":"ping","ref":"a","more":1}', "a", "invalid_frame"),
        (b'{"type":"ping","ref":{}}', None, "invalid_frame"),
        (b'{"type":"send","ref":2,"group_id":"g","client_id":"c"}', 2, "invalid_frame"),
        (b'{"type":"read","ref":3,"group_id":"g","seq":true}', 3, "invalid_frame"),
        (b'{"type":"typing","ref":4,"group_id":"elsewhere"}', 4, "not_a_member"),
        (b'{"type":"hello","ref":5,"token":"x"}', 5, "already_greeted"),
    ],
)
def test_what_can_not_be_done_is_refused_and_the_socket_stays_open(
    ann: Peer, said: bytes, ref: Any, code: str
) -> None:
    ann.say_bytes(said)
    error = ann.next()
    assert (error["type"], error["ref"], error["code"]) == ("error", ref, code)
    assert error["detail"]
    ann.say(type="ping", ref=9)
    assert ann.next() == {"type": "pong", "ref": 9}


def test_too_many_frames_are_refused_and_then_too_many_for_the_socket(gateway: Gateway, ann: Peer) -> None:
    burst = gateway.settings.SOCKET_FRAMES_BURST
    for n in range(burst + 5):
        ann.say(type="ping", ref=n)
    while (frame := ann.next())["type"] == "pong":
        pass
    assert frame["code"] == "too_many_frames"
    assert frame["retry_after_ms"] > 0
    for n in range(burst + 20):
        ann.say(type="ping", ref=n)
    assert ann.closed_with() == 4429


def test_a_client_that_never_stops_sending_lets_others_run(gateway: Gateway) -> None:
    turns: list[int] = []

    class Tap:
        """Where there is always something to read."""

        read = 0

        def recv(self, _: int) -> bytes:
            self.read += 1
            return b"" if self.read > 10 else Frame(Opcode.TEXT, b"{}").serialize(mask=True)

        def fileno(self) -> int:
            return -1

        settimeout = shutdown = lambda *_: None

    tap = Tap()
    gevent.spawn(lambda: turns.append(tap.read))
    Socket(tap, 1024, 60, Bucket(20, 100)).read(lambda _: None, 10)
    assert turns == [1], "nobody ran before it had been read to its end"


# Messages


def test_a_message_is_acknowledged_with_its_entry(ann: Peer) -> None:
    ann.say(type="send", ref="r", group_id=ROOM, client_id="c-1", text="Hello", reply_to=2)
    ack = ann.next()
    assert (ack["type"], ack["ref"]) == ("ack", "r")
    sent = {"group_id": ROOM, "client_id": "c-1", "text": "Hello", "reply_to": 2}
    assert ack["entry"] == {**entry(6), "sender_id": ANN, **sent}


def test_a_message_that_chat_refuses_is_an_error_with_its_ref(services: Any, ann: Peer) -> None:
    refusals = [Conflict("group_ended", "Ended."), Unavailable("busy", "Later.", retry_after=1.5)]
    services.answers("chat.send", lambda messages: {"results": [{"refusal": refusals.pop(0).as_dict()}]})
    ann.say(type="send", ref=1, group_id=ROOM, client_id="c-1", text="x")
    assert ann.next() == {"type": "error", "ref": 1, "code": "group_ended", "detail": "Ended."}
    ann.say(type="send", ref=2, group_id=ROOM, client_id="c-2", text="x")
    assert ann.next()["retry_after_ms"] == 1500


def test_what_comes_while_a_call_is_under_way_goes_together_in_order(
    house: House, services: Any, ann: Peer, ben: Peer
) -> None:
    asked, go_on = Event(), Event()

    def slow(messages: list[dict[str, Any]]) -> dict[str, Any]:
        asked.set()
        go_on.wait()
        return house.send(messages)

    services.answers("chat.send", slow)
    ann.say(type="send", ref=0, group_id=ROOM, client_id="a-0", text="x")
    asked.wait()
    for n in range(1, 4):
        ann.say(type="send", ref=n, group_id=ROOM, client_id=f"a-{n}", text="x")
        ben.say(type="send", ref=n, group_id=ROOM, client_id=f"b-{n}", text="x")
    for peer in (ann, ben):
        peer.say(type="ping")
        assert peer.next()["type"] == "pong"
    go_on.set()
    assert [ann.next()["ref"] for _ in range(4)] == [0, 1, 2, 3]
    assert [ben.next()["ref"] for _ in range(3)] == [1, 2, 3]
    calls = [len(kwargs["messages"]) for name, _, kwargs in services.asked if name == "chat.send"]
    assert calls == [1, 6]


def test_one_message_that_chat_fails_at_does_not_take_the_others_with_it(
    house: House, services: Any, gateway: Gateway
) -> None:
    def picky(messages: list[dict[str, Any]]) -> dict[str, Any]:
        if any(m["text"] == "poison" for m in messages):
            raise RuntimeError("chat failed")
        return house.send(messages)

    services.answers("chat.send", picky)
    answers: list[Any] = []
    for text in ("first", "good", "poison", "fine"):
        gateway.batcher.submit({"group_id": ROOM, "text": text}, answers.append)
    gevent.sleep(0.05)
    texts = [a["text"] if isinstance(a, dict) else str(a) for a in answers]
    assert texts == ["first", "good", "chat failed", "fine"]


def test_members_do_not_wait_for_what_chat_has_to_ask_about_strangers(
    house: House, services: Any, gateway: Gateway, ann: Peer
) -> None:
    asked = Event()

    def send(messages: list[dict[str, Any]]) -> dict[str, Any]:
        if any(m["group_id"] != ROOM for m in messages):
            asked.wait(5)
        return house.send(messages)

    services.answers("chat.send", send)
    ann.say(type="send", ref=1, group_id=new_id(), client_id="c-1", text="Anybody?")
    ann.say(type="send", ref=2, group_id=ROOM, client_id="c-2", text="Hello.")
    assert ann.until("ack")["ref"] == 2
    asked.set()
    assert ann.until("ack")["ref"] == 1


def test_a_call_to_chat_is_no_larger_than_the_broker_takes(
    house: House, services: Any, gateway: Gateway
) -> None:
    answers: list[Any] = []
    for n in range(121):
        gateway.batcher.submit({"group_id": ROOM, "n": n, "text": "x" * 10_000}, answers.append)
    gevent.sleep(0.05)
    calls = [len(kwargs["messages"]) for name, _, kwargs in services.asked if name == "chat.send"]
    assert len(answers) == sum(calls) == 121
    assert max(calls) <= 51


def test_a_client_that_names_many_groups_is_told_of_one_after_another(
    house: House, services: Any, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    at_once, most = 0, 0

    def get(group_id: str) -> dict[str, Any]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        gevent.sleep(0.001)
        at_once -= 1
        raise NotFound("group_not_found", "No.")

    services.answers("groups.get", get)
    ann = peer()
    ann.hello(token(), groups={new_id(): 1 for _ in range(50)})
    for _ in range(50):
        ann.until("group_gone")
    assert most == 1


def test_a_message_that_waits_too_long_is_a_timeout(services: Any, gateway: Gateway) -> None:
    gateway.batcher._seconds = 0.05
    services.answers("chat.send", lambda messages: gevent.sleep(0.1))
    answers: list[Any] = []
    gateway.batcher.submit({"n": 0}, answers.append)
    gevent.sleep(0)
    for n in (1, 2):
        gateway.batcher.submit({"n": n}, answers.append)
    gateway.batcher._waiting = 0
    gateway.batcher.submit({"n": 3}, answers.append)
    gevent.sleep(0.3)
    codes = [getattr(a, "code", None) for a in answers]
    assert codes == ["busy", None, "timeout", "timeout"]


# Positions

FEATURE = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4.895168, 52.370216]}}
PIN = {**FEATURE, "id": "share-1", "properties": {"user_id": ANN, "accuracy_m": 5.0}}


def passed_on(gateway: Gateway) -> None:
    """What one gateway said comes to all."""
    gateway.live.hear_gateway(gateway.relay._to_say.get(timeout=3))


def test_a_position_is_acknowledged_with_its_entry_in_the_order_they_were_sent(
    house: House, services: Any, ann: Peer
) -> None:
    services.answers("location.send", lambda **sent: house.append(kind="position", **sent))
    id = new_id()
    ann.say(type="position", ref=1, group_id=ROOM, feature={**FEATURE, "id": id})
    ann.say(type="position", ref=2, group_id=ROOM, feature=FEATURE)
    acks = [ann.next(), ann.next()]
    assert [(a["type"], a["ref"], a["entry"]["seq"]) for a in acks] == [("ack", 1, 6), ("ack", 2, 7)]
    assert acks[0]["entry"]["feature"] == {**FEATURE, "id": id}
    assert len(acks[1]["entry"]["feature"]["id"]) == 36, "the broker may bring it twice"
    assert services.asked[-1][1].user_id == ANN


def test_positions_that_are_refused_or_too_many_are_errors(services: Any, ann: Peer) -> None:
    go_on = Event()
    services.answers("location.send", lambda **_: go_on.wait())
    for ref in range(POSITIONS_WAITING + 1):
        ann.say(type="position", ref=ref, group_id=ROOM, feature=FEATURE)
    error = ann.next()
    assert (error["ref"], error["code"], error["retry_after_ms"]) == (POSITIONS_WAITING, "busy", 1000)
    services.answers("location.send", Unavailable("unavailable", "Its entry follows.", retry_after=1))
    go_on.set()
    answers = [ann.next() for _ in range(POSITIONS_WAITING)]
    assert [a["ref"] for a in answers] == list(range(POSITIONS_WAITING))
    assert answers[-1]["code"] == "unavailable"


def test_a_live_position_reaches_the_room_by_way_of_all_gateways_the_last_one_wins(
    services: Any, gateway: Gateway, ann: Peer, ben: Peer
) -> None:
    services.answers(
        "location.move",
        lambda group_id, feature: {
            "group_id": group_id,
            "user_id": ANN,
            "feature": {**PIN, "geometry": feature["geometry"]},
        },
    )
    for longitude in range(5):
        point = {"type": "Point", "coordinates": [longitude, 0]}
        ann.say(type="position", group_id=ROOM, live=True, feature={"type": "Feature", "geometry": point})
    told = []
    while told[-1:] != [4]:
        passed_on(gateway)
        frame = ben.next()
        assert (frame["type"], frame["group_id"], frame["user_id"]) == ("position", ROOM, ANN)
        told.append(frame["feature"]["geometry"]["coordinates"][0])
        assert ann.next() == frame, "on all of one's own devices too"
    assert len(told) <= 2
    assert len([name for name, _, _ in services.asked if name == "location.move"]) <= 2


def test_a_live_position_that_is_late_or_refused_is_told_to_nobody(
    services: Any, gateway: Gateway, ann: Peer
) -> None:
    services.answers("location.move", {"group_id": ROOM, "user_id": ANN, "feature": None})
    ann.say(type="position", ref=1, group_id=ROOM, live=True, feature=FEATURE)
    ann.say(type="ping")
    assert ann.next()["type"] == "pong"
    services.answers("location.move", Conflict("not_sharing", "Start first."))
    ann.say(type="position", ref=2, group_id=ROOM, live=True, feature=FEATURE)
    error = ann.next()
    assert (error["ref"], error["code"]) == (2, "not_sharing")
    ann.say(type="position", ref=3, group_id="elsewhere", live=True, feature=FEATURE)
    assert ann.next()["code"] == "not_a_member"
    assert all(kwargs["group_id"] == ROOM for name, _, kwargs in services.asked if name == "location.move")
    assert gateway.relay._to_say.empty()


def test_after_the_end_of_a_share_nobody_is_shown_a_point_of_it(gateway: Gateway, ann: Peer) -> None:
    share = {"id": "share-1", "group_id": ROOM, "user_id": BEN, "version": 1}
    audience = f"group:{ROOM}"
    says(gateway, "location.share_started", audience, share=share)
    assert ann.next() == {"type": "share", "share": share}
    says(gateway, "location.share_ended", audience, share=share)
    assert ann.next() == {"type": "share", "share": share}
    point = {"type": "position", "group_id": ROOM, "user_id": BEN, "feature": PIN}
    gateway.live.hear_gateway(orjson.dumps(point))
    again = {**point, "feature": {**PIN, "id": "share-2"}}
    gevent.sleep(0)
    gateway.live.hear_gateway(orjson.dumps(again))
    assert ann.next() == again


def test_reads_go_to_chat_the_last_of_a_room_only(house: House, services: Any, ann: Peer) -> None:
    asked, go_on = Event(), Event()
    services.answers("chat.read", lambda **_: (asked.set(), go_on.wait()))
    ann.say(type="read", group_id=ROOM, seq=1)
    asked.wait()
    for seq in (2, 5, 4):
        ann.say(type="read", group_id=ROOM, seq=seq)
    ann.say(type="ping")
    ann.next()
    go_on.set()
    ann.say(type="ping")
    ann.next()
    assert [k["seq"] for name, _, k in services.asked if name == "chat.read"] == [1, 5]


# What is heard


def test_entries_reach_every_socket_of_every_member_and_nobody_else(
    house: House, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str], ann: Peer, ben: Peer
) -> None:
    stranger = peer()
    stranger.hello(token(sub="stranger", sid="s-3"))
    appended(gateway, entry(6))
    says(gateway, "chat.read_moved", f"group:{ROOM}", group_id=ROOM, user_id=ANN, seq=6)
    for member in (ann, ben):
        assert member.next() == {"type": "entry", "group_id": ROOM, "entry": entry(6)}
        assert member.next() == {"type": "read", "group_id": ROOM, "user_id": ANN, "seq": 6}
    stranger.say(type="ping")
    assert stranger.next()["type"] == "pong"


def test_what_is_stored_is_given_out_at_once_and_its_event_repeats_nothing(
    gateway: Gateway, ann: Peer, ben: Peer
) -> None:
    ann.say(type="send", ref=1, group_id=ROOM.upper(), client_id="c-1", text="Hello.")
    stored = ann.until("ack")["entry"]
    for member in (ann, ben):
        assert member.next() == {"type": "entry", "group_id": ROOM, "entry": stored}
    appended(gateway, stored, entry(7))
    for member in (ann, ben):
        assert member.next() == {"type": "entry", "group_id": ROOM, "entry": entry(7)}


def test_typing_goes_to_the_others_by_way_of_all_gateways(gateway: Gateway, ann: Peer, ben: Peer) -> None:
    ann.say(type="typing", group_id=ROOM)
    ann.say(type="ping")
    assert ann.next()["type"] == "pong"
    gateway.live.hear_gateway(gateway.relay._to_say.get())
    assert ben.next() == {"type": "typing", "group_id": ROOM, "user_id": ANN}
    ann.say(type="ping")
    assert ann.next()["type"] == "pong"


def test_of_a_client_that_types_without_end_the_others_are_told_now_and_then(
    gateway: Gateway, ann: Peer
) -> None:
    for _ in range(50):
        ann.say(type="typing", group_id=ROOM)
    ann.say(type="ping")
    assert ann.next()["type"] == "pong"
    gevent.sleep(0)
    assert gateway.relay._to_say.qsize() == 1


def test_who_joins_is_shown_the_group_and_then_hears_the_room(
    house: House,
    services: Any,
    gateway: Gateway,
    ann: Peer,
    peer: Callable[[], Peer],
    token: Callable[..., str],
) -> None:
    del house.members[BEN]
    ben = peer()
    assert ben.hello(token(sub=BEN, sid="s-2"))["groups"] == []
    house.members[BEN] = "staff"
    behind: list[dict[str, Any]] = [{"items": {}}, {"items": {}}]  # chat hears of it later than we do
    services.answers("chat.rooms", lambda group_ids: behind.pop() if behind else house.rooms(group_ids))
    audience = f"group:{ROOM} user:{BEN}"
    joined = {"group_id": ROOM, "user_id": BEN, "role": "staff", "version": 10, "group": house.group(None)}
    says(gateway, "groups.member_joined", audience, **joined)
    house.append()
    appended(gateway, entry(6))
    group = ben.next()
    assert (group["type"], group["group"]["my_role"], group["group"]["last_seq"]) == ("group", "staff", 6)
    appended(gateway, entry(7))
    assert ben.next()["entry"]["seq"] == 7
    assert ann.next() == {"type": "member", "group_id": ROOM, "user_id": BEN, "role": "staff"}
    assert ann.next()["group"]["my_role"] == "owner"


def test_who_is_removed_loses_the_room_at_once(
    house: House, services: Any, gateway: Gateway, ann: Peer, ben: Peer
) -> None:
    del house.members[BEN]
    services.answers("groups.get", NotFound("group_not_found", "No."))
    left = {"group_id": ROOM, "user_id": BEN, "version": 10, "group": house.group(None)}
    says(gateway, "groups.member_left", f"group:{ROOM} user:{BEN}", **left)
    appended(gateway, entry(6))
    assert ben.next() == {"type": "member", "group_id": ROOM, "user_id": BEN, "role": None}
    assert ben.next() == {"type": "group_gone", "group_id": ROOM}
    assert ann.until("entry")["entry"]["seq"] == 6
    ben.say(type="ping")
    assert ben.next()["type"] == "pong"


def test_a_group_that_is_closed_is_gone_for_staff_outside_it_and_for_nobody_else(
    house: House, gateway: Gateway, ann: Peer, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    eve, customer = peer(), peer()
    eve.hello(token(sub="eve", sid="s-3"))
    customer.hello(token(sub="customer", sid="s-4", kind="customer"))
    audience = f"group:{ROOM} staff"
    for visibility in ("open", "invite"):
        group = {**house.group(None), "visibility": visibility, "my_role": None}
        says(gateway, "groups.group_changed", audience, group_id=ROOM, group=group)
        assert ann.next() == {"type": "group", "group": {**group, "my_role": "owner"}}
        gone = {"type": "group_gone", "group_id": ROOM}
        assert eve.next() == ({"type": "group", "group": group} if visibility == "open" else gone)
    customer.say(type="ping")
    assert customer.next()["type"] == "pong"


def test_who_is_saying_hello_is_not_told_of_a_room_as_of_anothers(
    house: House, services: Any, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    def memberships(user_id: str) -> dict[str, Any]:
        group = {**house.group(None), "visibility": "open"}
        says(gateway, "groups.group_changed", f"group:{ROOM} staff", group_id=ROOM, group=group)
        return house.memberships(user_id)

    services.answers("groups.memberships", memberships)
    ann = peer()
    assert ann.hello(token())["groups"][0]["my_role"] == "owner"
    ann.say(type="ping")
    assert ann.next()["type"] == "pong"


def test_the_members_of_a_task_hear_of_its_target_and_staff_only_of_the_group(
    house: House, gateway: Gateway, ann: Peer, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    eve = peer()
    eve.hello(token(sub="eve", sid="s-3"))
    group, item = {**house.group(None), "state": "open"}, {"id": ROOM, "kind": "task", "change": "moved"}
    told = {"group_id": ROOM, "group": group}
    says(gateway, "groups.task_changed", f"group:{ROOM} staff", **told, item=None)
    says(gateway, "groups.task_changed", f"group:{ROOM} staff", **told, item=item)
    says(gateway, "groups.task_reminded", f"group:{ROOM}", **told, item={**item, "change": "near"})
    frames = [ann.next() for _ in range(5)]
    assert [f["type"] for f in frames] == ["group", "group", "calendar", "group", "calendar"]
    assert [f["item"] for f in frames if f["type"] == "calendar"] == [item, {**item, "change": "near"}]
    eve.say(type="ping")
    assert [eve.next()["type"] for _ in range(3)] == ["group", "group", "pong"]


@pytest.mark.parametrize("change", ["made", "changed", "withdrawn", "near"])
def test_the_members_of_a_group_hear_of_its_appointments_and_nobody_else(
    gateway: Gateway, ann: Peer, peer: Callable[[], Peer], token: Callable[..., str], change: str
) -> None:
    eve = peer()
    eve.hello(token(sub="eve", sid="s-3"))
    item = {"id": "a-1", "kind": "appointment", "group_id": ROOM, "change": change}
    says(gateway, f"groups.appointment_{change}", f"group:{ROOM}", group_id=ROOM, item=item)
    assert ann.next() == {"type": "calendar", "item": item}
    eve.say(type="ping")
    assert eve.next()["type"] == "pong"


def test_a_membership_that_no_event_told_of_is_found(
    house: House, services: Any, gateway: Gateway, ben: Peer
) -> None:
    gateway.hub.doubt()
    del house.members[BEN]
    services.answers("groups.get", NotFound("group_not_found", "No."))
    gateway.live.check_members()
    assert ben.next() == {"type": "group_gone", "group_id": ROOM}


def test_a_room_that_chat_could_not_show_is_tried_again(
    house: House, services: Any, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    services.answers("chat.catch_up", lambda **_: {"rooms": {}})
    services.answers("chat.rooms", lambda group_ids: {"items": {}})
    services.answers("chat.last_seqs", lambda group_ids: {})
    ann = peer()
    assert ann.hello(token())["groups"][0]["last_seq"] == 0
    services.answers("chat.rooms", house.rooms)
    gateway.live.check_rooms()
    assert ann.next()["group"]["last_seq"] == 5
    appended(gateway, entry(6))
    assert ann.until("entry")["entry"]["seq"] == 6


def test_a_session_that_ends_closes_its_sockets_and_no_other(gateway: Gateway, ann: Peer, ben: Peer) -> None:
    says(gateway, "auth.session_ended", f"user:{ANN}", session_id="s-1", user_id=ANN, reason="logout")
    assert ann.closed_with() == 4401
    ben.say(type="ping")
    assert ben.next()["type"] == "pong"


def test_of_a_person_only_what_everybody_may_know_is_told(gateway: Gateway, ann: Peer) -> None:
    user = {"id": BEN, "username": "ben", "display_name": "Ben", "kind": "staff", "avatar_url": None}
    says(gateway, "auth.user_changed", "staff", user={**user, "active": True, "permissions": ["x"]})
    assert ann.next() == {"type": "user", "user": user}


def test_who_is_new_is_said_to_be_so_to_those_who_want_to_know(
    gateway: Gateway, ann: Peer, ben: Peer
) -> None:
    user = {"id": BEN, "username": "ben", "display_name": "Ben", "kind": "staff", "avatar_url": None}

    def heard(type: str, audience: str) -> list[tuple[str, bool | None]]:
        says(gateway, type, audience, user={**user, "active": True, "version": 1})
        return [(frame["user"]["username"], frame.get("new")) for frame in (ann.next(), ben.next())]

    assert heard("auth.user_created", "staff") == [("ben", True), ("ben", True)]
    # Ben wants it no longer, which only he is told.
    for version, wanted in ((4, False), (2, True)):
        own = {**user, "version": version, "settings": {"new_user_alert": wanted}}
        says(gateway, "auth.settings_changed", f"user:{BEN}", user=own)
        assert ben.next() == {"type": "user", "user": own}
    assert heard("auth.user_created", "staff") == [("ben", True), ("ben", None)]
    assert heard("auth.user_introduced", f"user:{ANN} user:{BEN}") == [("ben", True), ("ben", None)]
    assert heard("auth.user_changed", "staff") == [("ben", None), ("ben", None)]


def test_nobody_is_alerted_before_it_is_known_whether_they_want_it(
    house: House, gateway: Gateway, services: Any, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    asked, go_on = Event(), Event()

    def slow() -> dict[str, Any]:
        asked.set()
        go_on.wait()
        return {"id": ANN, "version": 3, "settings": {"new_user_alert": True}}

    services.answers("auth.me", slow)
    ann = peer()
    ann.say(type="hello", token=token())
    asked.wait()  # what auth answers is older than what she sets meanwhile
    own = {"id": ANN, "version": 4, "settings": {"new_user_alert": False}}
    says(gateway, "auth.settings_changed", f"user:{ANN}", user=own)
    says(gateway, "auth.user_created", "staff", user={"id": BEN})
    go_on.set()
    ann.until("welcome")
    says(gateway, "auth.user_created", "staff", user={"id": BEN})
    assert ann.next()["user"] == own
    assert [ann.next().get("new") for _ in range(2)] == [None, None]


def test_staff_who_became_customers_no_longer_hear_what_is_for_staff(gateway: Gateway, ann: Peer) -> None:
    says(gateway, "auth.permissions_changed", "", user_id=ANN, kind="customer", permissions=[], version=2)
    says(gateway, "groups.group_created", "staff", group_id="g", group={"id": "g"})
    ann.say(type="ping")
    assert ann.next()["type"] == "pong"


def test_news_reach_their_audience_and_who_loses_them_is_told_so(
    house: House, gateway: Gateway, ann: Peer, ben: Peer, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    eve, customer = peer(), peer()
    eve.hello(token(sub="eve", sid="s-3"))
    customer.hello(token(sub="customer", sid="s-4", kind="customer"))
    house.members["guest"] = "guest"
    guest = peer()
    guest.hello(token(sub="guest", sid="s-5", kind="customer"))
    everybody = {"ann": ann, "ben": ben, "eve": eve, "guest": guest, "customer": customer}
    room, item = f"group:{ROOM}", {"id": "n-1", "title": "Gate 4"}
    gone = {"type": "news_gone", "id": "n-1", "version": 2}
    news = {"type": "news", "item": item, "read_again": False}
    again = {**news, "read_again": True}

    def heard() -> dict[str, dict[str, Any]]:
        for one in everybody.values():
            one.say(type="ping")
        told = {name: one.next() for name, one in everybody.items()}
        for name, one in everybody.items():
            assert told[name]["type"] == "pong" or one.next()["type"] == "pong"
        return {name: frame for name, frame in told.items() if frame["type"] != "pong"}

    for audience, hearers in (
        ("everyone", everybody),
        ("staff", ("ann", "ben", "eve")),
        (room, ("ann", "ben", "guest")),
    ):
        says(gateway, "news.published", audience, article=item)
        assert heard() == dict.fromkeys(hearers, news)
        says(gateway, "news.changed", audience, article=item, read_again=True)
        assert heard() == dict.fromkeys(hearers, again)
    for audience, kept_by, losers in (
        ("everyone", [], everybody),
        ("everyone", ["staff"], ("guest", "customer")),
        ("everyone", [room], ("eve", "customer")),
        ("staff", [room], ("eve",)),
        (room, ["staff"], ("guest",)),
    ):
        says(gateway, "news.withdrawn", audience, news_id="n-1", version=2, kept_by=kept_by)
        assert heard() == dict.fromkeys(losers, gone)


def test_a_report_is_pushed_whole_to_who_asked_and_read_as_that_person(
    services: Any, gateway: Gateway, ann: Peer
) -> None:
    made = {"report_id": "r-1", "type": "sales", "title": "Sales", "requested_by": ANN, "group_id": None}
    says(gateway, "reports.report_progressed", f"user:{ANN}", report_id="r-1", type="sales", progress=0.4)
    assert ann.next()["report"] == {"id": "r-1", "type": "sales", "progress": 0.4, "status": "running"}
    services.answers("reports.report", {"id": "r-1", "kpis": [1]})
    says(gateway, "reports.report_made", f"user:{ANN}", **made, status="ready")
    assert ann.next() == {"type": "report", "report": {"id": "r-1", "kpis": [1]}}
    assert services.asked[-1][1].user_id == ANN
    services.answers("reports.report", Unavailable("timeout", "Late."))
    says(gateway, "reports.report_made", f"user:{ANN}", **made, status="failed")
    head = {"id": "r-1", "type": "sales", "title": "Sales", "status": "failed", "group_id": None}
    assert ann.next()["report"] == head


def test_others_of_the_room_who_may_see_a_report_hear_that_there_is_one(
    services: Any, gateway: Gateway, ann: Peer, ben: Peer
) -> None:
    services.answers("reports.report", {"id": "r-1", "kpis": [1]})
    head = {"type": "sales", "title": "Sales", "status": "ready", "group_id": "g-1"}
    audience = f"user:{ANN} user:{BEN}"
    says(gateway, "reports.report_made", audience, report_id="r-1", requested_by=ANN, **head)
    assert ben.next() == {"type": "report", "report": {"id": "r-1", **head}}
    assert ann.next()["report"]["kpis"] == [1]
    # Sent on is not looked at.
    assert services.asked[-1][2]["pushed"] is True


def test_an_alert_is_for_those_it_names_and_nobody_else(gateway: Gateway, ann: Peer, ben: Peer) -> None:
    alert = {"id": "a-1", "state": "firing", "text": "Overdue is €120.00, above €100.00."}
    for name in ("alert_raised", "alert_acknowledged", "alert_recovered"):
        says(gateway, f"reports.{name}", f"user:{ANN}", alert=alert)
        assert ann.next() == {"type": "alert", "alert": alert}
    ben.say(type="ping")
    assert ben.next()["type"] == "pong"


def test_who_looks_after_a_source_hears_of_its_trouble_and_nobody_else(
    gateway: Gateway, ann: Peer, ben: Peer
) -> None:
    told = {"title": "House", "load_id": "l-1", "state": "failed", "as_of": None, "at": "now"}
    told |= {"reason": "It can't be reached.", "mismatches": []}
    says(gateway, "reports.source_state_changed", f"user:{ANN}", source="house", owner_id=ANN, **told)
    assert ann.next() == {"type": "source", "source": {"name": "house", **told}}
    ben.say(type="ping")
    assert ben.next()["type"] == "pong"


def test_what_can_not_be_read_does_not_stop_the_relay(gateway: Gateway, ann: Peer) -> None:
    for body in (b"nonsense", b"[]", b"{}", b'{"type":"chat.entries_appended.v1","data":{}}'):
        gateway.live.hear(body)
        gateway.live.hear_gateway(body)
    gateway.live.hear(orjson.dumps({"type": "calendar.moved.v1", "data": {}}))
    appended(gateway, entry(6))
    assert ann.next()["entry"]["seq"] == 6


# Slow readers, and going away


def test_a_client_that_does_not_read_is_dropped_and_slows_nobody(
    house: House, gateway: Gateway, ann: Peer, ben: Peer
) -> None:
    began = time.monotonic()
    for n in range(6, 306):
        appended(gateway, entry(n, text="x" * 5000))
        assert ann.next()["entry"]["seq"] == n
    assert time.monotonic() - began < 10
    seqs = []
    while ben._receive(3) and ben.protocol.close_rcvd is None:
        pass
    seqs = [frame["entry"]["seq"] for frame in ben.frames]
    assert seqs == list(range(6, 6 + len(seqs)))  # whole frames, as far as they went
    assert len(seqs) < 300
    assert ben.protocol.close_rcvd is not None
    assert ben.protocol.close_rcvd.code == 4408


def test_a_reader_that_is_only_a_little_slow_gets_everything(
    house: House, gateway: Gateway, ann: Peer
) -> None:
    for n in range(6, 60):
        appended(gateway, entry(n, text="x" * 5000))
    assert [ann.next()["entry"]["seq"] for _ in range(6, 60)] == list(range(6, 60))


def test_going_away_everybody_is_told(gateway: Gateway, ann: Peer, ben: Peer) -> None:
    draining = gevent.spawn(gateway.sockets.drain, 0.2)
    assert {ann.closed_with(), ben.closed_with()} == {1001}
    draining.join(2)
    assert gateway.sockets.draining


def test_a_fault_of_ours_ends_the_socket_and_nothing_else(
    house: House,
    gateway: Gateway,
    services: Any,
    peer: Callable[[], Peer],
    token: Callable[..., str],
    ben: Peer,
) -> None:
    services.answers("groups.memberships", {"nonsense": 1})
    ann = peer()
    ann.say(type="hello", token=token())
    assert not ann._receive(3)
    ben.say(type="ping")
    assert ben.next()["type"] == "pong"


def test_a_reading_of_memberships_that_failed_is_repeated_until_it_succeeds(
    house: House, services: Any, gateway: Gateway, ann: Peer, ben: Peer
) -> None:
    gateway.hub.doubt()
    del house.members[BEN]
    for problem in (Unavailable("unavailable", "away"), RemoteFailure("groups.memberships: KeyError")):
        services.answers("groups.memberships", problem)
        gateway.live.check_members()
        appended(gateway, entry(6))
        assert gateway.hub.unsure == {ANN, BEN}
    services.answers("groups.memberships", house.memberships)
    services.answers("groups.get", NotFound("group_not_found", "No."))
    gateway.live.check_members()
    assert ann.until("entry")["entry"]["seq"] == 6
    assert ben.next() == {"type": "group_gone", "group_id": ROOM}
    assert gateway.hub.unsure == set()


def test_who_comes_back_before_learning_that_they_were_out_reads_what_they_missed(
    house: House, services: Any, gateway: Gateway, ben: Peer
) -> None:
    """Groups is away while Ben leaves and joins again: his client still has the room as it was."""
    services.answers("groups.get", Unavailable("unavailable", "away"))
    moved = {"group_id": ROOM, "user_id": BEN}
    group = {**house.group(None), "member_count": 2}
    says(gateway, "groups.member_left", f"group:{ROOM}", **moved, group=group, version=10)
    house.append()
    services.answers("groups.get", house.get)
    joined = {**moved, "group": group, "role": "staff", "version": 11}
    says(gateway, "groups.member_joined", f"group:{ROOM}", **joined)
    assert ben.until("entries") == {"type": "entries", "group_id": ROOM, "entries": [], "complete": False}
    appended(gateway, house.append())
    assert ben.until("entry")["entry"]["seq"] == 7


def test_a_room_that_chat_says_no_more_of_is_read_anew_when_it_does(
    house: House, services: Any, gateway: Gateway, peer: Callable[[], Peer], token: Callable[..., str]
) -> None:
    def catch_up(have: dict[str, int], **asked: Any) -> dict[str, Any]:
        return {"rooms": {}} if have else house.catch_up(have=have, **asked)

    services.answers("chat.catch_up", catch_up)
    ann = peer()
    ann.hello(token(), groups={ROOM: 2})
    assert ann.until("entries") == {"type": "entries", "group_id": ROOM, "entries": [], "complete": False}
    appended(gateway, house.append())
    assert ann.until("entry")["entry"]["seq"] == 6


def test_who_leaves_while_they_are_let_in_is_not_shown_the_room(
    house: House, services: Any, gateway: Gateway, ben: Peer
) -> None:
    """Else their client would keep it from there on, and have a hole when they come back."""
    moved = {"group_id": ROOM, "user_id": BEN, "group": {**house.group(None), "member_count": 2}}

    def rooms(group_ids: list[str]) -> dict[str, Any]:
        services.answers("chat.rooms", house.rooms)
        stale = house.rooms(group_ids)
        del house.members[BEN]
        services.answers("groups.get", NotFound("group_not_found", "No."))
        says(gateway, "groups.member_left", f"group:{ROOM}", **moved, version=12)
        return stale

    says(gateway, "groups.member_left", f"group:{ROOM}", **moved, version=10)
    services.answers("chat.rooms", rooms)
    says(gateway, "groups.member_joined", f"group:{ROOM}", **moved, role="staff", version=11)
    told = [frame for _ in range(4) if (frame := ben.next())["type"] in ("group", "group_gone")]
    assert told
    assert {(frame["type"], frame.get("group", {}).get("last_seq")) for frame in told} <= {
        ("group_gone", None)
    }
