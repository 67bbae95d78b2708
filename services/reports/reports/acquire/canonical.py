"""The canonical reporting model: which views a source may offer, and their columns.

A view is written as its columns: `name` is text, `name:date` another type, `!` means never null,
`=a|b` lists the only words allowed. A query may leave out a column that may be null.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

_TYPES: dict[str, Any] = {
    "": sa.Text,
    "date": sa.Date,
    "num": sa.Numeric,
    "int": sa.Integer,
    "bool": sa.Boolean,
    "time": sa.DateTime(timezone=True),
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    required: bool
    words: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """One canonical view.

    `key` names the columns that identify a row within a source; without one a view has no memory of its
    rows and is replaced whole. An `optional` view may be absent even where the kind has a query for it.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def _view(name: str, key: str, columns: str, *, optional: bool = False) -> View:
    def column(text: str) -> Column:
        text, _, words = text.partition("=")
        required = text.endswith("!")
        name, _, type = text.removesuffix("!").partition(":")
        return Column(name, type, required, tuple(words.split("|")) if words else ())

    return View(name, tuple(key.split()), tuple(column(c) for c in columns.split()), optional)


VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        _view("company", "company_id", "company_id! name! currency! fiscal_year_start_month:int!"),
        _view("party", "party_id", "party_id! name! segment country"),
        _view("product", "product_id", "product_id! code name! category uom kind=goods|service"),
        _view(
            "account",
            "account_id",
            "account_id! company_id! code! name! statement_line"
            " class!=asset|liability|equity|income|expense|off"
            " subtype=cash|receivable|payable|inventory|fixed_asset|revenue|other_income|cogs|personnel|opex"
            "|depreciation|finance|tax",
        ),
        _view(
            "gl_line",
            "line_id",
            "line_id! company_id! move_id! doc_no date:date! account_id! party_id amount:num! debit:num"
            " currency amount_currency:num journal_type is_closing:bool! description changed_at:time!",
        ),
        _view(
            "open_item",
            "item_id",
            "item_id! company_id! side!=ar|ap party_id doc_no doc_type!=invoice|credit_note|payment"
            " doc_date:date! due_date:date amount:num! currency amount_currency:num",
        ),
        _view("settlement", "", "item_id! date:date! amount:num! amount_currency:num"),
        _view(
            "order_line",
            "side line_id",
            "side!=sale|purchase line_id! order_id! order_no company_id! date:date! party_id product_id"
            " state!=quote|confirmed|done|cancelled qty:num! net_amount:num! currency net_amount_currency:num"
            " cost_amount:num promised_date:date delivered_date:date fulfilled_qty:num rejected_qty:num"
            " owner_id changed_at:time!",
        ),
        _view(
            "invoice_line",
            "side line_id",
            "side!=ar|ap line_id! invoice_id! doc_no company_id! date:date! party_id product_id account_id"
            " qty:num net_amount:num! currency net_amount_currency:num",
        ),
        _view(
            "production",
            "order_id",
            "order_id! order_no company_id! product_id! state!=planned|released|in_progress|done|cancelled"
            " planned_qty:num good_qty:num scrap_qty:num planned_start:date planned_end:date"
            " actual_start:date actual_end:date actual_cost:num",
        ),
        _view(
            "employment",
            "",
            "employee_id! company_id! name department job gender start_date:date! end_date:date"
            " monthly_cost:num",
        ),
        _view("fx_rate", "", "currency! date:date! rate:num! company_id"),
        _view("hr_time", "", "employee_id! company_id! date:date! kind! hours:num!", optional=True),
        _view(
            "opportunity",
            "opportunity_id",
            "opportunity_id! company_id! party_id created:date! state!=open|won|lost probability:num"
            " expected_amount:num closed:date",
            optional=True,
        ),
        _view("budget", "", "company_id! account_id! month:date! scenario! amount:num!", optional=True),
        _view("stock", "", "company_id! product_id! location qty:num! value:num", optional=True),
    )
}


def fact_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    """One table a view, `fact_<view>`: the view's columns and the source they came from."""

    def table(view: View) -> sa.Table:
        return sa.Table(
            f"fact_{view.name}",
            metadata,
            sa.Column("source", sa.Text, nullable=False, primary_key=bool(view.key)),
            *(
                sa.Column(c.name, _TYPES[c.type], nullable=not c.required, primary_key=c.name in view.key)
                for c in view.columns
            ),
            *(() if view.key else (sa.Index(f"fact_{view.name}_source", "source"),)),
        )

    tables = {name: table(view) for name, view in VIEWS.items()}
    for name, columns in (
        ("order_line", "side company_id date"),
        ("gl_line", "company_id date"),
        ("hr_time", "company_id date"),
    ):
        facts = tables[name].c
        sa.Index(f"fact_{name}_date", facts.source, *(facts[column] for column in columns.split()))
    lines, settled = tables["gl_line"].c, tables["settlement"].c
    sa.Index("fact_gl_line_move", lines.source, lines.move_id)
    sa.Index("fact_settlement_item", settled.source, settled.item_id)
    return tables
