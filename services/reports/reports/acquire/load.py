"""One load: everything a source offers, read in one snapshot and put into the facts, or nothing at all."""

# ruff: noqa: S608  names of tables and columns come from `canonical`, never from a source.

import io
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import sqlalchemy as sa
from kit.db import Transaction
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from reports.acquire.canonical import VIEWS, View
from reports.acquire.replica import Limits, LoadError, Replica, opened, words
from reports.models import FACTS

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_REQUIRES = re.compile(r"^-- requires: (.+)$", re.MULTILINE)


@dataclass
class Reading:
    """What a load read.

    `as_of` is the source's clock when its snapshot began; `rows` counts the facts of each view after the
    load, `changed` those it wrote or removed.
    """

    as_of: datetime
    rows: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)


def queries(folder: Path) -> dict[View, str]:
    """The queries of a kind of source. A view without a file is one this kind doesn't offer.

    Raises:
        LoadError: no such kind, or a file that is named like no canonical view.
    """
    files = {path.stem: path for path in sorted(folder.glob("*.sql"))}
    if unknown := files.keys() - VIEWS.keys():
        raise LoadError(f"{folder.name}/{sorted(unknown)[0]}.sql is not named like a canonical view.")
    if "company" not in files:
        raise LoadError(f"The kind {folder.name!r} has no company.sql, which every source needs.")
    return {view: files[view.name].read_text() for view in VIEWS.values() if view.name in files}


def load(
    tx: Transaction,
    *,
    source: str,
    uri: str,
    folder: Path,
    whole: bool,
    limits: Limits | None = None,
    session: tuple[str, ...] = (),
) -> Reading:
    """Brings the facts of a source to what its replica shows now.

    Nothing is visible until the caller's transaction commits, and a failure leaves the facts as they were.

    Args:
        tx: an open transaction on our own schema.
        folder: the kind's folder of queries.
        whole: read everything, whatever the watermarks say.
        session: said to the replica first.

    Raises:
        LoadError: the replica is out of reach, or a query doesn't give what its view must.
    """
    statements = queries(folder)
    prepare(tx)
    with opened(source, uri, limits or Limits(), session) as replica:
        reading = Reading(replica.as_of)
        for view, text in statements.items():
            found = bring(tx, replica, source, view, f"{folder.name}/{view.name}.sql", text, whole=whole)
            if found is not None:
                reading.rows[view.name], reading.changed[view.name] = found
    for view in VIEWS.values():
        if view.name not in reading.rows:  # the source no longer offers it
            tx.execute(sa.delete(FACTS[view.name]).where(FACTS[view.name].c.source == source))
    return reading


def prepare(tx: Transaction) -> None:
    """For a transaction that lasts, and moments written without a zone, which are UTC."""
    tx.execute(sa.text("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"))
    tx.execute(sa.text("SET LOCAL timezone = 'UTC'"))


def bring(
    tx: Transaction, replica: Replica, source: str, view: View, file: str, text: str, *, whole: bool
) -> tuple[int, int] | None:
    """Brings one view's facts up to date: those there are now, and those that changed. None if the source
    does not offer the view.

    Args:
        file: what to call the query in words.

    Raises:
        LoadError
    """
    sql = _offered(replica, text)
    return None if sql is None else _View(tx, replica, source, view, file, sql).bring(whole)


def _offered(replica: Replica, file: str) -> str | None:
    """The query of a file, or None where the replica has none of its tables.

    An ERP of modules lacks the tables of those that a company hasn't installed. A file for such an ERP is in
    parts, each begun by a line `-- requires: <tables>`; those whose tables exist are added up.
    """
    before, *parts = _REQUIRES.split(file)
    if not parts:
        return file
    pairs = zip(parts[::2], parts[1::2], strict=True)
    here = [sql.strip().rstrip(";") for tables, sql in pairs if replica.offers(tables)]
    if len(here) > 1:
        here = [f"SELECT * FROM (\n{sql}\n) part{number}" for number, sql in enumerate(here)]
    return before + "\nUNION ALL\n".join(here) if here else None


class _View:
    """One view of one load, from the replica by way of a temporary table into its facts."""

    def __init__(
        self,
        tx: Transaction,
        replica: Replica,
        source: str,
        view: View,
        file: str,
        sql: str,
    ) -> None:
        self.tx, self.replica, self.source, self.view, self.file = tx, replica, source, view, file
        self.fact = FACTS[view.name]
        self.sql = sql.strip().rstrip(";")
        binds = set(sa.text(self.sql).compile().params)
        if binds - {"since"}:
            raise LoadError(f"{file}: the bind :{sorted(binds - {'since'})[0]} is unknown; there is :since.")
        self.incremental = bool(binds)
        if self.incremental and not (view.key and "changed_at" in view.names):
            raise LoadError(f"{file}: :since needs a view with a key and changed_at.")

    def bring(self, whole: bool) -> tuple[int, int]:
        since = None if whole or not self.incremental else self._watermark()
        changed = self._merge(self.sql, since)
        count = sa.select(sa.func.count()).select_from(self.fact).where(self.fact.c.source == self.source)
        if since is None:
            return self.tx.scalar(count) or 0, changed
        # What has left the replica has no changed_at any more, and what appeared with an old one was not
        # read: both show by comparing the keys.
        ids, keys = self._stage(
            f"SELECT {', '.join(self.view.key)} FROM (\n{self.sql}\n) v", self.view.key, None
        )
        changed += self._delete_missing(ids)
        rows = self.tx.scalar(count) or 0
        if rows != keys:
            changed += self._merge(self.sql, None)
            rows = self.tx.scalar(count) or 0
        return rows, changed

    def _watermark(self) -> datetime | None:
        latest: datetime | None = self.tx.scalar(
            sa.select(sa.func.max(self.fact.c.changed_at)).where(self.fact.c.source == self.source)
        )
        return latest - self.replica.limits.overlap if latest else None

    def _stage(self, sql: str, columns: tuple[str, ...], since: datetime | None) -> tuple[str, int]:
        """Copies the query's rows into a temporary table; returns its name and their number."""
        result = self.replica.run(sql, since, self.file)
        given = list(result.keys())
        required = [c.name for c in self.view.columns if c.required and c.name in columns]
        if missing := [c for c in required if c not in given]:
            raise LoadError(f"{self.file}: the column {missing[0]} is missing.")
        if extra := [c for c in given if c not in columns] or [c for c in given if given.count(c) > 1]:
            raise LoadError(f"{self.file}: the column {extra[0]} is not one of the view {self.view.name}.")
        name = f"stage_{self.view.name}"
        order = ", ".join(given)
        # Emptied rather than made anew: each table dropped stays locked until the end of the transaction.
        self._execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {name} ON COMMIT DROP"
            f" AS SELECT {', '.join(self.view.names)} FROM {self.fact.name} WITH NO DATA"
        )
        self._execute(f"TRUNCATE {name}")
        count = 0
        cursor = self.tx.connection().connection.cursor()
        try:
            for batch in result.partitions():
                lines = "".join("\t".join(map(_cell, row)) + "\n" for row in batch)
                cursor.copy_expert(f"COPY {name} ({order}) FROM STDIN", io.StringIO(lines))
                count += len(batch)
        except DBAPIError as problem:
            raise LoadError(f"{self.file}: {words(problem)}") from problem
        except psycopg2.DataError as problem:
            where = (
                f" ({context.split(', ', 2)[2]})"
                if (context := problem.diag.context or "").count(", ") > 1
                else ""
            )
            raise LoadError(f"{self.file}: {problem.diag.message_primary}{where}") from problem
        finally:
            cursor.close()
        self._execute(f"ANALYZE {name}")
        if key := ", ".join(self.view.key):
            twice = self._execute(f"SELECT {key} FROM {name} GROUP BY {key} HAVING count(*) > 1 LIMIT 1")
            if row := twice.first():
                which = ", ".join(map(str, row))
                raise LoadError(f"{self.file}: ({key})=({which}) is there more than once.")
        return name, count

    def _merge(self, sql: str, since: datetime | None) -> int:
        name, _ = self._stage(sql, tuple(self.view.names), since)
        for column in self.view.columns:
            if column.words:
                wrong = self._execute(
                    f"SELECT {column.name} FROM {name} WHERE {column.name} <> ALL (:words) LIMIT 1",
                    words=list(column.words),
                ).scalar()
                if wrong is not None:
                    allowed = ", ".join(column.words)
                    raise LoadError(
                        f"{self.file}: {wrong!r} in the column {column.name}; allowed: {allowed}."
                    )
        names, key = ", ".join(self.view.names), ", ".join(self.view.key)
        if not key:
            # Without a key a view is replaced, but not by what it is already.
            ours = f"SELECT {names} FROM {self.fact.name} WHERE source = :source"
            theirs = f"SELECT {names} FROM {name}"
            different = f"SELECT EXISTS (({ours} EXCEPT ALL {theirs}) UNION ALL ({theirs} EXCEPT ALL {ours}))"
            if not self._execute(different, source=self.source).scalar():
                return 0
        changed = self._delete_missing(name) if since is None else 0
        again = ""
        if self.view.key:
            rest = [n for n in self.view.names if n not in self.view.key]
            again = (
                f" ON CONFLICT (source, {key}) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in rest)}"
                f" WHERE ({', '.join(f'f.{n}' for n in rest)})"
                f" IS DISTINCT FROM ({', '.join(f'excluded.{n}' for n in rest)})"
            )
        changed += self._execute(
            f"INSERT INTO {self.fact.name} AS f (source, {names}) SELECT :source, {names} FROM {name}{again}",
            source=self.source,
        ).rowcount
        if since is None:
            self._execute(f"ANALYZE {self.fact.name}")
        return changed

    def _delete_missing(self, stage: str) -> int:
        gone = ""
        if self.view.key:
            same = " AND ".join(f"s.{k} = f.{k}" for k in self.view.key)
            gone = f" AND NOT EXISTS (SELECT FROM {stage} AS s WHERE {same})"
        return self._execute(
            f"DELETE FROM {self.fact.name} AS f WHERE f.source = :source{gone}",
            source=self.source,
        ).rowcount

    def _execute(self, sql: str, **binds: Any) -> sa.CursorResult[Any]:
        """Runs on our side; names come from `canonical`, never from a source."""
        try:
            result: sa.CursorResult[Any] = self.tx.connection().execute(sa.text(sql), binds)
        except (DataError, IntegrityError) as problem:
            diag = getattr(problem.orig, "diag", None)
            column = f" (column {diag.column_name})" if diag is not None and diag.column_name else ""
            detail = (
                f" {diag.message_detail}" if diag is not None and diag.message_detail and not column else ""
            )
            raise LoadError(
                f"{self.file}: {diag.message_primary if diag else problem}{column}{detail}"
            ) from problem
        return result


def _cell(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bytes):  # MySQL gives texts of some functions so
        value = value.decode()
    return str(value).translate(_ESCAPES)
