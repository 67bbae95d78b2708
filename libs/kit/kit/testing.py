"""pytest fixtures: a service on a real PostgreSQL built by its real migrations, a savepoint a test.

A service's `tests/conftest.py` defines the fixture `kit_config`: the path of its `config.yml`.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from kit import config, migrate
from kit.caller import ANONYMOUS, Caller
from kit.clock import now, rfc3339
from kit.db import OUTBOX, Transaction, Transactions, connect
from kit.event import Heard, new_id

S = TypeVar("S")
H = TypeVar("H", bound=Heard)


def required(name: str) -> str:
    """An environment variable a test can't do without; `make test` sets it."""
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set; `make test` starts the servers and sets it.", pytrace=False)
    return value


@pytest.fixture(scope="session")
def database_for() -> Iterator[Callable[[Path], sa.Engine]]:
    """A database for each service's config.yml, built once by its migrations and dropped at the end."""
    made: dict[Path, sa.Engine] = {}
    server: sa.Engine | None = None

    def database(path: Path) -> sa.Engine:
        nonlocal server
        if path not in made:
            uri = make_url(required("TEST_DATABASE_URI"))
            server = server or sa.create_engine(uri, isolation_level="AUTOCOMMIT")
            name = f"test_{path.parent.name}_{new_id()[-12:]}"
            with server.connect() as connection:
                connection.execute(sa.text(f"CREATE DATABASE {name}"))
            target = uri.set(database=name).render_as_string(hide_password=False)
            migrate.upgrade(path.parent, target)
            made[path] = connect(target, pool=20)
        return made[path]

    yield database
    for engine in made.values():
        engine.dispose()
        if server is not None:
            with server.connect() as connection:
                connection.execute(sa.text(f"DROP DATABASE {engine.url.database} WITH (FORCE)"))
    if server is not None:
        server.dispose()


@pytest.fixture
def engine(database_for: Callable[[Path], sa.Engine], kit_config: Path) -> sa.Engine:
    """The service's own database, for what needs a connection of its own."""
    return database_for(kit_config)


class _Savepoints(Transactions):
    def __init__(self, connection: sa.Connection, source: str) -> None:
        super().__init__(connection.engine, source)
        self.connection = connection

    def session(self) -> Transaction:
        return Transaction(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")


@pytest.fixture
def db(engine: sa.Engine, kit_config: Path) -> Iterator[Transactions]:
    """Transactions inside one that is rolled back after the test."""
    with engine.connect() as connection:
        outer = connection.begin()
        yield _Savepoints(connection, kit_config.parent.name)
        outer.rollback()


@pytest.fixture
def real_db(engine: sa.Engine, kit_config: Path) -> Iterator[Transactions]:
    """Transactions that really commit, for tests of concurrency; the tables are emptied afterwards."""
    yield Transactions(engine, kit_config.parent.name)
    names = [n for n in sa.inspect(engine).get_table_names() if n != "alembic_version"]
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE"))


def said(db: Transactions) -> list[tuple[str, dict[str, Any], list[str]]]:
    """What waits in the outbox, in order: (type without version, data, audience)."""
    with db() as tx:
        bodies = tx.scalars(sa.select(OUTBOX.c.body).order_by(OUTBOX.c.id)).all()
    events = [orjson.loads(body) for body in bodies]
    return [(e["type"].rpartition(".")[0], e["data"], e["audience"].split()) for e in events]


def make(service: type[S], db: Transactions, caller: Caller = ANONYMOUS, **dependencies: Any) -> S:
    """A service with its dependencies put in, whose methods are called directly, without a broker."""
    instance = service()
    for name, value in {"db": db, "caller": caller, **dependencies}.items():
        setattr(instance, name, value)
    return instance


def staff(user_id: str | None = None, *permissions: str, **fields: Any) -> Caller:
    """A caller who is staff."""
    return Caller(
        user_id=user_id or new_id(),
        kind="staff",
        permissions=frozenset(permissions),
        session_id=new_id(),
        **fields,
    )


def customer(user_id: str | None = None, **fields: Any) -> Caller:
    """A caller who is a customer."""
    return Caller(user_id=user_id or new_id(), kind="customer", session_id=new_id(), **fields)


def hear_event(event: type[H], id: str | None = None, **fields: Any) -> H:
    """An event as it would arrive from another service."""
    return event.decode(
        {
            "specversion": "1.0",
            "id": id or new_id(),
            "source": "/bchat/test",
            "type": event.routing_key(),
            "time": rfc3339(now()),
            "audience": "",
            "data": fields,
        }
    )


def settings(cls: type[S], **changes: Any) -> S:
    """A service's settings with the given ones changed, and addresses that lead nowhere."""
    return cls(**{"AMQP_URI": "amqp://nowhere.invalid/", **changes})


def check_models(path: Path, engine: sa.Engine) -> None:
    """Fails where models and migrations differ."""
    uri = engine.url.render_as_string(hide_password=False)
    migrate.check(path.parent, uri, config.named(path, "metadata").metadata)
