"""The posted lines of the ledger and their accounts: what the ledger and the financial report have in common.

An amount is debit less credit. A year's closing moves, which carry its result to equity, are no part of what
happened in it.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reports.analyse.detail import named
from reports.analyse.period import fiscal_year
from reports.analyse.scope import Scope
from reports.models import FACTS

NEEDS = ("company", "account", "gl_line")
RESULT = ("income", "expense")  # classes whose balance is the result, and begins anew each year


def posted(scope: Scope) -> sa.Select[Any]:
    """The lines with their account's code, name, class and subtype; `amount` is in the report's currency, at
    the rate of its date, `own_amount` in the company's."""
    line, account = FACTS["gl_line"].c, FACTS["account"]
    names = "line_id company_id move_id doc_no date account_id party_id journal_type is_closing description"
    columns = {name: line[name] for name in names.split()}
    # A reversal may have been booked as a negative debit; where the source doesn't say, its sign tells.
    debit = sa.func.coalesce(line.debit, sa.func.greatest(line.amount, 0))
    money = {"amount": line.amount, "debit": debit}
    query = scope.rows("gl_line", {**columns, "own_amount": line.amount}, money, line.date)
    of_line = (account.c.source == line.source) & (account.c.account_id == line.account_id)
    return query.outerjoin(account, of_line).add_columns(
        *(account.c[name] for name in ("code", "name", "class", "subtype")),
        section(account.c).label("section"),
    )


# Where an account's balance belongs: by subtype where its class has that, else with all others of the class.
RESULT_SECTIONS = (
    "revenue",
    "cogs",
    "other_income",
    "personnel",
    "opex",
    "depreciation",
    "finance",
    "tax",
)
ASSETS = ("cash", "receivable", "inventory", "other_asset", "fixed_asset")
LIABILITIES = ("payable", "tax_owed", "other_liability", "debt")
_SECTIONS = {
    "income": ({name: name for name in RESULT_SECTIONS}, "other_income"),
    "expense": ({name: name for name in RESULT_SECTIONS}, "opex"),
    "asset": ({name: name for name in ASSETS}, "other_asset"),
    "liability": ({"payable": "payable", "tax": "tax_owed", "finance": "debt"}, "other_liability"),
    "equity": ({}, "equity"),
}


def section(account: Any) -> sa.ColumnElement[Any]:
    """The part of a statement that an account belongs to; null for those off balance and those not known."""
    return sa.case(
        *(
            (account["class"] == name, sa.case(subtypes, value=account.subtype, else_=rest))
            if subtypes
            else (account["class"] == name, sa.literal(rest))
            for name, (subtypes, rest) in _SECTIONS.items()
        )
    )


def year_began(scope: Scope, company: sa.ColumnElement[Any], day: date) -> sa.ColumnElement[Any]:
    """When the fiscal year of a line's company that this day lies in began."""
    starts = {found.id: fiscal_year(day, found.fiscal_start) for found in scope.companies}
    if len(set(starts.values())) == 1:
        return sa.literal(next(iter(starts.values())), sa.Date)
    return sa.case(starts, value=company)


def shown_lines(
    scope: Scope, line: Any, title: str, amount: sa.ColumnElement[Any]
) -> list[tuple[str, str, str, sa.ColumnElement[Any]]]:
    """The columns of posted lines, as `detail` takes them.

    Args:
        title: of the amount.
    """
    return [
        ("date", "Date", "date", line.date),
        ("entry", "Entry", "text", line.doc_no),
        ("code", "Account", "text", line.code),
        ("account", "Account name", "text", sa.func.coalesce(line.name, line.account_id)),
        ("party", "Party", "text", named(scope, "party", line.party_id)),
        ("text", "Text", "text", line.description),
        ("amount", title, "money", amount),
    ]


def unbalanced(tx: Session, facts: sa.CTE, where: sa.ColumnElement[bool], most: int) -> tuple[int, list[Any]]:
    """How many moves don't sum to zero in their company's own currency, and the first of them."""
    c = facts.c
    wrong = (
        sa.select(
            c.company_id,
            c.move_id,
            sa.func.min(c.doc_no).label("doc_no"),
            sa.func.min(c.date).label("date"),
            sa.func.sum(c.own_amount).label("difference"),
        )
        .where(where)
        .group_by(c.company_id, c.move_id)
        .having(sa.func.sum(c.own_amount) != 0)
        .subquery()
    )
    rows = tx.execute(
        sa.select(wrong, sa.func.count().over().label("many"))
        .order_by(sa.func.abs(wrong.c.difference).desc(), wrong.c.move_id)
        .limit(most)
    ).all()
    return (rows[0].many if rows else 0), list(rows)
