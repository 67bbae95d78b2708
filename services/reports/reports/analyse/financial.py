"""The financial report's numbers: income statement, balance sheet, and cash that came and went.

The income statement has the posted lines of the period but for closing moves, each at the rate of its date.
The balance sheet is all lines up to the last day at that day's closing rate; what no closing move has carried
to equity yet is shown as the result of the year, and of earlier years. Income, liabilities and equity are
shown positive, and so is what adds to the result.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from kit.fields import Line
from pydantic import Field
from sqlalchemy.orm import Session

from reports.analyse.books import (
    ASSETS,
    LIABILITIES,
    RESULT,
    RESULT_SECTIONS,
    posted,
    shown_lines,
    year_began,
)
from reports.analyse.budget import Planned, planned
from reports.analyse.detail import Detail, detail, named
from reports.analyse.keys import bucket, is_one
from reports.analyse.measure import (
    ZERO,
    Measured,
    ends,
    first_day,
    flow,
    part,
    ratio,
    standing,
    within,
)
from reports.analyse.period import Period
from reports.analyse.scope import BUDGET, DatedFilters, Scope, scope_of

GROSS = ("revenue", "cogs")
OPERATING = (*GROSS, "other_income", "personnel", "opex", "depreciation")
SUMS = {"gross_profit": GROSS, "operating_result": OPERATING, "net_profit": RESULT_SECTIONS}


class FinancialFilters(DatedFilters):
    """`scenario` is of the budget, which the numbers can be compared with too."""

    comparisons: ClassVar[tuple[str, ...]] = (*DatedFilters.comparisons, BUDGET)
    scenario: Line | None = Field(default=None, max_length=200)


@dataclass(frozen=True)
class Result:
    """What each section adds to the result: income is positive, cost negative. Empty if nothing is known."""

    sections: dict[str, Decimal]

    @classmethod
    def of(cls, row: Any) -> "Result":
        if row is None:
            return cls(dict.fromkeys(RESULT_SECTIONS, ZERO))
        if not row.lines:
            return cls({})
        return cls({name: getattr(row, name) or ZERO for name in RESULT_SECTIONS})

    def sum(self, names: Iterable[str]) -> Decimal | None:
        return sum((self.sections.get(n, ZERO) for n in names), ZERO) if self.sections else None

    @property
    def revenue(self) -> Decimal | None:
        return self.sum(["revenue"])

    @property
    def gross(self) -> Decimal | None:
        return self.sum(GROSS)

    @property
    def operating(self) -> Decimal | None:
        return self.sum(OPERATING)

    @property
    def ebitda(self) -> Decimal | None:
        return self.sum(name for name in OPERATING if name != "depreciation")

    @property
    def net(self) -> Decimal | None:
        return self.sum(RESULT_SECTIONS)

    @property
    def gross_margin(self) -> Decimal | None:
        return part(self.gross, self.revenue)

    @property
    def operating_margin(self) -> Decimal | None:
        return part(self.operating, self.revenue)


@dataclass(frozen=True)
class Account:
    """An account of the income statement; `planned` is its budget."""

    id: str
    code: str | None
    name: str | None
    section: str
    now: Decimal
    other: Decimal | None
    planned: Decimal | None


@dataclass(frozen=True)
class Position:
    """The balance sheet of a day, by section. `year` and `earlier` are results that are not closed yet.

    `difference` is what is left: of translation where money was converted, else of lines that stand on no
    account of the balance sheet or the result.
    """

    day: date
    sections: dict[str, Decimal]
    year: Decimal
    earlier: Decimal
    closed: bool

    def sum(self, names: Iterable[str]) -> Decimal:
        return sum((self.sections.get(name, ZERO) for name in names), ZERO)

    @property
    def assets(self) -> Decimal:
        return self.sum(ASSETS)

    @property
    def liabilities(self) -> Decimal:
        return self.sum(LIABILITIES)

    @property
    def equity(self) -> Decimal:
        """With results and what is left, so that both sides are equal."""
        return self.assets - self.liabilities

    @property
    def difference(self) -> Decimal:
        return self.equity - self.sections.get("equity", ZERO) - self.year - self.earlier

    @property
    def current_ratio(self) -> Decimal | None:
        return ratio(self.assets - self.sum(["fixed_asset"]), self._current_liabilities)

    @property
    def quick_ratio(self) -> Decimal | None:
        return ratio(self.sum(["cash", "receivable"]), self._current_liabilities)

    @property
    def gearing(self) -> Decimal | None:
        return ratio(self.liabilities, self.equity)

    @property
    def _current_liabilities(self) -> Decimal:
        return self.liabilities - self.sum(["debt"])


@dataclass(frozen=True)
class Cash:
    """Moves of the cash accounts, what one moves between them netted."""

    came: Decimal | None = None
    went: Decimal | None = None

    @classmethod
    def of(cls, row: Any) -> "Cash":
        if row is None:
            return cls(ZERO, ZERO)
        return cls(row.came or ZERO, row.went or ZERO) if row.moves else cls()

    @property
    def net(self) -> Decimal | None:
        return None if self.came is None or self.went is None else self.came - self.went


@dataclass(frozen=True)
class Financial:
    """`cash_at` is the cash at the end of each month (or day), and of the day before the period."""

    scope: Scope
    result: Measured[Result]
    accounts: list[Account]
    budget: Planned | None
    positions: dict[str, Position]
    cash: Measured[Cash]
    cash_at: dict[date, Decimal]
    unmapped: int

    @property
    def planned(self) -> Result | None:
        """The budget of the known period, if it is planned wholly."""
        if self.budget is None or not self.budget.covers(self.scope.known):
            return None
        return Result(self.budget.sections(self.scope.known))

    @property
    def compared(self) -> Result | None:
        """What the result is compared with first."""
        if self.scope.compare == BUDGET:
            return self.planned
        return self.result.total.get(self.scope.compare)


class Books:
    """The ledger as statements read it."""

    def __init__(self, tx: Session, scope: Scope) -> None:
        self.tx, self.scope = tx, scope
        self.facts = posted(scope).cte("lines")
        self.line = line = self.facts.c
        self.counted = line["class"].in_(RESULT) & ~line.is_closing
        self.first = first_day(tx, self.facts, "date")
        at_cash = (line.subtype == "cash") & (line["class"] == "asset")
        scope.rates.refuse_missing(tx, self.facts, "date", self.counted | at_cash, line.date >= scope.first)
        columns = (line.company_id, line.move_id, line.date)
        net = sa.func.sum(line.amount)
        self.moves = (
            sa.select(
                *columns,
                net.label("net"),
                sa.func.sum(line.own_amount).label("own"),
                sa.func.min(line.doc_no).label("doc_no"),
                sa.func.min(line.description).label("description"),
            )
            .where(at_cash)
            .group_by(*columns)
            .cte("moves")
        )

    def result(self) -> Measured[Result]:
        line = self.line

        def sums(when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
            counted = when & self.counted
            of_section = {
                name: sa.func.sum(-line.amount).filter(counted & (line.section == name))
                for name in RESULT_SECTIONS
            }
            return {**of_section, "lines": sa.func.count().filter(counted)}

        return flow(self.tx, self.scope, self.facts, sums, Result.of, first=self.first)

    def accounts(self, budget: Planned | None) -> list[Account]:
        """Every account of the result with lines in the period or what it is compared with, or a budget."""
        line, scope = self.line, self.scope
        earlier = scope.earlier.get(scope.compare)
        compared = earlier is not None and self.first is not None and self.first <= earlier.span.start
        now = self.counted & within(self.facts, "date", scope.known)
        other = self.counted & within(self.facts, "date", earlier.span) if earlier else sa.false()
        plan = budget.of(scope.known) if budget and budget.covers(scope.known) else None
        amounts = (
            sa.func.coalesce(sa.func.sum(-line.amount).filter(when), 0).label(name)
            for name, when in (("now", now), ("other", other))
        )
        rows = self.tx.execute(
            sa.select(line.account_id, line.code, line.name, line.section, *amounts)
            .where(now | other)
            .group_by(line.account_id, line.code, line.name, line.section)
            .order_by(line.code, line.account_id)
        ).all()
        found = []
        for row in rows:
            intended = None if plan is None else plan.pop((row.account_id, row.section), ZERO)
            before = row.other if compared else None
            found.append(Account(row.account_id, row.code, row.name, row.section, row.now, before, intended))
        for (id, section), amount in sorted((plan or {}).items()):
            if amount:
                code, name = self._account(id)
                nothing = ZERO if compared else None
                found.append(Account(id, code, name, section, ZERO, nothing, amount))
        return found

    def _account(self, id: str) -> tuple[str | None, str | None]:
        one = sa.literal(id)
        return (
            self.tx.scalar(sa.select(named(self.scope, "account", one, "code"))),
            self.tx.scalar(sa.select(named(self.scope, "account", one))),
        )

    def _balances(self, day: date) -> sa.CTE:
        """Each account's balance at the end of the day, with its sign on the balance sheet, by the `part` of
        it: a section, or the result of the `year` or of `earlier` ones."""
        line, stamps = self.line, self.scope.rates.stamps(self.tx, [day])
        of_year = line.date >= year_began(self.scope, line.company_id, day)
        of_result = line["class"].in_(RESULT)
        part_of = sa.case((of_result & of_year, "year"), (of_result, "earlier"), else_=line.section)
        sign = sa.case((line["class"] == "asset", 1), else_=-1)
        own, rate = sa.func.sum(sign * line.own_amount), stamps.c.rate
        amount: sa.ColumnElement[Any] = own
        if self.scope.rates.converted:
            # The result of the year is the income statement's: at the rates of its dates, nothing if closed.
            at_dates = sa.case((own != 0, sa.func.sum(sign * line.amount)), else_=0)
            amount = sa.case((part_of == "year", at_dates), else_=sa.func.round(own * rate, 2))
        columns = (line.account_id, line.code, line.name, line.company_id, part_of.label("part"))
        return (
            sa.select(*columns, amount.label("amount"), sa.func.max(line.date).label("last"))
            .select_from(self.facts.join(stamps, line.company_id == stamps.c.company_id))
            .where(line.date <= day)
            .group_by(*columns, rate)
            .cte("balances")
        )

    def position(self, span: Period) -> Position:
        """The balance sheet of the last day."""
        day, line = span.end, self.line
        balance = self._balances(day).c
        sums: dict[str | None, Decimal] = {
            row.part: row.amount
            for row in self.tx.execute(
                sa.select(balance.part, sa.func.sum(balance.amount).label("amount")).group_by(balance.part)
            )
        }
        of_year = line.date.between(year_began(self.scope, line.company_id, day), day)
        closed = self.tx.scalar(sa.select(sa.exists().where(line.is_closing, of_year)))
        sections = {name: sums.get(name, ZERO) for name in (*ASSETS, *LIABILITIES, "equity")}
        year, earlier = sums.get("year", ZERO), sums.get("earlier", ZERO)
        return Position(day, sections, year, earlier, bool(closed))

    def cash(self) -> Measured[Cash]:
        move = self.moves.c

        def sums(when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
            return {
                "came": sa.func.sum(move.net).filter(when & (move.net > 0)),
                "went": sa.func.sum(-move.net).filter(when & (move.net < 0)),
                "moves": sa.func.count().filter(when),
            }

        return flow(self.tx, self.scope, self.moves, sums, Cash.of, first=self.first)

    def cash_at(self) -> dict[date, Decimal]:
        days = [self.scope.known.start - timedelta(1), *ends(self.scope)]
        known = [day for day in days if self.first and self.first <= day]
        found = standing(self.tx, self.scope, self.moves, known, [], amount="own")
        return {day: stood.get((), ZERO) for day, stood in found.items()}

    def unmapped(self) -> int:
        """Lines up to the last day on accounts that belong to no statement."""
        off = sa.func.coalesce(self.line["class"], "") != "off"
        where = self.line.section.is_(None) & off & (self.line.date <= self.scope.known.end)
        return self.tx.scalar(sa.select(sa.func.count()).where(where)) or 0

    # --- rows --------------------------------------------------------------------------------------

    def rows(self, chart: str, key: str, siblings: Iterable[str]) -> Detail | None:
        line, (slot, _, way) = self.line, key.partition("|")
        if chart == "balance":
            return self._balance_rows(key)
        if chart == "result":
            when = within(self.facts, "date", self.scope.known)
            if key.startswith("id:"):
                when &= is_one(line.account_id, key, siblings)
            else:
                when &= line.section.in_(SUMS.get(key, (key,)))
        else:
            if (span := bucket(self.scope, slot)) is None:
                return None
            if chart == "cash":
                return self._cash_rows(span, way)
            if chart != "revenue":
                return None
            when = within(self.facts, "date", span) & (line.section == "revenue")
        shown = shown_lines(self.scope, line, "Amount", -line.amount)
        return detail(shown, line.line_id, line.date, self.counted & when)

    def _balance_rows(self, key: str) -> Detail:
        balance = self._balances(self.scope.known.end).c
        shown = [
            ("code", "Account", "text", balance.code),
            ("account", "Account name", "text", sa.func.coalesce(balance.name, balance.account_id)),
            ("last", "Last entry", "date", balance.last),
            ("amount", "Balance", "money", balance.amount),
        ]
        if key == "difference" and self.scope.rates.converted:
            return detail(shown[:3], balance.account_id, balance.last, sa.false())  # no row is a part of it
        of_key = balance.part.is_(None) if key == "difference" else balance.part == key
        return detail(shown, balance.account_id, balance.last, of_key & (balance.amount != 0))

    def _cash_rows(self, span: Period, way: str) -> Detail:
        move = self.moves.c
        side = {"in": move.net > 0, "out": move.net < 0}.get(way, move.net != 0)
        shown = [
            ("date", "Date", "date", move.date),
            ("entry", "Entry", "text", move.doc_no),
            ("text", "Text", "text", move.description),
            ("amount", "Amount", "money", -move.net if way == "out" else move.net),
        ]
        return detail(shown, move.move_id, move.date, side & within(self.moves, "date", span))


def analyse(
    tx: Session, source: str, asked: dict[str, Any], filters: FinancialFilters, today: date
) -> Financial:
    """
    Raises:
        Invalid: see `scope_of`.
    """
    scope = scope_of(tx, source, asked, filters, today)
    books = Books(tx, scope)
    budget = planned(tx, scope, filters.scenario)
    return Financial(
        scope=scope,
        result=books.result(),
        accounts=books.accounts(budget),
        budget=budget,
        positions=scope.each(books.position, books.first, standing=True),
        cash=books.cash(),
        cash_at=books.cash_at(),
        unmapped=books.unmapped(),
    )


def rows(
    tx: Session, scope: Scope, filters: FinancialFilters, chart: str, key: str, siblings: Iterable[str]
) -> Detail | None:
    """The lines, accounts or moves of cash behind a point of a chart, or of an account of the result."""
    return Books(tx, scope).rows(chart, key, siblings)
