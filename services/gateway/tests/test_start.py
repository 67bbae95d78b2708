"""How gunicorn runs the gateway: what it does not start with."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

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
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
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
        _, said = process.communicate(timeout=60)
        assert "Worker exiting" in said
        assert connection.sock.recv(1) == b""
