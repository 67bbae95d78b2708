"""Rows sent to PostgreSQL as one array a column: a statement is the same text however many there are, and is
built once, when its module is loaded.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Text, Uuid, bindparam, cast, column, func
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

ID, NUMBER, TEXT = Uuid(as_uuid=False), BigInteger(), Text()
IDS = ARRAY(ID)


def rows_of(name: str, **columns: TypeEngine[Any]) -> TableValuedAlias:
    """A table of rows that come with each execution.

    Args:
        columns: types by name.
    """
    arrays = [cast(bindparam(f"{name}_{c}"), ARRAY(type_)) for c, type_ in columns.items()]
    shape = [column(c, type_) for c, type_ in columns.items()]
    return func.unnest(*arrays).table_valued(*shape).render_derived(name=name)


def sent(table: TableValuedAlias, rows: Collection[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """The parameters that make these, of which there are some, the table's rows."""
    names = [f"{table.name}_{c.name}" for c in table.c]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
