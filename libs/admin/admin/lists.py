"""Lists of people in CSV files: read with the numbers of their lines, and written with new passwords."""

import csv
import io
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

COLUMNS = ("username", "display_name", "kind", "permissions", "password")
NEEDED = {"username", "kind"}
# Without what looks alike: people read these from paper. Four times four of them are 79 bits.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Row(NamedTuple):
    line: int
    fields: dict[str, Any]


class BadList(Exception):
    """The file can't be read as a list of people; `problems` are sentences."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read(path: Path) -> list[Row]:
    """The people of a file. An empty cell is left out, but for permissions: there it means none.

    Raises:
        BadList
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadList(f"The file is not UTF-8: {problem}.") from None
    # What a spreadsheet calls CSV is separated as its country writes decimals.
    separator = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return list(_rows(reader))
    except csv.Error as problem:
        raise BadList(f"line {reader.reader.line_num}: This is not CSV: {problem}.") from None


def _rows(reader: "csv.DictReader[str]") -> Iterator[Row]:
    names = [name.strip().lower() for name in reader.fieldnames or []]
    wrong = [f"line 1: There is no column {name!r}." for name in names if name not in COLUMNS]
    wrong += [f"line 1: The column {name} is missing." for name in sorted(NEEDED - set(names))]
    wrong += [f"line 1: The column {name} is there twice." for name in COLUMNS if names.count(name) > 1]
    if wrong:
        raise BadList(*wrong)
    reader.fieldnames = names
    for cells in reader:
        if None in cells or None in cells.values():
            raise BadList(f"line {reader.line_num}: It has not as many cells as the first line.")
        fields: dict[str, Any] = {
            name: cell if name == "password" else cell.strip() for name, cell in cells.items() if cell.strip()
        }
        if not fields:
            continue
        if "permissions" in names:
            fields["permissions"] = re.findall(r"[^\s,;]+", fields.get("permissions", ""))
        yield Row(reader.line_num, fields)


def new_password() -> str:
    """A password that nobody knows and everybody can type."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


class Passwords:
    """A file that gets the passwords of new people, each before it is in use."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._writer = csv.writer(file)

    def add(self, rows: dict[str, str]) -> None:
        """Passwords by usernames; they are on the disk when this returns."""
        self._writer.writerows(rows.items())
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def passwords(path: Path) -> Iterator[Passwords]:
    """The file, made for its owner only; what is in it already stays.

    Raises:
        OSError
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", newline="") as file:
        yield Passwords(file)
