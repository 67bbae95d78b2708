"""Files that somebody drops into a folder, read as the tables of a database.

A CSV file, or a workbook of one sheet, is a table named like the file up to the first dot; files that begin
alike (`order_line.2025.csv`, `order_line.2026.csv`) are one table. A workbook of several sheets is a table
for each. The first row names the columns. Everything is text, as it was written; what is empty is null.
"""

import csv
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import python_calamine as calamine

from reports.acquire.canonical import VIEWS

CHANGED = "file_changed_at"
_SHEETS = {".xlsx", ".xlsm", ".xls", ".ods"}
_TEXTS = {".csv", ".tsv"}
# Of a workbook, which is read as a whole: a file of kilobytes may unpack to more than there is memory.
UNPACKED_BYTES = 512 * 1024 * 1024


class Unreadable(Exception):
    """A file can't be read; the text names it and says why."""


def read(folder: Path, into: sqlite3.Connection) -> None:
    """Makes a table of each, with the time its file was last written in `file_changed_at`.

    A table named like a canonical view has all that view's columns, whatever the file has: those that may be
    null need not be there.

    Raises:
        Unreadable
    """
    if not folder.is_dir():
        raise OSError(f"{folder} is no folder")
    for path in sorted(folder.iterdir()):
        # A program's lock and what is still being copied are no data.
        if path.suffix.lower() not in _SHEETS | _TEXTS or path.name.startswith((".", "~")):
            continue
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Unreadable(f"{path.name} leads out of the folder.")
        before = path.stat()
        for name, rows in _tables(path):
            _add(into, path.name, name, rows, datetime.fromtimestamp(before.st_mtime, UTC))
        after = path.stat()
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise Unreadable(f"{path.name} is still being written.")
    tables = [name for (name,) in into.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for view in (VIEWS[name] for name in tables if name in VIEWS):
        there = _columns(into, view.name)
        for column in view.columns:
            if column.name not in there and (not column.required or column.type in ("bool", "time")):
                into.execute(f'ALTER TABLE "{view.name}" ADD COLUMN "{column.name}" TEXT')


def _tables(path: Path) -> Iterator[tuple[str, Iterable[Sequence[Any]]]]:
    name = path.name.partition(".")[0]
    if path.suffix.lower() in _TEXTS:
        yield name, _lines(path)
        return
    try:
        if _unpacked(path) > UNPACKED_BYTES:
            raise Unreadable(f"{path.name} unpacks to more than {UNPACKED_BYTES >> 20} MB: save it as CSV.")
        workbook = calamine.CalamineWorkbook.from_path(path)
    except (calamine.CalamineError, zipfile.BadZipFile, OSError) as problem:
        raise Unreadable(f"{path.name} can't be read: {problem}") from problem
    for sheet in workbook.sheet_names:
        try:
            rows = workbook.get_sheet_by_name(sheet).iter_rows()
        except calamine.CalamineError as problem:
            raise Unreadable(f"{path.name}, {sheet}: {problem}") from problem
        yield name if len(workbook.sheet_names) == 1 else sheet, rows


def _unpacked(path: Path) -> int:
    """Bytes of all that a workbook holds, as it says itself; an old one (.xls) is not packed."""
    if not zipfile.is_zipfile(path):
        return path.stat().st_size
    with zipfile.ZipFile(path) as packed:
        return sum(part.file_size for part in packed.infolist())


def _lines(path: Path) -> Iterator[Sequence[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=header.count)
            yield from csv.reader(file, delimiter=delimiter, strict=True)
    except UnicodeDecodeError as problem:
        raise Unreadable(f"{path.name} is not UTF-8 text: save it as “CSV UTF-8”.") from problem
    except csv.Error as problem:
        raise Unreadable(f"{path.name} is not CSV: {problem}") from problem


def _add(
    into: sqlite3.Connection, file: str, table: str, rows: Iterable[Sequence[Any]], changed: datetime
) -> None:
    table = _name(table)
    lines = iter(rows)
    header = [_name(str(cell)) for cell in next(lines, ())]
    while header and not header[-1]:
        header.pop()
    if not header:
        return
    if twice := [name for name in header if not name or header.count(name) > 1]:
        raise Unreadable(f"{file}: the column {twice[0] or 'without a name'} is there more than once.")
    into.execute(f'CREATE TABLE IF NOT EXISTS "{table}" ("{CHANGED}" TEXT)')
    for name in [name for name in header if name not in _columns(into, table)]:
        into.execute(f'ALTER TABLE "{table}" ADD COLUMN "{name}" TEXT')
    names = ", ".join(f'"{name}"' for name in (CHANGED, *header))
    marks = ", ".join("?" * (len(header) + 1))
    when = f"{changed:%Y-%m-%d %H:%M:%S}"

    def cells() -> Iterator[list[str | None]]:
        for number, line in enumerate(lines, 2):
            row = [_text(cell) for cell in line]
            if any(row[len(header) :]):
                raise Unreadable(f"{file}, line {number}: more cells than the first row names.")
            if any(row):
                yield [when, *row[: len(header)], *([None] * (len(header) - len(row)))]

    into.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', cells())  # noqa: S608  of `_name`


def _columns(into: sqlite3.Connection, table: str) -> set[str]:
    return {name for (name,) in into.execute("SELECT name FROM pragma_table_info(?)", [table])}


def _name(text: str) -> str:
    """As SQL likes it: `Order line` is order_line."""
    return re.sub(r"\W+", "_", text.strip()).strip("_").lower()


def _text(cell: Any) -> str | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.15g}" if abs(cell) < 1e15 else repr(cell)  # as many digits as a spreadsheet has
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip() or None
