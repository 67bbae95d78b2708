"""A source's database, opened so that it can only be read and shows one moment throughout.

PostgreSQL, MySQL, MariaDB, SQLite, and folders of CSV and spreadsheet files are known. Any other database
that SQLAlchemy has a driver for can be a source too, once the source's `session` says in its SQL how it is
kept from being written to and how long a query may take.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from kit.clock import now
from sqlalchemy.exc import DBAPIError

from reports.acquire import dropped

_TABLE = re.compile(r'(?P<lacks>!)?(?:"(?P<quoted>[^"]+)"|(?P<plain>[\w.-]+))(?:\((?P<column>\w+)\))?')
_SQLITE_STEPS = 10_000  # between looks at the clock: about a millisecond


class LoadError(Exception):
    """The source can't be loaded; the text is for whoever keeps its queries."""


@dataclass(frozen=True)
class Limits:
    batch_rows: int = 5000
    statement_seconds: int = 600
    # A transaction of the ERP may commit rows older than ones already read: look back this far.
    overlap: timedelta = timedelta(hours=1)


class Replica:
    """An open source. `as_of` is its clock when its moment began."""

    def __init__(self, connection: sa.Connection, as_of: datetime, limits: Limits) -> None:
        self.connection, self.as_of, self.limits = connection, as_of, limits
        self._inspector = sa.inspect(connection)

    def run(self, sql: str, since: datetime | None, file: str) -> sa.CursorResult[Any]:
        """The rows of a query, streamed.

        Raises:
            LoadError: the database refuses it.
        """
        statement = sa.text(sql)
        if "since" in statement.compile().params:
            # Only PostgreSQL knows moments; the others keep the time of day, which we write in UTC.
            zoned = self.connection.dialect.name == "postgresql"
            value = since and (since.astimezone(UTC) if zoned else since.astimezone(UTC).replace(tzinfo=None))
            statement = statement.bindparams(sa.bindparam("since", value, sa.DateTime(timezone=zoned)))
        options = {"stream_results": True, "yield_per": self.limits.batch_rows}
        try:
            return self.connection.execute(statement, execution_options=options)
        except DBAPIError as problem:
            raise LoadError(f"{file}: {words(problem)}") from problem

    def offers(self, requirements: str) -> bool:
        """Whether all these tables are there: `sale_line`, `rpt.budget`, `"tabSales Order"`; where versions
        of a product differ by a column, `stock_move(quantity)`; and with `!` before it, whether it isn't."""
        wanted = (match.groups() for match in _TABLE.finditer(requirements))
        return all(self._has(*table) is not bool(lacks) for lacks, *table in wanted)

    def _has(self, quoted: str | None, plain: str | None, column: str | None) -> bool:
        schema, _, table = ("", "", quoted) if quoted else str(plain).rpartition(".")
        if not self._inspector.has_table(str(table), schema or None):
            return False
        columns = self._inspector.get_columns(str(table), schema or None) if column else []
        return column is None or column in {c["name"] for c in columns}

    def tried(self) -> AbstractContextManager[Any]:
        """In here a query may fail and the next can still be asked."""
        return self.connection.begin_nested()


@contextmanager
def opened(source: str, uri: str, limits: Limits, session: tuple[str, ...] = ()) -> Iterator[Replica]:
    """The source's database.

    Args:
        session: said before anything is read, where the database needs it.

    Raises:
        LoadError: it is out of reach, or not one that we know how to only read.
    """
    url = sa.make_url(uri)
    engine, begin = _KNOWN.get(url.get_backend_name(), _of_another_kind)(url, limits, bool(session))
    try:
        connection = engine.connect()
        for statement in session:
            connection.exec_driver_sql(statement)
        as_of = begin(connection)
    except dropped.Unreadable as problem:
        raise LoadError(str(problem)) from problem
    except (DBAPIError, OSError) as problem:
        # Hosts and ports are for the log; who reads a report sees this text.
        _, fatal, why = words(problem).rpartition("FATAL: ")
        raise LoadError(f"The replica of {source} can't be reached{fatal and f': {why}'}.") from problem
    with connection:
        yield Replica(connection, as_of, limits)
        connection.rollback()


def words(problem: Exception) -> str:
    """What the database said, without its codes and its SQL."""
    original = getattr(problem, "orig", None) or problem
    said = getattr(getattr(original, "diag", None), "message_primary", None) or (original.args or ("",))[-1]
    return " ".join(str(said).split())


Begin = Callable[[sa.Connection], datetime]


def _postgresql(url: sa.URL, limits: Limits, _: bool) -> tuple[sa.Engine, Begin]:
    engine = sa.create_engine(
        url,
        poolclass=sa.NullPool,
        connect_args={
            "connect_timeout": 10,
            "application_name": "bchat-reports",
            "options": f"-c statement_timeout={limits.statement_seconds}s -c timezone=UTC"
            " -c default_transaction_read_only=on",
        },
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    )
    return engine, lambda connection: connection.execute(sa.text("SELECT current_timestamp")).scalar_one()


def _mysql(url: sa.URL, limits: Limits, _: bool) -> tuple[sa.Engine, Begin]:
    seconds = limits.statement_seconds
    engine = sa.create_engine(
        url,
        poolclass=sa.NullPool,
        connect_args={"connect_timeout": 10, "read_timeout": seconds + 60},
    )

    def begin(connection: sa.Connection) -> datetime:
        say = connection.exec_driver_sql
        most = f"max_statement_time = {seconds}"
        if not connection.dialect.is_mariadb:  # type: ignore[attr-defined]
            most = f"max_execution_time = {seconds * 1000}"
        # The server ends who does not take rows for so long: we store each batch before the next.
        say(f"SET SESSION {most}, time_zone = '+00:00', net_write_timeout = {seconds}")
        say("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        say("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        as_of: datetime = say("SELECT utc_timestamp(6)").scalar_one()
        return as_of.replace(tzinfo=UTC)

    return engine, begin


def _sqlite(url: sa.URL, limits: Limits, _: bool) -> tuple[sa.Engine, Begin]:
    def attach(connection: sqlite3.Connection) -> None:
        # As `rpt`, so that a file with the canonical views is read by the same queries as a server with them;
        # names without a schema are found there too.
        connection.execute("ATTACH ? AS rpt", [f"file:{quote(url.database or '')}?mode=ro"])

    return _in_sqlite(attach, limits)


def _files(url: sa.URL, limits: Limits, _: bool) -> tuple[sa.Engine, Begin]:
    return _in_sqlite(partial(dropped.read, Path("/", url.database or "")), limits)


def _in_sqlite(fill: Callable[[sqlite3.Connection], None], limits: Limits) -> tuple[sa.Engine, Begin]:
    asked = time.monotonic()

    def connect() -> sqlite3.Connection:
        # A database of our own, on the disk while it is used; the source is put beside or into it.
        connection = sqlite3.connect("file:", uri=True, isolation_level=None)
        try:
            fill(connection)
        except (dropped.Unreadable, sqlite3.Error):
            connection.close()
            raise
        connection.execute("PRAGMA query_only = ON")
        connection.set_progress_handler(
            lambda: time.monotonic() - asked > limits.statement_seconds, _SQLITE_STEPS
        )
        return connection

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _(*_: Any) -> None:
        nonlocal asked
        asked = time.monotonic()

    def begin(connection: sa.Connection) -> datetime:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema")
        return now()

    return engine, begin


def _of_another_kind(url: sa.URL, _: Limits, told: bool) -> tuple[sa.Engine, Begin]:
    if not told:
        raise LoadError(
            f"How a {url.get_backend_name()} database is kept from being written to is not known here:"
            " say it in the source's `session`."
        )
    return sa.create_engine(url, poolclass=sa.NullPool), lambda _: now()


_KNOWN: dict[str, Callable[[sa.URL, Limits, bool], tuple[sa.Engine, Begin]]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
    "sqlite": _sqlite,
    "files": _files,
}
