"""The production numbers, checked by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

YEAR = {"from": "2025-11-01", "to": "2026-10-31"}


def order(id: str, state: str, planned: str, good: str | None = None, **more: Any) -> dict[str, Any]:
    def a_day(name: str) -> date | None:
        return date.fromisoformat(more[name]) if more.get(name) else None

    return {
        "order_id": id,
        "order_no": f"WO{id}",
        "company_id": "1",
        "product_id": more.get("product", "a"),
        "state": state,
        "planned_qty": Decimal(planned),
        "good_qty": None if good is None else Decimal(good),
        "scrap_qty": None if good is None else Decimal(more.get("scrap", "0")),
        "planned_start": None,
        "planned_end": a_day("due"),
        "actual_start": a_day("begun"),
        "actual_end": a_day("ended"),
        "actual_cost": Decimal(more["cost"]) if "cost" in more else None,
    }


@pytest.fixture
def works(facts: Any) -> Any:
    facts.company()
    facts.put(
        "product",
        {"product_id": "a", "code": "A", "name": "Mill", "category": "Tools", "uom": "pc", "kind": "goods"},
        {"product_id": "b", "code": "B", "name": "Pan", "category": "Kitchen", "uom": "pc", "kind": "goods"},
        {"product_id": "c", "code": "C", "name": "Flour", "category": "Food", "uom": "kg", "kind": "goods"},
    )
    facts.put(
        "production",
        order("0", "done", "10", "8", begun="2024-11-01", due="2024-11-10", ended="2024-11-09"),
        order(
            "1",
            "done",
            "10",
            "9",
            scrap="1",
            begun="2025-11-03",
            due="2025-11-10",
            ended="2025-11-09",
            cost="90",
        ),
        order(
            "2",
            "done",
            "5",
            "3",
            scrap="2",
            begun="2026-01-02",
            due="2026-01-05",
            ended="2026-01-12",
            product="b",
        ),
        order("3", "in_progress", "20", "5", begun="2026-10-01", due="2026-10-20"),
        order("4", "released", "7", due="2026-11-04"),
        order("5", "cancelled", "99", due="2026-01-05"),
        order(
            "6", "done", "1000", "1000", begun="2026-01-02", due="2026-01-05", ended="2026-01-04", product="c"
        ),
    )
    return facts


def test_the_key_figures_by_hand(works: Any) -> None:
    report = works.report("production", YEAR)
    assert (report.value("output"), report.kpi("output")["unit"]) == ("12", "count")
    assert report.value("output", "year_before") == "8"
    assert report.value("yield") == "80.0"  # 12 of 15
    assert report.value("attainment") == "80.0"  # 12 of 15 planned
    assert report.value("on_time") == "50.0"
    assert report.value("in_the_works") == "1"
    assert report.value("in_the_works", "year_before") == "0"
    assert report.value("cycle_time") == "8"  # 6 and 10 days
    assert report.value("unit_cost") == "10.00"  # 90 for 9, of the rest it isn't known


def test_kilograms_are_not_added_to_pieces(works: Any) -> None:
    pieces = works.report("production", YEAR)
    assert "Only what is counted in: pc. Not added are: kg." in pieces.notes
    flour = works.report("production", YEAR, uom="kg")
    assert (flour.value("output"), flour.kpi("output")["unit"]) == ("1000", "kg")
    assert flour.kpi("output")["unit_label"] == "kg"
    assert works.report("production", YEAR, category="Kitchen").value("output") == "3"


def test_months_products_scrap_and_what_is_due_by_hand(works: Any) -> None:
    report = works.report("production", YEAR)
    months = {row[0]: row[1:] for row in report.rows("output")}
    assert months["Nov 2025"] == ["9", "8", "12.5", "10", "1", "90.0", "10.00"]
    assert months["Jan 2026"] == ["3", "0", None, "5", "2", "60.0", None]
    assert report.points("output")["2025-11|id:Tools"] == Decimal(9)
    assert [row[1:3] for row in report.rows("products")] == [["Mill", "9"], ["Pan", "3"]]
    assert [(row[1], row[2], row[6]) for row in report.rows("scrap")] == [
        ("Pan", "2", "40.0"),
        ("Mill", "1", "10.0"),
    ]
    due = [row for row in report.rows("due") if row[2]]
    assert due == [["Overdue", "15", 1], ["Week of Nov 2, 2026", "7", 1]]
    assert [row.order for row in report.behind("due", "overdue")] == ["WO3"]
    assert [row.order for row in report.behind("output", "2026-01")] == ["WO2"]
