"""From a bar to its rows: the facts behind a point of a chart."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from reports.analyse.scope import Scope
from reports.models import FACTS


@dataclass(frozen=True)
class Detail:
    """The facts behind a point, newest first.

    Args:
        columns: (label of the query, title in English, kind of the cells).
        query: has `row_id` and `row_day`, the columns, and `amount` where that adds up to the point.
        counted: the point is how many rows there are.
    """

    columns: tuple[tuple[str, str, str], ...]
    query: sa.Select[Any]
    counted: bool = False


def detail(
    shown: Iterable[tuple[str, str, str, sa.ColumnElement[Any]]],
    id: sa.ColumnElement[Any],
    day: sa.ColumnElement[Any],
    when: sa.ColumnElement[bool],
    *,
    counted: bool = False,
) -> Detail:
    """
    Args:
        shown: each column's id, title, kind and content.
    """
    shown = list(shown)
    columns = [content.label(column) for column, _, _, content in shown]
    query = sa.select(sa.cast(id, sa.Text).label("row_id"), day.label("row_day"), *columns).where(when)
    return Detail(tuple((column, title, kind) for column, title, kind, _ in shown), query, counted)


def named(scope: Scope, view: str, id: sa.ColumnElement[Any], column: str = "name") -> sa.ColumnElement[Any]:
    """The name of a party, product or account, or its id where the source has none."""
    table = FACTS[view].alias().c
    key = "account_id" if view == "account" else f"{view}_id"
    found = sa.select(table[column]).where(table.source == scope.source, table[key] == id).scalar_subquery()
    return sa.func.coalesce(found, id) if column == "name" else found
