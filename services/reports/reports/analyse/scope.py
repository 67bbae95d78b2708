"""What a report is about: its companies and their currency, its period, and what it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa
from kit.errors import Invalid
from kit.fields import Line
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy.orm import Session

from reports.analyse.money import Rates
from reports.analyse.period import Period, fiscal_year, months_before, resolve
from reports.models import FACTS

T = TypeVar("T")
NOW, YEAR_BEFORE, PREVIOUS, BUDGET = "now", "year_before", "previous_period", "budget"


class Filters(BaseModel):
    """What every report can be narrowed to.

    `currency` asks for conversion by dated rates; `compare` for what stands beside the numbers first, one of
    `comparisons`.
    """

    model_config = ConfigDict(extra="forbid")

    comparisons: ClassVar[tuple[str, ...]] = (YEAR_BEFORE, PREVIOUS)

    company_id: list[Line] | None = Field(default=None, min_length=1, max_length=50)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    compare: str | None = None

    @field_validator("compare")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in cls.comparisons:
            raise ValueError(f"compare is one of {', '.join(cls.comparisons)}")
        return value

    @property
    def day(self) -> date | None:
        """The day as of which the facts are read, where that can be chosen."""
        return None


class DatedFilters(Filters):
    """Of reports whose facts are all dated: they can be read as they stood on any day."""

    as_of: date | None = Field(default=None, ge=date(1900, 1, 1), le=date(2200, 12, 31))

    @property
    def day(self) -> date | None:
        return self.as_of


@dataclass(frozen=True)
class Company:
    id: str
    name: str
    currency: str
    fiscal_start: int


@dataclass(frozen=True)
class Earlier:
    """An earlier span beside the report's own: so many months before it, or so many days."""

    span: Period
    months: int = 0
    days: int = 0

    def day(self, day: date) -> date:
        return day - timedelta(self.days) if self.days else months_before(day, self.months)

    def end(self, day: date) -> date:
        """The day beside one at whose end something stands: a month's last is beside a month's last."""
        return Period(day, day).earlier(months=self.months, days=self.days).end

    def bucket(self, start: date, unit: str) -> date | None:
        """Where the month (or day) beside this one begins; None if there is none beside it."""
        if self.days:
            return None if unit == "month" else self.day(start)
        if unit == "month":
            return self.day(start.replace(day=1))
        found = self.day(start)
        return found if found.day == start.day else None  # 29 February has no day a year before


@dataclass(frozen=True)
class Scope:
    """What was asked for, resolved. `known` is the period as far as there are facts, which end `today`."""

    source: str
    companies: list[Company]
    currency: str
    period: Period
    known: Period
    today: date
    compare: str
    earlier: dict[str, Earlier]
    rates: Rates

    @property
    def company_ids(self) -> list[str]:
        return [company.id for company in self.companies]

    @cached_property
    def spans(self) -> dict[str, Period]:
        """The known period and what it is compared with, by name."""
        return {NOW: self.known, **{name: found.span for name, found in self.earlier.items()}}

    def each(self, of: Callable[[Period], T], first: date | None, *, standing: bool = False) -> dict[str, T]:
        """Something of each span, by name; of an earlier one that the facts don't cover there is none.

        Args:
            first: since when there are facts.
            standing: it is something of the span's last day, not of all its days.
        """
        made: dict[Period, T] = {}  # the year before and the previous period are often the same
        found = {}
        for name, span in self.spans.items():
            if first and (name == NOW or first <= (span.end if standing else span.start)):
                if span not in made:
                    made[span] = of(span)
                found[name] = made[span]
        return found

    @property
    def first(self) -> date:
        """The earliest day that the report asks for."""
        return min(span.start for span in self.spans.values())

    def rows(
        self,
        view: str,
        columns: dict[str, sa.ColumnElement[Any]],
        money: dict[str, sa.ColumnElement[Any]],
        on: sa.ColumnElement[Any],
    ) -> sa.Select[Any]:
        """A view's facts of these companies.

        Args:
            money: amounts in the company's currency; they come in the report's, at the rate of the day `on`,
                and as None where that isn't known, which `unrated` then names.
        """
        fact = FACTS[view].c
        query = sa.select(*(column.label(name) for name, column in columns.items())).where(
            fact.source == self.source, fact.company_id.in_(self.company_ids)
        )
        return self.rates.convert(query, FACTS[view], money, on, self.today)


def choose_companies(tx: Session, source: str, filters: Filters) -> tuple[list[Company], str, list[Company]]:
    """The companies reported on, the currency of the report, and all companies of the source.

    Raises:
        Invalid: a company is unknown, or their currencies differ and none was chosen.
    """
    company = FACTS["company"].c
    rows = tx.execute(
        sa.select(company.company_id, company.name, company.currency, company.fiscal_year_start_month)
        .where(company.source == source)
        .order_by(company.name, company.company_id)
    ).all()
    every = [Company(*row) for row in rows]
    asked = filters.company_id
    if asked and (unknown := set(asked) - {found.id for found in every}):
        raise wrong(
            "company_not_found", "company_id", f"There is no company {min(unknown)!r} in this source."
        )
    chosen = [found for found in every if not asked or found.id in asked]
    if not chosen:
        raise wrong("no_company", "company_id", "This source has no company.")
    currencies = sorted({found.currency for found in chosen})
    if filters.currency is None and len(currencies) > 1:
        these = ", ".join(f"{found.name} ({found.currency}: {found.id})" for found in chosen)
        raise wrong(
            "several_currencies",
            "company_id",
            f"These companies keep their books in different currencies, which are not added: {these}."
            " Choose companies of one currency, or a currency to convert to.",
        )
    return chosen, filters.currency or currencies[0], every


def wrong(code: str, field: str, why: str) -> Invalid:
    return Invalid(code, why, [{"loc": ["filters", field], "msg": why}])


def scope_of(tx: Session, source: str, asked: dict[str, Any], filters: Filters, today: date) -> Scope:
    """What is asked for, in days, companies and a currency.

    Args:
        asked: the period.
        today: the day of the facts; what lies after it is not there yet.

    Raises:
        Invalid: period or filters can't be used, or a rate of exchange is missing.
    """
    # The planner thinks these queries far dearer than they are, and would compile them longer than they run.
    tx.execute(sa.text("SET LOCAL jit = off"))
    companies, currency, every = choose_companies(tx, source, filters)
    today = min(today, filters.day or today)
    if "fiscal" in str(asked.get("name")) and len({company.fiscal_start for company in companies}) > 1:
        raise wrong(
            "several_fiscal_years",
            "company_id",
            "The fiscal years of these companies begin in different months. Choose one company, or dates.",
        )
    period = resolve(asked, today, companies[0].fiscal_start)
    known = Period(period.start, min(period.end, today))
    before = {"months": period.months} if period.months else {"days": (period.end - period.start).days + 1}
    earlier = {
        YEAR_BEFORE: Earlier(known.year_before(), months=12),
        PREVIOUS: Earlier(known.earlier(**before), **before),
    }
    return Scope(
        source=source,
        companies=companies,
        currency=currency,
        period=period,
        known=known,
        today=today,
        compare=filters.compare or YEAR_BEFORE,
        earlier=earlier,
        rates=Rates.of(source, currency, companies, every),
    )


def fiscal_starts(scope: Scope, day: date) -> dict[str, date]:
    """When the fiscal year of each company that this day lies in began."""
    return {company.id: fiscal_year(day, company.fiscal_start) for company in scope.companies}
