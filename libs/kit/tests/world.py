"""A service of real processes on a real broker and a real database, and means to disturb it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from kit import broker, dead
from kit.clock import now, rfc3339
from kit.db import OUTBOX, Transactions
from kit.event import CONTENT_TYPE, new_id
from kit.rpc import RpcClient
from kombu import Connection, Producer, Queue

FOLDER = Path(__file__).parent / "echo"
KIT = Path(sys.executable).with_name("kit")
PATIENCE = 60.0


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true value of the condition."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s")
        time.sleep(0.02)
    return value


class Listener:
    """A reader of our own of all that a service says."""

    def __init__(self, amqp_uri: str, routing_key: str) -> None:
        self._connection = Connection(amqp_uri)
        queue = Queue(exchange=broker.EVENTS, routing_key=routing_key, exclusive=True, auto_delete=True)
        self._queue = queue(self._connection.default_channel)
        self._queue.declare()
        self.messages: list[Any] = []

    def events(self) -> list[dict[str, Any]]:
        """All so far, as they came."""
        while (message := self._queue.get(no_ack=True, accept=None)) is not None:
            self.messages.append(message)
        return [orjson.loads(bytes(m.body)) for m in self.messages]

    def texts(self) -> list[str]:
        return [e["data"]["text"] for e in self.events()]

    def close(self) -> None:
        self._connection.release()


class Served:
    """One process of the service."""

    def __init__(self, command: tuple[str, ...], env: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [KIT, *command], cwd=FOLDER, env={**os.environ, **env, "PROBE_PORT": str(self.port)}
        )
        self.signal = self._process.send_signal

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def wait(self) -> int:
        return self._process.wait(PATIENCE)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    @property
    def listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


class World:
    """A service under a name of its own, its database and its broker."""

    def __init__(self, engine: sa.Engine, amqp_uri: str, client: RpcClient) -> None:
        self.name = "echo-" + new_id()[-12:]
        self.engine, self.amqp_uri = engine, amqp_uri
        self.uri = engine.url.render_as_string(hide_password=False)
        self.processes: list[Served] = []
        self.client = client
        self.said = Listener(amqp_uri, f"{self.name}.#")
        with broker.connect(amqp_uri) as connection:
            broker.declare(connection, self.name, [f"{self.name}.noted.v1"])

    def env(self, **more: str) -> dict[str, str]:
        return {
            "PYTHONPATH": str(FOLDER),
            "ECHO_NAME": self.name,
            "AMQP_URI": self.amqp_uri,
            "DATABASE_URI": self.uri,
            **more,
        }

    def serve(self, *command: str, **env: str) -> Served:
        """Starts a process, `kit serve` if none is named, and waits until it answers."""
        process = Served(command or ("serve",), self.env(**env))
        self.processes.append(process)
        until(lambda: process.listens or not process.runs)
        assert process.runs
        return process

    def kit(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [KIT, *args], cwd=FOLDER, env={**os.environ, **self.env(**env)}, capture_output=True, text=True
        )

    def call(self, method: str, timeout: float = PATIENCE, **kwargs: Any) -> Any:
        return self.client.call(self.name, method, timeout=timeout, **kwargs)

    def say(self, *texts: str, fact: str = "noted") -> None:
        """Publishes events that the service hears."""
        for text in texts:
            self.publish({"text": text}, fact=fact)

    def publish(self, data: Any, body: bytes | None = None, fact: str = "noted", **attributes: Any) -> None:
        key = f"{self.name}.{fact}.v1"
        event = {
            "specversion": "1.0",
            "id": new_id(),
            "source": "/bchat/test",
            "type": key,
            "time": rfc3339(now()),
            "audience": "",
            "data": data,
            **attributes,
        }
        with broker.connect(self.amqp_uri) as connection:
            broker.publish(
                Producer(connection.default_channel),
                orjson.dumps(event) if body is None else body,
                exchange=broker.EVENTS.name,
                routing_key=key,
                content_type=CONTENT_TYPE,
                message_id=str(event["id"]),
            )

    def commit(self, *texts: str) -> None:
        """Commits rows to the outbox as a process would that then died."""
        for text in texts:
            with Transactions(self.engine, self.name)() as tx:
                tx.execute(sa.insert(OUTBOX).values(self.row(text)))

    def row(self, text: str) -> dict[str, Any]:
        event_id, time = new_id(), now()
        body = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/bchat/{self.name}",
            "type": f"{self.name}.noted.v1",
            "time": rfc3339(time),
            "data": {"text": text},
        }
        return {
            "event_id": event_id,
            "type": body["type"],
            "body": orjson.dumps(body),
            "headers": {},
            "said_at": time,
        }

    def scalars(self, query: str, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(query), values).scalars())

    def execute(self, query: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(query), values)

    def notes(self, kind: str) -> list[str]:
        return self.scalars("SELECT text FROM notes WHERE kind = :kind ORDER BY number", kind=kind)

    def outbox(self) -> int:
        count: int = self.scalars("SELECT count(*) FROM outbox")[0]
        return count

    def starts(self) -> bool:
        """Whether a process has got as far as its database."""
        return bool(
            self.scalars(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = :name", name=f"bchat-{self.name}"
            )
        )

    def consumers(self, kind: str) -> int:
        with Connection(self.amqp_uri) as connection:
            found = connection.default_channel.queue_declare(f"{kind}-{self.name}", passive=True)
            count: int = found.consumer_count
            return count

    def blocked(self) -> bool:
        """Whether a process waits for a lock that the test holds."""
        return bool(
            self.scalars(
                "SELECT 1 FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )

    @contextmanager
    def reads_only(self) -> Iterator[None]:
        """In here the database takes nothing."""
        self._write("on")
        try:
            yield
        finally:
            self._write("DEFAULT")

    def _write(self, reads_only: str) -> None:
        """Sets it for connections that are made from now on, and ends the others."""
        name = self.engine.url.database
        with self.engine.begin() as connection:
            connection.execute(sa.text("SET TRANSACTION READ WRITE"))
            connection.execute(
                sa.text(f"ALTER DATABASE {name} SET default_transaction_read_only TO {reads_only}")
            )
        self.scalars(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        self.engine.dispose()  # ours are among them

    def list_dead(self) -> list[dict[str, Any]]:
        return dead.listed(self.amqp_uri, self.name)

    def dead(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.kit("dead", "list").stdout.splitlines()]

    def forget_queues(self) -> None:
        with Connection(self.amqp_uri) as connection:
            for kind in ("rpc", "hear", "retry", "dead"):
                connection.default_channel.queue_delete(f"{kind}-{self.name}")

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.said.close()
        self.forget_queues()
        tables = "notes, attempts, broken, outbox, inbox, replies"
        self.execute(f"TRUNCATE {tables} RESTART IDENTITY")
