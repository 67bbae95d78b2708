"""The kinds of reports there are, and how one is made of the facts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from reports.analyse import books, financial, ledger, open_items, people, production, purchasing, sales
from reports.analyse.detail import Detail
from reports.analyse.scope import Filters, Scope
from reports.sheets import financial as financial_sheet
from reports.sheets import ledger as ledger_sheet
from reports.sheets import open_items as open_items_sheet
from reports.sheets import people as people_sheet
from reports.sheets import production as production_sheet
from reports.sheets import purchasing as purchasing_sheet
from reports.sheets import sales as sales_sheet
from reports.sheets.sheet import Sheet, Writer
from reports.words import Words


@dataclass(frozen=True)
class Made:
    """A finished report's content, as the contract has it."""

    title: str
    currency: str
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
    """A type of report.

    Args:
        group: what it is listed under.
        kpis: its key figures, which a trigger may watch, by id.
        needs: the views it can't be made without.
        uses: the optional views without which some of its charts are off.
        analyse: reads the facts of a source for a period, as of a day; the numbers have a `scope`.
        sheet: writes the numbers down, with no transaction open.
        rows: the facts behind a point of a chart; None if there is no such point.
    """

    title: str
    group: str
    filters: type[Filters]
    kpis: dict[str, str]
    needs: tuple[str, ...]
    analyse: Callable[[Session, str, dict[str, Any], Any, date], Any]
    sheet: Callable[[Any, Writer], Sheet]
    rows: Callable[[Session, Scope, Any, str, str, Iterable[str]], Detail | None]
    uses: tuple[str, ...] = ()

    @property
    def by_party(self) -> bool:
        """Whether it can be narrowed to the rows of one customer or supplier."""
        return "party_id" in self.filters.model_fields

    def make(self, tx: Session, asked: Asked, today: date) -> Callable[[], Made]:
        """Reads the facts, and returns what draws the report, so that no transaction is open meanwhile.

        Raises:
            Invalid: period or filters can't be used, or a rate of exchange is missing.
        """
        numbers = self.analyse(tx, asked.source, asked.period, self.filters(**asked.filters), today)
        scope: Scope = numbers.scope

        def draw() -> Made:
            writer = Writer(scope, Words(asked.locale, scope.currency))
            content = writer.show(self.sheet(numbers, writer), filtered="company_id" in asked.filters)
            period = {
                **asked.period,
                "from": scope.period.start.isoformat(),
                "to": scope.period.end.isoformat(),
                "until": scope.known.end.isoformat(),
            }
            return Made(currency=scope.currency, period=period, **content)

        return draw


KINDS: dict[str, Kind] = {
    "sales": Kind(
        title="Sales",
        group="trade",
        filters=sales.SalesFilters,
        kpis={
            "revenue": "Revenue",
            "orders": "Orders",
            "average_order": "Average order",
            "gross_margin": "Gross margin",
            "backlog": "Order book",
            "on_time": "On time in full",
            "conversion": "Conversion",
        },
        needs=sales.NEEDS,
        analyse=sales.analyse,
        sheet=sales_sheet.sheet,
        rows=sales.rows,
    ),
    "purchasing": Kind(
        title="Purchasing",
        group="trade",
        filters=purchasing.PurchasingFilters,
        kpis={
            "spend": "Spend",
            "orders": "Orders",
            "average_order": "Average order",
            "on_time": "Delivered on time",
            "rejects": "Rejected",
            "lead_time": "Lead time",
            "price_change": "Price change",
            "backlog": "Open orders",
        },
        needs=purchasing.NEEDS,
        analyse=purchasing.analyse,
        sheet=purchasing_sheet.sheet,
        rows=purchasing.rows,
    ),
    "production": Kind(
        title="Production",
        group="operations",
        filters=production.ProductionFilters,
        kpis={
            "output": "Output",
            "yield": "Yield",
            "attainment": "Plan attainment",
            "on_time": "Finished on time",
            "in_the_works": "Work in progress",
            "cycle_time": "Cycle time",
            "unit_cost": "Unit cost",
        },
        needs=production.NEEDS,
        analyse=production.analyse,
        sheet=production_sheet.sheet,
        rows=production.rows,
    ),
    "receivables": Kind(
        title="Accounts receivable",
        group="finance",
        filters=open_items.OpenItemFilters,
        kpis={
            "balance": "Receivables",
            "overdue": "Overdue",
            "overdue_share": "Overdue share",
            "days_outstanding": "Days sales outstanding",
            "days_late": "Paid after due",
            "collected": "Collection rate",
            "soon": "Due soon",
        },
        needs=open_items.NEEDS,
        analyse=partial(open_items.analyse, side="ar"),
        sheet=open_items_sheet.sheet,
        rows=partial(open_items.rows, side="ar"),
    ),
    "payables": Kind(
        title="Accounts payable",
        group="finance",
        filters=open_items.OpenItemFilters,
        kpis={
            "balance": "Payables",
            "overdue": "Overdue",
            "overdue_share": "Overdue share",
            "days_outstanding": "Days payables outstanding",
            "days_late": "Paid after due",
            "collected": "Payment rate",
            "soon": "Due soon",
        },
        needs=open_items.NEEDS,
        analyse=partial(open_items.analyse, side="ap"),
        sheet=open_items_sheet.sheet,
        rows=partial(open_items.rows, side="ap"),
    ),
    "ledger": Kind(
        title="Ledger",
        group="finance",
        filters=ledger.LedgerFilters,
        kpis={
            "debit": "Debits",
            "credit": "Credits",
            "entries": "Entries",
            "unbalanced": "Unbalanced entries",
            "unmapped": "Unmapped lines",
        },
        needs=books.NEEDS,
        analyse=ledger.analyse,
        sheet=ledger_sheet.sheet,
        rows=ledger.rows,
    ),
    "financial": Kind(
        title="Financial report",
        group="finance",
        filters=financial.FinancialFilters,
        kpis={
            "revenue": "Revenue",
            "net_profit": "Net profit",
            "gross_margin": "Gross margin",
            "cash": "Cash",
            "ebitda": "EBITDA",
            "operating_margin": "Operating margin",
            "current_ratio": "Current ratio",
            "quick_ratio": "Quick ratio",
            "debt_to_equity": "Debt to equity",
        },
        needs=books.NEEDS,
        uses=("budget",),
        analyse=financial.analyse,
        sheet=financial_sheet.sheet,
        rows=financial.rows,
    ),
    "human_resources": Kind(
        title="Human resources",
        group="people",
        filters=people.PeopleFilters,
        kpis={
            "headcount": "Headcount",
            "turnover": "Turnover",
            "absence": "Absence",
            "cost": "Personnel cost per month",
            "cost_of_one": "Cost per head",
            "hired": "Hires",
            "left": "Leavers",
            "women": "Women",
        },
        needs=people.NEEDS,
        uses=("hr_time",),
        analyse=people.analyse,
        sheet=people_sheet.sheet,
        rows=people.rows,
    ),
}
