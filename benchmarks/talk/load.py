"""The load client: many members in one process, who say numbered messages and check each delivery.

It is told what to do by lines of JSON on its input and answers each by one on its output, so that who
measures the server knows when what began. It uses no library of a protocol: it shares the processor with
the server and has to be light. A message's text is `#room/number#` and a filling up to 200 bytes. Each room
has one sender, so a member has to get 1, 2, 3... of each of its rooms, and of no other; anything else ends
the run.
"""

import base64
import json
import os
import re
import select
import socket
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterable
from typing import Any

MESSAGE_BYTES = 200
PATIENCE = 60.0
MARK = re.compile(rb"#(\d+)/(\d+)#")
DELIVERED, CONFIRMED = 0, 1
Event = tuple[int, int, int]  # kind, room, number


class Broken(Exception):
    """The server did not do what was promised, or refused."""


class Member:
    """One connection.

    Args:
        person: what signs it in.
        rooms: by number, the server's names of the rooms it is in.
    """

    silent = False  # whether its own message comes back to it only by its confirmation

    def __init__(self, spec: dict[str, Any], person: str, rooms: dict[int, str]) -> None:
        self.spec, self.person, self.rooms = spec, person, rooms
        self.rest = b""
        self.numbers = dict.fromkeys(rooms, 0)
        self.sock = socket.create_connection((spec["host"], spec["port"]), PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.greet()
        self.sock.setblocking(False)

    def until(self, wanted: bytes) -> None:
        """Reads, while connecting, up to where this occurs; what follows is kept."""
        while wanted not in self.rest:
            self.rest += self.sock.recv(65536) or self.lost()
        self.rest = self.rest.partition(wanted)[2]

    def until_any(self, *wanted: bytes) -> None:
        while not any(each in self.rest for each in wanted):
            self.rest += self.sock.recv(65536) or self.lost()
        self.until(next(each for each in wanted if each in self.rest))

    def lost(self) -> bytes:
        raise Broken(f"closed while connecting: {self.rest[-300:]!r}")

    def greet(self) -> None:
        raise NotImplementedError

    def say(self, room: int, number: int, text: str) -> bytes:
        raise NotImplementedError

    def hear(self, received: bytes) -> list[Event]:
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        if self.sock.send(data) != len(data):
            raise Broken("the server does not read")


class WebSocket(Member):
    """What is common to those who speak over a websocket; frames of a client are masked, here by zeros."""

    last: tuple[bytes, list[Event]] = b"", []  # all members of a room get the same bytes

    def open(self, path: str, protocol: str = "") -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        chosen = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        at = f"{self.spec['host']}:{self.spec['port']}"
        self.sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {at}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{chosen}\r\n".encode()
        )
        self.until(b"\r\n\r\n")

    @staticmethod
    def frame(payload: bytes, opcode: int = 1) -> bytes:
        size = len(payload)
        head = bytes([0x80 | opcode])
        head += bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        return head + b"\0\0\0\0" + payload

    def hear(self, received: bytes) -> list[Event]:
        if not self.rest and received == WebSocket.last[0]:
            return WebSocket.last[1]
        data, events, at, alike = self.rest + received, [], 0, not self.rest
        while len(data) - at >= 2:
            size, start = data[at + 1], at + 2
            if size >= 126:
                wide = 2 if size == 126 else 8
                start += wide
                size = int.from_bytes(data[at + 2 : start], "big")
            if len(data) < start + size:
                break
            payload = data[start : start + size]
            opcode = data[at] & 15
            if opcode == 1:
                events += self.events(payload)
            elif opcode == 9:
                alike = False  # each has to answer
                self.write(self.frame(payload, 10))
            elif opcode == 8:
                raise Broken(f"closed: {payload!r}")
            at = start + size
        if alike and at == len(data):
            WebSocket.last = received, events
        self.rest = data[at:]
        return events

    def events(self, payload: bytes) -> list[Event]:
        raise NotImplementedError


class Bchat(WebSocket):
    def greet(self) -> None:
        self.open("/api/v1/ws", "bchat.v1")
        hello = {"type": "hello", "token": self.person, "device_id": str(uuid.uuid4())}
        self.sock.sendall(self.frame(json.dumps(hello).encode()))
        self.until(b'"type":"welcome"')
        self.until(b'"heartbeat_s"')
        self.until(b"}")

    def say(self, room: int, number: int, text: str) -> bytes:
        said = {"type": "send", "ref": number, "group_id": self.rooms[room]}
        return self.frame(json.dumps({**said, "client_id": str(uuid.uuid4()), "text": text}).encode())

    def events(self, payload: bytes) -> list[Event]:
        if payload.startswith(b'{"type":"error"'):
            raise Broken(payload.decode())
        kind = CONFIRMED if payload.startswith(b'{"type":"ack"') else DELIVERED
        return [(kind, int(room), int(number)) for room, number in MARK.findall(payload)]


class SocketIo(WebSocket):
    """Socket.IO 5: `42` is an event, `43` the answer to one, `2` a ping."""

    def greet(self) -> None:
        self.open("/socket.io/?EIO=4&transport=websocket")
        self.until(b"}")
        self.sock.sendall(self.frame(b"40"))
        self.until(b"}")
        self.sock.sendall(self.frame(b'420["enter",%b]' % json.dumps(list(self.rooms)).encode()))
        self.until(b"430[")
        self.until(b"]")

    def say(self, room: int, number: int, text: str) -> bytes:
        return self.frame(b"42%d%b" % (number, json.dumps(["say", {"room": room, "text": text}]).encode()))

    def events(self, payload: bytes) -> list[Event]:
        if payload == b"2":
            self.write(self.frame(b"3"))
            return []
        kind = CONFIRMED if payload.startswith(b"43") else DELIVERED
        return [(kind, int(room), int(number)) for room, number in MARK.findall(payload)]


class Xmpp(Member):
    """A room's server stores a message before it gives it to anybody, so a sender's own copy confirms it."""

    silent = True

    def greet(self) -> None:
        domain = self.spec["domain"]
        opening = (
            f"<stream:stream to='{domain}' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
        ).encode()
        self.sock.sendall(opening)
        self.until(b"</stream:features>")
        self.sock.sendall(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
        self.until(b"<success")
        self.rest = b""
        self.sock.sendall(opening)
        self.until(b"</stream:features>")
        self.sock.sendall(
            b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
            b"<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq><presence/>"
        )
        self.until(b"</iq>")
        for room in self.rooms.values():
            self.sock.sendall(
                f"<presence to='{room}/{self.person}'><x xmlns='http://jabber.org/protocol/muc'>"
                "<history maxstanzas='0'/></x></presence>".encode()
            )
            self.until_any(b"code='110'", b'code="110"')
            self.until(b"</presence>")

    def say(self, room: int, number: int, text: str) -> bytes:
        head = f"<message type='groupchat' to='{self.rooms[room]}' id='{room}-{number}'>"
        return f"{head}<body>{text}</body></message>".encode()

    def hear(self, received: bytes) -> list[Event]:
        data = self.rest + received
        end = data.rfind(b">") + 1
        cut = (
            max(data.rfind(b"<message", 0, end), 0)
            if b"</message>" not in data[data.rfind(b"<message") :]
            else end
        )
        self.rest = data[cut:]
        whole = data[:cut]
        if b"type='error'" in whole or b'type="error"' in whole:
            raise Broken(whole.decode())
        return [(DELIVERED, int(room), int(number)) for room, number in MARK.findall(whole)]


PROTOCOLS = {"bchat": Bchat, "socketio": SocketIo, "xmpp": Xmpp}


class Load:
    """All members, and what was said and is not yet with all of them."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.protocol = PROTOCOLS[spec["protocol"]]
        self.members: dict[int, Member] = {}  # by descriptor
        self.by_place: dict[int, Member] = {}
        self.epoll = select.epoll()
        self.said: dict[int, int] = {}
        self.begin()

    def begin(self) -> None:
        self.sent: dict[tuple[int, int], float] = {}
        self.left: dict[tuple[int, int], int] = {}
        self.confirmations: list[float] = []
        self.last_members: list[float] = []
        self.deliveries = 0
        self.confirmed: deque[int] = deque()

    def connect(self, rooms: dict[str, Any]) -> None:
        """Members by their place, each in its rooms.

        Args:
            rooms: by number, its name and the places of its members.
        """
        self.rooms = {int(room): (name, places) for room, (name, places) in rooms.items()}
        mine: dict[int, dict[int, str]] = {}
        for room, (name, places) in self.rooms.items():
            self.said.setdefault(room, 0)
            for place in places:
                mine.setdefault(place, {})[room] = name
        for place, names in mine.items():
            member = self.protocol(self.spec, self.spec["people"][place], names)
            self.by_place[place] = member
            self.members[member.sock.fileno()] = member
            self.epoll.register(member.sock.fileno(), select.EPOLLIN)
            self.pump(0)
        self.rest(2)

    def close(self) -> None:
        for member in self.members.values():
            member.sock.close()
        self.members, self.by_place, self.said = {}, {}, {}

    def rest(self, seconds: float) -> None:
        """Answers pings and nothing else."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.pump(left)

    def say(self, room: int) -> None:
        _, places = self.rooms[room]
        member = self.by_place[places[0]]
        self.said[room] = number = self.said[room] + 1
        text = f"#{room}/{number}#"
        self.left[room, number] = len(places)
        self.sent[room, number] = time.perf_counter()
        member.write(member.say(room, number, text + "x" * (MESSAGE_BYTES - len(text))))

    def pump(self, seconds: float) -> None:
        for fd, _ in self.epoll.poll(seconds):
            member = self.members[fd]
            try:
                received = member.sock.recv(262144)
            except BlockingIOError:
                continue
            if not received:
                raise Broken("a connection was closed")
            for kind, room, number in member.hear(received):
                if kind == DELIVERED:
                    self.deliver(member, room, number)
                else:
                    self.confirm(room, number)

    def deliver(self, member: Member, room: int, number: int) -> None:
        if member.numbers[room] + 1 != number:
            raise Broken(f"{number} of room {room} came after {member.numbers[room]}")
        member.numbers[room] = number
        self.deliveries += 1
        if member.silent and member is self.by_place[self.rooms[room][1][0]]:
            self.confirm(room, number)
        self.left[room, number] -= 1
        if not self.left[room, number]:
            self.last_members.append(time.perf_counter() - self.sent[room, number])
            del self.left[room, number]

    def confirm(self, room: int, number: int) -> None:
        self.confirmations.append(time.perf_counter() - self.sent[room, number])
        self.confirmed.append(room)

    def closed(self, rooms: Iterable[int], each: int) -> dict[str, Any]:
        """The sender of each room says so many, the next when the last is confirmed."""
        self.begin()
        to_say = dict.fromkeys(rooms, each)
        began = time.perf_counter()
        self.confirmed.extend(to_say)
        while True:
            while self.confirmed:
                room = self.confirmed.popleft()
                if to_say[room]:
                    to_say[room] -= 1
                    self.say(room)
            if not self.left and len(self.confirmations) == each * len(to_say):
                return self.result(time.perf_counter() - began)
            self.step()

    def open(self, rooms: list[int], rate: float, seconds: float) -> dict[str, Any]:
        """So many a second, in all rooms by turns, whether or not the last is confirmed."""
        self.begin()
        many, began = int(rate * seconds), time.perf_counter()
        for number in range(many):
            while (wait := began + number / rate - time.perf_counter()) > 0:
                self.pump(wait)
            self.say(rooms[number % len(rooms)])
        while self.left or len(self.confirmations) < many:
            self.step()
        return self.result(time.perf_counter() - began)

    def step(self) -> None:
        before = self.deliveries, len(self.confirmations)
        self.pump(PATIENCE)
        if before == (self.deliveries, len(self.confirmations)) and self.left:
            oldest = min(self.sent[key] for key in self.left)
            if time.perf_counter() - oldest > PATIENCE:
                raise Broken(f"{len(self.left)} messages did not reach everybody")

    def result(self, seconds: float) -> dict[str, Any]:
        return {
            "seconds": seconds,
            "messages": len(self.confirmations),
            "deliveries": self.deliveries,
            "confirm_ms": parts(self.confirmations),
            "last_member_ms": parts(self.last_members),
        }


def parts(seconds: list[float]) -> dict[str, float]:
    """Median and 99th percentile, in milliseconds."""
    ordered = sorted(seconds)
    return {
        f"p{p}": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * p // 100)], 2) for p in (50, 99)
    }


def main() -> None:
    load = Load(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(load, command.pop("do"))(**command)
        except Broken as problem:
            answer = {"broken": str(problem)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
