"""Those who go on with their day whatever happens, and write down what they were promised and told."""

import itertools
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import requests
from client import PATIENCE, Device, Json, Person, Refused, new_id
from websockets.exceptions import ConnectionClosed

LONG = 3 * PATIENCE
COMMON = {"name": "Storm", "catalogue": "chat", "visibility": "open"}


def insist(call: Callable[[int], Any], seconds: float = LONG) -> Any:
    """Repeats a call that may be repeated, at one gateway and the other, while it is told to come back."""
    end = time.monotonic() + seconds
    for at in itertools.count():
        try:
            return call(at)
        except requests.RequestException:
            wait = 0.2
        except Refused as refused:
            if refused.retry_after is None:
                raise
            wait = refused.retry_after
        assert time.monotonic() < end, "told to come back for too long"
        time.sleep(min(wait, 1) * random.uniform(0.5, 1))


class Record:
    """What everybody wrote down: facts of a kind, in the order in which they were learnt."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.facts: list[Json] = []

    def note(self, kind: str, **fact: Any) -> None:
        with self._lock:
            self.facts.append({"kind": kind, "at": time.time(), **fact})


class Listener(Device):
    """A device that always comes back, and knows when it was told of each entry."""

    def __init__(self, person: Person, at: int) -> None:
        self.told: list[tuple[float, str, int]] = []
        super().__init__(person, at=at, steady=True)

    def _take(self, frame: Json) -> None:
        super()._take(frame)
        entries = [frame["entry"]] if frame["type"] == "entry" else frame.get("entries", [])
        self.told += [(time.time(), frame["group_id"], entry["seq"]) for entry in entries]
        if frame["type"] not in ("ack", "error"):
            self.frames.remove(frame)  # a storm is long: answers alone are looked for later

    def as_fact(self) -> Json:
        rooms = {
            group: {"since": room.since, "entries": room.entries} for group, room in list(self.rooms.items())
        }
        return {"person_id": self.person.id, "rooms": rooms, "told": self.told, "broken": self.broken}


class Busy(ABC):
    """Somebody who does one thing after another until told to stop.

    Args:
        pause: seconds between two of them, about.
    """

    def __init__(self, record: Record, pause: float) -> None:
        self.record, self.pause = record, pause
        self.problem: BaseException | None = None
        self.done = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def ended(self) -> None:
        """Waits until the last thing is done."""
        self._thread.join(2 * LONG)
        assert not self._thread.is_alive(), f"{type(self).__name__} hangs"

    def _run(self) -> None:
        try:
            for n in itertools.count():
                if self._stop.wait(self.pause * random.uniform(0.5, 1.5)):
                    return
                self.once(n)
                self.done += 1
        except BaseException as problem:
            self.problem = problem

    @abstractmethod
    def once(self, n: int) -> None: ...


class Talker(Busy):
    """Says one thing after another, each when the one before was acknowledged."""

    def __init__(self, record: Record, device: Device, group: str) -> None:
        super().__init__(record, 0.2)
        self.device, self.group, self.name = device, group, new_id()[:4]

    def once(self, n: int) -> None:
        entry = self.device.send(self.group, f"{self.name} {n}")
        self.record.note("entry", group_id=self.group, entry=entry)


class Traveller(Busy):
    """Sends positions over the socket, again under the same id until one is acknowledged."""

    def __init__(self, record: Record, device: Device, group: str) -> None:
        super().__init__(record, 0.5)
        self.device, self.group = device, group

    def once(self, n: int) -> None:
        feature = {
            "type": "Feature",
            "id": new_id(),
            "geometry": {"type": "Point", "coordinates": [114.0, 22.0 + n % 50 / 100]},
            "properties": {"accuracy_m": 5},
        }
        frame = {"type": "position", "group_id": self.group, "feature": feature}
        end = time.monotonic() + LONG
        while True:
            assert time.monotonic() < end, "a position was not acknowledged"
            try:
                answer = self.device.ask(frame, 5)
            except Refused as refused:
                if refused.retry_after is None:
                    raise
                time.sleep(min(refused.retry_after, 1))
            except (ConnectionClosed, OSError, AssertionError):
                time.sleep(0.2)
            else:
                self.record.note("entry", group_id=self.group, entry=answer["entry"])
                return


class Wanderer(Busy):
    """Joins a room and leaves it again."""

    def __init__(self, record: Record, person: Person, group: str) -> None:
        super().__init__(record, 0.7)
        self.person, self.group = person, group

    def once(self, n: int) -> None:
        for step in ("join", "leave"):
            key = {"Idempotency-Key": new_id()}
            asked = time.time()
            insist(lambda at, step=step, key=key: self._post(step, at, key))
            self.record.note(
                step, group_id=self.group, person_id=self.person.id, asked=asked, answered=time.time()
            )
            if self._stop.wait(random.uniform(0.2, 1.5)) and step == "leave":
                return

    def _post(self, step: str, at: int, key: dict[str, str]) -> None:
        self.person.post(f"/groups/{self.group}/{step}", headers=key, at=at)


class Asker(Busy):
    """Asks for reports into a room."""

    def __init__(self, record: Record, person: Person, group: str) -> None:
        super().__init__(record, 20)
        self.person, self.group = person, group

    def once(self, n: int) -> None:
        key = {"Idempotency-Key": new_id()}
        wanted = {"type": "sales", "group_id": self.group}
        made = insist(lambda at: self.person.post("/reports", wanted, headers=key, at=at))
        self.record.note("report", group_id=self.group, report_id=made["report_id"])


class Worker(Busy):
    """Moves a task on, and back."""

    def __init__(self, record: Record, person: Person, group: str) -> None:
        super().__init__(record, 1)
        self.person, self.group = person, group

    def once(self, n: int) -> None:
        state = ("in_progress", "blocked")[n % 2]
        insist(lambda at: self.person.put(f"/groups/{self.group}/task", {"state": state}, at=at))
        self.record.note("task", group_id=self.group, state=state)


class Publisher(Busy):
    """Publishes news for a room."""

    def __init__(self, record: Record, person: Person, group: str) -> None:
        super().__init__(record, 3)
        self.person, self.group = person, group

    def once(self, n: int) -> None:
        key = {"Idempotency-Key": new_id()}
        item = {"title": f"News {n}", "body": "It storms.", "audience": "groups", "group_ids": [self.group]}
        made = insist(lambda at: self.person.post("/news", item, headers=key, at=at))
        self.record.note("news", group_id=self.group, news_id=made["id"])


class Sharer(Busy):
    """Shares a live position for a while, moves, and ends it."""

    def __init__(self, record: Record, person: Person, group: str) -> None:
        super().__init__(record, 1)
        self.person, self.group = person, group

    def once(self, n: int) -> None:
        key = {"Idempotency-Key": new_id()}
        share = insist(
            lambda at: self.person.post(f"/groups/{self.group}/shares", {"minutes": 15}, headers=key, at=at)
        )
        insist(lambda at: self._end(share["id"], at))
        self.record.note("share", group_id=self.group, share_id=share["id"])

    def _end(self, share_id: str, at: int) -> None:
        try:
            self.person.delete(f"/shares/{share_id}", at=at)
        except Refused as refused:
            if refused.status != 404:  # a repeated call finds it ended
                raise


class Stayer(Busy):
    """Stays signed in, by a new token as soon as there is one."""

    def __init__(self, record: Record, person: Person) -> None:
        super().__init__(record, 0.5)
        self.person = person

    def once(self, n: int) -> None:
        insist(lambda at: self.person.refresh(at=at))
        self.record.note("refreshed", person_id=self.person.id)


class Stranger(Busy):
    """Tries to read what is not theirs."""

    def __init__(self, record: Record, person: Person, paths: Sequence[str]) -> None:
        super().__init__(record, 0.5)
        self.person, self.paths = person, paths

    def once(self, n: int) -> None:
        path = self.paths[n % len(self.paths)]
        try:
            insist(lambda at: self.person.get(path, at=at))
        except Refused as refused:
            if refused.status not in (403, 404):
                raise
        else:
            self.record.note("leak", what=f"{path} was answered to a stranger")
