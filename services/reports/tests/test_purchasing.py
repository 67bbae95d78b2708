"""The purchasing numbers, checked by hand."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

Sold = Callable[..., dict[str, Any]]
YEAR = {"from": "2025-11-01", "to": "2026-10-31"}


@pytest.fixture
def bought(facts: Any, sold: Sold) -> Any:
    """Two suppliers and two products, of which one grew dearer."""

    def line(id: str, day: str, net: str, qty: int, **more: Any) -> dict[str, Any]:
        return sold(id, day, net, side="purchase", qty=Decimal(qty), **more)

    facts.company()
    facts.put(
        "party",
        {"party_id": "p1", "name": "Mines", "segment": "Metal", "country": "DE"},
        {"party_id": "p2", "name": "Mills", "segment": "Grain", "country": "NL"},
    )
    facts.lines(
        line(
            "1", "2024-11-10", "100.00", 10, state="done",
            promised_date=date(2024, 11, 20), delivered_date=date(2024, 11, 20), fulfilled_qty=Decimal(10),
        ),
        # Two days late, and one of ten was no good.
        line(
            "2", "2025-12-01", "120.00", 10, state="done", rejected_qty=Decimal(1),
            promised_date=date(2025, 12, 10), delivered_date=date(2025, 12, 12), fulfilled_qty=Decimal(10),
        ),
        line(
            "3", "2026-01-05", "55.00", 5, state="done", rejected_qty=Decimal(0),
            promised_date=date(2026, 1, 20), delivered_date=date(2026, 1, 15), fulfilled_qty=Decimal(5),
        ),
        line("4", "2026-02-01", "50.00", 2, product_id="b", party_id="p2", promised_date=date(2026, 10, 1)),
        line("5", "2026-03-01", "-12.00", -1, state="done"),
        line("6", "2026-03-02", "999.00", 1, state="cancelled"),
        # Came, but nobody wrote down when: neither on time nor late.
        line(
            "7", "2026-03-03", "8.00", 1, state="done", product_id="c",
            promised_date=date(2026, 3, 9), fulfilled_qty=Decimal(1),
        ),
        sold("8", "2026-03-02", "777.00"),
    )  # fmt: skip
    return facts


def test_the_key_figures_by_hand(bought: Any) -> None:
    report = bought.report("purchasing", YEAR)
    assert report.value("spend") == "221.00"  # 120 + 55 + 50 - 12 + 8
    assert report.value("spend", "year_before") == "100.00"
    assert report.value("orders") == "5"
    assert report.value("average_order") == "44.20"
    assert report.value("on_time") == "33.3"  # of lines 2, 3 and 4
    assert report.value("on_time", "year_before") == "100.0"
    assert report.value("rejects") == "6.9"  # 12.00 of 175.00
    assert report.value("lead_time") == "10.5"  # 11 and 10 days
    # 15 pieces for 175.00, that cost 150.00 a year before.
    assert report.value("price_change") == "16.7"
    assert report.value("backlog") == "50.00"
    assert report.kpi("rejects")["better"] == "lower"


def test_suppliers_deliveries_and_open_orders_by_hand(bought: Any) -> None:
    report = bought.report("purchasing", YEAR)
    assert [row[:3] for row in report.rows("suppliers")] == [
        ["Mines", "171.00", "100.00"],
        ["Mills", "50.00", "0.00"],
    ]
    deliveries = {row[0]: row[1:] for row in report.rows("deliveries")}
    assert deliveries["Dec 2025"] == [1, 0, "0.0", "10.0", "11"]
    assert deliveries["Jan 2026"] == [1, 1, "100.0", "0.0", "10"]
    assert deliveries["Mar 2026"] == [0, 0, None, None, None]
    assert [row for row in report.rows("order_book") if row[2]] == [["Overdue", "50.00", 1]]
    assert [row.order for row in report.behind("deliveries", "2025-12")] == ["SO2"]
    assert report.behind("suppliers", "id:p2")[0].party == "Mills"


def test_filters_are_of_the_supplier_and_the_product(bought: Any) -> None:
    assert bought.report("purchasing", YEAR, segment="Grain").value("spend") == "50.00"
    assert bought.report("purchasing", YEAR, country="DE").value("spend") == "171.00"
    assert bought.report("purchasing", YEAR, category="none of it").value("spend") is None
