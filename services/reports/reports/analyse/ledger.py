"""The ledger report's numbers: trial balance, movements by journal, balances, and the largest entries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from kit.fields import Line
from pydantic import Field
from sqlalchemy.orm import Session

from reports.analyse.books import RESULT, posted, shown_lines, unbalanced, year_began
from reports.analyse.detail import Detail, detail
from reports.analyse.keys import bucket, bucket_key, id_key, is_one, is_part
from reports.analyse.measure import (
    MOST_ROWS,
    ZERO,
    Layer,
    Measured,
    ends,
    first_day,
    flow,
    layers,
    standing,
    within,
)
from reports.analyse.scope import DatedFilters, Scope, scope_of
from reports.models import FACTS

MOST_ACCOUNTS = 500
JOURNALS = 5
LINES = 4
# What a balance over time is shown of without an account asked for: subtype, and the sign it is told with.
WATCHED = {"cash": 1, "receivable": 1, "inventory": 1, "payable": -1}


class LedgerFilters(DatedFilters):
    """`account` are codes, or what they begin with; `journal` are types of journals."""

    account: list[Line] | None = Field(default=None, min_length=1, max_length=50)
    journal: list[Line] | None = Field(default=None, min_length=1, max_length=20)


@dataclass(frozen=True)
class Turnover:
    debit: Decimal | None = None
    credit: Decimal | None = None
    entries: int = 0

    @classmethod
    def of(cls, row: Any) -> "Turnover":
        if row is None:
            return cls(ZERO, ZERO)
        return cls(row.debit, row.credit, row.entries)

    @property
    def count(self) -> Decimal | None:
        return None if self.debit is None else Decimal(self.entries)


@dataclass(frozen=True)
class Balance:
    """An account: opening, debit, credit, year-end `closings`, and closing balance, which they add up to."""

    account_id: str | None
    code: str | None
    name: str | None
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closings: Decimal

    @property
    def closing(self) -> Decimal:
        return self.opening + self.debit - self.credit + self.closings


@dataclass(frozen=True)
class Entry:
    move_id: str
    doc_no: str | None
    date: date
    text: str | None
    debit: Decimal


@dataclass(frozen=True)
class Ledger:
    """`accounts` are the first of `many`, by code, and `total` is of all; `earlier` is the result of earlier
    years that no closing move has carried to equity."""

    scope: Scope
    turnover: Measured[Turnover]
    accounts: list[Balance]
    total: Balance
    many: int
    journals: list[Layer]
    balances: list[Layer]
    entries: list[Entry]
    unbalanced: int
    wrong: list[Any]
    unmapped: int


class Books:
    """The ledger as the scope narrows it."""

    def __init__(self, tx: Session, scope: Scope, filters: LedgerFilters) -> None:
        self.tx, self.scope, self.filters = tx, scope, filters
        self.every = posted(scope).cte("every")
        c = self.every.c
        scope.rates.refuse_missing(tx, self.every, "date")
        query = sa.select(self.every)
        if filters.account is not None:
            query = query.where(
                sa.or_(*(c.code.startswith(code, autoescape=True) for code in filters.account))
            )
        if filters.journal is not None:
            query = query.where(c.journal_type.in_(filters.journal))
        self.facts = query.cte("lines")
        self.line = self.facts.c
        self.credit = self.line.debit - self.line.amount
        self.ordinary = ~self.line.is_closing
        self.first = first_day(tx, self.facts, "date")

    def turnover(self) -> Measured[Turnover]:
        line = self.line

        def sums(when: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
            ordinary = when & self.ordinary
            return {
                "debit": sa.func.sum(line.debit).filter(ordinary),
                "credit": sa.func.sum(self.credit).filter(ordinary),
                "entries": sa.func.count(line.move_id.distinct()).filter(ordinary),
            }

        return flow(self.tx, self.scope, self.facts, sums, Turnover.of, first=self.first)

    def accounts(self) -> tuple[list[Balance], Balance, int]:
        """Those with a balance or a movement, by code; what they all come to; and how many there are."""
        line, known = self.line, self.scope.known
        began = year_began(self.scope, line.company_id, known.start)
        anew = line["class"].in_(RESULT) & (line.date < began)
        in_period = within(self.facts, "date", known)

        def sums(when: sa.ColumnElement[bool], amount: sa.ColumnElement[Any] | None = None) -> Any:
            summed = sa.func.sum(line.amount if amount is None else amount)
            return sa.func.coalesce(summed.filter(when), 0)

        amounts = {
            "opening": sums((line.date < known.start) & ~sa.func.coalesce(anew, False)),
            "debit": sums(in_period & self.ordinary, line.debit),
            "credit": sums(in_period & self.ordinary, self.credit),
            "closings": sums(in_period & line.is_closing),
        }
        columns = [column.label(name) for name, column in amounts.items()]
        until = line.date <= known.end
        earlier = self.tx.scalar(sa.select(sums((line.date < known.start) & anew)).where(until)) or ZERO
        whole = self.tx.execute(sa.select(*columns).where(until)).one()
        found = (
            sa.select(
                line.account_id,
                sa.func.min(line.code).label("code"),
                sa.func.min(line.name).label("name"),
                *columns,
            )
            .where(until)
            .group_by(line.account_id)
            .having(sa.or_(*(column != 0 for column in amounts.values())))
            .subquery()
        )
        f = found.c
        rows = self.tx.execute(
            sa.select(found, sa.func.count().over().label("many"))
            .order_by(f.code.nulls_last(), f.account_id)
            .limit(MOST_ACCOUNTS)
        ).all()
        shown = [
            Balance(row.account_id, row.code, row.name, row.opening, row.debit, row.credit, row.closings)
            for row in rows
        ]
        if earlier:
            shown.append(Balance(None, None, None, earlier, ZERO, ZERO, ZERO))
        total = Balance(None, None, None, whole.opening + earlier, whole.debit, whole.credit, whole.closings)
        return shown, total, (rows[0].many if rows else 0) + bool(earlier)

    def journals(self) -> list[Layer]:
        debit = sa.func.sum(self.line.debit)
        return layers(self.tx, self.scope, self.facts, "journal_type", debit, self.ordinary, JOURNALS)

    def balances(self) -> list[Layer]:
        """Balances at the end of each month: of the accounts asked for, or of those that are watched."""
        group, days = ("account_id" if self.filters.account else "subtype"), ends(self.scope)
        stands = self._standing(group)
        if stands is None or self.first is None:
            return []
        found = standing(self.tx, self.scope, stands, days, [group], closing_rate=False)
        last = found[days[-1]]
        names = [name for (name,) in last]
        if group == "subtype":
            chosen = [name for name in WATCHED if name in names]
        else:
            chosen = sorted(names, key=lambda name: (-abs(last[(name,)]), name))[:LINES]
        unit, shown = self.scope.period.unit, []
        for name in chosen:
            sign = WATCHED.get(name, 1)
            values = {
                bucket_key(period, unit): sign * found[day].get((name,), ZERO)
                for period, day in zip(self.scope.period.buckets(), days, strict=False)
                if self.first <= day
            }
            shown.append(Layer(id_key(name), self._name(name) if group == "account_id" else name, values))
        return shown

    def _standing(self, group: str) -> sa.CTE | None:
        """The lines of balance sheet accounts; those of results begin anew each year."""
        line = self.line
        lasting = line["class"].not_in(RESULT) & line[group].is_not(None)
        if group == "subtype":
            lasting &= line.subtype.in_(WATCHED) & line["class"].in_(("asset", "liability"))
        return sa.select(self.facts).where(lasting).cte("lasting")

    def _name(self, account_id: str) -> str | None:
        account = FACTS["account"].c
        return self.tx.scalar(
            sa.select(account.code + " " + account.name).where(
                account.source == self.scope.source, account.account_id == account_id
            )
        )

    def entries(self) -> list[Entry]:
        line = self.line
        debit = sa.func.sum(line.debit)
        rows = self.tx.execute(
            sa.select(
                line.move_id,
                sa.func.min(line.doc_no).label("doc_no"),
                sa.func.min(line.date).label("date"),
                sa.func.min(line.description).label("text"),
                debit.label("debit"),
            )
            .where(self.ordinary & within(self.facts, "date", self.scope.known))
            .group_by(line.company_id, line.move_id)
            .having(debit > 0)
            .order_by(sa.desc("debit"), line.move_id)
            .limit(MOST_ROWS)
        )
        return [Entry(*row) for row in rows]

    def wrong(self) -> tuple[int, list[Any]]:
        return unbalanced(self.tx, self.every, within(self.every, "date", self.scope.known), MOST_ROWS)

    def unmapped(self) -> int:
        c = self.every.c
        in_period = within(self.every, "date", self.scope.known)
        return self.tx.scalar(sa.select(sa.func.count()).where(in_period, c["class"].is_(None))) or 0

    # --- rows --------------------------------------------------------------------------------------

    def rows(self, chart: str, key: str, siblings: Iterable[str]) -> Detail | None:
        line, (slot, _, group) = self.line, key.partition("|")
        amount: tuple[str, sa.ColumnElement[Any]] = ("Debit", line.debit)
        if chart == "journals":
            if (span := bucket(self.scope, slot)) is None:
                return None
            in_span = within(self.facts, "date", span)
            when = self.ordinary & in_span & is_part(line.journal_type, key, siblings)
        elif chart == "balances":
            if (span := bucket(self.scope, slot)) is None:
                return None
            column = line.account_id if self.filters.account else line.subtype
            name = group.removeprefix("id:")
            when = (line.date <= span.end) & line["class"].not_in(RESULT) & (column == name)
            if not self.filters.account:
                when &= line["class"].in_(("asset", "liability"))
            amount = ("Amount", WATCHED.get(name, 1) * line.amount)
        elif chart == "entries":
            when = self.ordinary & is_one(line.move_id, key, siblings)
        elif chart == "accounts":
            when = within(self.facts, "date", self.scope.known) & is_one(line.account_id, key, siblings)
            amount = ("Amount", line.amount)
        else:
            return None
        shown = shown_lines(self.scope, line, *amount)
        if amount[0] == "Debit":
            shown.append(("credit", "Credit", "money", self.credit))
        return detail(shown, line.line_id, line.date, when)


def analyse(tx: Session, source: str, asked: dict[str, Any], filters: LedgerFilters, today: date) -> Ledger:
    """
    Raises:
        Invalid: see `scope_of`.
    """
    scope = scope_of(tx, source, asked, filters, today)
    books = Books(tx, scope, filters)
    accounts, total, many = books.accounts()
    count, wrong = books.wrong()
    return Ledger(
        scope=scope,
        turnover=books.turnover(),
        accounts=accounts,
        total=total,
        many=many,
        journals=books.journals(),
        balances=books.balances(),
        entries=books.entries(),
        unbalanced=count,
        wrong=wrong,
        unmapped=books.unmapped(),
    )


def rows(
    tx: Session, scope: Scope, filters: LedgerFilters, chart: str, key: str, siblings: Iterable[str]
) -> Detail | None:
    """The lines behind a point of a chart, or of an account of the trial balance."""
    return Books(tx, scope, filters).rows(chart, key, siblings)
