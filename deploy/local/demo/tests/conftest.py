import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # the demo is run as scripts, not installed


SERVER = re.sub(r"^postgresql\+\w+:", "postgresql:", os.environ.get("TEST_DATABASE_URI", ""))


class Databases:
    """Names of databases, all dropped in the end."""

    def __init__(self) -> None:
        assert SERVER, "TEST_DATABASE_URI is not set; `make test` starts the servers and sets it."
        self.names: list[str] = []
        self.server = psycopg2.connect(SERVER)
        self.server.autocommit = True

    def new(self) -> str:
        """The URI of one that does not exist yet."""
        self.names.append(f"demo_{uuid4().hex[:12]}")
        return f"{SERVER.rpartition('/')[0]}/{self.names[-1]}"

    def copy(self, uri: str) -> str:
        copy = self.new()
        self.run(f"create database {self.names[-1]} template {uri.rpartition('/')[2]}")
        return copy

    def run(self, statement: str) -> None:
        with self.server.cursor() as cursor:
            cursor.execute(statement)

    def drop(self) -> None:
        for name in self.names:
            self.run(f"drop database if exists {name} with (force)")
        self.server.close()


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    found = Databases()
    yield found
    found.drop()


@pytest.fixture
def empty_uri(databases: Databases) -> Callable[[], str]:
    return databases.new


@pytest.fixture(scope="session")
def founded(databases: Databases) -> str:
    """A company that stopped trading some days ago."""
    from company import create

    uri = databases.new()
    create(uri, "7", datetime.now(UTC).date() - timedelta(days=40))
    return uri


@pytest.fixture
def erp(databases: Databases, founded: str) -> str:
    """That company, a copy for each test."""
    return databases.copy(founded)
