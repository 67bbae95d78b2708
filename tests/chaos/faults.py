"""What is done to a running Bchat. Each fault takes the world and a source of chance, and says what it did.

A process is `program.host`: of everything there are two, one on each of two hosts, and the servers beside.
"""

import contextlib
import os
import random
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from rights import SERVICES
from stack import PROGRAMS, Stack
from standins import LocalFcm, fcm_error, of_json
from wires import Wires

SERVERS = ("postgres.1", "rabbitmq.1")


@dataclass
class World:
    """What faults are done to.

    Attributes:
        wires: between processes and servers; without them, nothing is done to wires.
        clocks: the folder with the offset of each host's clock; without it, clocks are left alone.
        lasts: until when what was begun goes on, by the monotonic clock.
    """

    stack: Stack
    fcm: LocalFcm
    wires: Wires | None = None
    clocks: Path | None = None
    lasts: float = 0.0

    def processes(self, host: int | None = None) -> list[str]:
        """All but the servers, of one host or both."""
        return [
            name
            for name in self.stack.names
            if name.partition(".")[0] in PROGRAMS and host in (None, int(name.partition(".")[2]))
        ]


Fault = Callable[[World, random.Random], str]


@contextlib.contextmanager
def database(stack: Stack) -> Iterator[Callable[..., list[Any]]]:
    """Asks the database of Bchat as its superuser."""
    uri = stack.database_uri.replace("+psycopg2", "")
    connection = psycopg2.connect(uri, dbname="bchat", connect_timeout=10)
    connection.autocommit = True

    def query(statement: str, *arguments: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []

    try:
        yield query
    finally:
        connection.close()


def _pids(stack: Stack, name: str) -> list[int]:
    """A process and those it started."""
    found = [stack.pid(name)]
    for pid in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [pid for pid in found if pid]


def send_signal(stack: Stack, name: str, number: int) -> None:
    """To a process and those it started: the workers of a gateway outlive it for a while."""
    for pid in _pids(stack, name):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _later(world: World, seconds: float, undo: Callable[[], None]) -> None:
    """Ends a fault that lasts; the next may come before."""
    world.lasts = max(world.lasts, time.monotonic() + seconds)
    thread = threading.Timer(seconds, undo)
    thread.daemon = True
    thread.start()


def kill(world: World, chance: random.Random) -> str:
    """kill -9 of a process."""
    name = chance.choice(world.processes())
    send_signal(world.stack, name, signal.SIGKILL)
    return name


def kill_program(world: World, chance: random.Random) -> str:
    """kill -9 of both processes of a program."""
    program = chance.choice(PROGRAMS)
    for host in (1, 2):
        send_signal(world.stack, f"{program}.{host}", signal.SIGKILL)
    return program


def kill_host(world: World, chance: random.Random) -> str:
    """kill -9 of everything on a host."""
    host = chance.choice((1, 2))
    for name in world.processes(host):
        send_signal(world.stack, name, signal.SIGKILL)
    return f"host {host}"


def kill_gateway_worker(world: World, chance: random.Random) -> str:
    """kill -9 of the worker under a gateway's master."""
    name = f"gateway.{chance.choice((1, 2))}"
    for pid in _pids(world.stack, name)[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return name


def restart(world: World, chance: random.Random) -> str:
    """An orderly end of a process, as in an upgrade, and its start."""
    name = chance.choice(world.processes())
    world.stack.stop(name)
    world.stack.start(name)
    return name


def hang(world: World, chance: random.Random) -> str:
    """SIGSTOP of a process for a while: nothing of it answers, and nothing of it is closed."""
    name, seconds = chance.choice(world.processes()), chance.uniform(1, 8)
    pids = _pids(world.stack, name)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)

    def go_on() -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    _later(world, seconds, go_on)
    return f"{name} for {seconds:.1f} s"


def kill_server(world: World, chance: random.Random) -> str:
    """kill -9 of the database or the broker."""
    name = chance.choice(SERVERS)
    world.stack.kill(name)
    return name


def restart_server(world: World, chance: random.Random) -> str:
    """An orderly restart of the database or the broker."""
    name = chance.choice(SERVERS)
    world.stack.stop(name)
    world.stack.start(name)
    return name


def kill_backend(world: World, chance: random.Random) -> str:
    """kill -9 of one process of the database, which then restarts itself: that one may have been writing."""
    role = chance.choice(SERVICES)
    with database(world.stack) as query:
        for (pid,) in query("SELECT pid FROM pg_stat_activity WHERE usename = %s LIMIT 1", role):
            os.kill(pid, signal.SIGKILL)
    return role


def end_connections(world: World, chance: random.Random) -> str:
    """All connections of a service to the database, ended by it."""
    role = chance.choice(SERVICES)
    with database(world.stack) as query:
        query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", role)
    return role


def lock_table(world: World, chance: random.Random) -> str:
    """A table that everybody of a service needs, locked for longer than anybody waits."""
    role, table = chance.choice(
        (("chat", "rooms"), ("groups", "groups"), ("push", "deliveries"), ("reports", "reports"))
    )
    seconds = chance.uniform(1, 8)

    def hold() -> None:
        with contextlib.suppress(psycopg2.Error), database(world.stack) as query:
            query(f"BEGIN; LOCK TABLE {role}.{table}; SELECT pg_sleep({seconds:.1f}); COMMIT")

    threading.Thread(target=hold, daemon=True).start()
    world.lasts = max(world.lasts, time.monotonic() + seconds)
    return f"{role}.{table} for {seconds:.1f} s"


FULL = """
CREATE OR REPLACE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$
"""


def fill_disk(world: World, chance: random.Random) -> str:
    """No room for a service's outbox: each insert fails as PostgreSQL fails where the disk is full (53100).

    By a trigger. A small disk under the table would fail only when the table grows, and rows of an outbox go
    as fast as they come, so that it hardly ever does.
    """
    role, seconds = chance.choice(SERVICES), chance.uniform(1, 6)
    with database(world.stack) as query:
        query("SET lock_timeout = '2s'")
        query(FULL)
        query(
            f"CREATE OR REPLACE TRIGGER full_disk BEFORE INSERT ON {role}.outbox "
            "FOR EACH ROW EXECUTE FUNCTION public.full_disk()"
        )

    def free() -> None:
        # It has to go, whatever is done to the database meanwhile.
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with contextlib.suppress(psycopg2.Error), database(world.stack) as query:
                query(f"DROP TRIGGER IF EXISTS full_disk ON {role}.outbox")
                return
            time.sleep(0.3)

    _later(world, seconds, free)
    return f"{role} for {seconds:.1f} s"


def fill_broker(world: World, chance: random.Random) -> str:
    """The broker's disk alarm: it takes nothing more from anybody for a while."""
    seconds = chance.uniform(1, 6)
    rabbitmqctl(world.stack, "set_disk_free_limit", "1000TB")
    _later(world, seconds, lambda: rabbitmqctl(world.stack, "set_disk_free_limit", "200MB"))
    return f"for {seconds:.1f} s"


def rabbitmqctl(stack: Stack, *command: str) -> str:
    """What the broker's own tool says; nothing where the broker is away."""
    own = {name: value for name, value in stack.env.items() if name.startswith(("RABBITMQ_", "ERL_"))}
    tool = Path(stack.env["RABBITMQ_SERVER"]).with_name("rabbitmqctl")
    env = {**os.environ, **own, "HOME": stack.env["BROKER_HOME"]}
    done = subprocess.run(
        [tool, "-q", *command], env=env, capture_output=True, timeout=60, check=False, text=True
    )
    return done.stdout


def cut(world: World, chance: random.Random) -> str:
    """All connections of a process to both servers, reset."""
    assert world.wires
    name = chance.choice(world.processes())
    world.wires.tear(name)
    return name


def cut_host(world: World, chance: random.Random) -> str:
    """All connections of a host, reset."""
    assert world.wires
    host = chance.choice((1, 2))
    for name in world.processes(host):
        world.wires.tear(name)
    return f"host {host}"


def isolate(world: World, chance: random.Random) -> str:
    """A host is cut off: nothing passes between it and the servers, and nobody is told."""
    assert world.wires
    host, seconds = chance.choice((1, 2)), chance.choice((2.0, 8.0, 30.0))
    for name in world.processes(host):
        world.wires.silence(name)

    def mend() -> None:
        assert world.wires
        for name in world.processes(host):
            world.wires.mend(name)

    _later(world, seconds, mend)
    return f"host {host} for {seconds:.0f} s"


def jump(world: World, chance: random.Random) -> str:
    """The clock of a host jumps, and jumps back after a while."""
    assert world.clocks
    host, offset = chance.choice((1, 2)), chance.choice((-90, -20, 20, 90))
    seconds = chance.uniform(3, 10)
    set_clock(world.clocks, host, offset)
    clocks = world.clocks
    _later(world, seconds, lambda: set_clock(clocks, host, 0))
    return f"host {host} by {offset} s for {seconds:.1f} s"


def set_clock(clocks: Path, host: int, offset: int) -> None:
    """What `clock.c` reads whenever somebody asks for the time. Written in place: who runs has it mapped."""
    file = os.open(clocks / str(host), os.O_WRONLY | os.O_CREAT, 0o644)
    os.pwrite(file, struct.pack("q", offset), 0)
    os.close(file)


def stop_push(world: World, chance: random.Random) -> str:
    """The push service is moody: away, failing, too busy."""
    moods = [
        fcm_error(503, "UNAVAILABLE"),
        fcm_error(500, "INTERNAL"),
        fcm_error(429, "QUOTA_EXCEEDED", Retry_After="1"),
        of_json(502, {}),
    ]
    with world.fcm.lock:
        for token in world.fcm.moods:
            world.fcm.moods[token] += chance.choices(moods, k=2)
    return "two errors for each device"


# How often each is chosen.
FAULTS: dict[str, tuple[Fault, int]] = {
    "kill": (kill, 12),
    "kill-program": (kill_program, 3),
    "kill-host": (kill_host, 1),
    "kill-gateway-worker": (kill_gateway_worker, 3),
    "restart": (restart, 5),
    "hang": (hang, 5),
    "kill-server": (kill_server, 3),
    "restart-server": (restart_server, 2),
    "kill-backend": (kill_backend, 2),
    "end-connections": (end_connections, 5),
    "lock-table": (lock_table, 3),
    "fill-disk": (fill_disk, 4),
    "fill-broker": (fill_broker, 2),
    "stop-push": (stop_push, 3),
}
OF_WIRES: dict[str, tuple[Fault, int]] = {
    "cut": (cut, 8),
    "cut-host": (cut_host, 2),
    "isolate": (isolate, 2),
}
OF_CLOCKS: dict[str, tuple[Fault, int]] = {"jump": (jump, 4)}
