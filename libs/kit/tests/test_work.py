"""Work is taken by many, in any order, at least once, and comes back when it can't be done now."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from kit import broker, dead
from kit.clock import now, rfc3339
from kit.config import Settings
from kit.event import CONTENT_TYPE, Heard, new_id
from kit.work import GiveUp, Later, Workers
from kombu import Connection, Producer
from world import until


class Asked(Heard, type="test.asked"):
    name: str


class Yard:
    """A service's work and those who do it."""

    def __init__(self, amqp_uri: str) -> None:
        self.name = "yard-" + new_id()[-12:]
        self.settings = Settings(AMQP_URI=amqp_uri, HEAR_ATTEMPTS=3, HEAR_RETRY_SECONDS=0.1)
        self.kind = type("Asked", (Asked,), {"__module__": __name__}, type=f"{self.name}.asked")
        self.done: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self.broken: dict[str, Exception] = {}
        self.stop = threading.Event()
        self._gate = threading.Event()
        self._gate.set()
        self._threads: list[threading.Thread] = []
        with broker.connect(amqp_uri) as connection:
            broker.declare(connection, self.name, (), [self.kind.routing_key()])

    def do(self, event: Asked) -> None:
        self.tried[event.name] += 1
        self._gate.wait(30)
        if problem := self.broken.get(event.name):
            raise problem
        self.done[event.name] += 1

    def open(self, workers: int = 1, at_once: int = 4) -> None:
        for _ in range(workers):
            crew = Workers(self.settings, self.name, self.kind, self.do, at_once)
            self._threads.append(threading.Thread(target=crew.run, args=(self.stop,), daemon=True))
            self._threads[-1].start()

    def close(self) -> None:
        self._gate.set()
        self.stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    def hold(self) -> None:
        self._gate.clear()

    def let_go(self) -> None:
        self._gate.set()

    def ask(self, *names: str) -> None:
        with broker.connect(self.settings.AMQP_URI) as connection:
            for name in names:
                event = {
                    "specversion": "1.0",
                    "id": new_id(),
                    "source": "/bchat/test",
                    "type": self.kind.routing_key(),
                    "time": rfc3339(now()),
                    "data": {"name": name},
                }
                self.put(connection, event["id"], str(event).replace("'", '"').encode())

    def put(self, connection: Connection, id: str, body: bytes) -> None:
        broker.publish(
            Producer(connection.default_channel),
            body,
            exchange=broker.EVENTS.name,
            routing_key=self.kind.routing_key(),
            content_type=CONTENT_TYPE,
            message_id=id,
        )

    def dead(self) -> list[str]:
        return [letter["reason"] for letter in dead.listed(self.settings.AMQP_URI, self.name)]


@pytest.fixture
def yard(amqp_uri: str) -> Iterator[Yard]:
    made = Yard(amqp_uri)
    yield made
    made.close()
    with broker.connect(amqp_uri) as connection:
        for make in (broker.work_queue, broker.hear_queue, broker.retry_queue, broker.dead_queue):
            make(made.name)(connection.default_channel).delete()
        for seconds in broker.DELAYS:
            broker.delay_queue(made.name, seconds)(connection.default_channel).delete()


def test_all_of_it_is_done_by_many(yard: Yard) -> None:
    names = [f"{n}" for n in range(200)]
    yard.ask(*names)
    yard.open(workers=2)
    until(lambda: set(yard.done) == set(names))
    assert set(yard.done.values()) == {1}


def test_what_waits_keeps_nobody_waiting_and_comes_back(yard: Yard) -> None:
    yard.broken["slow"] = Later(600)
    yard.broken["soon"] = Later(0.1)
    yard.open()
    yard.ask("slow", "soon", "now")
    until(lambda: yard.done["now"] == 1)
    until(lambda: yard.tried["soon"] >= 2)
    del yard.broken["soon"]
    until(lambda: yard.done["soon"] == 1)
    assert yard.tried["slow"] == 1
    assert yard.dead() == []


def test_what_can_not_be_done_is_a_dead_letter_until_it_is_sent_back(yard: Yard) -> None:
    yard.broken["hopeless"] = GiveUp("nobody wants it")
    yard.broken["failing"] = RuntimeError("broken")
    yard.open()
    yard.ask("hopeless", "failing")
    with broker.connect(yard.settings.AMQP_URI) as connection:
        yard.put(connection, new_id(), b"nonsense")
    until(lambda: len(yard.dead()) == 3)
    reasons = sorted(yard.dead())
    assert reasons[:2] == ["RuntimeError('broken')", "nobody wants it"]
    assert reasons[2].startswith("unreadable")
    assert (yard.tried["hopeless"], yard.tried["failing"]) == (1, 3)
    yard.broken.clear()
    assert dead.redrive(yard.settings.AMQP_URI, yard.name) == 3
    until(lambda: yard.done == Counter(hopeless=1, failing=1))
    until(lambda: len(yard.dead()) == 1)


def test_who_is_told_to_stop_ends_what_is_begun_and_leaves_the_rest(yard: Yard) -> None:
    yard.hold()
    yard.open(at_once=2)
    yard.ask(*(f"{n}" for n in range(6)))
    until(lambda: len(yard.tried) == 2)
    yard.stop.set()
    yard.close()
    assert len(yard.done) == 2
    yard.stop.clear()
    yard.open()
    until(lambda: len(yard.done) == 6)
    assert set(yard.done.values()) == {1}


def test_a_lost_connection_is_made_again_and_what_was_in_hand_comes_again(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Connection] = []
    connect = broker.consume_connection

    def noted(amqp_uri: str) -> Connection:
        made.append(connect(amqp_uri))
        return made[-1]

    monkeypatch.setattr(broker, "consume_connection", noted)
    yard.hold()
    yard.open()
    yard.ask("in hand")
    until(lambda: yard.tried["in hand"] == 1)
    made[0].connection.transport.sock.shutdown(socket.SHUT_RDWR)
    until(lambda: len(made) == 2)
    yard.let_go()
    until(lambda: yard.done["in hand"] == 2)
    yard.ask("next")
    until(lambda: yard.done["next"] == 1)
