"""More than a Bchat can carry: it refuses what is too much, says when to come back, stays within its memory,
and is well again at once.

    make load
    make load MEMBERS=5000 SOCKETS=2000

On a stack of its own, with two gateways and one of everything else: a room of many members, most of them
with a socket at the first gateway; those who measure are at the second. It prints what it has seen, and what
is wrong of it.
"""

import argparse
import asyncio
import json
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import jwt
import requests
from client import Person, new_id, newcomer, until
from crowd import Flood, Member
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from faults import database, send_signal
from gateway.keys import key_id
from kit import broker
from processes import memory
from rights import SERVICES
from stack import Stack
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as connect_here

SETTINGS = {
    "ACCESS_TOKEN_SECONDS": "86400",
    "TOKEN_SECONDS": "86400",
    # Thousands of people are made and signed in.
    "ARGON2_MEMORY_KIB": "1024",
    "ARGON2_TIME": "1",
}
MB = 1024 * 1024
SAMPLE_SECONDS = 1.0
# What each process may hold at the worst of it; a gateway besides for each socket.
MEMORY = 300 * MB
MEMORY_OF_SOCKET = 100 * 1024
QUEUE = 5000
MESSAGES = 30
# Of 9000 characters: together more than a socket's backlog and what the kernel holds.
LONG = 250


class Watch:
    """The most that each process has held, and the most that has waited in each queue, while it is open."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._pids = {name: stack.pid(name) for name in stack.names if name != "postgres.1"}
        self.memory: dict[str, int] = {}
        self.queues: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with broker.connect(self._stack.amqp_uri) as connection:
            while True:
                last = self._stop.wait(SAMPLE_SECONDS)
                for process in self._pids:
                    try:
                        self.memory[process] = max(memory(self._pids[process]), self.memory.get(process, 0))
                    except OSError:  # it has ended, and has an heir
                        self._pids[process] = self._stack.pid(process)
                for service in SERVICES:
                    for queue, depth in broker.depths(connection, service).items():
                        self.queues[queue] = max(depth.messages, self.queues.get(queue, 0))
                if last:
                    return

    def told(self) -> str:
        most = sorted(self.memory.items(), key=lambda one: -one[1])[:4]
        long = [f"{name} {count}" for name, count in self.queues.items() if count]
        return (
            f"memory at most: {', '.join(f'{name} {size / MB:.0f} MB' for name, size in most)}; "
            f"queues at most: {', '.join(long) or 'empty'}"
        )

    def wrong(self, sockets: int) -> list[str]:
        found = [
            f"{name} held {size / MB:.0f} MB"
            for name, size in self.memory.items()
            if size > MEMORY + (sockets * MEMORY_OF_SOCKET if name.startswith("gateway") else 0)
        ]
        return found + [f"{name} had {count}" for name, count in self.queues.items() if count > QUEUE]


@dataclass
class House:
    """A room with its people.

    Attributes:
        tokens: of members, each of somebody else; the last one is for who speaks.
        wrong: what was seen and should not be.
    """

    stack: Stack
    owner: Person
    room: str
    tokens: list[str]
    wrong: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - BEGAN:6.1f} s] {text}", flush=True)  # noqa: T201 - a command talks


BEGAN = time.monotonic()


# Thousands of people by the API take many minutes, mostly for hashes of passwords. So each is made as a copy
# of the owner, with a copy wherever the owner has one.
USERS = """
    INSERT INTO auth.users SELECT (jsonb_populate_record(one, jsonb_build_object(
        'id', gen_random_uuid(), 'username', 'member-' || n, 'username_key', 'member-' || n))).*
    FROM auth.users one, generate_series(1, %s) n WHERE id = %s
"""
COPIES = """
    INSERT INTO {table}
    SELECT (jsonb_populate_record(one, jsonb_build_object('{column}', u.id) || '{more}')).*
    FROM {table} one, auth.users u WHERE one.{column} = %s AND u.username LIKE 'member-%%'
"""


def furnish(stack: Stack, members: int, sockets: int) -> House:
    """A room of so many members, of whom that many are signed in, and one who speaks."""
    admin = Person(stack.urls, stack.admin["username"], stack.admin["password"]).login()
    owner = newcomer(admin)
    room = owner.post("/groups", {"name": "Town", "catalogue": "chat", "visibility": "open"})["id"]
    copies = {
        "groups.people": ("id", "{}"),
        **dict.fromkeys(("groups.members", "chat.members", "push.members"), ("user_id", '{"role": "staff"}')),
    }
    with database(stack) as query:
        for table, (column, _) in copies.items():
            there = partial(query, f"SELECT 1 FROM {table} WHERE {column} = %s", owner.id)
            until(there, f"heard of in {table}")
        query(USERS, members - 1, owner.id)
        for table, (column, more) in copies.items():
            query(COPIES.format(table=table, column=column, more=more), owner.id)
        query("UPDATE groups.groups SET member_count = %s WHERE id = %s", members, room)
        query("ANALYZE")
        ids = [id for (id,) in query("SELECT id::text FROM auth.users WHERE username LIKE 'member-%%'")]
    key = load_pem_private_key((stack.place / "token.pem").read_bytes(), None)
    now = datetime.now(UTC)
    claims = {"iss": "bchat", "kind": "staff", "perms": [], "iat": now, "exp": now + timedelta(hours=10)}
    headers = {"kid": key_id(key.public_key())}
    tokens = [
        jwt.encode({**claims, "sub": id, "sid": new_id()}, key, "EdDSA", headers) for id in ids[: sockets + 1]
    ]
    return House(stack, owner, room, tokens)


async def come(house: House, tokens: Sequence[str], refusals: Counter[str], at: int = 0) -> list[Member]:
    """A socket with each of the tokens, at a gateway, all let in."""
    crowd = []
    for number, token in enumerate(tokens, 1):
        crowd.append(Member(house.stack.urls[at], token, house.room, refusals))
        if number % 50 == 0:
            await asyncio.gather(*(one.has(0) for one in crowd))
    await asyncio.gather(*(one.has(0) for one in crowd))
    return crowd


async def say(crowd: Sequence[Member], speaker: Member, messages: int) -> list[float]:
    """One thing after another; the seconds from when each was begun until the last of the crowd had it."""
    waits = []
    for number in range(messages):
        began = time.monotonic()
        entry = await speaker.send(f"Message {number}")
        await asyncio.gather(*(one.has(entry["seq"]) for one in crowd))
        waits.append(time.monotonic() - began)
    return waits


def told(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return (
        f"{statistics.median(ordered):.3f} s (median), {ordered[int(len(ordered) * 0.95)]:.3f} s "
        f"(95 of 100), {ordered[-1]:.3f} s (longest)"
    )


async def fill(house: House, sockets: int) -> tuple[list[Member], Member, Counter[str]]:
    """A large room: everybody is told everything."""
    pid = house.stack.pid("gateway.1")
    before, began, refusals = memory(pid), time.monotonic(), Counter[str]()
    crowd = await come(house, house.tokens[:sockets], refusals)
    house.say(f"{sockets} sockets in {time.monotonic() - began:.1f} s; refused: {dict(refusals)}")
    house.say(f"a socket: {(memory(pid) - before) / sockets / 1024:.0f} KB of the gateway")
    (speaker,) = await come(house, house.tokens[-1:], refusals, at=1)
    house.say(f"a message to {sockets}: {told(await say(crowd, speaker, MESSAGES))}")
    return crowd, speaker, refusals


async def slow(house: House, crowd: Sequence[Member], speaker: Member) -> None:
    """Who does not read is dropped, and holds up nobody."""
    sock = socket.create_connection(("127.0.0.1", int(house.stack.urls[0].rpartition(":")[2])))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    url = house.stack.urls[0].replace("http", "ws") + "/api/v1/ws"
    lazy = await connect(url, sock=sock, compression=None, ping_interval=None, max_queue=1)
    await lazy.send(json.dumps({"type": "hello", "token": house.tokens[0]}))
    assert json.loads(await lazy.recv())["type"] == "welcome"
    await asyncio.sleep(0)
    lazy.transport.pause_reading()
    pid = house.stack.pid("gateway.1")
    before, waits, long = memory(pid), list[float](), "x" * 9000
    for _ in range(LONG):
        began = time.monotonic()
        entry = await speaker.send(long)
        await asyncio.gather(*(one.has(entry["seq"]) for one in crowd))
        waits.append(time.monotonic() - began)
    grown = (memory(pid) - before) / MB
    lazy.transport.resume_reading()
    with suppress(ConnectionClosed):
        while True:
            await lazy.recv()
    house.say(
        f"a slow reader: closed; the others had {len(waits)} long messages in "
        f"{told(waits)}; the gateway grew by {grown:.0f} MB"
    )
    # Its goodbye lies behind what it has not read, so the gateway has to say.
    if (
        'bchat_gateway_sockets_closed_total{code="4408"}'
        not in requests.get(f"{house.stack.urls[0]}/metrics", timeout=30).text
    ):
        house.wrong.append("a slow reader was not closed")


def shout_at(url: str, token: str, frame: dict[str, Any]) -> tuple[int | None, int]:
    """Says the same again and again until the socket is closed; with what, and how much was refused."""
    refused = 0
    with connect_here(f"{url.replace('http', 'ws')}/api/v1/ws", compression=None, max_queue=None) as loud:
        loud.send(json.dumps({"type": "hello", "token": token}))
        with suppress(ConnectionClosed):
            while True:
                loud.send(json.dumps(frame))
        with suppress(ConnectionClosed):
            while True:
                refused += json.loads(loud.recv()).get("code") == "too_many_frames"
        return loud.close_code, refused


async def shout(house: House, crowd: Sequence[Member], speaker: Member) -> None:
    """Who floods a socket is refused and then closed, and holds up nobody."""
    message = {"type": "send", "group_id": house.room, "text": "Spam", "client_id": new_id()}
    frames = [{"type": "typing", "group_id": house.room}, {"type": "ping"}, message]
    loud = [
        asyncio.create_task(asyncio.to_thread(shout_at, house.stack.urls[0], house.tokens[1], frame))
        for frame in frames
    ]
    waits = await say(crowd, speaker, 20)
    ended = [await one for one in loud]
    codes = [code for code, _ in ended]
    house.say(
        f"three that flood: closed with {codes} after {sum(count for _, count in ended)} frames were "
        f"refused; meanwhile a message took {told(waits)}"
    )
    house.wrong += [f"who flooded was closed with {code}" for code in codes if code not in (4429, 1006)]


async def flood(house: House, speaker: Member, connections: int, seconds: float) -> None:
    """Requests far beyond what can be answered, at both gateways."""
    calls = [
        ("GET", "/groups", None),
        ("GET", f"/groups/{house.room}/timeline?limit=50", None),
        ("GET", "/users?limit=50", None),
        ("GET", "/me", None),
    ]
    calm = Flood(house.stack.urls[0], house.tokens[:8], calls)
    await calm.run(8, 5)
    able = sum(calm.statuses.values()) / 5
    floods = [Flood(url, house.tokens[:50], calls) for url in house.stack.urls]
    began, waits = time.monotonic(), []

    async def listen() -> None:
        while time.monotonic() < began + seconds:
            once = time.monotonic()
            await speaker.send("Can you hear me?")
            waits.append(time.monotonic() - once)
            await asyncio.sleep(0.2)

    await asyncio.gather(*(one.run(connections // 2, seconds) for one in floods), listen())
    took = time.monotonic() - began
    statuses = sum((one.statuses for one in floods), Counter[int]())
    good = sum(count for status, count in statuses.items() if 0 < status < 400)
    house.say(
        f"8 requests at once are answered {able:.0f} times a second, in {told(calm.times)}; {connections} "
        f"at once for {took:.1f} s: {dict(statuses)}, so {good / took:.0f} answers a second, in "
        f"{told([t for one in floods for t in one.times])}; a message on a socket took {told(waits)}"
    )
    for one in floods:
        house.wrong += [f"answered {what} {count} times" for what, count in one.wrong.items()]
    after = Flood(house.stack.urls[0], house.tokens[:8], calls)
    ended = time.monotonic()
    while not after.statuses[200]:
        await after.run(1, 0.01)
    house.say(f"after the flood: answered within {time.monotonic() - ended:.2f} s")
    after = Flood(house.stack.urls[0], house.tokens[:8], calls)
    await after.run(8, 5)
    refused = sum(count for status, count in after.statuses.items() if status != 200)
    house.say(f"then {sum(after.statuses.values()) / 5:.0f} times a second, in {told(after.times)}")
    if refused:
        house.wrong.append(f"after the flood {dict(after.statuses)}")


async def restart(
    house: House, crowd: Sequence[Member], speaker: Member, refusals: Counter[str], kill: bool
) -> None:
    """A gateway goes, all its sockets come back, and have what was said meanwhile."""
    refusals.clear()
    began = time.monotonic()
    if kill:
        await asyncio.to_thread(send_signal, house.stack, "gateway.1", signal.SIGKILL)
    else:
        await asyncio.to_thread(house.stack.stop, "gateway.1")
        await asyncio.to_thread(house.stack.start, "gateway.1")
    entries = [await speaker.send(f"Meanwhile {number}") for number in range(20)]
    back: list[float] = []

    async def one_back(one: Member) -> None:
        await one.has(entries[-1]["seq"])
        back.append(time.monotonic() - began)

    await asyncio.gather(*map(one_back, crowd))
    house.say(
        f"a gateway {'killed' if kill else 'restarted'}: {len(crowd)} were back with all they had missed "
        f"after {told(back)}; on their way: {dict(refusals)}"
    )


async def press(house: House, sockets: int, seconds: float, connections: int) -> None:
    with Watch(house.stack) as watch:
        crowd, speaker, refusals = await fill(house, sockets)
        await flood(house, speaker, connections, seconds)
        for part in (slow, shout):
            await part(house, crowd, speaker)
        for kill in (False, True):
            await restart(house, crowd, speaker, refusals, kill)
        house.say(f"a message to {sockets}: {told(await say(crowd, speaker, MESSAGES))}")
    house.say(watch.told())
    house.wrong += watch.wrong(sockets)
    broken = Counter(what for one in (*crowd, speaker) for what in one.broken)
    house.wrong += [f"{count} times: {what}" for what, count in broken.most_common(5)]
    for one in (*crowd, speaker):
        await one.leave()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--members", type=int, default=1000, help="of the room")
    parser.add_argument("--sockets", type=int, default=500, help="of them, at the first gateway")
    parser.add_argument("--connections", type=int, default=1000, help="of the flood")
    parser.add_argument("--seconds", type=float, default=20, help="of the flood")
    parser.add_argument("--place", type=Path, help="where its logs stay")
    args = parser.parse_args()
    place = args.place or Path(tempfile.mkdtemp(prefix="bchat-load-", dir="/var/tmp"))
    with Stack(place, gateways=2, settings=SETTINGS) as stack:
        began = time.monotonic()
        house = furnish(stack, args.members, args.sockets)
        house.say(f"{args.members} members were made in {time.monotonic() - began:.0f} s")
        asyncio.run(press(house, args.sockets, args.seconds, args.connections))
    for sentence in house.wrong:
        house.say(f"WRONG {sentence}")
    return 1 if house.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
