"""The websocket's transport: the handshake, one socket's bytes in and out, and all of them together.

Nobody waits for a reader: `offer` writes what the kernel takes at once and keeps a bounded rest.
"""

import os
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

import gevent
from flask import Request
from gevent.event import Event
from kit.caller import ANONYMOUS, Caller
from kit.errors import Forbidden, Unavailable, Unreadable
from kit.observe import get_logger
from prometheus_client import Counter, Gauge
from websockets.datastructures import Headers
from websockets.exceptions import NegotiationError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.speedups import apply_mask
from websockets.typing import Subprotocol

log = get_logger(__name__)

OPEN = Gauge("bchat_gateway_sockets", "Open sockets.", multiprocess_mode="livesum")
FRAMES = Counter("bchat_gateway_frames_total", "Frames written to sockets.")
CLOSED = Counter("bchat_gateway_sockets_closed_total", "Sockets we closed, by code.", ["code"])

SUBPROTOCOL = "bchat.v1"
FRAME_BYTES = 64 * 1024
FLUSH_SECONDS = 30.0
FULL_SECONDS = 5.0
GOODBYE_SECONDS = 5.0
# Heads of frames, and a length that takes two more bytes, as a client sends it.
WHOLE_TEXT, WHOLE_PONG, LONG = 0x81, 0x8A, 0xFE
PING = Frame(Opcode.PING, b"").serialize(mask=False)


class Bucket:
    """A rate limit: `rate` a second, `burst` at once. Who goes on asking when refused runs into debt."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = float(burst)
        self.tokens = float(burst)
        self.at = time.monotonic()

    def take(self) -> float:
        """Takes one and returns 0, or the seconds until one can be taken."""
        self._fill()
        self.tokens -= 1
        return 0.0 if self.tokens >= 0 else (1 - self.tokens) / self.rate

    @property
    def wait(self) -> float:
        """The seconds until one can be taken, without taking it."""
        self._fill()
        return max(0.0, (1 - self.tokens) / self.rate)

    def _fill(self) -> None:
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now

    @property
    def overdrawn(self) -> bool:
        return self.tokens < -self.burst


class Socket:
    """One client.

    Args:
        sock: gunicorn's, already past the handshake.
        backlog: bytes that may wait for the client to read.
        idle: seconds of silence after which it counts as gone.
    """

    written: ClassVar[int] = 0  # by all of them: the metric's own counting costs half of a write

    def __init__(self, sock: Any, backlog: int, idle: float, bucket: Bucket) -> None:
        self.caller: Caller = ANONYMOUS
        self.user_id = ""
        self.session_id = ""
        self.kind = ""
        self.bucket = bucket
        self.live = False  # hello is answered; until then what is offered is held
        # Rooms of which the client may have a part, and not what followed.
        self.behind: set[str] = set()
        self._held: list[bytes] = []
        self._sock = sock
        self._fd = sock.fileno()
        self._most = backlog
        self._idle = idle
        self._backlog: deque[bytes] = deque()
        self._size = 0
        self._held_size = 0
        self._flusher: gevent.Greenlet | None = None
        self._drained = Event()
        self._dead = False
        self._closing_until: float | None = None
        self._reader: ServerProtocol | None = None

    def become(self, kind: str, permissions: frozenset[str]) -> None:
        """What its user may is another now."""
        self.kind = kind
        self.caller = replace(self.caller, kind=kind, permissions=permissions)

    @property
    def _protocol(self) -> ServerProtocol:
        """Made when it is needed, which is once something other than whole texts and pongs has come: to read
        those itself costs this process a tenth, and an idle connection a third of its memory."""
        if self._reader is None:
            self._reader = ServerProtocol(state=State.OPEN, max_size=FRAME_BYTES)
        return self._reader

    # Out

    def offer(self, frame: bytes) -> bool:
        """Writes a frame without ever waiting; False where the socket is gone or falls behind."""
        if self._dead or self._closing_until is not None:
            return False
        if self.live:
            return self._write(frame)
        self._held.append(frame)
        self._held_size += len(frame)
        return self._within(self._held_size)

    def push(self, frame: bytes) -> None:
        """Writes a frame, of any size, before the socket is live; waits until the client has taken it."""
        if self._closing_until is None:
            self._write(frame, bounded=False)
        while self._backlog and not self._dead:
            self._drained.clear()
            self._drained.wait(FLUSH_SECONDS)

    def go_live(self) -> None:
        """What was held while hello was being answered follows now."""
        held, self._held = self._held, []
        self.live = True
        for frame in held:
            self.offer(frame)

    def _write(self, frame: bytes, bounded: bool = True) -> bool:
        if self._dead:
            return False
        Socket.written += 1
        if not self._backlog:
            try:
                written = os.write(self._fd, frame)
            except BlockingIOError:
                written = 0
            except OSError:
                self.drop()
                return False
            if written == len(frame):
                return True
            frame = frame[written:]
        self._backlog.append(frame)
        self._size += len(frame)
        if self._flusher is None:
            self._flusher = gevent.spawn(self._flush)
        return not bounded or self._within(self._size)

    def _within(self, size: int) -> bool:
        if size <= self._most:
            return True
        self.close(4408, "too slow")
        return False

    def _flush(self) -> None:
        try:
            while self._backlog:
                with gevent.Timeout(FLUSH_SECONDS):
                    self._sock.sendall(self._backlog[0])
                self._size -= len(self._backlog.popleft())
            self._flusher = None
        except (gevent.Timeout, OSError):
            self.drop()
        finally:
            self._drained.set()

    def ping(self) -> None:
        if self._closing_until is None:
            self._write(PING, bounded=False)

    def close(self, code: int, reason: str) -> None:
        """Says goodbye; the reading loop ends when the client has answered, or soon."""
        if self._dead or self._closing_until is not None:
            return
        CLOSED.labels(code).inc()
        self._closing_until = time.monotonic() + GOODBYE_SECONDS
        while len(self._backlog) > 1:  # the first may be half written already
            self._size -= len(self._backlog.pop())
        self._held.clear()
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._send_protocol()
        gevent.spawn_later(GOODBYE_SECONDS, self.drop)

    def drop(self) -> None:
        """Ends it without a word. The descriptor may be another client's as soon as it is closed."""
        if not self._dead:
            self._dead = True
            self._drained.set()
            with suppress(OSError):  # the client may have been faster
                self._sock.shutdown(2)

    def _send_protocol(self) -> None:
        for out in self._protocol.data_to_send():
            if out:
                self._write(out, bounded=False)
            elif not self._backlog:
                try:
                    self._sock.shutdown(1)
                except OSError:
                    self.drop()

    # In

    def read(self, hear: Callable[[bytes], None], first_within: float) -> None:
        """Reads until the client is gone.

        Args:
            hear: takes each text message.
            first_within: seconds the client has to get live.
        """
        message: list[bytes] = []
        opened = time.monotonic()
        try:
            while not self._dead:
                now = time.monotonic()
                left = self._idle
                if self._closing_until is not None:
                    left = self._closing_until - now
                elif not self.live:
                    left = min(left, opened + first_within - now)
                if left <= 0:
                    break
                self._sock.settimeout(left)
                try:
                    received = self._sock.recv(65536)
                except TimeoutError:
                    self.close(4408, "no hello" if not self.live else "no answer to pings")
                    continue
                if not received:
                    break
                # Where there is always more to read, reading it would never let anybody else run.
                gevent.sleep(0)
                if self._reader is None and (texts := whole_texts(received)) is not None:
                    for text in texts:
                        self._hear(text, hear)
                    continue
                protocol = self._protocol
                protocol.receive_data(received)
                self._send_protocol()  # before the events: a pong or a close goes out first
                for frame in protocol.events_received():
                    if isinstance(frame, Frame):
                        self._take(frame, message, hear)
                if protocol.state is not State.OPEN and self._closing_until is None:
                    self._closing_until = time.monotonic() + GOODBYE_SECONDS
                    if protocol.close_sent and not protocol.close_rcvd:
                        CLOSED.labels(protocol.close_sent.code).inc()
        except OSError:
            pass  # the client is gone, which is no news
        finally:
            self.drop()
            if self._flusher:
                self._flusher.kill()

    def _take(self, frame: Frame, message: list[bytes], hear: Callable[[bytes], None]) -> None:
        if self._closing_until is not None or self._protocol.state is not State.OPEN:
            return
        if frame.opcode is Opcode.BINARY:
            self.close(4400, "text frames only")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            message.append(bytes(frame.data))
            if frame.fin:
                whole = b"".join(message)
                message.clear()
                self._hear(whole, hear)

    def _hear(self, text: bytes, hear: Callable[[bytes], None]) -> None:
        if self._closing_until is not None:
            return
        try:
            text.decode()
        except UnicodeDecodeError:
            self.close(1007, "not UTF-8")
        else:
            hear(text)


def whole_texts(received: bytes) -> list[bytes] | None:
    """The texts in what came over a connection between two frames, where it is nothing but texts in one piece
    and pongs, all of them whole; None where it has to be read with more care."""
    texts, at = [], 0
    while at < len(received):
        head, size, key = received[at], received[at + 1 : at + 2], at + 2
        if head not in (WHOLE_TEXT, WHOLE_PONG) or not size or not 0x80 <= size[0] <= LONG:
            return None
        length = size[0] & 0x7F
        if size[0] == LONG:
            if head == WHOLE_PONG:
                return None
            length = int.from_bytes(received[key : key + 2], "big")
            key += 2
        start = key + 4
        at = start + length
        if at > len(received):
            return None
        if head == WHOLE_TEXT:
            texts.append(apply_mask(received[start:at], received[key:start]))
    return texts


class Sockets:
    """All sockets of this worker.

    Args:
        most: how many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: set[Socket] = set()
        self.draining = False

    def all(self) -> list[Socket]:
        return list(self._all)

    def check(self) -> None:
        """
        Raises:
            Unavailable: one more is not taken here now.
        """
        if self.draining:
            raise Unavailable(
                "going_away", "This replica is going away; come back to another.", retry_after=1
            )
        if len(self._all) >= self._most:
            raise Unavailable("full", "This replica is full; come to another.", retry_after=FULL_SECONDS)

    def add(self, socket: Socket) -> None:
        self._all.add(socket)
        OPEN.inc()

    def remove(self, socket: Socket) -> None:
        self._all.discard(socket)
        OPEN.dec()

    def keep_pinging(self, every: float) -> None:
        """Runs for ever: one greenlet pings them all."""
        while True:
            gevent.sleep(every)
            FRAMES.inc(Socket.written)
            Socket.written = 0
            for number, socket in enumerate(self.all(), 1):
                socket.ping()
                if number % 200 == 0:
                    gevent.sleep(0)

    def drain(self, seconds: float) -> None:
        """Sends everybody to another replica, not all at once."""
        self.draining = True
        sockets = self.all()
        random.shuffle(sockets)
        steps = 20
        size = max(1, -(-len(sockets) // steps))
        for start in range(0, len(sockets), size):
            for socket in sockets[start : start + size]:
                socket.close(1001, "going away")
            gevent.sleep(seconds / steps)
        for socket in self.all():
            socket.close(1001, "going away")


def shake_hands(request: Request, origins: frozenset[str]) -> bytes:
    """The answer that makes the connection a websocket.

    Raises:
        Refusal: it does not become one.
    """
    if not own_origin(request, origins):
        raise Forbidden("origin_not_allowed", "Sockets are not open to this origin.")
    # One object for the handshake only: its parser would go on waiting for a request.
    handshake = ServerProtocol(subprotocols=[Subprotocol(SUBPROTOCOL)], select_subprotocol=_choose)
    answer = handshake.accept(Handshake(request.path, Headers(request.headers.items())))
    if answer.status_code != 101:
        raise Unreadable(
            "not_a_websocket", (answer.body or b"").decode().strip() or "A websocket is expected."
        )
    return answer.serialize()


def own_origin(request: Request, origins: frozenset[str]) -> bool:
    """Whether the request comes from a page of ours, of an allowed origin, or from no page at all."""
    origin = request.headers.get("Origin")
    if origin is None or origin in origins:
        return True
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def _choose(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    if not offered:
        return None  # plain tools offer none, and hello tells them apart anyway
    if SUBPROTOCOL not in offered:
        raise NegotiationError(f"the subprotocol is {SUBPROTOCOL}")
    return Subprotocol(SUBPROTOCOL)
