"""Migrations on a filled database, forward, while the code of the revision before goes on.

Each table of a service is filled by its columns as they are at a revision. Then everything is migrated to the
newest while, table by table, what the code of that revision does goes on: it writes rows, changes them and
reads them, with the columns that it knows and the timeouts that services have.
"""

import os
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from kit import migrate
from kit.event import new_id
from machine import ROOT
from rights import SERVICES
from sqlalchemy.engine import make_url

ROWS, PROCESSES, FAR = 3000, 3, 1_000_000
TIMEOUTS = "-c timezone=UTC -c statement_timeout=15000 -c lock_timeout=5000"
VALUES = {
    "uuid": "md5(n::text)::uuid",
    "text": "'{column} ' || n",
    "character varying": "'a' || n",
    "timestamp with time zone": "timestamptz '2026-01-01Z' + n * interval '1 second'",
    "timestamp without time zone": "timestamp '2026-01-01' + n * interval '1 hour'",
    "date": "date '2026-01-01' + mod(n, 365)",
    "boolean": "false",
    "integer": "mod(n, 1000)",
    "smallint": "mod(n, 1000)",
    "bigint": "n",
    "numeric": "n",
    "double precision": "n",
    "real": "n",
    "bytea": "decode(md5(n::text), 'hex')",
    "json": "'{{}}'",
    "jsonb": "'{{}}'",
    "ARRAY": "'{{}}'",
}
# What a rule of a table wants: by table and column, or by column alone.
WANTED = {
    "users.kind": "'staff'",
    "role": "'staff'",
    "catalogue": "'chat'",
    "visibility": "'open'",
    "appointments.ends": "timestamp '2026-01-01 00:30' + n * interval '1 hour'",
}
# What a migration is to change in rows that were there.
CHANGED = {("chat", "members"): {"visible"}}


# Of each service all revisions that something follows.
REVISIONS = [
    (service, revision)
    for service in SERVICES
    for revision in sorted(migrate.known(ROOT / "services" / service))[:-1]
]


@dataclass
class Table:
    """A table as of a revision: its columns, each with the SQL of its value in the nth row.

    Attributes:
        key: the columns by which the nth row is found; none where the database numbers them.
    """

    name: str
    columns: Mapping[str, str]
    key: list[str]

    def insert(self, cursor: Any, first: int, last: int) -> None:
        names, values = ", ".join(f'"{name}"' for name in self.columns), ", ".join(self.columns.values())
        series = f"generate_series({first}, {last}) n"
        cursor.execute(f"INSERT INTO {self.name} ({names}) SELECT {values} FROM {series}")

    def touch(self, cursor: Any, row: int) -> None:
        """Changes a row, to what it is, and reads some."""
        some = next(iter(self.columns))
        cursor.execute(f'UPDATE {self.name} SET "{some}" = "{some}" WHERE {self._is_row(str(row))}')
        names = ", ".join(f'"{name}"' for name in self.columns)
        cursor.execute(f"SELECT {names} FROM {self.name} LIMIT 10")
        cursor.fetchall()

    def forget(self, cursor: Any, first: int, last: int) -> None:
        series = f"generate_series({first}, {last}) one(n)"
        cursor.execute(f"DELETE FROM {self.name} USING {series} WHERE {self._is_row('one.n')}")

    def sum(self, cursor: Any, without: set[str]) -> Any:
        """How many rows there are, and a sum of what stands in them."""
        names = ", ".join(f'"{name}"' for name in self.columns if name not in without)
        row = f"hashtextextended(ROW({names})::text, 0)::numeric"
        cursor.execute(f"SELECT count(*), sum({row}) FROM {self.name}")
        return cursor.fetchone()

    def _is_row(self, n: str) -> str:
        values = {name: re.sub(r"\bn\b", n, self.columns[name]) for name in self.key}
        return " AND ".join(f'{self.name}."{name}" = {value}' for name, value in values.items()) or "false"


class Process(threading.Thread):
    """What a process of the revision before does, until it is stopped.

    Attributes:
        rows: how many of each table it has written, one after another from `first`.
        problems: what it was refused.
    """

    def __init__(self, uri: str, tables: Sequence[Table], first: int) -> None:
        super().__init__()
        self._session, self._tables, self._first = open_session(uri), tables, first
        self._stopping = threading.Event()
        self.rows = 0
        self.problems: Counter[str] = Counter()

    def run(self) -> None:
        with self._session.cursor() as cursor:
            while not self._stopping.is_set():
                row = self._first + self.rows
                for table in self._tables:
                    try:
                        table.insert(cursor, row, row)
                        table.touch(cursor, row - self._first + 1)
                    except psycopg2.Error as problem:
                        self.problems[f"{table.name}: {problem}"] += 1
                self.rows += 1
        self._session.close()

    def stop(self) -> None:
        self._stopping.set()
        self.join()


@contextmanager
def database() -> Iterator[str]:
    server = make_url(os.environ["TEST_DATABASE_URI"])
    name = f"migrations_{new_id()[-12:]}"
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(plain)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield server.set(database=name).render_as_string(hide_password=False)
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.close()


def open_session(uri: str) -> Any:
    session = psycopg2.connect(uri.replace("+psycopg2", ""), options=TIMEOUTS)
    session.autocommit = True
    return session


def tables(session: Any) -> list[Table]:
    """All of the service's, those that others refer to first."""
    with session.cursor() as cursor:
        cursor.execute("""
            SELECT c.relname, array(
                SELECT confrelid::regclass::text FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'
            ), array(
                SELECT a.attname::text FROM pg_constraint k, unnest(k.conkey) AS at
                JOIN pg_attribute a ON a.attnum = at AND a.attrelid = c.oid
                WHERE k.conrelid = c.oid AND k.contype = 'p'
            )
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT c.relispartition AND c.relname <> 'alembic_version' ORDER BY 1
        """)
        found = {name: (set(needs) - {name}, key) for name, needs, key in cursor.fetchall()}
        made: list[Table] = []
        while found:
            name = next(one for one, (needs, _) in found.items() if not needs & found.keys())
            _, key = found.pop(name)
            cursor.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
                " AND is_generated = 'NEVER' AND is_identity = 'NO'"
                " AND (is_nullable = 'NO' OR column_name = ANY(%s)) ORDER BY ordinal_position",
                (name, [column for at, column in map(_split, WANTED) if at in (name, "")]),
            )
            columns = {column: _value(name, column, type) for column, type in cursor.fetchall()}
            # Rows that the database numbers are only counted.
            made.append(Table(name, columns, key if set(key) <= columns.keys() else []))
    return made


def _split(wanted: str) -> tuple[str, str]:
    table, _, column = wanted.rpartition(".")
    return table, column


def _value(table: str, column: str, type: str) -> str:
    wanted = WANTED.get(f"{table}.{column}") or WANTED.get(column)
    return wanted or VALUES[type].format(table=table, column=column)


@pytest.mark.parametrize(("service", "revision"), REVISIONS)
def test_a_filled_schema_is_brought_forward_while_the_code_before_goes_on(
    service: str, revision: str
) -> None:
    folder = ROOT / "services" / service
    with database() as uri:
        migrate.upgrade(folder, uri, to=revision)
        session = open_session(uri)
        filled = tables(session)
        kept = {table.name: CHANGED.get((service, table.name), set()) for table in filled}
        with session.cursor() as cursor:
            for table in filled:
                table.insert(cursor, 1, ROWS)
            before = {table.name: table.sum(cursor, kept[table.name]) for table in filled}

            busy = [Process(uri, filled, (number + 1) * FAR) for number in range(PROCESSES)]
            for one in busy:
                one.start()
            try:
                migrate.upgrade(folder, uri)
            finally:
                for one in busy:
                    one.stop()
            assert [one.problems for one in busy] == [Counter()] * PROCESSES
            written = sum(one.rows for one in busy)
            assert written, "nobody wrote anything meanwhile"
            for table in reversed(filled):
                count, _ = table.sum(cursor, kept[table.name])
                assert count == ROWS + written, table.name
                if table.key:
                    for number, one in enumerate(busy, 1):
                        table.forget(cursor, number * FAR, number * FAR + one.rows - 1)
                    assert table.sum(cursor, kept[table.name]) == before[table.name], table.name
        session.close()
