"""Who hears what on this worker, and in which order. No broker and no sockets here, only their shapes.

The rule that everything rests on: for each room a socket has a position, the `seq` up to which it has
everything, and is given an entry only at position + 1. Whatever is lost, doubled or out of order on
the way can therefore delay an entry, but never repeat it or leave a hole.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import orjson
from kit.caller import Caller
from kit.observe import get_logger
from prometheus_client import Counter

from gateway.frames import encode_entries, portions

log = get_logger(__name__)

MENDED = Counter("bchat_gateway_entries_mended_total", "Entries fetched because no event brought them.")

FETCH = 200
# Kept while something is missing or a socket is joining; what no longer fits is fetched again.
KEPT = 1000
SENDS_BETWEEN_PAUSES = 200
RETRY_SECONDS = 1.0

Entry = dict[str, Any]


class Reader(Protocol):
    """A socket, as the hub sees it."""

    user_id: str
    kind: str
    live: bool
    caller: Caller
    behind: set[str]

    def offer(self, frame: bytes) -> bool: ...

    def become(self, kind: str, permissions: frozenset[str]) -> None: ...


class Fetched(NamedTuple):
    entries: list[Entry]
    last_seq: int


@dataclass(frozen=True)
class Surroundings:
    """What the hub needs of the world.

    Args:
        fetch: a room's next entries after a seq, from chat.
        later: runs something in a greenlet of its own after some seconds.
        pause: lets others run, in the middle of a wide fan-out.
        gap: seconds a missing entry may be late before it is fetched.
    """

    fetch: Callable[[str, int], Fetched]
    later: Callable[[float, Callable[[], None]], object]
    pause: Callable[[], None]
    gap: float = 0.2


class Standing(NamedTuple):
    """A user's role in a group (None: no member) as of a version of the group."""

    version: int
    role: str | None


UNKNOWN = Standing(-1, None)


@dataclass(eq=False)
class Person:
    """A user with sockets on this worker."""

    id: str
    sockets: set[Reader] = field(default_factory=set)
    groups: dict[str, Standing] = field(default_factory=dict)
    settings_version: int = -1
    new_user_alert: bool = False  # until auth has told


@dataclass(eq=False)
class Room:
    """A group with sockets on this worker."""

    id: str
    seq: int | None = None  # up to here it has been given out; None: nobody has told yet
    known: int = 0  # the highest seq we have heard of
    held: dict[int, bytes] = field(default_factory=dict)  # came too early
    tail: dict[int, bytes] = field(default_factory=dict)  # given out while a socket was not yet at `seq`
    sockets: dict[Reader, int | None] = field(default_factory=dict)  # positions; None: still joining
    giving: bool = False
    mending: bool = False

    def low(self, unsure: Set[str] = frozenset()) -> int:
        """Up to here everybody has everything, but for the sockets of those users."""
        told = (at for s, at in self.sockets.items() if at is not None and s.user_id not in unsure)
        return min([self.seq or 0, *told])

    def next_run(self) -> list[tuple[int, bytes]]:
        """The held entries that follow what was given out, without a hole."""
        run: list[tuple[int, bytes]] = []
        seq = self.seq or 0
        while (entry := self.held.pop(seq := seq + 1, None)) is not None:
            run.append((seq, entry))
        return run


class Hub:
    def __init__(self, world: Surroundings) -> None:
        self._world = world
        self.people: dict[str, Person] = {}
        self.rooms: dict[str, Room] = {}
        self.staff: set[Reader] = set()
        # Who may have left a room without our noticing.
        self.unsure: set[str] = set()
        self.doubts = 0

    # Sockets come and go

    def add(self, socket: Reader) -> Person:
        """A socket whose user is known; it hears of all rooms its user is known to be in."""
        person = self.people.setdefault(socket.user_id, Person(socket.user_id))
        person.sockets.add(socket)
        self.place(socket)
        for group_id, standing in person.groups.items():
            if standing.role is not None:
                self._enter(group_id, socket)
        return person

    def place(self, socket: Reader) -> None:
        """Puts it with the staff or not, as its kind says."""
        (self.staff.add if socket.kind == "staff" else self.staff.discard)(socket)

    def remove(self, socket: Reader) -> None:
        person = self.people.get(socket.user_id)
        if person is None or socket not in person.sockets:
            return
        person.sockets.discard(socket)
        self.staff.discard(socket)
        for group_id in person.groups:
            self._leave(group_id, socket)
        if not person.sockets:
            del self.people[person.id]
            self.unsure.discard(person.id)

    def _enter(self, group_id: str, socket: Reader) -> None:
        self.rooms.setdefault(group_id, Room(group_id)).sockets.setdefault(socket, None)

    def _leave(self, group_id: str, socket: Reader) -> None:
        if room := self.rooms.get(group_id):
            if room.sockets.pop(socket, None) is not None:
                # Should it come back before its client has learnt that it was out, it has a hole.
                socket.behind.add(group_id)
            if not room.sockets:
                del self.rooms[group_id]

    def prefer(self, user_id: str, version: int, *, new_user_alert: bool) -> None:
        """What a user wants to be alerted to, as of a version of theirs."""
        person = self.people.get(user_id)
        if person and version >= person.settings_version:
            person.settings_version, person.new_user_alert = version, new_user_alert

    def wants_new_users(self, user_id: str) -> bool:
        person = self.people.get(user_id)
        return person is not None and person.new_user_alert

    # Memberships

    def stand(self, user_id: str, group_id: str, version: int, role: str | None) -> bool:
        """A membership as of a version of its group; True where it is a change, and news."""
        person = self.people.get(user_id)
        if person is None:
            return False
        before = person.groups.get(group_id, UNKNOWN)
        if before.version >= version:
            return False
        self._stand(person, group_id, Standing(version, role))
        return before.role != role

    def stand_in(
        self, user_id: str, groups: Iterable[dict[str, Any]], before: dict[str, Standing]
    ) -> tuple[set[str], set[str]]:
        """All memberships of a user, as groups has told them.

        Args:
            before: a copy of the person's `groups` from before groups was asked. What an event has said
                since then of a group that is missing in the answer is newer than the answer.

        Returns:
            The groups that were joined, and those that were left, without our noticing.
        """
        person = self.people.get(user_id)
        if person is None:
            return set(), set()
        listed = {group["id"]: group for group in groups}
        joined = {g for g, told in listed.items() if self.stand(user_id, g, told["version"], told["my_role"])}
        left = {
            g
            for g, standing in person.groups.items()
            if g not in listed and standing.role is not None and standing == before.get(g)
        }
        for g in left:
            self._stand(person, g, Standing(before[g].version, None))
        return joined, left

    def _stand(self, person: Person, group_id: str, standing: Standing) -> None:
        person.groups[group_id] = standing
        for socket in person.sockets:
            (self._leave if standing.role is None else self._enter)(group_id, socket)

    def doubt(self) -> None:
        """What was said may have been missed: that somebody has left a room, too. Nobody who is here is told
        anything of rooms until their memberships were read again."""
        self.unsure = set(self.people)
        self.doubts += 1

    def believe(self, user_id: str, doubts: int) -> None:
        """A user's memberships were read anew: what their sockets were not told meanwhile is told now.

        Args:
            doubts: how many there had been before they were read.
        """
        person = self.people.get(user_id)
        if person is None or doubts != self.doubts:
            return
        self.unsure.discard(user_id)
        for group_id in person.groups:
            room = self.rooms.get(group_id)
            for socket in person.sockets if room else ():
                if room and (at := room.sockets.get(socket)) is not None:
                    self.settle(group_id, socket, at)

    def role(self, user_id: str, group_id: str) -> str | None:
        person = self.people.get(user_id)
        standing = person.groups.get(group_id) if person else None
        return standing.role if standing else None

    def of_user(self, user_id: str) -> list[Reader]:
        """The user's sockets whose hello has been answered."""
        person = self.people.get(user_id)
        return [s for s in person.sockets if s.live] if person else []

    # Audiences

    def sockets(self, audience: Iterable[str]) -> list[Reader]:
        """The sockets of an audience, each once."""
        found: dict[Reader, None] = {}
        for part in audience:
            kind, _, id = part.partition(":")
            if kind == "group" and (room := self.rooms.get(id)):
                found.update((s, None) for s in room.sockets if s.user_id not in self.unsure)
            elif kind == "user" and (person := self.people.get(id)):
                found.update(dict.fromkeys(person.sockets))
            elif kind == "staff":
                found.update(dict.fromkeys(self.staff))
            elif kind == "everyone":
                found.update((s, None) for p in self.people.values() for s in p.sockets)
        return list(found)

    def tell(self, sockets: Iterable[Reader], frame: bytes | Callable[[Reader], bytes]) -> None:
        """One frame for many sockets, or each its own."""
        for number, socket in enumerate(sockets, 1):
            socket.offer(frame if isinstance(frame, bytes) else frame(socket))
            if number % SENDS_BETWEEN_PAUSES == 0:
                self._world.pause()

    # Entries

    def append(self, group_id: str, entries: Iterable[Entry]) -> None:
        """Entries of a room, in whatever order and however often they come."""
        room = self.rooms.get(group_id)
        if room is None:
            return
        for entry in entries:
            seq = entry["seq"]
            room.known = max(room.known, seq)
            if seq > (room.seq or 0):
                room.held[seq] = orjson.dumps(entry)
        self._give_out(room)
        for seq in sorted(room.held)[KEPT:]:  # the far ones: the near ones are what the others wait for
            del room.held[seq]

    def settle(self, group_id: str, socket: Reader, seq: int) -> None:
        """The socket has everything up to `seq` and is given what follows."""
        room = self.rooms.get(group_id)
        if room is None or socket not in room.sockets:
            return
        room.sockets[socket] = seq
        room.known = max(room.known, seq)
        if room.seq is None:
            room.seq = seq
            room.held = {s: entry for s, entry in room.held.items() if s > seq}
            self._give_out(room)
        missed = [(s, room.tail[s]) for s in _following(seq, room.tail)]
        self._give(room, [socket], missed)
        if (low := room.low(self.unsure)) < room.known:
            self._mend_later(room, 0 if low < room.seq else self._world.gap)
        self._trim(room)

    def joining(self, group_id: str, user_id: str) -> list[Reader]:
        """The user's sockets that are in the room and have not settled there."""
        person, room = self.people.get(user_id), self.rooms.get(group_id)
        if person is None or room is None:
            return []
        return [s for s in person.sockets if s in room.sockets and room.sockets[s] is None]

    def unsettled(self) -> set[tuple[str, str]]:
        """The users, each with the room, that have sockets waiting to be let in."""
        return {
            (s.user_id, room.id)
            for room in self.rooms.values()
            for s, at in room.sockets.items()
            if at is None
        }

    def heard_of(self, last_seqs: dict[str, int]) -> None:
        """What chat says is the last of each room: what is missing then will be fetched."""
        for group_id, seq in last_seqs.items():
            if room := self.rooms.get(group_id):
                room.known = max(room.known, seq)
                if room.low(self.unsure) < room.known:
                    self._mend_later(room, self._world.gap)

    def _give_out(self, room: Room) -> None:
        if room.giving or room.seq is None:
            return
        room.giving = True  # a pause lets others in here: they leave their entries to this loop
        try:
            while run := room.next_run():
                room.seq = run[-1][0]
                room.tail.update(run)
                self._give(room, list(room.sockets), run)
                self._trim(room)
        finally:
            room.giving = False
        if room.low(self.unsure) < room.known:
            self._mend_later(room, self._world.gap)

    def _give(self, room: Room, sockets: list[Reader], run: list[tuple[int, bytes]]) -> None:
        """Gives each of the sockets what it lacks of the run, where that begins at its position."""
        for part in _portions(run):
            first, last = part[0][0], part[-1][0]
            shared = encode_entries(room.id, [entry for _, entry in part])
            for number, socket in enumerate(sockets, 1):
                at = room.sockets.get(socket)
                if at is None or not first - 1 <= at < last or socket.user_id in self.unsure:
                    continue
                room.sockets[socket] = last
                own = at - first + 1
                socket.offer(encode_entries(room.id, [e for _, e in part[own:]]) if own else shared)
                if number % SENDS_BETWEEN_PAUSES == 0:
                    self._world.pause()

    def _trim(self, room: Room) -> None:
        waiting = any(at is None or at < (room.seq or 0) for at in room.sockets.values())
        while room.tail and (not waiting or len(room.tail) > KEPT):
            del room.tail[next(iter(room.tail))]

    def _mend_later(self, room: Room, seconds: float) -> None:
        if not room.mending:
            room.mending = True
            self._world.later(seconds, lambda: self._mend(room))

    def _mend(self, room: Room) -> None:
        """Fetches what is missing until nothing is."""
        again = None
        try:
            while room.sockets and room.seq is not None and (low := room.low(self.unsure)) < room.known:
                fetched = self._world.fetch(room.id, low)
                if not fetched.entries:
                    room.known = max(room.seq, fetched.last_seq)
                    if fetched.last_seq > low:
                        log.error("room_has_a_hole", group_id=room.id, after_seq=low)
                    break
                MENDED.inc(len(fetched.entries))
                run = [(e["seq"], orjson.dumps(e)) for e in fetched.entries]
                self._give(
                    room, [s for s, at in room.sockets.items() if at is not None and at < room.seq], run
                )
                self.append(room.id, fetched.entries)
                if room.low(self.unsure) <= low:
                    break
        except Exception as problem:
            log.warning("room_waits", group_id=room.id, problem=str(problem))
            again = RETRY_SECONDS
        finally:
            room.mending = False
            self._trim(room)
        if again and self.rooms.get(room.id) is room:
            self._mend_later(room, again)


def _following(seq: int, entries: dict[int, bytes]) -> Iterator[int]:
    while (seq := seq + 1) in entries:
        yield seq


def _portions(run: list[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    start = 0
    for part in portions(entry for _, entry in run):
        yield run[start : start + len(part)]
        start += len(part)
