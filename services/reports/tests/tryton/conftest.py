"""A real Tryton: installed in an environment of its own, its company built once and then read by us."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from kit.testing import required
from sqlalchemy.engine import make_url

HERE = Path(__file__).parent
LOCAL = HERE.parents[3] / ".local"
MODULES = ("sale", "purchase", "production", "timesheet")


@dataclass(frozen=True)
class Tryton:
    """`uri` is of a role that may only read; `truth` is what Tryton says of each company."""

    uri: str
    truth: list[dict[str, Any]]


def run(*command: str | Path, **env: str) -> str:
    done = subprocess.run(
        command,
        cwd=HERE,
        env={**os.environ, "TZ": "UTC", "PYTHONWARNINGS": "ignore", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stderr[-3000:]}")
    return done.stdout


@pytest.fixture(scope="session")
def environment() -> Path:
    """The folder of programs of an environment with Tryton, made anew when the requirements change."""
    requirements, place = HERE / "requirements.txt", LOCAL / "tryton-venv"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    made = place / "made"
    if not made.exists() or made.read_text() != wanted:
        uv = os.environ.get("BCHAT_UV") or os.environ.get("UV") or shutil.which("uv")
        assert uv, "Tryton is installed with uv: put it on the PATH, or name it in the variable UV."
        shutil.rmtree(place, ignore_errors=True)
        run(uv, "venv", "--quiet", "--python", sys.executable, place)
        run(uv, "pip", "sync", "--quiet", "--require-hashes", requirements, VIRTUAL_ENV=str(place))
        made.write_text(wanted)
    return place / "bin"


@pytest.fixture(scope="session")
def tryton(environment: Path) -> Iterator[Tryton]:
    """A database of Tryton with a company in it. It stays for the next time, until the script is another."""
    server = make_url(required("TEST_DATABASE_URI"))
    inputs = [HERE / "build.py", HERE / "requirements.txt", HERE / "conftest.py"]
    name = "tryton_" + hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()[:12]
    reader, password = f"reader_{name}", uuid4().hex
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:

        def execute(statement: str) -> Any:
            return connection.execute(sa.text(statement))

        # Two runs at once build it once; what a killed run left is no company yet.
        execute(f"SELECT pg_advisory_lock(hashtext('{name}'))")
        if not execute(f"SELECT FROM pg_database WHERE datname = '{name}'").rowcount:
            execute(f"DROP DATABASE IF EXISTS {name}_raw WITH (FORCE)")
            execute(f"CREATE DATABASE {name}_raw")
            truth = build(environment, server, f"{name}_raw")
            execute(f"ALTER DATABASE {name}_raw RENAME TO {name}")
            told = truth.replace("'", "''").replace(":", r"\:")
            execute(f"COMMENT ON DATABASE {name} IS '{told}'")
        truth = execute(
            f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'"
        ).scalar_one()
        if not execute(f"SELECT FROM pg_roles WHERE rolname = '{reader}'").rowcount:
            execute(f"CREATE ROLE {reader}")
        execute(f"ALTER ROLE {reader} LOGIN PASSWORD '{password}'")
        execute(f"ALTER ROLE {reader} SET default_transaction_read_only = on")
    database = sa.create_engine(server.set(database=name), isolation_level="AUTOCOMMIT")
    with database.connect() as connection:
        connection.execute(sa.text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"))
    database.dispose()
    uri = server.set(database=name, username=reader, password=password)
    yield Tryton(uri.render_as_string(hide_password=False), json.loads(truth))
    engine.dispose()


@dataclass
class GoingOn:
    """A copy of Tryton's database in which its company trades on, step by step."""

    uri: str
    process: subprocess.Popen[str]

    def step(self) -> dict[str, Any]:
        """Lets the next step be done; what Tryton then says of the company."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        assert told, "Tryton ended: its log is beside its environment."
        truth: dict[str, Any] = json.loads(told)
        return truth


@pytest.fixture
def going_on(environment: Path, tryton: Tryton) -> Iterator[GoingOn]:
    server, reader = make_url(required("TEST_DATABASE_URI")), make_url(tryton.uri)
    name = f"tryton_on_{uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {reader.database}"))
    with (LOCAL / "tryton-venv" / "log").open("w") as log:
        process = subprocess.Popen(
            [environment / "python", HERE / "trade_on.py", name],
            cwd=HERE,
            env={**os.environ, "TZ": "UTC", "PYTHONWARNINGS": "ignore", **addressed(server)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        yield GoingOn(reader.set(database=name).render_as_string(hide_password=False), process)
        process.kill()
        process.wait()
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def addressed(server: sa.URL) -> dict[str, str]:
    """Where Tryton finds its databases."""
    return {
        "TRYTOND_DATABASE_URI": server.set(drivername="postgresql", database="")
        .render_as_string(hide_password=False)
        .replace("?", "/?")
    }


def build(environment: Path, server: sa.URL, name: str) -> str:
    """Installs the modules, enters a company's documents, and returns what Tryton makes of them, as JSON."""
    env = {**addressed(server), "TRYTONPASSFILE": str(LOCAL / "tryton-venv" / "password")}
    Path(env["TRYTONPASSFILE"]).write_text("password of a test\n")
    admin = [environment / "trytond-admin", "-d", name, "--email", "admin@fennel.example", "--all"]
    run(*admin, "-u", *MODULES, "--activate-dependencies", **env)
    return run(environment / "python", HERE / "build.py", name, **env)
