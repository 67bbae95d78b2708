"""Money in the currency of a report: converted by dated rates, never silently added."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

import sqlalchemy as sa
from kit.errors import Invalid
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from reports.models import FACTS


class _Company(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True)
class Rates:
    """Rates into the report's currency: of each day the last known on or before it.

    A rate that is kept the other way round is turned over; without either, one by way of a currency in which
    some company of the source keeps its books.
    """

    source: str
    currency: str
    own: dict[str, str]
    every: dict[str, str]

    @classmethod
    def of(
        cls, source: str, currency: str, companies: Iterable[_Company], every: Iterable[_Company]
    ) -> "Rates":
        """
        Args:
            companies: those reported on.
            every: all of the source; rates are kept in their currencies.
        """
        return cls(source, currency, {c.id: c.currency for c in companies}, {c.id: c.currency for c in every})

    @property
    def converted(self) -> list[str]:
        """The currencies of the companies that are not the report's."""
        return sorted(set(self.own.values()) - {self.currency})

    def convert(
        self,
        query: sa.Select[Any],
        table: sa.Table,
        money: dict[str, sa.ColumnElement[Any]],
        on: sa.ColumnElement[Any],
        today: date,
    ) -> sa.Select[Any]:
        """The query with these amounts, at the rate of the day `on`; what lies ahead has today's."""
        if not self.converted:
            amounts = [amount.label(name) for name, amount in money.items()]
            return query.add_columns(*amounts, sa.null().cast(sa.Text).label("unrated"))
        company, daily = FACTS["company"], self._daily(today).cte("daily")
        joined = table.join(
            company, (company.c.source == table.c.source) & (company.c.company_id == table.c.company_id)
        ).outerjoin(
            daily,
            (daily.c.currency == company.c.currency) & (daily.c.day == sa.func.least(on, today)),
        )
        same = company.c.currency == self.currency
        return query.select_from(joined).add_columns(
            *(
                sa.case((same, amount), else_=sa.func.round(amount * daily.c.rate, 2)).label(name)
                for name, amount in money.items()
            ),
            sa.case((~same & daily.c.rate.is_(None), company.c.currency)).label("unrated"),
        )

    def refuse_missing(self, tx: Session, facts: sa.CTE, day: str, *where: sa.ColumnElement[bool]) -> None:
        """
        Raises:
            Invalid: one of these facts, of which `convert` made the amounts, has no rate.
        """
        if not self.converted:
            return
        missing = tx.execute(
            sa.select(facts.c.unrated, sa.func.min(facts.c[day]).label("day"))
            .where(facts.c.unrated.is_not(None), *where)
            .group_by(facts.c.unrated)
        ).first()
        if missing:
            raise self._no_rate(missing.unrated, missing.day)

    def closing(self, tx: Session, days: Iterable[date]) -> dict[date, dict[str, Decimal]]:
        """The rate of each company on each of these days.

        Raises:
            Invalid: there is none.
        """
        every = sorted(set(days))
        if not self.converted or not every:
            return {day: dict.fromkeys(self.own, Decimal(1)) for day in every}
        daily = self._daily(every[-1]).subquery()
        found = {
            (row.day, row.currency): row.rate
            for row in tx.execute(sa.select(daily).where(daily.c.day.in_(every)))
        }
        for day in every:
            found[day, self.currency] = Decimal(1)
            if missing := [currency for currency in self.converted if (day, currency) not in found]:
                raise self._no_rate(missing[0], day)
        return {day: {id: found[day, currency] for id, currency in self.own.items()} for day in every}

    def stamps(self, tx: Session, days: Iterable[date]) -> sa.CTE:
        """Days and companies with their closing rates, as rows to join: `day`, `company_id`, `rate`."""
        rows = [
            (day, id, rate) for day, rates in self.closing(tx, days).items() for id, rate in rates.items()
        ]
        columns = (sa.column("day", sa.Date), sa.column("company_id", sa.Text), sa.column("rate", sa.Numeric))
        return sa.select(sa.values(*columns, name="stamp").data(rows)).cte("stamps")

    def _no_rate(self, currency: str, day: date) -> Invalid:
        why = f"No rate from {currency} to {self.currency} is known for {day}."
        return Invalid("no_exchange_rate", why, [{"loc": ["filters", "currency"], "msg": why}])

    def _daily(self, until: date) -> sa.Select[Any]:
        """A rate for each currency to convert and each day."""
        fx, company = FACTS["fx_rate"].c, FACTS["company"].c
        useful = {*self.every.values(), self.currency}
        # A rate that names no company is meant for all, which is only clear where they keep one currency.
        same = company.company_id == fx.company_id
        if len(set(self.every.values())) == 1:
            same = same | fx.company_id.is_(None)
        kept = (
            sa.select(fx.currency.label("source"), company.currency.label("target"), fx.date, fx.rate)
            .ext(distinct_on(fx.currency, company.currency, fx.date))
            .join(FACTS["company"], (company.source == fx.source) & same)
            .where(
                fx.source == self.source,
                fx.currency.in_(useful),
                fx.currency != company.currency,
                fx.rate > 0,
                fx.date <= until,
            )
            .order_by(fx.currency, company.currency, fx.date, company.company_id)
            .cte("kept")
        )
        k = kept.c
        until_next = sa.func.lead(k.date - 1, 1, until).over(
            partition_by=(k.source, k.target), order_by=k.date
        )
        ranges = sa.select(k.source, k.target, k.rate, k.date, until_next.label("until")).subquery()
        r = ranges.c
        day = sa.cast(sa.func.generate_series(r.date, r.until, sa.text("interval '1 day'")), sa.Date)
        days = sa.select(r.source, r.target, r.rate, day.label("day")).cte("days")
        ways = sa.union_all(
            sa.select(days.c.source, days.c.target, days.c.day, days.c.rate, sa.literal(0).label("detour")),
            sa.select(days.c.target, days.c.source, days.c.day, 1 / days.c.rate, sa.literal(1)),
        ).cte("ways")
        first, second = ways.alias(), ways.alias()
        through = sa.select(
            first.c.source, first.c.day, first.c.rate * second.c.rate, first.c.detour + second.c.detour + 2
        ).join(second, (second.c.source == first.c.target) & (second.c.day == first.c.day))
        found = sa.union_all(
            sa.select(ways.c.source.label("currency"), ways.c.day, ways.c.rate, ways.c.detour).where(
                ways.c.target == self.currency, ways.c.source.in_(self.converted)
            ),
            through.where(second.c.target == self.currency, first.c.source.in_(self.converted)),
        ).subquery()
        f = found.c
        return (
            sa.select(f.currency, f.day, f.rate)
            .ext(distinct_on(f.currency, f.day))
            .order_by(f.currency, f.day, f.detour, f.rate)
        )
