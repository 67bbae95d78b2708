"""People go on with their day while all around them fails, and then it is checked that nothing was lost.

    make chaos SEED=7 FAULTS=200
    make chaos ONLY='kill cut isolate'

The seed repeats what is done to which process, in which order and after which pauses; what a machine makes of
it differs. All of it runs on a stack of its own, with two of everything on two hosts: each process reaches
the servers over a wire that can be cut, and each host has a clock that can jump (given a C compiler).
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import amqp
import client
import psycopg2
from checker import Evidence, check
from client import Json, Person, new_id, newcomer, read_books, until
from faults import FAULTS, OF_CLOCKS, OF_WIRES, Fault, World, database, rabbitmqctl, set_clock
from machine import Trouble
from people import (
    Asker,
    Busy,
    Listener,
    Publisher,
    Record,
    Sharer,
    Stayer,
    Stranger,
    Talker,
    Traveller,
    Wanderer,
    Worker,
    insist,
)
from rights import SERVICES
from stack import Stack
from standins import LocalFcm
from wires import Wires

# After this long a system that did not become ready by itself has not.
READY_SECONDS = 600.0
IN_HAND_SECONDS = 3.0
AT_ONCE = 10
SETTINGS = {
    "ACCESS_TOKEN_SECONDS": "86400",
    "TOKEN_SECONDS": "86400",
    "PUSH_WAIT_SECONDS": "1",
    "PUSH_PAUSE_SECONDS": "1",
    "PUSH_PAUSE_MAX_SECONDS": "5",
    "PUSH_RETRY_SECONDS": "1",
    "PUSH_RETRY_MAX_SECONDS": "5",
    "PUSH_ANSWER_SECONDS": "2",
    "LEASE_SECONDS": "15",
}
WITNESS = "witness"


class Storm:
    """Rooms, the people in them, and who comes by; begun with `with`, and ended by `settle`.

    Args:
        world: a running Bchat with the books of the demo company, and all that can be done to it.
        someone: makes a person and signs them in.
    """

    def __init__(self, world: World, someone: Callable[..., Person]) -> None:
        self.world, self.record = world, Record()
        self.recoveries: list[float] = []
        self.done: Counter[str] = Counter()
        self._watch()
        rights = ("reports:sales", "news:publish")
        self._began, self._dead = datetime.now(UTC), Counter(_depths(world.stack, "dead"))
        self._waited_at = time.monotonic()
        self.owner = owner = someone(permissions=rights)
        self.people = [owner, someone(permissions=rights), someone(), someone(kind="customer")]
        self.away = someone()
        wanderers, stranger = [someone(), someone()], someone()
        deadline = "2126-11-27T00:00:00Z"
        room = {"name": "Storm", "catalogue": "chat", "visibility": "open"}
        task = {"name": "Shelter", "catalogue": "task", "visibility": "invite", "target_end": deadline}
        self.room: str = owner.post("/groups", room)["id"]
        self.shelter: str = owner.post("/groups", task)["id"]
        for group in (self.room, self.shelter):
            for person in (*self.people[1:], self.away):
                role = "staff" if person.user["kind"] == "staff" else "guest"
                owner.put(f"/groups/{group}/members/{person.id}", {"role": role})
        self.away.put("/devices/phone", {"platform": "android", "fcm_token": new_id()})
        every_minute = {"cron": "* * * * *", "timezone": "UTC"}
        wanted = {"type": "sales", "target": {"group_id": self.shelter}, "schedule": every_minute}
        subscription = owner.post("/subscriptions", wanted)
        self.record.note("subscription", id=subscription["id"], group_id=self.shelter)

        self.listeners = [Listener(person, at) for person in self.people for at in (0, 1)]
        for listener in self.listeners:
            for group in (self.room, self.shelter):
                listener.wait(lambda one=listener, group=group: group in one.rooms, "shown the room")
        self.passing = [Listener(person, at) for at, person in enumerate((*wanderers, stranger))]
        paths = [f"/groups/{self.shelter}{what}" for what in ("", "/timeline", "/members", "/positions")]
        note, at_first, guest = self.record, self.listeners[::2], self.listeners[-1]
        self.busy: list[Busy] = [
            *(Talker(note, device, self.room) for device in (*at_first, guest)),
            Talker(note, self.listeners[1], self.shelter),
            Traveller(note, self.listeners[2], self.room),
            Sharer(note, self.people[2], self.room),
            *(Wanderer(note, person, self.room) for person in wanderers),
            *(Asker(note, person, self.room) for person in self.people[:2]),
            Worker(note, owner, self.shelter),
            Publisher(note, self.people[1], self.room),
            Stranger(note, stranger, paths),
        ]
        if world.stack.env.get("REFRESH_GRACE_SECONDS") != "0":  # else no refresh may be repeated
            self.busy.append(Stayer(note, someone()))

    def __enter__(self) -> Self:
        for one in self.busy:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.busy:
            one.stop()
        for device in (*self.listeners, *self.passing):
            device.leave()

    # What is done to it

    def strike(
        self,
        faults: int,
        chance: random.Random,
        kinds: Mapping[str, tuple[Fault, int]],
        say: Callable[[str], None],
        at_once: int = AT_ONCE,
    ) -> None:
        """That many faults, up to `at_once` of them together; after these all has to be ready by itself."""
        names, weights = list(kinds), [weight for _, weight in kinds.values()]
        done = 0
        while done < faults:
            for _ in range(min(chance.randint(1, at_once), faults - done)):
                (name,) = chance.choices(names, weights)
                own = random.Random(chance.random())  # what one fault draws is no matter of the next
                try:
                    what = kinds[name][0](self.world, own)
                except (psycopg2.Error, Trouble, OSError, amqp.AMQPError) as away:
                    say(f"not possible now: {name}: {str(away).partition(chr(10))[0]}")
                else:
                    done += 1
                    self.done[name] += 1
                    say(f"{done}/{faults} {name}: {what}")
                time.sleep(chance.uniform(0, 1))
            self._recover(say)

    def _recover(self, say: Callable[[str], None]) -> None:
        """Waits until what was begun is over, all is ready, and everybody has got further."""
        began = max(time.monotonic(), self.world.lasts)
        time.sleep(max(0, began - time.monotonic()))
        self.world.stack.wait_ready(deadline=READY_SECONDS)
        ready = time.monotonic() - began
        talkers = [one for one in self.busy if isinstance(one, Talker)]
        wanted = [one.done + 1 for one in talkers]
        until(
            lambda: all(one.done >= n or one.problem for one, n in zip(talkers, wanted, strict=True)),
            "everybody heard again",
            READY_SECONDS,
        )
        self.recoveries.append(time.monotonic() - began)
        say(f"ready after {ready:.1f} s, all heard again after {self.recoveries[-1]:.1f} s")
        for one in self.busy:
            assert one.problem is None, f"{type(one).__name__}: {one.problem!r}"

    # What is left of it

    def settle(self) -> Evidence:
        """Lets everybody end, waits until nothing is on its way, and gathers the evidence."""
        stack = self.world.stack
        for one in self.busy:
            one.stop()
        for one in self.busy:
            one.ended()
            if one.problem:
                self.record.note("leak", what=f"{type(one).__name__} gave up: {one.problem!r}")
        subscription = self.record.facts[0]["id"]
        due = f"SELECT 1 FROM reports.subscriptions WHERE id = '{subscription}' AND next_run_at <= now()"
        with database(stack) as query:
            until(lambda: not query(due), "run what is due", READY_SECONDS)
        insist(lambda at: self.owner.patch(f"/subscriptions/{subscription}", {"active": False}, at=at))
        bindings = _bindings(stack)
        with database(stack) as query:
            until(lambda: self._quiet(query), "all told", READY_SECONDS)
            timelines = {
                group: query("SELECT last_seq FROM chat.rooms WHERE group_id = %s", group)[0][0]
                for group in (self.room, self.shelter)
            }
        for device in self.listeners:
            for group, last in timelines.items():
                device.wait(partial(_has, device, group, last), f"told all of {group}")
        return Evidence(
            query=self._query,
            facts=self.record.facts,
            listeners=[device.as_fact() for device in (*self.listeners, *self.passing)],
            events=_events(stack),
            bindings=bindings,
            pushed=[message["data"] for _, message in self.world.fcm.messages],
            group_ids=[self.room, self.shelter],
            away=[self.away.id],
            dead=Counter(_depths(stack, "dead")) - self._dead,
            since=self._began,
        )

    def _query(self, statement: str, *arguments: Any) -> list[Any]:
        with database(self.world.stack) as query:
            return query(statement, *arguments)

    def _quiet(self, query: Callable[..., list[Any]]) -> bool:
        """Whether nothing has waited for a while: no event in an outbox or a queue, no report, no push.

        The broker does not count what a service has in hand, which some gather for a moment.
        """
        rows = [f"SELECT 1 FROM {service}.outbox" for service in SERVICES]
        rows.append("SELECT 1 FROM reports.reports WHERE status IN ('queued', 'running')")
        rows.append("SELECT 1 FROM push.deliveries WHERE state IN ('asked', 'trying')")
        rows.append(f"SELECT 1 FROM push.tellings WHERE due_at IS NOT NULL AND user_id = '{self.away.id}'")
        if any(query(f"{row} LIMIT 1") for row in rows) or any(
            sum(_depths(self.world.stack, kind).values()) for kind in ("hear", "retry")
        ):
            self._waited_at = time.monotonic()
        return time.monotonic() - self._waited_at > IN_HAND_SECONDS

    # The witness: a queue that hears all that is said, as any service might

    def _watch(self) -> None:
        with _broker(self.world.stack) as connection:
            channel = connection.channel()
            channel.queue_declare(
                WITNESS, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"}
            )
            channel.queue_bind(WITNESS, "events", "#")


def _has(device: Listener, group: str, last: int) -> bool:
    """Whether a device has a room to its end."""
    room = device.rooms[group]
    return room.last >= last and not room.paging


def _broker(stack: Stack) -> amqp.Connection:
    user, _, host = stack.amqp_uri.removeprefix("amqp://").rpartition("@")
    name, _, password = user.partition(":")
    return amqp.Connection(host.rstrip("/"), userid=name, password=password, connect_timeout=10)


def _depths(stack: Stack, kind: str) -> dict[str, int]:
    """How many wait in that queue of each service."""
    with _broker(stack) as connection:
        return {
            service: connection.channel().queue_declare(f"{kind}-{service}", passive=True).message_count
            for service in SERVICES
        }


def _events(stack: Stack) -> list[Json]:
    """All that the witness has heard."""
    events = []
    with _broker(stack) as connection:
        channel = connection.channel()
        while message := channel.basic_get(WITNESS, no_ack=True):
            body = message.body
            events.append(json.loads(body if isinstance(body, str) else body.decode()))
        channel.queue_delete(WITNESS)
    return events


def _bindings(stack: Stack) -> dict[str, set[str]]:
    """Which queues want which events, as the broker says."""
    told = rabbitmqctl(
        stack, "list_bindings", "source_name", "destination_name", "routing_key", "--formatter", "json"
    )
    found: dict[str, set[str]] = {}
    for row in json.loads(told):
        if row["source_name"] == "events":
            found.setdefault(row["destination_name"], set()).add(row["routing_key"])
    return found


def clock_library(folder: Path) -> Path | None:
    """What makes a clock jump, or None without a compiler. libfaketime 0.9.10 ends Python 3.11 at its first
    `time.sleep`: it does not know of absolute times there."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


def own_world(wires: Wires, clocks: Path, library: Path | None) -> Callable[[str, Mapping[str, str]], Json]:
    """The environment of each process: its own wires to the servers, the clock of its host."""

    def own(name: str, env: Mapping[str, str]) -> Json:
        program, _, host = name.partition(".")
        service = program.partition("-")[0]
        if f"{service.upper()}_AMQP_URI" not in env:
            return {}
        found = {}
        for server, variable in (("rabbitmq", "AMQP_URI"), ("postgres", "DATABASE_URI")):
            port = env[f"PORT_{server}_1"]
            if uri := env.get(f"{service.upper()}_{variable}"):
                near = wires.lay(name, int(port))
                found[f"{service.upper()}_{variable}"] = uri.replace(
                    f"@127.0.0.1:{port}/", f"@127.0.0.1:{near}/"
                )
        if library:
            found |= {"LD_PRELOAD": str(library), "CLOCK_FILE": str(clocks / host)}
        return found

    return own


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--faults", type=int, default=200)
    kinds = {**FAULTS, **OF_WIRES, **OF_CLOCKS}
    parser.add_argument("--only", nargs="*", choices=list(kinds), default=list(kinds))
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, help="so many before all has to be ready again"
    )
    parser.add_argument("--place", type=Path, help="where its logs stay")
    args = parser.parse_args()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {text}", flush=True)  # noqa: T201 - a command talks

    place = args.place or Path(tempfile.mkdtemp(prefix="bchat-chaos-", dir="/var/tmp"))
    clocks = place / "clocks"
    clocks.mkdir(parents=True, exist_ok=True)
    for host in (1, 2):
        set_clock(clocks, host, 0)
    library = clock_library(clocks)
    chosen = {name: kinds[name] for name in args.only if library or name not in OF_CLOCKS}
    if len(chosen) < len(args.only):
        say("There is no C compiler: no clock jumps")
    say(f"Seed {args.seed}, {args.faults} faults of {len(chosen)} kinds, logs in {place}/log")
    client.PATIENCE = READY_SECONDS
    with Wires() as wires, LocalFcm() as fcm:
        settings = {**SETTINGS, "FCM_CREDENTIALS": str(fcm.credentials(place)), "FCM_URL": fcm.base}
        own = own_world(wires, clocks, library)
        with Stack(place, gateways=2, replicas=2, company=True, settings=settings, own=own, say=say) as stack:
            world = World(stack, fcm, wires, clocks)
            wrong = ride(world, args.faults, random.Random(args.seed), chosen, say, args.at_once)
    for sentence in wrong:
        say(f"WRONG {sentence}")
    return 1 if wrong else 0


def ride(
    world: World,
    faults: int,
    chance: random.Random,
    kinds: Mapping[str, tuple[Fault, int]],
    say: Callable[[str], None],
    at_once: int,
) -> Sequence[str]:
    """A whole storm on a running Bchat; what is wrong after it."""
    admin = Person(world.stack.urls, world.stack.admin["username"], world.stack.admin["password"]).login()

    read_books(admin, READY_SECONDS)
    with Storm(world, partial(newcomer, admin)) as storm:
        say("Everybody is there")
        try:
            storm.strike(faults, chance, kinds, say, at_once)
        except (AssertionError, Trouble) as problem:
            return [f"it did not become ready by itself: {problem}"]
        say("Settling")
        evidence = storm.settle()
    wrong = check(evidence)
    facts = Counter(fact["kind"] for fact in evidence.facts)
    say(f"Faults: {', '.join(f'{name} {count}' for name, count in storm.done.most_common())}")
    say(f"Promised: {', '.join(f'{name} {count}' for name, count in facts.most_common())}")
    say(f"Said: {len(evidence.events)} events; pushed: {len(evidence.pushed)}")
    told = sum(len(listener["told"]) for listener in evidence.listeners)
    say(f"Told: {told} entries to {len(evidence.listeners)} devices")
    quick = sorted(storm.recoveries)
    say(f"All well again after {statistics.median(quick):.1f} s (median), {quick[-1]:.1f} s (longest)")
    say(f"Wrong: {len(wrong)}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
