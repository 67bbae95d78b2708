"""What the filters of a report can be set to, as far as its source has words for it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reports.analyse.scope import Filters
from reports.models import FACTS

MOST = 200
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
    """Each filter with its kind: `choice` of one, `choices` of many, `codes`, rising `days`, or a `date`."""
    return [
        {"id": name, "kind": KINDS.get(name, "choice"), "choices": _choices(tx, source, filters, name)}
        for name in filters.model_fields
    ]


def _choices(tx: Session, source: str, filters: type[Filters], name: str) -> list[dict[str, str]] | None:
    if name == "company_id":
        company = FACTS["company"].c
        rows = tx.execute(
            sa.select(company.company_id, company.name)
            .where(company.source == source)
            .order_by(company.name, company.company_id)
            .limit(MOST)
        )
        return [{"value": row.company_id, "label": row.name} for row in rows]
    if name == "party_id":
        party = FACTS["party"].c
        known = sa.select(party.party_id, party.name).where(party.source == source)
        rows = tx.execute(known.order_by(party.name, party.party_id).limit(MOST))
        return [{"value": row.party_id, "label": row.name} for row in rows]
    if name == "currency":
        company, rate = FACTS["company"].c, FACTS["fx_rate"].c
        every = sa.union(
            sa.select(company.currency.label("value")).where(company.source == source),
            sa.select(rate.currency).where(rate.source == source),
        ).subquery()
        return _same(tx.scalars(sa.select(every.c.value).order_by(every.c.value).limit(MOST)))
    if name == "compare":
        return _same(filters.comparisons)
    if name in FIXED:
        return _same(FIXED[name])
    if name not in WORDS:
        return None
    view, column = WORDS[name]
    word = FACTS[view].c[column]
    words = sa.select(word).distinct().where(FACTS[view].c.source == source, word.is_not(None))
    return _same(tx.scalars(words.order_by(word).limit(MOST)))


def _same(values: Any) -> list[dict[str, str]]:
    return [{"value": value, "label": value} for value in values]
