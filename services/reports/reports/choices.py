"""What the filters of a report can be set to, as far as its source has words for it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reports.analyse.scope import Filters
from reports.models import FACTS

MOST = 200
FOUND = 50
# A filter's kind, and where its words are: a view and its column.
WORDS = {
    "segment": ("party", "segment"),
    "country": ("party", "country"),
    "category": ("product", "category"),
    "uom": ("product", "uom"),
    "department": ("employment", "department"),
    "scenario": ("budget", "scenario"),
}
FIXED = {"age_from": ("due", "document"), "due_today": ("not_due", "overdue")}
KINDS = {"company_id": "choices", "account": "codes", "journal": "codes", "buckets": "days", "as_of": "date"}


def filters_of(tx: Session, source: str, filters: type[Filters]) -> list[dict[str, Any]]:
    """Each filter with its kind: `choice` of one, `choices` of many, `codes`, rising `days`, or a `date`.

    With `more` there are others than these choices, to be found by `found`.
    """
    every = []
    for name in filters.model_fields:
        choices = found(tx, source, filters, name, limit=MOST + 1)
        more = choices is not None and len(choices) > MOST
        kind = KINDS.get(name, "choice")
        every.append({"id": name, "kind": kind, "choices": choices and choices[:MOST], "more": more})
    return every


def found(
    tx: Session, source: str, filters: type[Filters], name: str, q: str = "", limit: int = FOUND
) -> list[dict[str, str]] | None:
    """What this filter can be set to, by name, as far as it has `q` in it; None where that is free."""
    if name == "company_id":
        company = FACTS["company"].c
        return _of(tx, company.source == source, company.company_id, company.name, q, limit)
    if name == "party_id":
        party = FACTS["party"].c
        return _of(tx, party.source == source, party.party_id, party.name, q, limit)
    if name == "currency":
        company, rate = FACTS["company"].c, FACTS["fx_rate"].c
        every = sa.union(
            sa.select(company.currency.label("value")).where(company.source == source),
            sa.select(rate.currency).where(rate.source == source),
        ).subquery()
        return _of(tx, sa.true(), every.c.value, every.c.value, q, limit)
    if name == "compare":
        return _same(filters.comparisons)
    if name in FIXED:
        return _same(FIXED[name])
    if name not in WORDS:
        return None
    view, column = WORDS[name]
    word = FACTS[view].c[column]
    return _of(tx, (FACTS[view].c.source == source) & word.is_not(None), word, word, q, limit)


def _of(
    tx: Session,
    where: sa.ColumnElement[bool],
    value: sa.ColumnElement[str],
    label: sa.ColumnElement[str],
    q: str,
    limit: int,
) -> list[dict[str, str]]:
    known = sa.select(value.label("value"), label.label("label")).distinct().where(where)
    if q:
        known = known.where(label.icontains(q, autoescape=True) | (value == q))
    rows = tx.execute(known.order_by(sa.text("label"), sa.text("value")).limit(limit))
    return [{"value": row.value, "label": row.label} for row in rows]


def _same(values: Any) -> list[dict[str, str]]:
    return [{"value": value, "label": value} for value in values]
