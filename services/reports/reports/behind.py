"""From a bar of a frozen report to its rows: the facts as they are now, and whether they still come to it.

The facts of a report are not kept with it: that would copy most of its source. They are asked for again with
the report's own period, filters and day. When its source has been read since, `moved_on` says so, and
`adds_up` whether the rows of now still come to the frozen value.
"""

from dataclasses import dataclass
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from kit.clock import rfc3339
from kit.db import Transaction
from kit.fields import page

from reports.analyse.scope import scope_of
from reports.errors import point_not_found
from reports.making import KINDS
from reports.models import Load, Report
from reports.sheets.sheet import Writer, shown
from reports.words import Words

NEVER = date(1, 1, 1)


@dataclass(frozen=True)
class Frozen:
    """A point as the report says it. `siblings` are the keys beside it."""

    chart: str
    key: str
    label: str | None
    series: str | None
    value: str | None
    unit: str | None
    siblings: list[str]


def find(report: Report, chart: str, key: str) -> Frozen:
    """The point of a chart, or the row of a table, that has this key.

    Raises:
        NotFound: the report has none.
    """
    charts = {found["id"]: found for found in report.charts or ()}
    points = charts.get(chart, {}).get("points", [])
    for point in points:
        if point["key"] == key:
            keys = [other["key"] for other in points]
            unit = charts[chart]["unit"]
            return Frozen(chart, key, point["label"], point["series"], point["value"], unit, keys)
    for table in report.tables or ():
        if table["id"] == chart and key in table.get("keys", ()):
            ids = [column["id"] for column in table["columns"]]
            row = table["rows"][table["keys"].index(key)]
            value, unit = None, None
            if table["value"] is not None:
                place = ids.index(table["value"])
                value, unit = row[place], table["columns"][place].get("currency", "count")
            name = next((cell for cell in row[1::-1] if cell), None)
            keys = [other for other in table["keys"] if other]
            return Frozen(chart, key, name, None, None if value is None else str(value), unit, keys)
    raise point_not_found()


def read(
    tx: Transaction,
    report: Report,
    point: Frozen,
    zone: tzinfo,
    size: int,
    after: tuple[date, str] | None,
) -> dict[str, Any]:
    """A page of the rows behind the point, and what all of them come to.

    Args:
        tx: sees one moment of the facts (repeatable read).
        zone: of the report's source, in which its day ended.

    Raises:
        NotFound: there can be no rows for this point.
        Invalid: a company of the report is no longer in the source, or a rate of exchange.
    """
    assert report.as_of is not None
    kind = KINDS[report.type]
    filters = kind.filters(**report.filters)
    asked = {"from": report.period["from"], "to": report.period["to"]}
    made_on = report.day(report.as_of.astimezone(zone).date())
    scope = scope_of(tx, report.source, asked, filters, made_on)
    detail = kind.rows(tx, scope, filters, point.chart, point.key, point.siblings)
    if detail is None:
        raise point_not_found()
    found = detail.query.cte("found").c
    adding = "amount" in found
    amount = sa.func.sum(found.amount) if adding else sa.null().cast(sa.Numeric)
    count, total = tx.execute(sa.select(sa.func.count(found.row_id), amount)).one()
    day = sa.func.coalesce(found.row_day, NEVER)
    order = sa.tuple_(day, found.row_id)
    query = sa.select(*found, day.label("place")).order_by(day.desc(), found.row_id.desc()).limit(size + 1)
    if after is not None:
        query = query.where(order < sa.tuple_(sa.literal(after[0], sa.Date), sa.literal(after[1])))
    rows = tx.execute(query).all()
    newest = sa.select(Load).where(Load.source == report.source, Load.status == "ready")
    load = tx.scalars(newest.order_by(Load.finished_at.desc()).limit(1)).first()
    writer = Writer(scope, Words(report.locale, scope.currency))
    kinds = dict((column, kind) for column, _, kind in detail.columns)
    whole = None if not adding else shown(Decimal(0) if total is None else total, kinds["amount"])
    if detail.counted:
        whole = str(count)
    comparable = whole is not None and point.value is not None and point.unit != "%"
    return {
        "chart": point.chart,
        "point": {
            "key": point.key,
            "label": point.label,
            "series": point.series,
            "value": point.value,
            "unit": point.unit,
        },
        "columns": [writer.show_column(*column) for column in detail.columns],
        "count": count,
        "total": whole,
        "adds_up": Decimal(whole or 0) == Decimal(point.value or 0) if comparable else None,
        "moved_on": load is None or load.id != report.load_id,
        "as_of": rfc3339(load.as_of) if load and load.as_of else None,
        **page(
            rows,
            size,
            lambda row: {
                "id": row.row_id,
                "cells": [shown(getattr(row, column), kinds[column]) for column in kinds],
            },
            lambda row: [row.place.isoformat(), row.row_id],
        ),
    }


def a_day(text: str) -> date:
    """For `read_cursor`.

    Raises:
        ValueError
    """
    return date.fromisoformat(text)
