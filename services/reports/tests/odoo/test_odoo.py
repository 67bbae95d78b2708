"""Odoo 16, 17 and 18 on their own tables: the same company has the same facts in each, and they tie out."""

# ruff: noqa: N817  amounts are written often

import json
import re
import shlex
from collections.abc import Iterator
from datetime import date
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from kit.event import new_id
from kit.testing import required
from reports.acquire.tieout import tie_out
from reports.models import FACTS

HERE = Path(__file__).parent
KIND = HERE.parents[1] / "sources" / "odoo"
SAID = "(name->>'en_US')"
# What 16 and 18 have instead of what 17 has.
DIFFERENT = {
    "16": [
        f"ALTER TABLE account_account ALTER name TYPE varchar USING {SAID}",
        f"ALTER TABLE hr_department ALTER name TYPE varchar USING {SAID}",
        "ALTER TABLE stock_move RENAME quantity TO quantity_done",
        "ALTER TABLE res_company DROP parent_path",
        "ALTER TABLE mrp_production ADD date_planned_start timestamp, ADD date_planned_finished timestamp",
        "UPDATE mrp_production SET date_planned_start = date_start, date_planned_finished = date_deadline",
    ],
    "17": [],
    "18": [
        "CREATE TABLE account_account_res_company_rel AS"
        " SELECT id AS account_account_id, company_id AS res_company_id FROM account_account",
        "ALTER TABLE account_account ADD code_store jsonb",
        "UPDATE account_account SET code_store = jsonb_build_object(company_id::text, code)",
        "ALTER TABLE account_account DROP code, DROP company_id",
        # Shared with the sister, where it has another number.
        "INSERT INTO account_account_res_company_rel VALUES (4, 2)",
        """UPDATE account_account SET code_store = code_store || '{"2": "4000"}' WHERE id = 4""",
    ],
}


def build(connection: sa.Connection) -> None:
    types: dict[str, dict[str, str]] = {}
    for table, columns in re.findall(r"^(\w+): (.+)$", (HERE / "tables.txt").read_text(), re.MULTILINE):
        types[table] = dict(column.split("=") for column in columns.split())
        columns = ", ".join(f"{name} {type}" for name, type in types[table].items())
        connection.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
    for table, text in re.findall(r"^(\w+): (.+)$", (HERE / "rows.txt").read_text(), re.MULTILINE):
        row = dict(part.split("=", 1) for part in shlex.split(text))
        for name, value in row.items():
            if types[table][name] == "jsonb":
                row[name] = json.dumps({"en_US": value})
        values = ", ".join(f"CAST(:{name} AS {types[table][name]})" for name in row)
        connection.execute(sa.text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)


@pytest.fixture(scope="module", params=DIFFERENT)
def odoo(request: pytest.FixtureRequest) -> Iterator[sa.URL]:
    uri = sa.make_url(required("TEST_DATABASE_URI"))
    server = sa.create_engine(uri, isolation_level="AUTOCOMMIT")
    name = f"test_odoo_{new_id()[-12:]}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine = sa.create_engine(uri.set(database=name), poolclass=sa.NullPool)
    with engine.begin() as connection:
        build(connection)
        for statement in DIFFERENT[request.param]:
            connection.exec_driver_sql(statement)
    yield engine.url
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


@pytest.fixture
def read(odoo: sa.URL, acquired: Any) -> Any:
    """The facts, as lists of the columns asked for."""
    acquired.folder, acquired.uri = KIND, odoo.render_as_string(hide_password=False)
    reading = acquired.load()

    def rows(view: str, columns: str, **where: Any) -> list[tuple[Any, ...]]:
        fact = FACTS[view].c
        query = sa.select(*(fact[name] for name in columns.split())).where(fact.source == "house")
        with acquired.db() as tx:
            found = tx.execute(query.where(*(fact[name] == value for name, value in where.items())))
            return sorted((tuple(row) for row in found), key=repr)

    rows.reading = reading  # type: ignore[attr-defined]
    return rows


def test_the_same_company_has_the_same_facts_in_every_version(read: Any) -> None:
    assert set(read.reading.rows) == FACTS.keys() - {"budget"}
    assert read("company", "company_id currency fiscal_year_start_month") == [
        ("1", "EUR", 7),
        ("2", "USD", 1),
    ]
    assert read("party", "name segment country", party_id="4") == [("Vinho", "Wineries", "PT")]
    assert read("product", "code name category uom kind") == [
        ("STO", "Stopper", "Stoppers", "Units", "goods"),
        (None, "Tasting", "Stoppers", "Units", "service"),
    ]
    assert read("account", "code name class subtype company_id") == [
        ("101", "Bank", "asset", "cash", "1"),
        ("110", "Stock valuation", "asset", "inventory", "1"),
        ("121", "Debtors", "asset", "receivable", "1"),
        ("211", "Creditors", "liability", "payable", "1"),
        ("251", "VAT payable", "liability", "tax", "1"),
        ("400", "Sales", "income", "revenue", "1"),
        ("500", "Cost of goods", "expense", "cogs", "1"),
        ("630", "Salary expenses", "expense", "personnel", "1"),
    ]
    assert read("employment", "name department job start_date end_date monthly_cost") == [
        ("Ana", "Press", None, date(2025, 1, 1), date(2026, 2, 28), 2100),
        ("Rui", "Press", "Presser", date(2025, 1, 1), None, 2000),
    ]
    assert read("hr_time", "date kind hours") == [
        (date(2026, 3, 2), "work", 8),
        (date(2026, 3, 5), "leave", D("7.5")),
        (date(2026, 3, 6), "leave", D("7.5")),
        (date(2026, 3, 9), "leave", D("7.5")),
    ]
    assert read("opportunity", "opportunity_id state expected_amount company_id") == [
        ("1", "won", 500, "1"),
        ("2", "lost", 900, "1"),
    ]
    assert read("fx_rate", "company_id currency rate") == [("1", "USD", D("0.8")), ("2", "EUR", D("1.25"))]


def test_orders_are_converted_and_counted_in_the_products_unit(read: Any) -> None:
    columns = "line_id state date qty net_amount fulfilled_qty delivered_date promised_date"
    lines = [
        (id, state, day, round(qty), net, round(sent), *dates)
        for id, state, day, qty, net, sent, *dates in read("order_line", columns, side="sale")
    ]
    # Half past eleven in the evening of Greenwich is the next day in a Lisbon summer, and not in winter.
    assert lines == [
        ("1", "confirmed", date(2026, 2, 28), 24, 120, 12, date(2026, 3, 3), date(2026, 3, 5)),
        ("2", "confirmed", date(2026, 2, 28), 3, 80, 0, None, date(2026, 3, 5)),
        ("4", "quote", date(2026, 7, 16), 5, 50, 0, None, date(2026, 5, 1)),
    ]
    # A dozen has left at 36; the other is worth the average of 116 for 38.
    costs = dict(read("order_line", "line_id cost_amount", side="sale"))
    assert round(costs["1"], 2) == round(D(36) + 12 * D(116) / 38, 2)
    assert costs["2"] is None
    assert read("order_line", "qty net_amount fulfilled_qty delivered_date", side="purchase") == [
        (20, 80, 20, date(2026, 3, 1))
    ]
    [made] = read("production", "planned_qty good_qty scrap_qty actual_cost planned_end actual_end")
    assert [round(qty, 6) for qty in made[:4]] == [36, 30, 6, 84]
    assert made[4:] == (date(2026, 3, 9), date(2026, 3, 6))
    assert read("stock", "product_id location qty value") == [("1", "WH/Stock", 38, 116)]


def test_books_tie_out_and_items_are_settled_in_parts(read: Any, acquired: Any) -> None:
    assert read("invoice_line", "side doc_no net_amount qty net_amount_currency") == [
        ("ap", "BILL/1", 80, 4, 80),
        ("ar", "INV/1", 100, 2, 125),
        ("ar", "RINV/1", -20, -1, -20),
    ]
    settled = read("settlement", "item_id date amount amount_currency")
    assert settled == [
        ("1", date(2026, 3, 10), 20, 25),
        ("1", date(2026, 3, 20), 50, D("62.5")),
        ("6", date(2026, 3, 10), -20, -20),
        ("9", date(2026, 3, 20), -50, -50),
    ]
    items = {id: (type, amount) for id, type, amount in read("open_item", "item_id doc_type amount")}
    assert items == {
        "1": ("invoice", 123),
        "6": ("credit_note", -20),
        "9": ("payment", -50),
        "10": ("invoice", 80),
    }
    with acquired.db() as tx:
        for day in (date(2026, 3, 8), date(2026, 3, 15), date(2026, 3, 31)):
            checks = tie_out(tx, "house", day, read.reading.rows)
            assert [check.sentence() for check in checks if not check.agrees] == []
            assert {check.name for check in checks} >= {"receivables", "payables", "sales"}
    assert acquired.load(whole=False).changed["gl_line"] == 0
