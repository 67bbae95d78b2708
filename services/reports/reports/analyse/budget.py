"""What was planned for the accounts of the result, where the source has a budget."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reports.analyse.books import section
from reports.analyse.measure import ZERO, cents
from reports.analyse.period import Period, month_end
from reports.analyse.scope import Scope
from reports.models import FACTS


@dataclass(frozen=True)
class Planned:
    """`months` has each month's plan by account and section, in the sign of the result."""

    scenario: str
    months: dict[date, dict[tuple[str, str], Decimal]]

    def covers(self, span: Period) -> bool:
        """Whether every month of these days is planned."""
        return all(month in self.months for month, _ in _shares(span))

    def of(self, span: Period) -> dict[tuple[str, str], Decimal]:
        """The plan of these days by account and section; of a month in part, by its days."""
        found: dict[tuple[str, str], Decimal] = {}
        for month, share in _shares(span):
            for key, amount in self.months.get(month, {}).items():
                found[key] = found.get(key, ZERO) + amount * share
        return {key: cents(amount) for key, amount in found.items()}

    def sections(self, span: Period) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for (_, name), amount in self.of(span).items():
            found[name] = found.get(name, ZERO) + amount
        return found


def _shares(span: Period) -> Iterable[tuple[date, Decimal]]:
    """Each month that the days lie in, and the part of it that they are."""
    month = span.start.replace(day=1)
    while month <= span.end:
        first, last = max(month, span.start), min(month_end(month), span.end)
        days = calendar.monthrange(month.year, month.month)[1]
        yield month, Decimal((last - first).days + 1) / days
        month = month_end(month) + timedelta(1)


def planned(tx: Session, scope: Scope, scenario: str | None) -> Planned | None:
    """The plan of the scenario asked for, or of the one that reaches furthest; None if there is none.

    Raises:
        Invalid: a rate of exchange is missing.
    """
    plan, account = FACTS["budget"].c, FACTS["account"]
    of_account = (account.c.source == plan.source) & (account.c.account_id == plan.account_id)
    rows = (
        scope.rows(
            "budget",
            {name: plan[name] for name in ("account_id", "scenario", "month")},
            {"amount": plan.amount},
            on=plan.month,
        )
        .join(account, of_account)
        .add_columns(section(account.c).label("section"))
        .cte("plan")
    )
    p = rows.c
    if scenario is None:
        furthest = sa.select(p.scenario).order_by(p.month.desc(), p.scenario).limit(1)
        scenario = tx.scalar(furthest)
        if scenario is None:
            return None
    wanted = (p.scenario == scenario) & p.section.is_not(None)
    scope.rates.refuse_missing(tx, rows, "month", wanted, p.month >= scope.known.start.replace(day=1))
    month = sa.cast(sa.func.date_trunc("month", p.month), sa.Date)
    found: dict[date, dict[tuple[str, str], Decimal]] = {}
    for row in tx.execute(
        sa.select(month.label("month"), p.account_id, p.section, sa.func.sum(-p.amount).label("amount"))
        .where(wanted, p.month >= scope.known.start.replace(day=1), p.month <= scope.known.end)
        .group_by(month, p.account_id, p.section)
    ):
        found.setdefault(row.month, {})[row.account_id, row.section] = row.amount or ZERO
    return Planned(scenario, found) if found else None
