"""Each socket is given every entry of its room once and in order, whatever happens on the way."""

import heapq
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from gateway.frames import ENTRIES_BYTES
from gateway.hub import Entry, Fetched, Hub, Surroundings
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.caller import ANONYMOUS, Caller
from kit.errors import Unavailable
from websockets.frames import Opcode

ROOM = "g-1"


class Client:
    """A socket that reads what it is given as a client would."""

    live = True
    caller: Caller = ANONYMOUS

    def __init__(self, user_id: str, kind: str = "staff") -> None:
        self.user_id = user_id
        self.kind = kind
        self.frames: list[dict[str, Any]] = []
        self.behind: set[str] = set()

    def offer(self, frame: bytes) -> bool:
        start = 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10
        assert frame[0] == 0x80 | Opcode.TEXT
        self.frames.append(orjson.loads(frame[start:]))
        return True

    def become(self, kind: str, permissions: frozenset[str]) -> None:
        self.kind = kind

    def seqs(self, room: str = ROOM) -> list[int]:
        found: list[int] = []
        for frame in self.frames:
            if frame["type"] == "entry" and frame["group_id"] == room:
                found.append(frame["entry"]["seq"])
            elif frame["type"] == "entries" and frame["group_id"] == room:
                found += [entry["seq"] for entry in frame["entries"]]
        return found


class World:
    """Chat's table of one room, and a clock that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timeline: list[Entry] = []
        self.out = 0  # so many calls of chat fail
        self.fetched = 0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self.hub = Hub(Surroundings(self.fetch, self.later, self.pause, 0.2))
        self.in_pause: list[Callable[[], None]] = []

    def write(self, size: int = 10) -> Entry:
        entry = {"seq": len(self.timeline) + 1, "text": "x" * size}
        self.timeline.append(entry)
        return entry

    def fetch(self, group_id: str, after_seq: int) -> Fetched:
        assert group_id == ROOM
        self.fetched += 1
        if self.out:
            self.out -= 1
            raise Unavailable("unavailable", "away")
        return Fetched(self.timeline[after_seq : after_seq + 200], len(self.timeline))

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (self.now + seconds, self._number, do))

    def pause(self) -> None:
        while self.in_pause:
            self.in_pause.pop()()

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while self._due and self._due[0][0] <= until:
            self.now, _, do = heapq.heappop(self._due)
            do()
        self.now = until

    def join(self, user_id: str) -> Client:
        client = Client(user_id)
        self.hub.add(client)
        self.hub.stand(user_id, ROOM, self._number + 1, "staff")
        self._number += 1
        return client

    def settle(self, client: Client) -> int:
        seq = len(self.timeline)
        self.hub.settle(ROOM, client, seq)
        return seq


@pytest.fixture
def world() -> World:
    return World()


def test_entries_arrive_in_order_though_they_come_otherwise(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    first, second, third = (world.write() for _ in range(3))
    for entry in (third, second, third, first, second):
        world.hub.append(ROOM, [entry])
    assert ann.seqs() == [1, 2, 3]
    assert world.fetched == 0


def test_a_hole_that_stays_is_fetched_after_200_ms_and_not_before(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    world.write()
    world.hub.append(ROOM, [world.write()])
    world.pass_time(0.19)
    assert (ann.seqs(), world.fetched) == ([], 0)
    world.pass_time(0.02)
    assert ann.seqs() == [1, 2]


def test_while_chat_is_away_the_hub_goes_on_asking(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    world.write()
    world.out = 3
    world.hub.append(ROOM, [world.write()])
    world.pass_time(5)
    assert ann.seqs() == [1, 2]


def test_what_no_event_brought_is_found_by_asking_for_the_last_seq(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    world.write()
    world.hub.heard_of({ROOM: 1, "elsewhere": 7})
    world.pass_time(1)
    assert ann.seqs() == [1]


def test_a_socket_that_settles_later_misses_nothing_and_hears_nothing_twice(world: World) -> None:
    ann, ben = world.join("ann"), world.join("ben")
    world.settle(ann)
    world.hub.append(ROOM, [world.write()])
    seq = world.settle(ben)  # chat was asked now ...
    world.hub.append(ROOM, [world.write()])
    assert (seq, ben.seqs()) == (1, [2])
    cem = world.join("cem")
    world.hub.append(ROOM, [world.write()])
    world.hub.settle(ROOM, cem, 2)  # ... and here before that one
    assert cem.seqs() == [3]
    assert ann.seqs() == [1, 2, 3]


def test_a_socket_ahead_of_the_hub_waits_for_it(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    ben = world.join("ben")
    late = [world.write(), world.write()]
    world.settle(ben)
    world.hub.append(ROOM, late)
    world.hub.append(ROOM, [world.write()])
    assert (ann.seqs(), ben.seqs()) == ([1, 2, 3], [3])


def test_a_frame_is_encoded_once_for_all(world: World) -> None:
    clients = [world.join(f"u{n}") for n in range(5)]
    given: list[bytes] = []
    for client in clients:
        world.settle(client)
        client.offer = lambda frame: given.append(frame) or True  # type: ignore[method-assign,func-returns-value]
    world.hub.append(ROOM, [world.write()])
    assert len(given) == 5
    assert len({id(frame) for frame in given}) == 1


def test_no_frame_is_longer_than_a_slow_reader_may_owe(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    world.hub.append(ROOM, [world.write(20_000) for _ in range(10)])
    assert ann.seqs() == list(range(1, 11))
    assert all(len(orjson.dumps(frame)) < ENTRIES_BYTES + 1000 for frame in ann.frames)


def test_one_who_leaves_hears_nothing_more_and_an_empty_room_is_forgotten(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    world.hub.stand("ann", ROOM, 99, None)
    world.hub.append(ROOM, [world.write()])
    assert ann.seqs() == []
    assert world.hub.rooms == {}
    world.hub.remove(ann)
    assert world.hub.people == {}
    assert world.hub.staff == set()


def test_an_older_word_about_a_membership_never_overrules_a_newer(world: World) -> None:
    ann = world.join("ann")
    assert world.hub.stand("ann", ROOM, 10, "owner")
    assert not world.hub.stand("ann", ROOM, 9, None)
    assert not world.hub.stand("ann", ROOM, 10, None)
    assert world.hub.role("ann", ROOM) == "owner"
    before = dict(world.hub.people[ann.user_id].groups)
    assert world.hub.stand("ann", "g-2", 1, "guest")  # heard while groups was being asked
    assert world.hub.stand_in("ann", [], before) == (set(), {ROOM})
    assert world.hub.role("ann", "g-2") == "guest"
    assert world.hub.role("ann", ROOM) is None
    assert world.hub.stand_in("ann", [{"id": ROOM, "version": 12, "my_role": "staff"}], before) == (
        {ROOM},
        set(),
    )


def test_an_audience_is_each_of_its_sockets_once() -> None:
    hub = World().hub
    ann, ann2, cem = Client("ann"), Client("ann"), Client("cem", "customer")
    for client in (ann, ann2, cem):
        hub.add(client)
    hub.stand("cem", ROOM, 1, "guest")
    hub.stand("ann", ROOM, 1, "owner")
    assert set(hub.sockets(["user:ann"])) == {ann, ann2}
    assert set(hub.sockets(["staff"])) == {ann, ann2}
    assert set(hub.sockets([f"group:{ROOM}"])) == {ann, ann2, cem}
    assert len(hub.sockets(["everyone", "staff", f"group:{ROOM}", "user:cem"])) == 3
    assert hub.sockets(["group:other", "user:other", "nonsense", ""]) == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 4), st.sampled_from([False, False, True])),  # lost?
        st.tuples(st.just("write"), st.integers(1, 4), st.sampled_from([False, False, True])),
        st.tuples(st.just("deliver"), st.integers(0, 5), st.sampled_from([False, False, True])),  # again?
        st.tuples(st.just("deliver"), st.integers(0, 5), st.sampled_from([False, False, True])),
        st.tuples(st.just("ask")),  # a socket joins, and chat tells it its last seq
        st.tuples(st.just("settle"), st.integers(0, 5)),  # the answer arrives
        st.tuples(st.just("pass"), st.sampled_from([0.05, 0.2, 1.0])),
        st.tuples(st.just("leave"), st.integers(0, 5)),
        st.tuples(st.just("away"), st.integers(1, 3)),  # calls fail
        st.tuples(st.just("insure")),
    ),
    min_size=8,
    max_size=60,
)


@settings(max_examples=500, deadline=None)
@given(STEPS, st.booleans(), st.sampled_from([2, 1000]))
def test_any_interleaving_of_losses_doubles_joins_and_fetches(
    steps: list[Any], pausing: bool, kept: int
) -> None:
    """A client that settled at S has at any time exactly S+1, S+2, ... and in the end up to the last."""
    world = World()
    flying: list[list[Entry]] = []
    asked: list[tuple[Client, int]] = []
    settled = {(client := world.join(f"first{n}")): world.settle(client) for n in range(2)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.hub.SENDS_BETWEEN_PAUSES", 1 if pausing else 200)
        patch.setattr("gateway.hub.KEPT", kept)
        for step in steps:
            match step:
                case ("write", many, lost):
                    entries = [world.write() for _ in range(many)]
                    if not lost:
                        flying.append(entries)
                case ("deliver", which, again) if flying:
                    entries = flying[which % len(flying)] if again else flying.pop(which % len(flying))
                    if pausing and flying:  # comes in the middle of the fan-out of this one
                        world.in_pause.append(partial(world.hub.append, ROOM, flying.pop(0)))
                    world.hub.append(ROOM, entries)
                case ("ask",):
                    asked.append((world.join(f"u{world._number}"), len(world.timeline)))
                case ("settle", which) if asked:
                    client, seq = asked.pop(which % len(asked))
                    settled[client] = seq
                    world.hub.settle(ROOM, client, seq)
                case ("leave", which) if settled:
                    client = list(settled)[which % len(settled)]
                    _assert_no_hole(client, settled.pop(client))
                    world.hub.remove(client)
                case ("pass", seconds):
                    world.pass_time(seconds)
                case ("away", times):
                    world.out = times
                case ("insure",):
                    world.hub.heard_of({ROOM: len(world.timeline)})
            for client, seq in settled.items():
                _assert_no_hole(client, seq)
        for client, seq in asked:
            settled[client] = seq
            world.hub.settle(ROOM, client, seq)
        world.pause()
        world.hub.heard_of({ROOM: len(world.timeline)})
        world.pass_time(60)
    for client, seq in settled.items():
        assert client.seqs() == list(range(seq + 1, len(world.timeline) + 1))
    if settled:
        assert world.hub.rooms[ROOM].tail == {}
        assert world.hub.rooms[ROOM].held == {}


def _assert_no_hole(client: Client, seq: int) -> None:
    assert client.seqs() == list(range(seq + 1, seq + 1 + len(client.seqs())))


def test_a_socket_that_fell_out_of_what_is_kept_is_brought_up_by_fetching(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.hub.KEPT", 2)
    world.settle(world.join("ann"))
    ben = world.join("ben")
    for _ in range(5):
        world.hub.append(ROOM, [world.write()])
    world.hub.settle(ROOM, ben, 0)  # chat's answer was from before those five, of which two are kept
    world.hub.append(ROOM, [world.write()])
    assert ben.seqs() == []
    world.pass_time(0.01)
    assert ben.seqs() == [1, 2, 3, 4, 5, 6]


def test_what_comes_in_the_middle_of_a_fan_out_waits_for_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.hub.SENDS_BETWEEN_PAUSES", 1)
    clients = [world.join(f"u{n}") for n in range(3)]
    for client in clients:
        world.settle(client)
    first, second = world.write(), world.write()
    world.in_pause.append(lambda: world.hub.append(ROOM, [second]))
    world.hub.append(ROOM, [first])
    assert [client.seqs() for client in clients] == [[1, 2]] * 3
    assert world.fetched == 0


def test_where_chat_itself_has_a_hole_the_hub_does_not_ask_for_ever(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    world.write()
    world.hub.append(ROOM, [world.write()])
    world.timeline.pop(0)
    world.pass_time(10)
    assert world.fetched == 1
    assert ann.seqs() == []


def test_who_may_have_left_unnoticed_is_told_nothing_until_it_is_known(world: World) -> None:
    ann, ben = world.join("ann"), world.join("ben")
    for client in (ann, ben):
        world.settle(client)
    world.hub.append(ROOM, [world.write()])
    world.hub.doubt()
    doubts = world.hub.doubts
    world.hub.append(ROOM, [world.write()])
    world.write()  # an event of it never comes
    world.hub.heard_of({ROOM: 3})
    world.pass_time(5)
    assert [ann.seqs(), ben.seqs()] == [[1], [1]]
    assert world.hub.sockets([f"group:{ROOM}"]) == []
    assert world.fetched == 1, "the room itself is kept up, once"

    world.hub.stand_in("ben", [], dict(world.hub.people["ben"].groups))
    for user_id in ("ann", "ben"):
        world.hub.believe(user_id, doubts)
    world.hub.append(ROOM, [world.write()])
    world.pass_time(5)
    assert [ann.seqs(), ben.seqs()] == [[1, 2, 3, 4], [1]]
    assert world.hub.sockets([f"group:{ROOM}"]) == [ann]


def test_what_was_read_before_the_latest_doubt_ends_none(world: World) -> None:
    ann = world.join("ann")
    world.settle(ann)
    world.hub.doubt()
    doubts = world.hub.doubts
    world.hub.doubt()
    world.hub.believe("ann", doubts)
    world.hub.append(ROOM, [world.write()])
    assert ann.seqs() == []
    world.hub.believe("ann", world.hub.doubts)
    assert ann.seqs() == [1]
    world.hub.doubt()
    world.hub.remove(ann)
    assert world.hub.unsure == set()
