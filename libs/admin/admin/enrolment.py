"""A list of people becomes people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from admin import lists
from admin.lists import Row
from admin.services import Refused, Services

CHECKED_AT_ONCE = 500
CHANGES = ("created", "updated", "unchanged", "left")
NOTHING = "Nothing was done."


def read(file: Path) -> list[Row]:
    """
    Raises:
        Refused: it can't be read, each problem with its line.
    """
    try:
        return lists.read(file)
    except lists.BadList as bad:
        raise Refused("\n".join((*bad.problems, NOTHING))) from None


def check(services: Services, rows: Sequence[Row], *, update: bool) -> list[str]:
    """What would be done with each: one of `CHANGES`.

    Raises:
        Refused: something is wrong, each problem with its line.
    """
    changes: list[str] = []
    wrong: list[str] = []
    seen: dict[str, int] = {}
    for part in parts(rows, CHECKED_AT_ONCE):
        fields = [row.fields for row in part]
        try:
            answer = services.ask("auth", "enrol", rows=fields, update=update, check=True)
        except Refused as refused:
            if not refused.errors:
                raise
            wrong += _sentences(refused, part)
            continue
        for row, item in zip(part, answer["items"], strict=True):
            changes.append(item["change"])
            if (first := seen.setdefault(item["username"].casefold(), row.line)) != row.line:
                wrong.append(f"line {row.line}, username: It stands in line {first} too.")
    if wrong:
        raise Refused("\n".join((*wrong, NOTHING)))
    return changes


def make(services: Services, rows: Sequence[Row], passwords: Mapping[str, str], *, update: bool) -> list[str]:
    """Makes them, all or none, and says what was done with each.

    Args:
        passwords: for those who bring none, by username.

    Raises:
        Refused, Away
    """
    fields = [dict(row.fields) for row in rows]
    for one in fields:
        if one["username"] in passwords:
            one["password"] = passwords[one["username"]]
    try:
        answer = services.ask("auth", "enrol", rows=fields, update=update)
    except Refused as refused:
        raise Refused("\n".join(_sentences(refused, rows)) or refused.message) from None
    return [item["change"] for item in answer["items"]]


def summary(changes: Sequence[str]) -> str:
    counted = Counter(changes)
    return ", ".join(f"{counted[name]} {name}" for name in CHANGES if counted[name]) or "nobody"


def parts(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _sentences(refused: Refused, rows: Sequence[Row]) -> list[str]:
    """The problems of a refusal, which name rows, with the lines of these."""
    return [
        f"line {', '.join(map(str, (rows[number].line, *field)))}: {error['msg']}"
        for error in refused.errors
        for number, *field in [error["loc"]]
    ]
