"""The sales numbers, checked by hand to the cent."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.errors import Invalid
from reports.analyse.period import Period, resolve

Sold = Callable[..., dict[str, Any]]
YEAR = {"from": "2025-11-01", "to": "2026-10-31"}


@pytest.fixture
def trade(facts: Any, sold: Sold) -> Any:
    """Two customers, two products, two years, by hand."""
    facts.company()
    facts.put(
        "party",
        {"party_id": "p1", "name": "Alder", "segment": "Shops", "country": "AT"},
        {"party_id": "p2", "name": "Birch", "segment": "Diners", "country": "BE"},
    )
    facts.put(
        "product",
        {"product_id": "a", "code": "A1", "name": "Mill", "category": "Tools", "uom": "pc", "kind": "goods"},
        {"product_id": "b", "code": "B1", "name": "Basil", "category": "Herbs", "uom": "kg", "kind": "goods"},
    )
    facts.lines(
        # The year before: 300.00 in two orders.
        sold("1", "2024-11-30", "100.00", state="done", cost_amount=Decimal("60.00")),
        sold("2", "2025-10-31", "200.00", state="done", party_id="p2", delivered_date=date(2025, 11, 20)),
        # The year: o3 has two lines; 4 is a return; 5 and 6 never count.
        sold("3", "2025-11-01", "110.10", state="done", order_id="o3", cost_amount=Decimal("66.06")),
        sold("3b", "2025-11-01", "0.20", state="done", order_id="o3", product_id="b", party_id="p1"),
        sold("4", "2026-03-15", "-10.05", qty=Decimal(-1), state="done"),
        sold("5", "2026-03-16", "9999.00", state="quote"),
        sold("6", "2026-03-17", "8888.00", state="cancelled"),
        sold(
            "7",
            "2026-10-31",
            "333.33",
            qty=Decimal(3),
            fulfilled_qty=Decimal(1),
            party_id="p2",
            product_id="b",
            promised_date=date(2026, 10, 30),
            cost_amount=Decimal("100.00"),
        ),
        sold("8", "2026-10-01", "50.00", party_id=None, product_id=None, promised_date=date(2026, 12, 24)),
        # After the year, and another side.
        sold("9", "2026-11-01", "70.00"),
        sold("10", "2026-05-05", "60.00", side="purchase"),
    )
    return facts


def test_the_key_figures_by_hand(trade: Any) -> None:
    sales = trade.report("sales", YEAR)
    # 110.10 + 0.20 - 10.05 + 333.33 + 50.00
    assert sales.kpi("revenue")["value"] == "483.58"
    compared = {"value": "300.00", "change": "183.58", "change_pct": "61.2", "change_unit": "%"}
    # Whole years: what was before the year is the year before.
    assert sales.kpi("revenue")["comparisons"] == [
        {"id": "year_before", "label": "Year before", **compared},
        {"id": "previous_period", "label": "Previous period", **compared},
    ]
    assert sales.kpi("revenue")["comparison"]["id"] == "year_before"
    assert sales.value("orders") == "4"  # o3, o4, o7, o8
    assert sales.value("average_order") == "120.90"  # 120.895
    # Costs are known for 110.10 + 333.33 = 443.43: (443.43 - 166.06) / 443.43
    margin = sales.kpi("gross_margin")
    assert (margin["value"], margin["comparison"]["value"]) == ("62.6", "40.0")
    assert (margin["comparison"]["change_pct"], margin["comparison"]["change_unit"]) == ("22.6", "points")
    assert "91.7%" in margin["definition"]
    # Two of three pieces of 333.33 -> 222.22, and 50.00.
    assert sales.value("backlog") == "272.22"
    # On 2025-10-31 line 2 was ordered and not delivered until November.
    assert sales.value("backlog", "year_before") == "200.00"
    # Of the six asked for, a quote and a cancelled order were not won.
    assert sales.value("conversion") == "66.7"
    # Line 7 was promised for the 30th of October, and one of three pieces came.
    assert sales.value("on_time") == "0.0"
    assert all(kpi.definition and kpi.label and kpi.unit for kpi in sales.sheet.kpis)


def test_months_customers_products_and_order_book_by_hand(trade: Any) -> None:
    sales = trade.report("sales", YEAR)
    months = sales.rows("revenue")
    assert len(months) == 12
    assert months[0] == ["Nov 2025", "110.30", "100.00", "10.3", 1, "40.0"]
    assert months[1][:5] == ["Dec 2025", "0.00", "0.00", None, 0]
    assert months[4][:4] == ["Mar 2026", "-10.05", "0.00", None]
    assert months[11][:4] == ["Oct 2026", "383.33", "200.00", "91.7"]
    assert sales.table("revenue")["foot"] == ["Total", "483.58", "300.00", "61.2", 4, "62.6"]
    assert [row[:3] for row in sales.rows("customers")] == [
        ["Birch", "333.33", "200.00"],
        ["Alder", "100.25", "100.00"],
        ["without a name", "50.00", "0.00"],
    ]
    assert sales.table("customers")["keys"] == ["id:p2", "id:p1", "none"]
    assert [row[:4] for row in sales.rows("products")] == [
        ["B1", "Basil", "333.53", "0.00"],
        ["A1", "Mill", "100.05", "300.00"],
        [None, "without a name", "50.00", "0.00"],
    ]
    book = [row for row in sales.rows("order_book") if row[2]]
    assert book == [["Overdue", "222.22", 1], ["Dec 2026", "50.00", 1]]


def test_the_running_month_is_partial_and_compared_with_the_same_days(trade: Any) -> None:
    sales = trade.report("sales", "last_12_months", today="2026-11-29")
    assert sales.numbers.scope.period == Period(date(2025, 12, 1), date(2026, 11, 30))
    last = sales.numbers.ordered.points[-1]
    assert (last.partial, last.now.net) == (True, Decimal("70.00"))
    assert sales.rows("revenue")[-1][0] == "Nov 2026 (so far)"
    # Line 1 is of 30 November 2024, and the year before ends on 29 November.
    november = trade.report("sales", "2025-11", today="2025-11-29")
    assert november.numbers.ordered.total["year_before"].orders == 0
    assert trade.report("sales", "2025", today="2025-11-29").value("revenue", "year_before") is None
    assert "The period is not over; it is counted up to Nov 29, 2026." in sales.notes


def test_a_period_is_compared_with_the_one_before_it_too(trade: Any) -> None:
    quarter = trade.report("sales", "2026-Q1", today="2026-02-28", compare="previous_period")
    assert quarter.numbers.scope.earlier["previous_period"].span == Period(
        date(2025, 10, 1), date(2025, 11, 30)
    )
    assert quarter.value("revenue", "previous_period") == "310.30"
    assert quarter.kpi("revenue")["comparison"]["label"] == "Previous period"
    assert [row[:3] for row in quarter.rows("revenue")] == [
        ["Jan 2026", "0.00", "200.00"],
        ["Feb 2026", "0.00", "110.30"],
        ["Mar 2026", None, None],
    ]
    days = trade.report("sales", {"from": "2025-11-01", "to": "2025-11-10"}, compare="previous_period")
    assert days.value("revenue", "previous_period") == "200.00"  # from the 22nd to the 31st of October


def test_no_data_is_not_zero(trade: Any) -> None:
    sales = trade.report("sales", {"from": "2023-01-01", "to": "2023-12-31"})
    assert [
        kpi["value"] for kpi in map(sales.writer.show_kpi, sales.sheet.kpis) if kpi["id"] != "backlog"
    ] == [None] * 6
    assert all(point.now is None for point in sales.numbers.ordered.points)
    assert sales.notes == ["There are no orders in this period."]
    # The first order is of November 2024: what was before is unknown, not nothing.
    first_year = trade.report("sales", {"from": "2024-11-01", "to": "2025-10-31"})
    assert first_year.value("revenue") == "300.00"
    assert first_year.value("revenue", "year_before") is None
    assert first_year.rows("revenue")[0][:3] == ["Nov 2024", "100.00", None]
    assert first_year.rows("customers")[0][:3] == ["Birch", "200.00", None]


def test_filters_narrow_to_a_segment_a_country_and_a_category(trade: Any) -> None:
    for filters, revenue in (
        ({"segment": "Shops"}, "100.25"),
        ({"country": "BE"}, "333.33"),
        ({"category": "Herbs"}, "333.53"),
        ({"segment": "Shops", "category": "Herbs"}, "0.20"),
        ({"segment": "nobody"}, None),
    ):
        assert trade.report("sales", YEAR, **filters).value("revenue") == revenue


def test_what_is_not_shown_is_added_up(facts: Any, sold: Sold) -> None:
    facts.company()
    facts.lines(
        sold("old", "2024-01-01", "1"),
        sold("left", "2025-06-01", "500.00", party_id="gone"),
        *(sold(str(n), "2026-06-01", f"{n}.00", party_id=f"c{n}") for n in range(1, 61)),
    )
    sales = facts.report("sales", "2026")
    customers = sales.numbers.customers
    assert (len(customers.top), customers.total) == (50, 60)
    assert customers.top[0].name == "c60"
    assert (customers.rest.value, customers.rest.other) == (Decimal(sum(range(1, 11))), Decimal("500.00"))
    assert sales.table("customers")["keys"][-1] == "rest"


AMOUNTS = st.lists(
    st.tuples(st.dates(date(2024, 9, 1), date(2026, 12, 31)), st.integers(-99999, 999999), st.integers(0, 3)),
    max_size=25,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=AMOUNTS, start=st.dates(date(2025, 1, 1), date(2026, 6, 1)), days=st.integers(0, 500))
def test_the_parts_always_add_up_to_the_whole(
    facts: Any, sold: Sold, orders: list[tuple[date, int, int]], start: date, days: int
) -> None:
    facts.empty()
    facts.company()
    lines = [
        sold(str(n), str(day), str(Decimal(cents) / 100), party_id=f"c{who}", product_id=f"a{cents % 3}")
        for n, (day, cents, who) in enumerate(orders)
    ]
    if lines:
        facts.lines(*lines)
    end = date.fromordinal(start.toordinal() + days)
    sales = facts.report("sales", {"from": str(start), "to": str(end)}, today="2027-01-15")
    expected = [Decimal(cents) / 100 for day, cents, _ in orders if start <= day <= end]
    numbers = sales.numbers
    assert numbers.ordered.now.orders == len(expected)
    assert (numbers.ordered.now.net or 0) == sum(expected)
    parts = (
        [p.now.net for p in numbers.ordered.points if p.now],
        [r.value for r in numbers.customers.top],
        [r.value for r in numbers.products.top],
    )
    for part in parts:
        assert sum(value or Decimal(0) for value in part) == sum(expected)
    if before := numbers.ordered.total.get("year_before"):
        others = [p.other.net or Decimal(0) for p in numbers.ordered.points if p.other]
        assert sum(others) == (before.net or Decimal(0))
    assert sum(slot.value for slot in numbers.book) == numbers.backlog.get("now", 0)


@pytest.mark.parametrize(
    ("asked", "fiscal", "start", "end"),
    [
        ("last_12_months", 1, "2025-12-01", "2026-11-30"),
        ("this_month", 1, "2026-11-01", "2026-11-30"),
        ("last_month", 1, "2026-10-01", "2026-10-31"),
        ("this_quarter", 1, "2026-10-01", "2026-12-31"),
        ("last_quarter", 1, "2026-07-01", "2026-09-30"),
        ("this_year", 1, "2026-01-01", "2026-12-31"),
        ("last_year", 1, "2025-01-01", "2025-12-31"),
        ("this_fiscal_year", 4, "2026-04-01", "2027-03-31"),
        ("this_fiscal_year", 12, "2025-12-01", "2026-11-30"),
        ("last_fiscal_year", 4, "2025-04-01", "2026-03-31"),
        ("2026", 1, "2026-01-01", "2026-12-31"),
        ("2024-02", 1, "2024-02-01", "2024-02-29"),
        ("2026-Q4", 1, "2026-10-01", "2026-12-31"),
    ],
)
def test_periods_have_names(asked: str, fiscal: int, start: str, end: str) -> None:
    found = resolve({"name": asked}, date(2026, 11, 23), fiscal)
    assert (str(found.start), str(found.end)) == (start, end)


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "soon"},
        {"name": "2026-13"},
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"from": "2000-01-01", "to": "2026-01-01"},
        {"from": "1066-01-01", "to": "1066-02-01"},
        {"from": "yesterday", "to": "2026-01-01"},
    ],
)
def test_what_is_no_period_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        resolve(asked, date(2026, 11, 23))
    assert refused.value.code == "invalid_period"


def test_the_year_before_ends_with_its_month() -> None:
    assert Period(date(2025, 2, 1), date(2025, 2, 28)).year_before().end == date(2024, 2, 29)
    assert Period(date(2024, 2, 29), date(2024, 3, 10)).year_before().start == date(2023, 2, 28)
