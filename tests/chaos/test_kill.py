"""Servers are killed and releases rolled while people talk: what was acknowledged is there once, for all."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import amqp
import pytest
from client import Device, Json, Someone, new_id, until
from faults import database
from machine import ROOT
from people import Busy, Record, insist
from stack import PROGRAMS, Stack

SERVICES = ("auth", "groups", "chat", "news", "location", "reports", "push")
ENOUGH = 15


def kill(name: str) -> Callable[[Stack], None]:
    def strike(stack: Stack) -> None:
        stack.kill(name)

    return strike


def replace_chat(stack: Stack) -> None:
    """As an upgrade does, by the same release."""
    stack.migrate({"chat": ROOT})
    stack.roll("chat", ROOT)


def roll(part: str) -> Callable[[Stack], None]:
    """From the release before to what is here, back, since what is here may turn out bad, and forth again."""
    programs = [name for name in PROGRAMS if name.partition("-")[0] == part]

    def strike(stack: Stack) -> None:
        before = stack.releases[part]
        if part in SERVICES:
            stack.migrate({part: ROOT})
        for release in (ROOT, before, ROOT):
            for program in programs:
                stack.roll(program, release)
                running = Path(f"/proc/{stack.pid(f'{program}.1')}/cwd").resolve()
                assert running == release / "services" / part

    return strike


# Each takes its time, so only when asked to: `make roll`.
ROLLED = os.environ.get("ROLL", "").split()
# One process after another is killed in a storm (`test_storm.py`).
STRIKES: dict[str, Callable[[Stack], None]] = {
    **{f"kill {name}": kill(name) for name in ("rabbitmq.1", "postgres.1")},
    "replace chat": replace_chat,
    **{f"roll {part}": roll(part) for part in ROLLED},
}


class Sender(Busy):
    """Says one thing after another, each when the one before was acknowledged."""

    def __init__(self, device: Device, group: str, name: str) -> None:
        super().__init__(Record(), pause=0)
        self.device, self.group, self.name = device, group, name
        self.acknowledged: list[Json] = []
        self.start()

    def once(self, n: int) -> None:
        text = f"{self.name} {n}"
        entry = self.device.send(self.group, text)
        assert entry["text"] == text
        self.acknowledged.append(entry)

    def more(self, count: int) -> None:
        """Waits until that many more were acknowledged."""
        wanted = len(self.acknowledged) + count
        until(lambda: len(self.acknowledged) >= wanted or self.problem, f"{count} more acknowledged", 120)
        assert self.problem is None, self.problem

    def ended(self) -> None:
        super().ended()
        assert self.problem is None, self.problem


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


class Deeds(Busy):
    """What somebody does besides talking: each service is asked in its turn, and must keep what it took."""

    def __init__(self, someone: Someone, storm: "Storm") -> None:
        super().__init__(Record(), pause=0.1)
        self.storm, self.person = storm, someone(permissions=("reports:sales", "news:publish"))
        storm.owner.put(f"/groups/{storm.group}/members/{self.person.id}", {"role": "staff"})
        storm.members.append(self.person.id)
        room = {"name": "Own", "catalogue": "chat", "visibility": "invite"}
        article = {"title": "New", "body": "Read.", "audience": "everyone", "draft": True}
        self.group: str = self.person.post("/groups", room)["id"]
        self.article: str = self.person.post("/news", article)["id"]
        self.names: list[str] = []
        self.positions: list[str] = []
        self.start()

    def once(self, n: int) -> None:
        person, name, position = self.person, f"The {n}th", new_id()
        device = {"platform": "android", "fcm_token": new_id()}
        point = {"type": "Point", "coordinates": [4.895, 52.37]}
        feature = {"type": "Feature", "id": position, "geometry": point}
        key, asked = {"Idempotency-Key": new_id()}, {"type": "sales", "group_id": self.storm.group}
        insist(lambda at: person.patch("/me", {"display_name": name}, at=at))
        insist(lambda at: person.patch(f"/groups/{self.group}", {"name": name}, at=at))
        insist(lambda at: person.patch(f"/news/{self.article}", {"title": name}, at=at))
        insist(lambda at: person.put("/devices/phone", device, at=at))
        insist(lambda at: person.post(f"/groups/{self.storm.group}/positions", feature, at=at))
        if n % 10 == 0:
            report = insist(lambda at: person.post("/reports", asked, headers=key, at=at))
            self.storm.reports.append(report["report_id"])
        self.positions.append(position)
        self.names.append(name)

    def ended(self) -> None:
        super().ended()
        assert self.problem is None, self.problem
        assert len(self.names) > ENOUGH
        assert self.person.get("/me")["display_name"] == self.names[-1]
        assert self.person.get(f"/groups/{self.group}")["name"] == self.names[-1]
        assert self.person.get(f"/news/{self.article}")["title"] == self.names[-1]
        assert [device["device_id"] for device in self.person.get("/devices")["items"]] == ["phone"]
        sent = [
            e["client_id"]
            for e in self.storm.owner.timeline(self.storm.group)
            if e["sender_id"] == self.person.id
        ]
        assert sent == self.positions


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

    if strike.startswith("roll"):
        deeds = Deeds(someone, storm)
        STRIKES[strike](stack)
        deeds.stop()
        deeds.ended()
    else:
        STRIKES[strike](stack)
    key = {"Idempotency-Key": new_id()}
    asked = {"type": "sales", "group_id": group}
    insist(lambda at: owner.put(f"/groups/{group}/members/{late.id}", {"role": "staff"}, at=at))
    storm.members.append(late.id)
    report = insist(lambda at: owner.post("/reports", asked, headers=key, at=at))
    storm.reports.append(report["report_id"])
    for sender in senders:
        sender.more(ENOUGH)
    stack.wait_ready()
    for sender in senders:
        sender.more(ENOUGH)
        sender.stop()
        sender.ended()

    # Everything committed was said, and what was said was taken in.
    with database(stack) as query:
        for service in SERVICES:
            until(lambda service=service: not query(f"SELECT 1 FROM {service}.outbox LIMIT 1"), "all said")
    for report in storm.reports:
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
