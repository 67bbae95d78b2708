"""The servers that are measured: each starts as a context, and says how members sign in and what it runs."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import requests
import sqlalchemy as sa
from requests.adapters import HTTPAdapter
from sqlalchemy.engine import URL, make_url
from urllib3.util import Retry

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy" / "local"))

from machine import LOCAL, ROOT
from stack import Stack

PEOPLE = 1000
Rooms = dict[int, list[int]]


@dataclass
class Server:
    """A running server.

    Args:
        spec: of the load client.
        rooms: the server's name of each room.
        pids: its processes; all below each are counted with it.
        versions: what it is made of.
        changed: settings that differ from what it comes with.
        kept: its database, and the table where a row is a message.
    """

    spec: dict[str, Any]
    rooms: dict[int, str]
    pids: dict[str, int]
    versions: dict[str, str]
    changed: dict[str, Any] = field(default_factory=dict)
    kept: tuple[str, str] = ("", "")

    def stored(self) -> int:
        """How many messages its database has, whether or not the server still speaks of them."""
        dsn, table = self.kept
        connection = psycopg2.connect(dsn)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            [number] = cursor.fetchone() or [0]
        connection.close()
        return int(number)


class Api:
    def __init__(self, url: str) -> None:
        self.url, self.session = f"{url}/api/v1", requests.Session()
        again = Retry(10, status_forcelist=[503], allowed_methods=None, backoff_factor=0.5)
        self.session.mount("http://", HTTPAdapter(max_retries=again))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.session.request(method, self.url + path, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def login(self, username: str, password: str) -> str:
        told = self.call("POST", "/auth/login", {"username": username, "password": password})
        self.session.headers["Authorization"] = f"Bearer {told['access_token']}"
        return str(told["access_token"])


# A sender here is faster than any person. The others make the preparations short, and are no part of what is
# measured: passwords that cost nothing, sign-ins that last.
SETTINGS = {
    "SOCKET_FRAMES_PER_SECOND": "100000",
    "SOCKET_FRAMES_BURST": "100000",
    "ARGON2_MEMORY_KIB": "8",
    "ARGON2_TIME": "1",
    **dict.fromkeys(("ACCESS_TOKEN_SECONDS", "TOKEN_SECONDS", "SESSION_SECONDS"), str(7 * 86400)),
}


def _dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextlib.contextmanager
def bchat(rooms: Rooms) -> Iterator[Server]:
    """Kept between runs, as its people take minutes to make; `make clean` removes it."""
    place = LOCAL / "bench"
    with Stack(place, keep=True, settings=SETTINGS, say=lambda text: print(text, file=sys.stderr)) as stack:
        file = place / "population.json"
        if not file.exists() or time.time() - file.stat().st_mtime > 6 * 86400:
            file.write_text(json.dumps(_populate(stack, rooms)))
        population = json.loads(file.read_text())
        host, port = stack.url.removeprefix("http://").split(":")
        yield Server(
            {"protocol": "bchat", "host": host, "port": int(port), "people": population["tokens"]},
            {int(room): name for room, name in population["rooms"].items()},
            {name: stack.pid(name) for name in stack.names},
            {package: _version(package) for package in ("postgresql", "rabbitmq-server")},
            dict(SETTINGS),
            (_dsn(make_url(stack.database_uri).set(database="bchat")), "chat.entries"),
        )


def _populate(stack: Stack, rooms: Rooms) -> dict[str, Any]:
    admin = Api(stack.url)
    admin.login(stack.admin["username"], stack.admin["password"])
    run = time.strftime("%m%d%H%M%S")

    def person(number: int) -> tuple[str, str]:
        name = f"member-{run}-{number}"
        password = secrets.token_urlsafe(16)
        made = admin.call("POST", "/users", {"username": name, "password": password, "kind": "staff"})
        return made["id"], Api(stack.url).login(name, password)

    with ThreadPoolExecutor(4) as pool:
        people = list(pool.map(person, range(PEOPLE)))
    names = {}
    for room, places in rooms.items():
        names[room] = admin.call("POST", "/groups", {"name": f"Room {room}", "catalogue": "chat"})["id"]
        for place in places:
            admin.call("PUT", f"/groups/{names[room]}/members/{people[place][0]}", {"role": "staff"})
    return {"tokens": [token for _, token in people], "rooms": names}


# What others run on: PostgreSQL as it comes, and RabbitMQ, in a folder that goes when they end.
@contextlib.contextmanager
def _beside(name: str) -> Iterator[tuple[Path, Stack, URL, int]]:
    with (
        tempfile.TemporaryDirectory(dir=LOCAL) as place,
        Stack(Path(place), services=False, keep=True) as stack,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        port = free.getsockname()[1]
        free.close()
        engine = sa.create_engine(stack.database_uri, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        yield Path(place), stack, make_url(stack.database_uri).set(database=name), port
        shutil.rmtree(stack.place / "postgres", ignore_errors=True)


@contextlib.contextmanager
def _running(command: list[Any], place: Path, port: int, env: dict[str, str]) -> Iterator[int]:
    with (place / "log" / "measured.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **env}, cwd=place, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 120
            while process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.2)
            else:
                raise SystemExit(
                    f"{command[0]} does not start:\n{(place / 'log' / 'measured.log').read_text()[-3000:]}"
                )
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def _packages(*names: str) -> None:
    if any(
        subprocess.run(["dpkg", "-s", name], capture_output=True, check=False).returncode for name in names
    ):
        subprocess.run([ROOT / "deploy" / "local" / "apt-install", *names], check=True)


def _version(package: str) -> str:
    told = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
    )
    return told.stdout


def _xmpp(
    port: int, rooms: Rooms, pids: dict[str, int], version: dict[str, str], kept: tuple[str, str]
) -> Server:
    spec = {"protocol": "xmpp", "host": "127.0.0.1", "port": port, "domain": DOMAIN}
    spec["people"] = [f"member-{number}" for number in range(PEOPLE)]
    return Server(
        spec, {room: f"room-{room}@conference.{DOMAIN}" for room in rooms}, pids, version, kept=kept
    )


DOMAIN = "bench.localhost"
EJABBERD = """
hosts: [{domain}]
loglevel: error
auth_method: [anonymous]
anonymous_protocol: sasl_anon
allow_multiple_connections: true
default_db: sql
sql_type: pgsql
sql_server: 127.0.0.1
sql_port: {database.port}
sql_database: {database.database}
sql_username: {database.username}
sql_password: "{database.password}"
listen: [{{port: {port}, ip: 127.0.0.1, module: ejabberd_c2s, access: all, backlog: 1024}}]
modules:
  mod_mam: {{default: never, clear_archive_on_room_destroy: false}}
  mod_muc:
    host: conference.{domain}
    access: all
    access_create: all
    access_mam: all
    max_users: 2000
    history_size: 0
    default_room_options: {{mam: true, max_users: 2000, presence_broadcast: []}}
"""


@contextlib.contextmanager
def ejabberd(rooms: Rooms) -> Iterator[Server]:
    """A room's archive in PostgreSQL; a message is in it before anybody has it."""
    _packages("ejabberd", "erlang-p1-pgsql")
    with _beside("ejabberd") as (place, stack, database, port):
        config = place / "ejabberd.yml"
        config.write_text(EJABBERD.format(domain=DOMAIN, port=port, database=database))
        connection = psycopg2.connect(
            database.set(drivername="postgresql").render_as_string(hide_password=False)
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(Path("/usr/share/ejabberd/sql/pg.sql").read_text())
        connection.close()
        code = min(Path("/usr/lib").glob("*/ejabberd-*/ebin/ejabberd.beam"))
        command = [
            "erl",
            "-noinput",
            "-pa",
            code.parent,
            "-mnesia",
            "dir",
            f'"{place / "mnesia"}"',
            "-s",
            "ejabberd",
        ]
        env = {"EJABBERD_CONFIG_PATH": str(config), "EJABBERD_LOG_PATH": str(place / "log" / "ejabberd.log")}
        with _running([*command[:2], "+P", "250000", *command[2:]], place, port, env) as pid:
            pids = {"ejabberd": pid, "postgres.1": stack.pid("postgres.1")}
            yield _xmpp(port, rooms, pids, {"ejabberd": _version("ejabberd")}, (_dsn(database), "archive"))


PROSODY = """
run_as_root = true
data_path = "{place}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
modules_enabled = {{ "saslauth", "disco" }}
modules_disabled = {{ "s2s" }}
c2s_require_encryption = false
authentication = "anonymous"
log = {{ error = "*console" }}
storage = {{ muc_log = "sql" }}
sql = {{ driver = "PostgreSQL", database = "{database.database}", username = "{database.username}",
    password = "{database.password}", host = "127.0.0.1", port = {database.port} }}
VirtualHost "{domain}"
Component "conference.{domain}" "muc"
    modules_enabled = {{ "muc_mam" }}
    muc_log_by_default = true
    muc_room_locking = false
    muc_room_default_history_length = 0
    muc_room_default_presence_broadcast = {{ visitor = false, participant = false, moderator = false }}
"""


@contextlib.contextmanager
def prosody(rooms: Rooms) -> Iterator[Server]:
    """Likewise."""
    _packages("prosody", "lua-dbi-postgresql")
    with _beside("prosody") as (place, stack, database, port):
        config = place / "prosody.cfg.lua"
        config.write_text(PROSODY.format(place=place, domain=DOMAIN, port=port, database=database))
        (place / "data").mkdir()
        with _running(["prosody", "--config", config, "-F"], place, port, {}) as pid:
            pids = {"prosody": pid, "postgres.1": stack.pid("postgres.1")}
            yield _xmpp(
                port, rooms, pids, {"prosody": _version("prosody")}, (_dsn(database), "prosodyarchive")
            )


PACKAGES = (
    "flask-socketio==5.7.0",
    "simple-websocket==1.1.0",
    "gevent==26.9.0",
    "kombu==5.7.0",
    "psycopg2-binary==2.9.13",
)


@contextlib.contextmanager
def flask(rooms: Rooms) -> Iterator[Server]:
    """`flask_app.py`, in an environment of its own."""
    home = LOCAL / "bench-flask"
    if not (home / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "pip", "install", "-q", *PACKAGES], check=True)
    with _beside("flask") as (place, stack, database, port):
        dsn = _dsn(database)
        env = {"AMQP_URI": stack.amqp_uri, "DATABASE_DSN": dsn, "PORT": str(port)}
        command = [home / "bin" / "python", Path(__file__).parent / "flask_app.py"]
        with _running(command, place, port, env) as pid:
            spec = {"protocol": "socketio", "host": "127.0.0.1", "port": port, "people": [""] * PEOPLE}
            pids = {"flask": pid, **{name: stack.pid(name) for name in ("postgres.1", "rabbitmq.1")}}
            versions = dict(package.split("==") for package in PACKAGES)
            yield Server(spec, {r: str(r) for r in rooms}, pids, versions, kept=(dsn, "messages"))


SERVERS = {"bchat": bchat, "ejabberd": ejabberd, "prosody": prosody, "flask": flask}
