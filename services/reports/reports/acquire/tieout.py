"""What must agree in the facts after a load: told to the source's owner, and on the reports."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

Write = Callable[..., str]


@dataclass(frozen=True)
class Check:
    """Two amounts of a company that should be one, or `allowed` apart. `where` names documents at fault, as
    far as they are known."""

    name: str
    company_id: str
    company: str
    currency: str
    found: Decimal
    expected: Decimal
    allowed: Decimal = Decimal(0)
    where: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        return not self.where and abs(self.difference) <= self.allowed

    @property
    def difference(self) -> Decimal:
        return round(self.found - self.expected, 2)

    def sentence(self, write: Write = lambda text, **values: text.format(**values)) -> str:
        """What does not agree, for people.

        Args:
            write: puts values into a text, in the reader's language.
        """
        text = write(
            SENTENCES[self.name],
            company=self.company,
            found=f"{self.found:,.2f} {self.currency}",
            expected=f"{self.expected:,.2f} {self.currency}",
        )
        return text + (f" ({', '.join(self.where)})" if self.where else "")

    def as_json(self) -> dict[str, Any]:
        amounts = {name: str(round(getattr(self, name), 2)) for name in ("found", "expected", "allowed")}
        return asdict(self) | amounts | {"where": list(self.where), "agrees": self.agrees}

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> "Check":
        return cls(
            **{name: body[name] for name in ("name", "company_id", "company", "currency")},
            found=Decimal(body["found"]),
            expected=Decimal(body["expected"]),
            allowed=Decimal(body["allowed"]),
            where=tuple(body["where"]),
        )


# Each query gives company_id, found, expected, and perhaps allowed and where; a company without a row is not
# judged.
_UNBALANCED = """
    SELECT company_id, sum(debit) AS found, sum(credit) AS expected,
        (array_agg(doc_no ORDER BY date DESC, doc_no)
            FILTER (WHERE round(debit - credit, 2) <> 0))[1:5] AS "where"
    FROM (SELECT company_id, move_id, min(coalesce(doc_no, move_id)) AS doc_no, min(date) AS date,
            coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS debit,
            coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) AS credit
        FROM fact_gl_line WHERE source = :source GROUP BY company_id, move_id) move
    GROUP BY company_id"""
_CONTROL = """
    SELECT company_id, coalesce(sum(open), 0) AS found, coalesce(sum(booked), 0) AS expected
    FROM (SELECT i.company_id, i.amount - coalesce(s.amount, 0) AS open, NULL::numeric AS booked
        FROM fact_open_item i
        LEFT JOIN (SELECT item_id, sum(amount) AS amount FROM fact_settlement
            WHERE source = :source AND date <= :day GROUP BY item_id) s ON s.item_id = i.item_id
        WHERE i.source = :source AND i.side = '{side}' AND i.doc_date <= :day
        UNION ALL
        SELECT l.company_id, NULL, {sign} l.amount
        FROM fact_gl_line l
        JOIN fact_account a ON a.source = l.source AND a.account_id = l.account_id AND a.subtype = '{subtype}'
        WHERE l.source = :source AND l.date <= :day) both_sides
    GROUP BY company_id"""
# What is sold in another currency is rounded line by line, and what that leaves over is booked beside it.
_SALES = """
    SELECT company_id, coalesce(sum(invoiced), 0) AS found, coalesce(sum(booked), 0) AS expected,
        0.01 * count(*) FILTER (WHERE abroad) AS allowed
    FROM (SELECT l.company_id, l.net_amount AS invoiced, NULL::numeric AS booked,
            l.currency <> c.currency AS abroad
        FROM fact_invoice_line l
        JOIN fact_company c ON c.source = l.source AND c.company_id = l.company_id
        LEFT JOIN fact_account a ON a.source = l.source AND a.account_id = l.account_id
        WHERE l.source = :source AND l.side = 'ar' AND coalesce(a.class, 'income') = 'income'
        UNION ALL
        SELECT l.company_id, NULL, -l.amount, false
        FROM fact_gl_line l
        JOIN fact_account a ON a.source = l.source AND a.account_id = l.account_id AND a.class = 'income'
        WHERE l.source = :source AND l.journal_type = 'sale' AND NOT l.is_closing) both_sides
    WHERE EXISTS (SELECT FROM fact_gl_line WHERE source = :source AND journal_type = 'sale')
    GROUP BY company_id"""
# Of the last twelve months: what moves between two accounts of cash is neither in nor out.
_CASH = """
    WITH cash AS (
        SELECT l.company_id, l.move_id, l.amount, l.date > CAST(:day AS date) - INTERVAL '1 year' AS within
        FROM fact_gl_line l
        JOIN fact_account a ON a.source = l.source AND a.account_id = l.account_id AND a.subtype = 'cash'
        WHERE l.source = :source AND l.date <= :day
    ), move AS (
        SELECT company_id, sum(amount) AS net FROM cash WHERE within GROUP BY company_id, move_id
    ), balance AS (
        SELECT company_id, coalesce(sum(amount) FILTER (WHERE NOT within), 0) AS opening,
            sum(amount) AS closing
        FROM cash GROUP BY company_id
    )
    SELECT b.company_id, coalesce(sum(m.net) FILTER (WHERE m.net > 0), 0)
            - coalesce(-sum(m.net) FILTER (WHERE m.net < 0), 0) AS found,
        b.closing - b.opening AS expected
    FROM balance b LEFT JOIN move m ON m.company_id = b.company_id
    GROUP BY b.company_id, b.opening, b.closing"""

_LEDGER = {"gl_line", "account"}
_CHECKS: dict[str, tuple[set[str], str]] = {
    "debits_and_credits": ({"gl_line"}, _UNBALANCED),
    "receivables": (
        _LEDGER | {"open_item", "settlement"},
        _CONTROL.format(side="ar", subtype="receivable", sign="+"),
    ),
    "payables": (
        _LEDGER | {"open_item", "settlement"},
        _CONTROL.format(side="ap", subtype="payable", sign="-"),
    ),
    "sales": (_LEDGER | {"invoice_line"}, _SALES),
    "cash": (_LEDGER, _CASH),
}
LOOKED_AT = {"company"}.union(*(views for views, _ in _CHECKS.values()))
SENTENCES = {
    "debits_and_credits": "{company}: debits are {found}, credits are {expected}.",
    "receivables": "{company}: open receivables are {found}, their accounts in the ledger {expected}.",
    "payables": "{company}: open payables are {found}, their accounts in the ledger {expected}.",
    "sales": "{company}: invoices and credit notes are {found}, sales in the ledger {expected}.",
    "cash": "{company}: cash in less cash out is {found}, the balance changed by {expected}.",
}
SHOWN_ON = {
    "debits_and_credits": {"ledger", "financial"},
    "receivables": {"receivables", "ledger", "financial"},
    "payables": {"payables", "ledger", "financial"},
    "sales": {"sales", "financial"},
    "cash": {"ledger", "financial"},
}


def tie_out(tx: Session, source: str, day: date, offered: Iterable[str]) -> list[Check]:
    """What should agree on this day, company by company, for the views that the source offers."""
    offered = set(offered)
    companies = {
        row.company_id: row
        for row in tx.execute(
            sa.text("SELECT company_id, name, currency FROM fact_company WHERE source = :source"),
            {"source": source},
        )
    }
    checks = []
    for name, (views, query) in _CHECKS.items():
        if not views <= offered:
            continue
        for row in tx.execute(sa.text(query), {"source": source, "day": day}).mappings():
            company = companies.get(row["company_id"])
            checks.append(
                Check(
                    name=name,
                    company_id=row["company_id"],
                    company=company.name if company else row["company_id"],
                    currency=company.currency if company else "",
                    found=row["found"] or Decimal(0),
                    expected=row["expected"] or Decimal(0),
                    allowed=row.get("allowed") or Decimal(0),
                    where=tuple(row.get("where") or ()),
                )
            )
    return checks
