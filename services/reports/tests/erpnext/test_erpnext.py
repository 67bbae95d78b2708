"""ERPNext on its own tables: its queries give the canonical facts, and those tie out."""

# ruff: noqa: N817  amounts are written often

from collections.abc import Iterator
from datetime import date
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from reports.acquire.tieout import tie_out
from reports.models import FACTS

from .site import Site, tables

KIND = Path(__file__).parents[2] / "sources" / "erpnext"


@pytest.fixture
def site(mariadb: sa.URL, acquired: Any) -> Iterator[Site]:
    """A site in which much has happened, as the source that is acquired."""
    engine = sa.create_engine(mariadb, poolclass=sa.NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE DATABASE site")
        connection.exec_driver_sql("USE site")
        for statement in tables():
            connection.exec_driver_sql(statement)
        acquired.folder = KIND
        acquired.uri = mariadb.set(database="site").render_as_string(hide_password=False)
        try:
            yield Site(connection)
        finally:
            connection.exec_driver_sql("DROP DATABASE site")


def rows(acquired: Any, view: str, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
    fact = FACTS[view].c
    query = sa.select(*(fact[name] for name in columns)).where(fact.source == "house")
    with acquired.db() as tx:
        found = tx.execute(query.where(*(fact[name] == value for name, value in where.items()))).all()
    return sorted((tuple(row) for row in found), key=repr)


def owed(acquired: Any, day: str) -> dict[tuple[str, str], D]:
    """What is open on a day, by party and voucher."""
    with acquired.db() as tx:
        query = """SELECT i.party_id, i.doc_no, sum(i.amount - coalesce((
                SELECT sum(s.amount) FROM fact_settlement s
                WHERE s.source = i.source AND s.item_id = i.item_id AND s.date <= :day), 0)) AS open
            FROM fact_open_item i WHERE i.source = 'house' AND i.doc_date <= :day GROUP BY 1, 2"""
        found = tx.execute(sa.text(query), {"day": day})
        return {(row.party_id, row.doc_no): row.open for row in found if row.open}


def test_a_site_without_anything_gives_nothing(site: Site, acquired: Any) -> None:
    assert not any(acquired.load().rows.values())


def test_what_a_site_holds_becomes_facts_that_tie_out(site: Site, acquired: Any) -> None:
    site.enter()
    reading = acquired.load()
    assert set(reading.rows) == set(FACTS)
    assert acquired.facts("company") == [("Loom US", "Loom US", "USD", 1), ("Loom", "Loom", "GBP", 4)]
    assert rows(acquired, "party", "party_id", "name", "segment", "country")[:2] == [
        ("Customer/Silk", "Silk & Söhne", "Shops", "IE"),
        ("Customer/Wool", "Wool", "Mills", None),
    ]
    subtypes = {name: (cls, sub) for name, cls, sub in rows(acquired, "account", "name", "class", "subtype")}
    assert subtypes["Debtors"] == ("asset", "receivable")
    assert subtypes["VAT"] == ("liability", "tax")
    results = ("Sales", "Rent received", "Goods sold", "Salaries", "Interest", "Rent")
    told = ["revenue", "other_income", "cogs", "personnel", "finance", "opex"]
    assert [subtypes[name][1] for name in results] == told
    columns = ("line_id", "state", "qty", "net_amount", "cost_amount", "fulfilled_qty", "delivered_date")
    sold = rows(acquired, "order_line", *columns, side="sale")
    assert [line for line in sold if line[1] in ("confirmed", "done")] == [
        ("so-1-1", "confirmed", 24, 300, D("123.00"), 12, date(2026, 5, 11)),
        ("so-1-2", "confirmed", 2, 180, None, 1, None),
        ("so-2-1", "done", 4, D("42.50"), 16, 4, date(2026, 5, 12)),
    ]
    assert sorted(line[1] for line in sold if line[1] not in ("confirmed", "done")) == ["cancelled", "quote"]
    assert rows(
        acquired, "order_line", "qty", "net_amount", "fulfilled_qty", "rejected_qty", side="purchase"
    ) == [(10, D("106.25"), 8, 2)]
    sides = rows(acquired, "invoice_line", "doc_no", "net_amount", "qty", "account_id", side="ar")
    assert [line[:3] for line in sides] == [
        ("SI-1", 240, 12), ("SI-2", D("42.50"), 4), ("SI-3", -40, -2), ("SI-4", 120, 12),
    ]  # fmt: skip
    assert rows(
        acquired, "production", "state", "planned_qty", "good_qty", "scrap_qty", "actual_cost", "actual_end"
    ) == [("done", 20, 18, 2, D("94.50"), date(2026, 5, 5))]
    assert rows(acquired, "stock", "product_id", "location", "qty", "value") == [
        ("Scarf", "Stores", 6, D("31.50"))
    ]
    assert rows(acquired, "employment", "name", "department", "end_date", "monthly_cost") == [
        ("Ada", "Weaving", None, 3000),
        ("Bo", None, date(2026, 4, 30), None),
    ]
    assert rows(acquired, "hr_time", "kind", "hours") == [("leave", 8), ("work", D("7.5"))]
    assert [amount for _, amount in rows(acquired, "budget", "month", "amount") if amount] == [900, 300]
    assert rows(acquired, "opportunity", "party_id", "state", "expected_amount") == [
        ("Customer/Silk", "won", 300)
    ]
    assert rows(acquired, "fx_rate", "company_id", "currency", "rate") == [
        ("Loom US", "GBP", D("1.25")),
        ("Loom", "USD", D("0.8")),
    ]
    assert [line for line, closing in rows(acquired, "gl_line", "doc_no", "is_closing") if closing] == [
        "PCV-1"
    ] * 4
    with acquired.db() as tx:
        for day in (date(2026, 5, 1), date(2026, 5, 10), date(2026, 5, 22), date(2026, 6, 30)):
            checks = tie_out(tx, "house", day, reading.rows)
            assert [check.sentence() for check in checks if not check.agrees] == []
            assert {check.name for check in checks} >= {"receivables", "sales", "debits_and_credits"}


def test_what_is_open_follows_payments_before_and_after_the_invoice(site: Site, acquired: Any) -> None:
    site.enter()
    acquired.load()
    opening = {("Customer/Silk", "SI-0"): 60}
    assert owed(acquired, "2026-05-10") == {**opening, ("Customer/Wool", "PE-2"): D("-42.50")}
    assert owed(acquired, "2026-05-22") == {
        **opening,
        ("Customer/Silk", "SI-1"): D("240"),
        ("Supplier/Wool", "PI-1"): D("85"),
    }
    assert owed(acquired, "2026-06-30") == {
        **opening,
        ("Customer/Silk", "SI-1"): D("140"),
        ("Customer/Wool", "SI-4"): D("120"),
        ("Customer/Wool", "PE-3"): D("-15"),
    }


def test_an_incremental_load_follows_a_site_that_goes_on_and_cancels(site: Site, acquired: Any) -> None:
    site.enter()
    acquired.load()
    site.post("'Journal Entry' JE-3 2026-07-01 : Rent=100 Bank=-100")
    site.cancel("Sales Invoice", "SI-4")
    acquired.load(whole=False)
    incremental = {view: acquired.facts(view) for view in FACTS}
    assert ("Customer/Wool", "SI-4") not in owed(acquired, "2026-07-01")
    assert [doc for doc, _ in rows(acquired, "gl_line", "doc_no", "amount") if doc in ("JE-3", "SI-4")] == [
        "JE-3"
    ] * 2
    reading = acquired.load(whole=True)
    assert not any(reading.changed[view] for view in ("gl_line", "order_line", "open_item", "invoice_line"))
    assert {view: acquired.facts(view) for view in FACTS} == incremental
