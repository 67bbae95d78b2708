"""Servers are killed and releases rolled while people talk: what was acknowledged is there once, for all."""

import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import amqp
import pytest
from client import Device, Json, Someone, new_id, until
from faults import database
from people import insist
from releases import Releases
from stack import PROGRAMS, Stack

SERVICES = ("auth", "groups", "chat", "news", "location", "reports", "push")
ENOUGH = 15


def kill(name: str) -> Callable[[Stack], None]:
    def strike(stack: Stack) -> None:
        stack.kill(name)

    return strike


def roll(part: str) -> Callable[[Stack], None]:
    """To its last release (before there is one, the commit that is checked out) and back to what is now."""

    def strike(stack: Stack) -> None:
        releases = Releases()
        last = releases.checked_out(part, releases.last(part) or "HEAD")
        programs = [name for name in PROGRAMS if name.partition("-")[0] == part]
        for release in (last, releases.root):
            for program in programs:
                stack.roll(program, release)
                running = Path(f"/proc/{stack.pid(f'{program}.1')}/cwd").resolve()
                assert running == release / "services" / part

    return strike


# All of them when asked to (`make roll`): each takes its time.
ROLLED = os.environ.get("ROLL", "chat gateway").split()
# One process after another is killed in a storm (`test_storm.py`).
STRIKES: dict[str, Callable[[Stack], None]] = {
    **{f"kill {name}": kill(name) for name in ("rabbitmq.1", "postgres.1")},
    **{f"roll {part}": roll(part) for part in ROLLED},
}


class Sender:
    """Says one thing after another, each when the one before was acknowledged."""

    def __init__(self, device: Device, group: str, name: str) -> None:
        self.device, self.group, self.name = device, group, name
        self.acknowledged: list[Json] = []
        self.problem: BaseException | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for n in itertools.count():
                if self._stopping:
                    return
                text = f"{self.name} {n}"
                entry = self.device.send(self.group, text)
                assert entry["text"] == text
                self.acknowledged.append(entry)
        except BaseException as problem:
            self.problem = problem

    def more(self, count: int) -> None:
        """Waits until that many more were acknowledged."""
        wanted = len(self.acknowledged) + count
        until(lambda: len(self.acknowledged) >= wanted or self.problem, f"{count} more acknowledged", 120)
        assert self.problem is None, self.problem

    def stop(self) -> None:
        self._stopping = True
        self._thread.join(90)
        assert self.problem is None, self.problem
        assert not self._thread.is_alive()


class Storm:
    """A room and its members at both gateways, through all strikes."""

    def __init__(self, someone: Someone) -> None:
        self.owner = someone(permissions=("reports:sales",))
        people = [self.owner, someone(), someone(kind="customer")]
        room = {"name": "Storm", "catalogue": "chat", "visibility": "invite"}
        self.group: str = self.owner.post("/groups", room)["id"]
        for person in people[1:]:
            role = "staff" if person.user["kind"] == "staff" else "guest"
            self.owner.put(f"/groups/{self.group}/members/{person.id}", {"role": role})
        self.devices = [Device(person, at=at, steady=True) for person in people for at in (0, 1)]
        for device in self.devices:
            device.wait(lambda device=device: self.group in device.rooms, "shown the room")
        self.members = [person.id for person in people]
        self.reports: list[str] = []


@pytest.fixture(scope="module")
def storm(someone: Someone) -> Iterator[Storm]:
    made = Storm(someone)
    yield made
    for device in made.devices:
        device.leave()


@pytest.mark.parametrize("strike", STRIKES)
def test_nothing_acknowledged_is_lost_repeated_or_disordered(
    stack: Stack, someone: Someone, storm: Storm, strike: str
) -> None:
    owner, group, devices, late = storm.owner, storm.group, storm.devices, someone()
    senders = [Sender(device, group, new_id()[:4]) for device in (*devices[::2], devices[1])]
    for sender in senders:
        sender.more(ENOUGH)

    STRIKES[strike](stack)
    key = {"Idempotency-Key": new_id()}
    asked = {"type": "sales", "group_id": group}
    insist(lambda at: owner.put(f"/groups/{group}/members/{late.id}", {"role": "staff"}, at=at))
    storm.members.append(late.id)
    report = insist(lambda at: owner.post("/reports", asked, headers=key, at=at))["report_id"]
    storm.reports.append(report)
    for sender in senders:
        sender.more(ENOUGH)
    stack.wait_ready()
    for sender in senders:
        sender.more(ENOUGH)
        sender.stop()

    # Everything committed was said, and what was said was taken in.
    with database(stack) as query:
        for service in SERVICES:
            until(lambda service=service: not query(f"SELECT 1 FROM {service}.outbox LIMIT 1"), "all said")
    devices[0].entry(group, kind="report", report_id=report)
    assert dead_letters(stack) == {}

    timeline = owner.timeline(group)
    assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
    said = Counter(entry["client_id"] for entry in timeline if entry["kind"] == "text")
    assert set(said.values()) == {1}
    for sender in senders:
        mine = {entry["id"] for entry in sender.acknowledged}
        assert [entry for entry in timeline if entry["id"] in mine] == sender.acknowledged
    assert sorted(e["report_id"] for e in timeline if e["kind"] == "report") == sorted(storm.reports)
    joined = [e["user_id"] for e in timeline if e["kind"] == "member" and e["change"] == "joined"]
    assert sorted(joined) == sorted(storm.members)
    # What each device was told is what was stored.
    for device in devices:
        device.wait(lambda device=device: device.rooms[group].last >= timeline[-1]["seq"], "told all")
        room = device.rooms[group]
        assert room.entries == timeline[room.since :]
        assert device.broken == []


def dead_letters(stack: Stack) -> dict[str, int]:
    """How many each service has given up on."""
    user, _, host = stack.amqp_uri.removeprefix("amqp://").rpartition("@")
    name, _, password = user.partition(":")
    with amqp.Connection(host.rstrip("/"), userid=name, password=password) as connection:
        found = {
            service: connection.channel().queue_declare(f"dead-{service}", passive=True).message_count
            for service in SERVICES
        }
    return {service: count for service, count in found.items() if count}
