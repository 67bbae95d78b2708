"""The conversation on one socket: what a client's frames do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
import orjson
from gevent.lock import BoundedSemaphore
from kit.errors import Forbidden, Refusal, TooMany, Unauthenticated, Unavailable
from kit.event import new_id
from kit.observe import get_logger, span
from kit.rpc import RemoteFailure
from opentelemetry.trace import SpanKind

from gateway import frames
from gateway.backend import Backend
from gateway.batch import Answer, Batcher
from gateway.hub import Hub
from gateway.latest import Latest
from gateway.live import Live, preferences
from gateway.receipts import Receipts
from gateway.sockets import Socket
from gateway.tokens import Tokens

log = get_logger(__name__)

MISSED_MOST = 200
ROOMS_A_CALL = 20
READS_WAITING = 200
POSITIONS_WAITING = 20
# A room of thousands is told each: from one client not more often than others show it.
TYPING_SECONDS = 2.0


@dataclass(frozen=True)
class Partners:
    """Whom a conversation needs.

    Args:
        lane: the batcher for a user's messages to a group.
        say: tells all gateways something fleeting.
        pause: seconds between two live positions of a socket in a room.
        receipts: what clients say that they have received.
        line: of those who are being let in.
        line_seconds: how long one may stand in it.
    """

    backend: Backend
    hub: Hub
    live: Live
    tokens: Tokens
    lane: Callable[[str, str], Batcher]
    say: Callable[[dict[str, Any]], None]
    heartbeat: float
    sockets_per_user: int
    pause: float
    receipts: Receipts
    line: BoundedSemaphore
    line_seconds: float


class Talk:
    def __init__(self, socket: Socket, partners: Partners, address: str | None) -> None:
        self._socket = socket
        self._with = partners
        self._address = address
        self._reads: dict[str, tuple[int, Any]] = {}
        self._positions: list[frames.Position] = []
        self._moves = Latest(partners.pause, self._move)
        self._typings = Latest(TYPING_SECONDS, partners.say)

    def hear(self, message: bytes) -> None:
        """One text message of the client."""
        ref, frame = frames.parse(message)
        with span(f"ws {type(frame).__name__}", {}, SpanKind.SERVER):
            self._take(ref, frame)

    def _take(self, ref: Any, frame: Any) -> None:
        if not self._socket.live:
            if isinstance(frame, frames.Hello):
                self._hello(frame)
            else:
                self._socket.close(4400, "the first frame is hello")
            return
        if wait := self._socket.bucket.take():
            if self._socket.bucket.overdrawn:
                self._socket.close(4429, "too many frames")
            self._refuse(ref, TooMany("too_many_frames", "Too many frames; slow down.", retry_after=wait))
            return
        match frame:
            case frames.Send():
                self._send(frame)
            case frames.Position(live=True):
                self._live_position(frame)
            case frames.Position():
                self._position(frame)
            case frames.Read():
                self._read(frame)
            case frames.Received():
                self._received(frame)
            case frames.Typing():
                self._typing(frame)
            case frames.Ping():
                self._socket.offer(frames.encode({"type": "pong", "ref": ref}))
            case frames.Hello():
                self._refuse(ref, Forbidden("already_greeted", "One hello is enough."))
            case Refusal():
                self._refuse(ref, frame)

    def end(self) -> None:
        """The client is gone."""
        self._with.hub.remove(self._socket)

    def _refuse(self, ref: Any, problem: Exception) -> None:
        if not isinstance(problem, Refusal):
            problem = Refusal("internal_error", "Something went wrong here.")
        self._socket.offer(frames.encode_error(ref, problem))

    # Hello

    def _hello(self, hello: frames.Hello) -> None:
        socket = self._socket
        try:
            caller = self._with.tokens.caller(hello.token, self._address)
            socket.caller, socket.user_id, socket.kind = caller, caller.id, caller.kind
            socket.session_id = caller.session_id or ""
            self._welcome(hello)
        except Unauthenticated as refusal:
            socket.close(4401, refusal.code)
        except (Refusal, RemoteFailure) as problem:
            log.warning("hello_not_answered", problem=str(problem))
            socket.close(1013, "try again later")

    def _welcome(self, hello: frames.Hello) -> None:
        socket, hub, backend = self._socket, self._with.hub, self._with.backend
        person = hub.add(socket)
        if len(person.sockets) > self._with.sockets_per_user:
            socket.close(4429, "too many sockets")
            return
        # A gateway's restart brings all at once: a few at a time are let in, and none asks in vain.
        if not self._with.line.acquire(timeout=self._with.line_seconds):
            raise Unavailable("busy", "Too many are being let in.", retry_after=1)
        try:
            before = dict(person.groups)
            me = gevent.spawn(_or_problem, lambda: backend.read("auth", "me", caller=socket.caller))
            groups = backend.read("groups", "memberships", user_id=socket.user_id)["items"]
            joined, left = hub.stand_in(socket.user_id, groups, before)
            rooms = self._rooms({}, [group["id"] for group in groups])
            user = me.get()
        finally:
            self._with.line.release()
        if isinstance(user, Exception):
            raise user
        hub.prefer(socket.user_id, **preferences(user))
        positions = {group_id: room["last_seq"] for group_id, room in rooms.items()}
        unknown = {"last_seq": 0, "read_seq": 0, "unread": 0, "mentions_unread": 0}
        socket.push(
            frames.encode(
                {
                    "type": "welcome",
                    "session_id": socket.session_id,
                    "user": user,
                    "groups": [{**group, **_numbers(rooms.get(group["id"], unknown))} for group in groups],
                    "heartbeat_s": self._with.heartbeat,
                }
            )
        )
        self._push_missed(hello.groups, positions)
        socket.behind.update(hello.groups.keys() - positions.keys())
        for group_id, seq in positions.items():  # from here to the end nobody else runs
            hub.settle(group_id, socket, seq)
        socket.go_live()
        unseen = {g for g in hello.groups if hub.role(socket.user_id, g) is None}
        waiting = {g for g, s in person.groups.items() if s.role and socket in hub.joining(g, person.id)}
        for group_id in waiting - unseen:
            gevent.spawn(self._with.live.show, socket.user_id, group_id)
        gevent.spawn(self._show_each, unseen)
        if len(person.sockets) > 1:  # the others did not notice
            for group_id in (joined | left) - unseen - waiting:
                gevent.spawn(self._with.live.show, socket.user_id, group_id)

    def _show_each(self, group_ids: set[str]) -> None:
        """One after another: a client may name a thousand groups that there never were."""
        for group_id in group_ids:
            self._with.live.show(self._socket.user_id, group_id)

    def _push_missed(self, have: dict[str, int], positions: dict[str, int]) -> None:
        """Sends what the client missed of each room, or that it is too much; moves the positions there."""
        # Who is ahead of chat has entries of a history that is gone, and is told to read anew.
        behind = {g: seq for g, seq in have.items() if seq != positions.get(g, seq)}
        names = list(behind)
        for start in range(0, len(names), ROOMS_A_CALL):
            part = {g: behind[g] for g in names[start : start + ROOMS_A_CALL]}
            rooms = self._rooms(part, list(part))
            for group_id in part.keys() - rooms.keys():
                positions.pop(group_id, None)  # chat can't say any more: it is shown when it can
            for group_id, room in rooms.items():
                positions[group_id] = room["last_seq"]
                if not room["complete"]:
                    self._socket.push(frames.encode_too_much(group_id))
                    continue
                for entries in frames.portions(map(orjson.dumps, room["entries"])):
                    self._socket.push(frames.encode_entries(group_id, entries, missed=True))

    def _rooms(self, have: dict[str, int], group_ids: list[str]) -> dict[str, dict[str, Any]]:
        if not group_ids:
            return {}
        answer: dict[str, dict[str, Any]] = self._with.backend.read(
            "chat",
            "catch_up",
            user_id=self._socket.user_id,
            have=have,
            groups=group_ids,
            limit=MISSED_MOST,
        )["rooms"]
        return answer

    # After hello

    def _send(self, frame: frames.Send) -> None:
        def done(answer: Answer) -> None:
            if isinstance(answer, Exception):
                self._refuse(frame.ref, answer)
            else:
                self._socket.offer(frames.encode({"type": "ack", "ref": frame.ref, "entry": answer}))

        message = frame.model_dump(exclude={"type", "ref"}, exclude_none=True)
        lane = self._with.lane(self._socket.user_id, frame.group_id)
        lane.submit({"sender_id": self._socket.user_id, **message}, done)

    def _position(self, frame: frames.Position) -> None:
        """Kept until the call before has returned: a socket's positions are stored in their order."""
        if len(self._positions) >= POSITIONS_WAITING:
            self._refuse(frame.ref, Unavailable("busy", "Too many positions are waiting.", retry_after=1))
            return
        self._positions.append(frame)
        if len(self._positions) == 1:
            gevent.spawn(self._write_positions)

    def _write_positions(self) -> None:
        while self._positions:
            frame = self._positions[0]
            # The broker may bring a call twice: an id makes it the same position.
            feature = {"id": new_id(), **frame.feature.model_dump(exclude_none=True)}
            try:
                entry = self._with.backend.call(
                    "location", "send", caller=self._socket.caller, group_id=frame.group_id, feature=feature
                )
                self._socket.offer(frames.encode({"type": "ack", "ref": frame.ref, "entry": entry}))
            except Exception as problem:
                self._refuse(frame.ref, problem)
            self._positions.pop(0)

    def _live_position(self, frame: frames.Position) -> None:
        # Not at location's cost, which would have to ask groups about each.
        if self._is_member(frame):
            self._moves.put(frame.group_id, frame)

    def _move(self, frame: frames.Position) -> None:
        feature = frame.feature.model_dump(exclude_none=True)
        try:
            told = self._with.backend.call(
                "location", "move", caller=self._socket.caller, group_id=frame.group_id, feature=feature
            )
        except Exception as problem:
            self._refuse(frame.ref, problem)
        else:
            if told["feature"]:
                self._with.say({"type": "position", **told})

    def _read(self, frame: frames.Read) -> None:
        """Marks are kept until the call before has returned: of one room only the last counts."""
        if len(self._reads) >= READS_WAITING:
            self._refuse(frame.ref, Unavailable("busy", "Too many read marks are waiting.", retry_after=1))
            return
        idle = not self._reads
        if frame.seq >= self._reads.get(frame.group_id, (0, None))[0]:
            self._reads[frame.group_id] = frame.seq, frame.ref
        if idle:
            gevent.spawn(self._write_reads)

    def _write_reads(self) -> None:
        while self._reads:
            group_id, (seq, ref) = next(iter(self._reads.items()))
            try:
                self._with.backend.call(
                    "chat", "read", caller=self._socket.caller, group_id=group_id, seq=seq
                )
            except Exception as problem:
                self._refuse(ref, problem)
            if self._reads.get(group_id) == (seq, ref):
                del self._reads[group_id]

    def _received(self, frame: frames.Received) -> None:
        """From members only: of them push keeps how far they have come."""
        if self._is_member(frame):
            self._with.receipts.put(self._socket.user_id, frame.group_id, frame.seq, frame.shown)

    def _typing(self, frame: frames.Typing) -> None:
        if self._is_member(frame):
            told = {"type": "typing", "group_id": frame.group_id, "user_id": self._socket.user_id}
            self._typings.put(frame.group_id, told)

    def _is_member(self, frame: frames.Typing | frames.Position | frames.Received) -> bool:
        """Whether the hub knows the user as a member; who isn't one is told so."""
        if self._with.hub.role(self._socket.user_id, frame.group_id) is not None:
            return True
        self._refuse(frame.ref, Forbidden("not_a_member", "Only members of the group may do this."))
        return False


def _numbers(room: dict[str, Any]) -> dict[str, Any]:
    return {name: room[name] for name in ("last_seq", "read_seq", "unread", "mentions_unread")}


def _or_problem(ask: Callable[[], Any]) -> Any:
    """So that a greenlet's refusal is not printed as its failure."""
    try:
        return ask()
    except Exception as problem:
        return problem
