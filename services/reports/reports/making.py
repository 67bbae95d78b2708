"""The kinds of reports there are, and how one is made of the facts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from reports.analyse import sales, sheet
from reports.charts.look import DARK, LIGHT, item
from reports.charts.sales import charts
from reports.words import Words


@dataclass(frozen=True)
class Made:
    """A finished report's content, as the contract has it."""

    title: str
    period: dict[str, Any]
    kpis: list[dict[str, Any]]
    charts: list[dict[str, Any]]
    tables: list[dict[str, Any]]
    notes: list[str]


@dataclass(frozen=True)
class Asked:
    source: str
    period: dict[str, Any]
    filters: dict[str, Any]
    locale: str


@dataclass(frozen=True)
class Kind:
    """A type of report. `needs` are the views it can't be made without.

    `check` refuses filters that the facts don't know; `analyse` reads the facts and returns what draws
    the report, so that no transaction is open while it is drawn.
    """

    title: str
    filters: type[BaseModel]
    needs: tuple[str, ...]
    check: Callable[[Session, str, Any], Any]
    analyse: Callable[[Session, Asked, date], Callable[[], Made]]


def _sales(tx: Session, asked: Asked, today: date) -> Callable[[], Made]:
    found = sales.analyse(tx, asked.source, asked.period, sales.SalesFilters(**asked.filters), today)

    def draw() -> Made:
        words = Words(asked.locale, found.currency)
        light, dark = charts(found, words, LIGHT), charts(found, words, DARK)
        title = [words("Sales"), *(found.companies if asked.filters.get("company_id") else [])]
        return Made(
            title=" · ".join([*title, words.span(found.period.start, found.period.end)]),
            period={
                **asked.period,
                "from": found.period.start.isoformat(),
                "to": found.period.end.isoformat(),
                "until": found.until.isoformat(),
            },
            kpis=sheet.kpis(found, words),
            charts=[
                {
                    "id": chart.id,
                    "title": chart.title,
                    "description": chart.description,
                    "table_id": chart.table_id,
                    "figure": item(chart.plot, LIGHT),
                    "figure_dark": item(other.plot, DARK),
                }
                for chart, other in zip(light, dark, strict=True)
            ],
            tables=sheet.tables(found, words),
            notes=sheet.notes(found, words),
        )

    return draw


KINDS: dict[str, Kind] = {
    "sales": Kind("Sales", sales.SalesFilters, sales.NEEDS, sales.choose_companies, _sales),
}
