"""The keys by which points of charts are named, for good, and what they mean."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from reports.analyse.period import Period
from reports.analyse.scope import Scope

NONE, REST = "none", "rest"


def bucket_key(period: Period, unit: str) -> str:
    return str(period.start) if unit == "day" else f"{period.start:%Y-%m}"


def bucket(scope: Scope, key: str) -> Period | None:
    """The month or day of this key, as far as there are facts."""
    for found in scope.period.buckets():
        if bucket_key(found, scope.period.unit) == key and found.start <= scope.today:
            return Period(found.start, min(found.end, scope.today))
    return None


def id_key(id: str | None) -> str:
    return NONE if id is None else f"id:{id}"


def is_one(column: sa.ColumnElement[Any], key: str, siblings: Iterable[str]) -> sa.ColumnElement[bool]:
    """Whether a fact belongs to the point of this key.

    Args:
        siblings: the keys of the other points, which `rest` is not.
    """
    if key == NONE:
        return column.is_(None)
    if key == REST:
        others = {sibling for sibling in siblings if sibling != REST}
        shown = [sibling.removeprefix("id:") for sibling in others if sibling != NONE]
        found = column.not_in(shown)
        return found if NONE in others else found | column.is_(None)
    return column == key.removeprefix("id:")


def is_part(column: sa.ColumnElement[Any], key: str, siblings: Iterable[str]) -> sa.ColumnElement[bool]:
    """Whether a fact belongs to the part of a column that this key (`2026-03|id:x`) names; to a whole column
    (`2026-03`) all do."""
    slot, _, part = key.partition("|")
    others = (sibling.partition("|")[2] for sibling in siblings if sibling.startswith(f"{slot}|"))
    return is_one(column, part, others) if part else sa.true()
