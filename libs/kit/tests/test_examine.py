"""What is wrong with an installation is found, and said with what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from kit import broker, examine
from kit.event import new_id
from kit.examine import Finding
from kit.store import Store
from kit.testing import required
from kombu import Queue
from sqlalchemy.engine import make_url
from world import FOLDER, World


@pytest.fixture
def empty() -> Iterator[sa.Engine]:
    """A database with nothing in it, and a role that may do nothing but use its schema `house`."""
    server = sa.create_engine(make_url(required("TEST_DATABASE_URI")), isolation_level="AUTOCOMMIT")
    name = f"test_examine_{new_id()[-12:]}"
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
        connection.execute(sa.text(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'"))
    whole = sa.create_engine(server.url.set(database=name), isolation_level="AUTOCOMMIT")
    with whole.connect() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA house AUTHORIZATION {name}"))
        connection.execute(sa.text("CREATE SCHEMA neighbour; CREATE TABLE neighbour.letters (text text)"))
        connection.execute(sa.text(f"ALTER ROLE {name} IN DATABASE {name} SET search_path = house"))
    whole.dispose()
    engine = sa.create_engine(server.url.set(database=name, username=name, password="secret"))
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(sa.text(f"DROP ROLE {name}"))
    server.dispose()


def common(engine: sa.Engine, amqp_uri: str, name: str, folder: Path = FOLDER) -> dict[str, Finding]:
    found = examine.common(engine, amqp_uri, folder, name, [f"{name}.noted.v1"])
    return {each["check"]: each for each in found}


def test_a_served_service_finds_itself_in_order(world: World) -> None:
    world.serve()
    told = world.call("examine")
    by_check = {found["check"]: found for found in told["findings"]}
    checks = ("settings", "database", "database_clock", "writes", "migrations", "rights", "queues")
    assert by_check.keys() == set(checks)
    wrong = {check for check, found in by_check.items() if not found["ok"]}
    assert wrong == {"rights"}, "the tests' role is the superuser"
    assert "administer" in by_check["rights"]["found"]
    seen = world.kit("examine", HEAR_ATEMPTS="5", OUTBOX_POLL="5", TICK_TEXT="", TICKTEXT="")
    assert seen.returncode == 1
    assert seen.stdout.count("ok ") == 5
    assert "NOSUPERUSER" in seen.stdout
    (said,) = [line for line in seen.stdout.splitlines() if "WRONG settings" in line]
    assert said.endswith("  HEAR_ATEMPTS is set, and is no setting: is HEAR_ATTEMPTS meant?")


def test_what_is_missing_in_a_database_is_said(
    empty: sa.Engine, world: World, amqp_uri: str, engine: sa.Engine
) -> None:
    before = common(empty, amqp_uri, world.name)
    assert before["rights"]["ok"], before["rights"]
    assert before["migrations"]["found"].startswith("At no migration; the newest is ")
    assert "kit migrate" in before["migrations"]["remedy"]

    server = sa.create_engine(engine.url.set(database=empty.url.database), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"GRANT USAGE ON SCHEMA neighbour TO {empty.url.username}"))
        connection.execute(sa.text(f"GRANT SELECT ON neighbour.letters TO {empty.url.username}"))
        connection.execute(sa.text("CREATE TABLE house.alembic_version (version_num text)"))
        connection.execute(sa.text("INSERT INTO house.alembic_version VALUES ('9999')"))
        connection.execute(sa.text(f"GRANT SELECT ON house.alembic_version TO {empty.url.username}"))
    server.dispose()
    after = common(empty, amqp_uri, world.name)
    assert "neighbour" in after["rights"]["found"]
    assert "newer" in after["migrations"]["found"]


def test_a_database_that_takes_nothing_and_a_new_password_are_said(
    empty: sa.Engine, world: World, amqp_uri: str, engine: sa.Engine
) -> None:
    name, role = world.name, empty.url.username
    assert common(empty, amqp_uri, name)["writes"]["ok"]
    # One that a process already has.
    with empty.connect(), engine.connect() as server:
        server.execute(sa.text(f"ALTER ROLE {role} SET default_transaction_read_only TO on"))
        server.commit()
        found = common(empty, amqp_uri, name)["writes"]
        assert "read-only" in found["found"]
        assert "default_transaction_read_only" in found["remedy"]
        server.execute(sa.text(f"ALTER ROLE {role} PASSWORD 'another'"))
        server.commit()
        found = common(empty, amqp_uri, name)["database"]
        assert "password authentication failed" in found["found"]
        assert "password" in found["remedy"]


def test_a_database_out_of_reach_is_said_with_what_to_look_at(engine: sa.Engine, amqp_uri: str) -> None:
    away = sa.create_engine(engine.url.set(port=1), connect_args={"connect_timeout": 2})
    found = common(away, amqp_uri, "echo-" + new_id()[-12:])
    assert not found["database"]["ok"]
    assert "DATABASE_URI" in found["database"]["remedy"]
    assert "password" not in found["database"]["found"]
    assert "migrations" not in found


def test_a_queue_of_another_kind_and_a_broker_away_are_said(
    world: World, engine: sa.Engine, amqp_uri: str
) -> None:
    name = "echo-" + new_id()[-12:]
    with broker.connect(amqp_uri) as connection:
        Queue(f"hear-{name}", durable=True)(connection.default_channel).declare()
    found = common(engine, amqp_uri, name)["queues"]
    assert f"hear-{name}" in found["found"]
    assert "delete it" in found["remedy"]
    with broker.connect(amqp_uri) as connection:
        for kind in ("hear", "retry", "dead"):
            connection.default_channel.queue_delete(f"{kind}-{name}")
    away = common(engine, "amqp://guest:guest@127.0.0.1:1//", name)["queues"]
    assert "RabbitMQ" in away["remedy"]


def test_a_store_is_written_read_and_emptied(tmp_path: Path) -> None:
    [found] = examine.files(Store(f"file://{tmp_path}/files"))
    assert found["ok"]
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]

    class Full:
        def put(self, *_: Any) -> None:
            raise OSError(28, "No space left on device")

    [found] = examine.files(Full())
    assert "No space left" in found["found"]
    assert "room" in found["remedy"]
