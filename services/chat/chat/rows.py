"""Rows sent to PostgreSQL as one array a column: a statement is the same text however many there are, and is
built once, when its module is loaded.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Uuid, bindparam, cast, column, func
from sqlalchemy.sql.selectable import TableValuedAlias

IDS = ARRAY(Uuid(as_uuid=False))


def rows_of(name: str, *columns: str) -> TableValuedAlias:
    """A table of rows that come with each execution.

    Args:
        columns: those that end in `seq` are numbers, the others are ids.
    """
    types = {c: BigInteger() if c.endswith("seq") else Uuid(as_uuid=False) for c in columns}
    arrays = [cast(bindparam(f"{name}_{c}"), ARRAY(type_)) for c, type_ in types.items()]
    shape = [column(c, type_) for c, type_ in types.items()]
    return func.unnest(*arrays).table_valued(*shape).render_derived(name=name)


def sent(table: TableValuedAlias, rows: Collection[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """The parameters that make these the table's rows."""
    names = [f"{table.name}_{c.name}" for c in table.c]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
