"""How gunicorn runs the gateway: what it does not start with."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from gateway import processes

HERE = Path(__file__).parent.parent
GUNICORN = Path(sys.executable).with_name("gunicorn")


def test_settings_that_cannot_be_used_end_it_with_a_sentence(pem: str, tmp_path: Path) -> None:
    for env, said in (
        ({"TOKEN_PUBLIC_KEYS": str(tmp_path / "absent.pem")}, "absent.pem can't be read"),
        ({"TOKEN_PUBLIC_KEYS": pem.replace("A", "B")}, "TOKEN_PUBLIC_KEYS"),
        ({"TOKEN_PUBLIC_KEYS": pem, "FILES_URL": "ftp://nowhere"}, "FILES_URL"),
    ):
        ended = subprocess.run(
            [GUNICORN],
            cwd=HERE,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1), ended.stderr
        assert said in ended.stderr


@contextmanager
def running(pem: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], HTTPConnection]]:
    """A gateway with no broker, and a connection to it that has had an answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"TOKEN_PUBLIC_KEYS": pem, "AMQP_URI": "amqp://nobody@127.0.0.1:1//", "PORT": str(port)}
    process = subprocess.Popen(
        [GUNICORN], cwd=HERE, env={**os.environ, **settings, **env}, stderr=subprocess.PIPE, text=True
    )
    connection = HTTPConnection("127.0.0.1", port, timeout=240)
    try:
        while not alive(connection):
            assert process.poll() is None
            time.sleep(0.02)
        yield process, connection
    finally:
        connection.close()
        process.kill()
        process.communicate()


def alive(connection: HTTPConnection) -> bool:
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b'{"status":"ok"}'
    except ConnectionError:
        connection.close()
        return False


def test_what_its_workers_use_is_measured(pem: str) -> None:
    began = time.time()
    with running(pem, GATEWAY_WORKERS="2") as (_, connection):
        connection.request("GET", "/metrics")
        told = connection.getresponse().read().decode()
    value = {name: float(value) for name, value in re.findall(r"^(process_\w+) (\S+)$", told, re.MULTILINE)}
    # The kernel counts from a start of the machine that it knows to the second.
    assert began - 2 < value["process_start_time_seconds"] < time.time() + 2
    assert value["process_cpu_seconds_total"] > 0


def test_the_sum_is_told_of_several_workers_and_the_start_of_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told(*pids: int) -> dict[str, float]:
        monkeypatch.setattr(processes, "_workers", lambda: list(map(str, pids)))
        return {family.name: family.samples[0].value for family in processes.Workers().collect()}

    one, both = told(os.getpid()), told(os.getpid(), os.getpid(), os.getppid())
    assert both["process_max_fds"] > one["process_max_fds"]
    assert both["process_start_time_seconds"] == one["process_start_time_seconds"]


def test_an_idle_connection_is_kept_for_as_long_as_is_set(pem: str) -> None:
    with running(pem, KEEP_ALIVE_SECONDS="1") as (_, connection):
        assert connection.sock.recv(1) == b""


def test_idle_connections_do_not_hold_up_the_end(pem: str) -> None:
    # Whom they hold up is killed in the end, and says nothing any more.
    with running(pem, GUNICORN_CMD_ARGS="--log-level info") as (process, connection):
        before = connection.sock
        assert alive(connection)
        assert connection.sock is before
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=240)
        assert "Worker exiting" in said
        assert connection.sock.recv(1) == b""
