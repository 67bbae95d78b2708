"""An empty database of a service, on the server of TEST_DATABASE_URI, for as long as a benchmark runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from kit import migrate
from kit.event import new_id
from sqlalchemy.engine import make_url

SERVICES = Path(__file__).parents[1] / "services"


@contextmanager
def database_of(service: str) -> Iterator[str]:
    """Its address."""
    uri = make_url(os.environ["TEST_DATABASE_URI"])
    server = sa.create_engine(uri, isolation_level="AUTOCOMMIT")
    name = f"benchmark_{service}_{new_id()[-12:]}"
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        target = uri.set(database=name).render_as_string(hide_password=False)
        migrate.upgrade(SERVICES / service, target)
        yield target
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()
