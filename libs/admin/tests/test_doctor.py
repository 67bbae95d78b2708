"""The doctor says what is wrong and what to do about it, and nothing where all is well."""

import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message
from io import BytesIO
from typing import Any

import pytest
from admin import doctor
from admin.cli import main
from click.testing import CliRunner
from kit.clock import now, rfc3339
from kit.errors import Unavailable
from kit.event import new_id
from kit.examine import finding
from kit.testing import required
from kombu import Connection, Producer

HOW = {
    "version": "1.0",
    "replicas": 2,
    "dead": {"count": 0, "letters": []},
    "outbox": {"length": 0, "oldest_seconds": 0.0},
}


class Client:
    """Stands where the broker is."""

    def __init__(self, examine: Any, condition: Any = HOW) -> None:
        self.told = {"examine": examine, "condition": condition}

    def call(self, service: str, method: str, *, timeout: float) -> Any:
        if isinstance(self.told[method], Exception):
            raise self.told[method]
        return self.told[method]


def service(examine: Any, condition: Any = HOW) -> dict[str, dict[str, Any]]:
    return {row["check"]: row for row in doctor._service(Client(examine, condition), "chat")}  # type: ignore[arg-type]


def examined(*findings: Any, seconds: float = 0) -> dict[str, Any]:
    return {"at": rfc3339(now() + timedelta(seconds=seconds)), "findings": list(findings)}


def test_a_service_in_order_is_told_as_such() -> None:
    rows = service(examined(finding("migrations", "At 0004, the newest.")))
    assert {check: row["ok"] for check, row in rows.items()} == {
        "answers": True,
        "migrations": True,
        "dead_letters": True,
        "outbox": True,
    }


def test_one_that_does_not_answer_leads_to_its_log() -> None:
    rows = service(Unavailable("unavailable", "The service chat is out of reach."))
    assert list(rows) == ["answers"]
    assert "kit examine" in rows["answers"]["remedy"]


def test_what_it_found_is_told_though_it_can_not_say_how_it_is() -> None:
    away = finding("database", "password authentication failed", "Is the password right?")
    rows = service(examined(away), Unavailable("unavailable", "The database is away or busy."))
    assert {check: row["ok"] for check, row in rows.items()} == {"database": False, "answers": False}
    assert rows["database"]["found"] == "password authentication failed"


def test_one_without_a_replica_is_not_waited_for() -> None:
    uri, name = required("TEST_AMQP_URI"), f"nobody-{new_id()}"
    [told] = [row for row in doctor._parts(uri, [name]) if row["part"] == name]
    assert told["found"] == "No replica of it is there."
    assert {row["check"]: row["ok"] for row in doctor._broker(uri)} == {"version": True, "alarms": True}


def test_another_clock_dead_letters_and_a_full_outbox_are_wrong() -> None:
    waiting = {**HOW, "dead": {"count": 3, "letters": []}, "outbox": {"length": 9, "oldest_seconds": 90.0}}
    rows = service(examined(seconds=-60), waiting)
    assert {check for check, row in rows.items() if not row["ok"]} == {"clock", "dead_letters", "outbox"}
    assert "dead redrive chat" in rows["dead_letters"]["remedy"]


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What gateways go on telling while the doctor listens."""
    monkeypatch.setattr(doctor, "LISTEN_SECONDS", 3.0)
    told: list[dict[str, Any]] = []
    stop = threading.Event()

    def tell() -> None:
        with Connection(required("TEST_AMQP_URI")) as connection:
            producer = Producer(connection.default_channel, exchange=doctor.GATEWAYS, serializer="json")
            while not stop.wait(0.1):
                for message in told:
                    producer.publish(message)

    thread = threading.Thread(target=tell)
    thread.start()
    yield told
    stop.set()
    thread.join()


def gateway(id: str, keys: list[str], seconds: float = 0) -> dict[str, Any]:
    at = rfc3339(now() + timedelta(seconds=seconds))
    return {"type": "gateway", "id": id, "version": "1.0", "sockets": 3, "keys": keys, "at": at}


def test_a_gateway_that_believes_another_key_is_found(telling: list[dict[str, Any]]) -> None:
    telling += [gateway("a:1", ["old", "new"], 3600), gateway("b:1", ["old"], 3600), {"type": "typing"}]
    rows = list(doctor._gateways(required("TEST_AMQP_URI"), {"new"}))
    wrong = {(row["check"], row["found"].split()[0]) for row in rows if not row["ok"]}
    assert wrong == {("keys", "b:1"), ("clock", "a:1"), ("clock", "b:1")}
    [keys] = [row for row in rows if row["check"] == "keys" and not row["ok"]]
    assert "TOKEN_PUBLIC_KEYS" in keys["remedy"]


def test_no_gateway_is_wrong(telling: list[dict[str, Any]]) -> None:
    [row] = doctor._gateways(required("TEST_AMQP_URI"), {"new"})
    assert row["found"] == "None was heard."


class Answer(BytesIO):
    headers = Message()


def test_the_address_is_tried() -> None:
    def unready(url: str, timeout: float) -> Any:
        raise urllib.error.HTTPError(url, 503, "", Message(), BytesIO(b'{"failed":{"rpc":"gone"}}'))

    def away(url: str, timeout: float) -> Any:
        raise urllib.error.URLError("Name or service not known")

    assert "rpc" in next(doctor._address("https://bchat.example", unready))["found"]
    assert "certificate" in next(doctor._address("https://bchat.example", away))["remedy"]
    rows = {row["check"]: row for row in doctor._address("https://bchat.example/", lambda *_, **__: Answer())}
    assert rows["ready"]["ok"]
    assert "PROXY_HOPS" in rows["https"]["remedy"]
    for url, ok in (("http://127.0.0.1:8000", True), ("http://bchat.example", False)):
        *_, https = doctor._address(url, lambda *_, **__: Answer())
        assert https["ok"] is ok, url


def test_the_command_needs_no_package_of_databases() -> None:
    """Its image has none."""
    code = "import sys; sys.modules |= dict.fromkeys(('sqlalchemy', 'psycopg2', 'nameko')); import admin.cli"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_command_says_what_is_wrong_by_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    uri = required("TEST_AMQP_URI")
    rows = [doctor.row("chat", "answers", "2 replicas"), doctor.row("auth", "keys", "Another.", "Mend it.")]
    monkeypatch.setattr(doctor, "examined", lambda *_: iter(rows))
    wrong = CliRunner().invoke(main, ["--amqp-uri", uri, "doctor"])
    assert wrong.exit_code == 1
    assert "WRONG auth" in wrong.output
    assert "Mend it." in wrong.output
    rows.pop()
    well = CliRunner().invoke(main, ["--amqp-uri", uri, "doctor", "--json"])
    assert well.exit_code == 0
    assert '"remedy": null' in well.output
    away = CliRunner().invoke(main, ["--amqp-uri", "amqp://guest:guest@127.0.0.1:1//", "doctor"])
    assert away.exit_code == 3
