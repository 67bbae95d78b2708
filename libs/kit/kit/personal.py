"""What a service keeps of a person, told page by page: for themselves, and for administrators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kit.clock import rfc3339
from kit.db import Transaction
from kit.errors import Invalid
from kit.fields import MOST, a_number, read_cursor, write_cursor

# What a select gives, row by row, is of each another type.
Kept = Mapping[str, Any]


def page_of(tx: Transaction, kept: Kept, cursor: str | None) -> dict[str, Any]:
    """One page, of one kind of what is kept; the cursor leads through all kinds.

    Args:
        kept: by kind, what is selected in an order of its own, each column under the name it is told by.

    Raises:
        Invalid: the cursor comes from elsewhere.
    """
    kinds = list(kept)
    if not kinds:
        return {"items": [], "next_cursor": None}
    kind, offset = read_cursor(cursor, str, a_number) or (kinds[0], 0)
    if kind not in kept:
        raise Invalid("invalid_cursor", "This cursor does not come from this list.")
    rows = tx.execute(kept[kind].offset(offset).limit(MOST + 1)).mappings().all()
    items = [{"kind": kind, "row": _told(row)} for row in rows[:MOST]]
    following = [(kind, offset + MOST)] if len(rows) > MOST else []
    following += [(later, 0) for later in kinds[kinds.index(kind) + 1 :]]
    after = write_cursor(following[0][0], str(following[0][1])) if following else None
    return {"items": items, "next_cursor": after}


def _told(row: Any) -> dict[str, Any]:
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in row.items()}
