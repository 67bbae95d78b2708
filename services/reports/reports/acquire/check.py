"""What a source gives, tried without keeping any of it: for whoever connects an ERP."""

# ruff: noqa: S608  names of tables and columns come from `canonical`, never from a source.

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from kit.db import Transaction

from reports.acquire.canonical import VIEWS, View
from reports.acquire.load import bring, prepare, queries
from reports.acquire.replica import Limits, LoadError, opened
from reports.acquire.sources import Source
from reports.acquire.tieout import Check, tie_out
from reports.models import FACTS

_SOURCE = "checked"

# What a view adds up to, by the words of a column where it has several kinds of rows.
_TOTALS = {
    "gl_line": ("greatest(v.amount, 0)", "'debits'"),
    "open_item": ("v.amount", "v.side"),
    "order_line": ("CASE WHEN v.state IN ('confirmed', 'done') THEN v.net_amount END", "v.side"),
    "invoice_line": ("v.net_amount", "v.side"),
    "budget": ("v.amount", "v.scenario"),
    "employment": ("v.monthly_cost", "'a month'"),
    "stock": ("v.value", "'value'"),
    "opportunity": ("v.expected_amount", "v.state"),
}
# Rows of these are named by other views, by a column called so in both.
_NAMED = {
    "company": "company_id",
    "party": "party_id",
    "product": "product_id",
    "account": "account_id",
    "open_item": "item_id",
}


@dataclass
class Viewed:
    """One view, as the source gives it. Without `rows` it is not offered, or `error` says why it failed."""

    name: str
    optional: bool
    rows: int | None = None
    first: date | None = None
    last: date | None = None
    totals: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str | None = None


@dataclass
class Checked:
    """`loose` says in words what leads nowhere or can't be."""

    as_of: datetime
    views: list[Viewed]
    checks: list[Check]
    loose: list[str]

    @property
    def bad(self) -> int:
        """How much of all this is not as it must be."""
        missing = [v for v in self.views if v.error or (v.rows is None and not v.optional)]
        return len(missing) + len([c for c in self.checks if not c.agrees]) + len(self.loose)


def check(tx: Transaction, source: Source, folder: Path, limits: Limits) -> Checked:
    """Runs each query of the source as a load would, into tables that go with the transaction.

    Raises:
        LoadError: the source is out of reach, or there is no such kind.
    """
    statements = queries(folder)
    prepare(tx)
    for fact in FACTS.values():
        # In front of the real one: whatever names it means this one here.
        tx.execute(sa.text(f"CREATE TEMP TABLE {fact.name} (LIKE {fact.name} INCLUDING ALL) ON COMMIT DROP"))
    views = []
    with opened(source.name, source.uri, limits, source.session) as replica:
        for view in VIEWS.values():
            viewed, began = Viewed(view.name, view.optional), time.perf_counter()
            if text := statements.get(view):
                file = f"{folder.name}/{view.name}.sql"
                try:
                    with tx.begin_nested(), replica.tried():
                        found = bring(tx, replica, _SOURCE, view, file, text, whole=True)
                    viewed.rows = found[0] if found else None
                except LoadError as problem:
                    viewed.error = str(problem)
            viewed.seconds = time.perf_counter() - began
            views.append(viewed)
        as_of = replica.as_of
    for viewed in views:
        if viewed.rows:
            _measure(tx, VIEWS[viewed.name], viewed)
    offered = {viewed.name for viewed in views if viewed.rows is not None}
    day = as_of.astimezone(source.zone).date()
    return Checked(as_of, views, tie_out(tx, _SOURCE, day, offered), list(_loose(tx, offered, day)))


def _measure(tx: Transaction, view: View, viewed: Viewed) -> None:
    if days := [column.name for column in view.columns if column.type == "date"]:
        query = f"SELECT min({days[0]}), max({days[0]}) FROM fact_{view.name}"
        viewed.first, viewed.last = tx.execute(sa.text(query)).one()
    if view.name in _TOTALS:
        amount, kind = _TOTALS[view.name]
        query = f"""SELECT {kind} AS kind, c.currency, sum({amount}) AS total FROM fact_{view.name} v
            JOIN fact_company c ON c.company_id = v.company_id GROUP BY 1, 2 ORDER BY 1, 2"""
        for row in tx.execute(sa.text(query)):
            viewed.totals.append(f"{row.kind} {row.total or Decimal(0):,.2f} {row.currency}")


def _loose(tx: Transaction, offered: set[str], day: date) -> Iterator[str]:
    """What names something that isn't there, isn't mapped, or lies in the future."""
    for name in sorted(offered):
        view = VIEWS[name]
        for target, column in _NAMED.items():
            if target == name or target not in offered or column not in view.names:
                continue
            query = f"""SELECT count(*) AS rows, (array_agg(DISTINCT {column}))[1:5] AS which
                FROM fact_{name} v WHERE {column} IS NOT NULL
                AND NOT EXISTS (SELECT FROM fact_{target} t WHERE t.{column} = v.{column})"""
            row = tx.execute(sa.text(query)).one()
            if row.rows:
                yield f"{name}: {row.rows} rows name what {target} does not have: {', '.join(row.which)}"
    if {"gl_line", "account"} <= offered:
        query = """SELECT array_agg(DISTINCT a.code ORDER BY a.code) FROM fact_account a
            WHERE a.subtype IS NULL AND a.class IN ('income', 'expense')
            AND EXISTS (SELECT FROM fact_gl_line l WHERE l.account_id = a.account_id)"""
        if codes := tx.scalar(sa.text(query)):
            yield f"account: income or expense without a subtype: {', '.join(codes[:10])}"
    for name in offered & {"gl_line", "order_line", "invoice_line", "open_item"}:
        column = "doc_date" if name == "open_item" else "date"
        if rows := tx.scalar(
            sa.text(f"SELECT count(*) FROM fact_{name} WHERE {column} > :day + 366"), {"day": day}
        ):
            yield f"{name}: {rows} rows are more than a year ahead"
    if {"company", "fx_rate"} <= offered:
        query = """SELECT a.name || ' (' || b.currency || ' to ' || a.currency || ')' FROM fact_company a
            JOIN fact_company b ON b.currency <> a.currency
            WHERE NOT EXISTS (SELECT FROM fact_fx_rate r WHERE r.currency = b.currency
                AND (r.company_id = a.company_id OR r.company_id IS NULL)) ORDER BY 1"""
        for pair in tx.scalars(sa.text(query)):
            yield f"fx_rate: no rate for {pair}"


def written(source: Source, found: Checked, zone: tzinfo) -> Iterator[str]:
    """The findings, line by line, for a terminal."""
    as_of = found.as_of.astimezone(zone)
    yield f"{source.title} ({source.name}, {source.kind}), as of {as_of:%Y-%m-%d %H:%M %Z}"
    yield ""
    yield f"{'view':<14}{'rows':>10}  {'first':<12}{'last':<12}{'seconds':>8}  totals"
    for view in found.views:
        if view.rows is None:
            missing = (
                "not offered"
                if view.optional
                else "MISSING: the kind has no query for it, or the source no table"
            )
            yield f"{view.name:<14}{f'FAILED: {view.error}' if view.error else missing}"
            continue
        first, last = (str(day or "") for day in (view.first, view.last))
        days = f"{first:<12}{last:<12}"
        line = f"{view.name:<14}{view.rows:>10}  {days}{view.seconds:>8.1f}  {'; '.join(view.totals)}"
        yield line.rstrip()
    yield ""
    for check in found.checks:
        yield f"{'agrees' if check.agrees else 'DIFFERS':<8} {check.name}: {check.sentence()}"
    for line in found.loose:
        yield f"LOOSE    {line}"
    yield ""
    yield "All is there and agrees." if not found.bad else f"{found.bad} not as it must be."
