"""Receivables and payables, checked by hand, on any day and by any rule of ageing."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

YEAR = {"from": "2025-11-01", "to": "2026-10-31"}


def item(id: str, day: str, due: str | None, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "item_id": id,
        "company_id": more.get("company", "1"),
        "side": more.get("side", "ar"),
        "party_id": more.get("party", "p1"),
        "doc_no": f"D{id}",
        "doc_type": more.get("kind", "invoice"),
        "doc_date": date.fromisoformat(day),
        "due_date": date.fromisoformat(due) if due else None,
        "amount": Decimal(amount),
        "currency": "EUR",
        "amount_currency": Decimal(amount),
    }


def paid(id: str, day: str, amount: str) -> dict[str, Any]:
    value = Decimal(amount)
    return {"item_id": id, "date": date.fromisoformat(day), "amount": value, "amount_currency": value}


@pytest.fixture
def owed(facts: Any) -> Any:
    facts.company()
    facts.put(
        "party",
        {"party_id": "p1", "name": "Alder", "segment": "Shops", "country": "AT"},
        {"party_id": "p2", "name": "Birch", "segment": "Diners", "country": "BE"},
    )
    facts.put(
        "open_item",
        item("0", "2025-06-01", "2025-07-01", "500.00"),
        item("1", "2026-06-01", "2026-07-01", "100.00"),  # 122 days late
        item("2", "2026-08-20", "2026-09-10", "60.00", party="p2"),  # 51 days
        item("3", "2026-10-01", "2026-10-30", "200.00"),  # one day
        item("4", "2026-10-02", "2026-10-31", "40.00", party="p2"),  # due today
        item("5", "2026-10-10", "2026-11-20", "300.00"),
        item("6", "2026-10-20", None, "-25.00", kind="payment"),  # not yet set off; due when it came
        item("7", "2026-11-01", "2026-12-01", "999.00"),  # of tomorrow
        item("8", "2026-09-01", "2026-10-01", "70.00", side="ap"),
    )
    facts.put(
        "settlement",
        paid("0", "2025-07-11", "400.00"),
        paid("0", "2026-01-02", "100.00"),
        paid("1", "2026-09-01", "30.00"),
        paid("1", "2026-11-05", "70.00"),  # still open today
        paid("2", "2026-08-01", "10.00"),  # prepaid
    )
    return facts


def test_the_key_figures_by_hand(owed: Any) -> None:
    report = owed.report("receivables", YEAR)
    # 70 + 50 + 200 + 40 + 300 - 25
    assert report.value("balance") == "635.00"
    assert report.value("balance", "year_before") == "100.00"
    assert report.value("overdue") == "295.00"  # all but those due today and later: 70 + 50 + 200 - 25
    assert report.value("overdue_share") == "46.5"
    # 635 of 60 + 200 + 40 + 300 invoiced in 90 days
    assert report.value("days_outstanding") == "95.3"
    # 100.00 after 185 days, 30.00 after 62 and 10.00 forty days early, of 140.00
    assert report.value("days_late") == "142.6"
    # Fell due: 100 + 60 + 200 + 40, of which 30 + 10 are paid.
    assert report.value("collected") == "10.0"
    assert report.value("soon") == "340.00"


def test_ageing_by_hand_and_by_the_rules_of_other_products(owed: Any) -> None:
    report = owed.report("receivables", YEAR)
    assert [row[:2] for row in report.rows("ageing")] == [
        ["Not due", "340.00"],
        ["1–30 days", "175.00"],
        ["31–60 days", "50.00"],
        ["61–90 days", "0.00"],
        ["more than 90 days", "70.00"],
    ]
    assert report.table("ageing")["foot"][:2] == ["Total", "635.00"]
    assert [row.document for row in report.behind("ageing", "1-30")] == ["D6", "D3"]

    def aged(**rules: Any) -> list[list[Any]]:
        return [row[:2] for row in owed.report("receivables", YEAR, **rules).rows("ageing")]

    # Tryton's first term includes what is due today.
    assert aged(due_today="overdue")[:2] == [["Not due", "300.00"], ["0–30 days", "215.00"]]
    assert aged(age_from="document", buckets=[30, 60, 90, 120]) == [
        ["0–30 days", "515.00"],
        ["31–60 days", "0.00"],
        ["61–90 days", "50.00"],
        ["91–120 days", "0.00"],
        ["more than 120 days", "70.00"],
    ]


def test_any_day_can_be_looked_at(owed: Any) -> None:
    then = owed.report("receivables", "last_12_months", as_of="2025-07-10")
    assert then.value("balance") == "500.00"
    assert then.value("overdue") == "500.00"
    assert [row[:2] for row in then.rows("ageing")][1] == ["1–30 days", "500.00"]
    assert owed.report("receivables", "last_12_months", as_of="2025-07-11").value("balance") == "100.00"
    months = {row[0]: row[1:3] for row in owed.report("receivables", YEAR).rows("balance")}
    assert months["Dec 2025"] == ["100.00", "100.00"]
    assert months["Jan 2026"] == ["0.00", "0.00"]
    # Prepaid before it was written: 60 less 10 from its own day on.
    assert months["Aug 2026"] == ["150.00", "100.00"]


def test_debtors_and_when_they_pay_by_hand(owed: Any) -> None:
    report = owed.report("receivables", YEAR)
    assert [(row[0], row[1], row[2], row[5]) for row in report.rows("parties")] == [
        ("Alder", "545.00", "100.00", "245.00"),
        ("Birch", "90.00", "0.00", "50.00"),
    ]
    assert [row for row in report.rows("due") if row[2]] == [
        ["Overdue", "295.00", 4],
        ["Week of Oct 26, 2026", "40.00", 1],
        ["Week of Nov 16, 2026", "300.00", 1],
    ]
    assert owed.report("receivables", YEAR, segment="Diners").value("balance") == "90.00"
    assert owed.report("receivables", YEAR, country="AT").value("balance") == "545.00"


def test_payables_are_the_other_side(owed: Any) -> None:
    report = owed.report("payables", YEAR)
    assert (report.value("balance"), report.value("overdue")) == ("70.00", "70.00")
    assert report.value("balance", "year_before") is None  # nothing is known of the year before
    assert report.rows("parties")[0][0] == "Alder"
    assert owed.report("payables", "2024").notes == ["Nothing is owed to suppliers on Dec 31, 2024."]


def test_a_balance_is_converted_at_the_closing_rate_of_its_day(owed: Any) -> None:
    rates = (("2025-01-01", "0.8"), ("2026-10-30", "0.5"))
    owed.put(
        "fx_rate",
        *(
            {"currency": "USD", "date": date.fromisoformat(d), "rate": Decimal(r), "company_id": "1"}
            for d, r in rates
        ),
    )
    report = owed.report("receivables", YEAR, currency="USD")
    assert report.value("balance") == "1270.00"
    assert report.value("balance", "year_before") == "125.00"
    assert report.notes[-1] == "Converted from EUR to USD at the closing rate of each day."
