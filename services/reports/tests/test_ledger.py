"""The ledger report, checked by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from reports.models import FACTS

from .books import chart, entry

YEAR = {"from": "2026-01-01", "to": "2026-12-31"}


@pytest.fixture
def books(facts: Any) -> Any:
    """Two years; the first is closed."""
    facts.company()
    chart(facts)
    entry(facts, "2025-01-01", ("100", "1000"), ("300", "-1000"), journal="bank")
    entry(facts, "2025-06-01", ("120", "121"), ("400", "-100"), ("210", "-21"), journal="sale")
    entry(facts, "2025-07-01", ("510", "40"), ("100", "-40"), journal="bank")
    entry(facts, "2025-12-31", ("400", "100"), ("510", "-40"), ("300", "-60"), closing=True)
    entry(facts, "2026-02-01", ("120", "242"), ("400", "-200"), ("210", "-42"), journal="sale", text="Mill")
    entry(facts, "2026-02-20", ("100", "121"), ("120", "-121"), journal="bank")
    entry(facts, "2026-03-05", ("520", "50"), ("100", "-50"), journal="bank")
    return facts


def test_the_key_figures_by_hand(books: Any) -> None:
    report = books.report("ledger", YEAR)
    assert (report.value("debit"), report.value("credit")) == ("413.00", "413.00")  # 242 + 121 + 50
    assert report.value("debit", "year_before") == "1161.00"  # the closing move is no movement
    assert report.value("entries") == "3"
    assert (report.value("unbalanced"), report.value("unmapped")) == ("0", "0")


def test_the_trial_balance_begins_results_anew_each_year(books: Any) -> None:
    table = books.report("ledger", YEAR).table("accounts")
    assert [row[:1] + row[2:] for row in table["rows"]] == [
        ["100", "960.00", "121.00", "50.00", "1031.00"],
        ["120", "121.00", "242.00", "121.00", "242.00"],
        ["210", "-21.00", "0.00", "42.00", "-63.00"],
        ["300", "-1060.00", "0.00", "0.00", "-1060.00"],
        ["400", "0.00", "0.00", "200.00", "-200.00"],
        ["520", "0.00", "50.00", "0.00", "50.00"],
    ]
    assert table["foot"] == [None, "Total", "0.00", "413.00", "413.00", "0.00"]


def test_a_year_that_is_not_closed_is_told_apart(facts: Any) -> None:
    facts.company(fiscal=4)
    chart(facts)
    entry(facts, "2026-03-31", ("100", "80"), ("400", "-80"))
    entry(facts, "2026-04-01", ("100", "5"), ("400", "-5"))
    table = facts.report("ledger", {"from": "2026-04-02", "to": "2026-10-31"}).table("accounts")
    assert [row[1:3] for row in table["rows"]] == [
        ["Bank", "85.00"],
        ["Sales", "-5.00"],
        ["Results of earlier years that are not closed", "-80.00"],
    ]
    assert table["foot"][2] == "0.00"


def test_closing_moves_stand_apart_in_the_year_they_close(books: Any) -> None:
    report = books.report("ledger", "2025")
    table = report.table("accounts")
    assert [column["id"] for column in table["columns"]][-2:] == ["closings", "closing"]
    assert {row[0]: row[2:] for row in table["rows"]}["400"] == ["0.00", "0.00", "100.00", "100.00", "0.00"]
    assert any("close a year" in note for note in report.notes)
    assert all("Closing" not in key for key in report.points("journals"))


def test_movements_balances_and_the_largest_entries_by_hand(books: Any) -> None:
    report = books.report("ledger", YEAR)
    movements = report.points("journals")
    assert movements["2026-02|id:sale"] == Decimal(242)
    assert movements["2026-02"] == Decimal(363)
    assert movements["2026-01"] == 0
    balances = report.points("balances")
    assert (balances["2026-01|id:cash"], balances["2026-02|id:cash"]) == (Decimal(960), Decimal(1081))
    assert report.rows("entries")[0][1:] == ["J 2026-02-01", "Mill", "242.00"]
    assert [row.code for row in report.behind("accounts", "id:1-120")] == ["120", "120"]


def test_a_reversal_is_shown_as_it_was_booked(books: Any) -> None:
    entry(books, "2026-04-01", ("120", "-121"), ("400", "100"), ("210", "21"))
    assert books.report("ledger", YEAR).value("debit") == "534.00"
    with books.db() as tx:
        line = FACTS["gl_line"]
        reversal = line.c.date == date(2026, 4, 1)
        # Booked as a negative debit of the customer, and negative credits of the others.
        debit = sa.case((line.c.account_id == "1-120", line.c.amount), else_=0)
        tx.execute(sa.update(line).where(reversal).values(debit=debit))
    report = books.report("ledger", YEAR)
    assert (report.value("debit"), report.value("credit")) == ("292.00", "292.00")
    debtors = next(row for row in report.rows("accounts") if row[0] == "120")
    assert debtors[2:] == ["121.00", "121.00", "121.00", "121.00"]


def test_accounts_and_journals_narrow_the_ledger(books: Any) -> None:
    cash = books.report("ledger", YEAR, account=["1"], journal=["bank"])
    assert (cash.value("debit"), cash.value("credit")) == ("121.00", "171.00")
    bank = books.report("ledger", YEAR, account=["100", "120"])
    assert bank.points("balances")["2026-03|id:1-100"] == Decimal(1031)
    # A code is not a pattern.
    assert books.report("ledger", YEAR, account=["%"]).value("debit") is None


def test_what_does_not_add_up_is_counted_and_named(books: Any) -> None:
    entry(books, "2026-05-01", ("100", "10"), ("400", "-9.99"))
    entry(books, "2026-05-02", ("999", "10"), ("100", "-10"))
    report = books.report("ledger", YEAR)
    assert (report.value("unbalanced"), report.value("unmapped")) == ("1", "1")
    assert report.rows("unbalanced") == [["2026-05-01", "J 2026-05-01", "0.01"]]
    # Looking at one account does not make every entry of it unbalanced.
    assert books.report("ledger", YEAR, account=["100"]).value("unbalanced") == "1"
