"""The sales numbers, checked by hand to the cent."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.errors import Invalid
from reports.analyse import sheet
from reports.analyse.period import Period, resolve
from reports.words import Words

Sold = Callable[..., dict[str, Any]]
YEAR = {"from": "2025-11-01", "to": "2026-10-31"}


@pytest.fixture
def trade(acquired: Any, erp: Any, sold: Sold) -> Any:
    """Two customers, two products, two years, by hand."""
    erp.company()
    erp.put(
        "party",
        {"party_id": "p1", "name": "Alder", "segment": "Shops", "country": "AT"},
        {"party_id": "p2", "name": "Birch", "segment": "Diners", "country": "BE"},
    )
    erp.put(
        "product",
        {"product_id": "a", "code": "A1", "name": "Mill", "category": "Tools", "uom": "pc", "kind": "goods"},
        {"product_id": "b", "code": "B1", "name": "Basil", "category": "Herbs", "uom": "kg", "kind": "goods"},
    )
    erp.lines(
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
    acquired.load()
    return acquired


def test_the_key_figures_by_hand(trade: Any) -> None:
    sales = trade.sales(YEAR)
    found = {k["id"]: k for k in sheet.kpis(sales, Words("en", "EUR"))}
    # 110.10 + 0.20 - 10.05 + 333.33 + 50.00
    assert found["revenue"]["value"] == "483.58"
    assert found["revenue"]["comparison"] == {
        "label": "Year before",
        "value": "300.00",
        "change_pct": "61.2",
        "change_unit": "%",
    }
    assert found["orders"]["value"] == "4"  # o3, o4, o7, o8
    assert found["average_order"]["value"] == "120.90"  # 120.895
    # Costs are known for 110.10 + 333.33 = 443.43: (443.43 - 166.06) / 443.43
    assert found["gross_margin"]["value"] == "62.6"
    assert found["gross_margin"]["comparison"]["value"] == "40.0"
    assert found["gross_margin"]["comparison"]["change_pct"] == "22.6"
    assert "91.7%" in found["gross_margin"]["definition"]
    # Two of three pieces of 333.33 -> 222.22, and 50.00.
    assert found["backlog"]["value"] == "272.22"
    # On 2025-10-31 line 2 was ordered and not delivered until November.
    assert found["backlog"]["comparison"]["value"] == "200.00"
    assert all(k["definition"] and k["label"] and k["unit"] for k in found.values())


def test_months_customers_products_and_order_book_by_hand(trade: Any) -> None:
    tables = {t["id"]: t for t in sheet.tables(trade.sales(YEAR), Words("en", "EUR"))}
    months = tables["revenue"]["rows"]
    assert len(months) == 12
    assert months[0] == ["Nov 2025", "110.30", "100.00", "10.3", 1, "40.0"]
    assert months[1][:5] == ["Dec 2025", "0.00", "0.00", None, 0]
    assert months[4][:4] == ["Mar 2026", "-10.05", "0.00", None]
    assert months[11][:4] == ["Oct 2026", "383.33", "200.00", "91.7"]
    customers = tables["customers"]["rows"]
    assert [row[:3] for row in customers] == [
        ["Birch", "333.33", "200.00"],
        ["Alder", "100.25", "100.00"],
        ["without a name", "50.00", "0.00"],
    ]
    products = tables["products"]["rows"]
    assert [row[:4] for row in products] == [
        ["B1", "Basil", "333.53", "0.00"],
        ["A1", "Mill", "100.05", "300.00"],
        [None, "without a name", "50.00", "0.00"],
    ]
    book = [row for row in tables["order_book"]["rows"] if row[2]]
    assert book == [["Overdue", "222.22", 1], ["Dec 2026", "50.00", 1]]


def test_the_running_month_is_partial_and_compared_with_the_same_days(trade: Any) -> None:
    sales = trade.sales("last_12_months", today="2026-11-29")
    assert sales.period == Period(date(2025, 12, 1), date(2026, 11, 30))
    last = sales.points[-1]
    assert (last.partial, last.now.revenue) == (True, Decimal("70.00"))
    # Line 1 is of 30 November 2024, and the year before ends on 29 November.
    assert trade.sales("2025-11", today="2025-11-29").points[-1].before.orders == 0
    assert trade.sales("2025", today="2025-11-29").before.revenue is None
    notes = sheet.notes(sales, Words("en", "EUR"))
    assert "The period is not over; it is counted up to Nov 29, 2026." in notes


def test_no_data_is_not_zero(trade: Any, acquired: Any) -> None:
    sales = trade.sales({"from": "2023-01-01", "to": "2023-12-31"})
    assert sales.total.revenue is None
    assert all(point.now.revenue is None for point in sales.points)
    figures = {k["id"]: k for k in sheet.kpis(sales, Words("en", "EUR"))}
    assert figures["revenue"]["value"] is None
    assert figures["orders"]["value"] is None
    assert sheet.notes(sales, Words("en", "EUR")) == ["There are no orders in this period."]
    # The first order is of November 2024: what was before is unknown, not nothing.
    first_year = trade.sales({"from": "2024-11-01", "to": "2025-10-31"})
    assert first_year.total.revenue == Decimal("300.00")
    assert first_year.before.revenue is None
    assert first_year.points[0].before.revenue is None
    assert first_year.customers.top[0].before is None


def test_filters_narrow_to_a_segment_and_a_category(trade: Any) -> None:
    assert trade.sales(YEAR, segment="Shops").total.revenue == Decimal("100.25")
    assert trade.sales(YEAR, category="Herbs").total.revenue == Decimal("333.53")
    assert trade.sales(YEAR, segment="Shops", category="Herbs").total.revenue == Decimal("0.20")


def test_companies_of_different_currencies_are_never_added(acquired: Any, erp: Any, sold: Sold) -> None:
    erp.company("1", "EUR", "House")
    erp.company("2", "USD", "House US")
    erp.company("3", "EUR", "Haus")
    erp.lines(
        sold("1", "2026-01-10", "100.00"),
        sold("2", "2026-01-10", "100.00", company_id="2", currency="USD"),
        sold("3", "2026-01-10", "10.00", company_id="3"),
    )
    acquired.load()
    with pytest.raises(Invalid) as refused:
        acquired.sales("2026")
    assert refused.value.code == "several_currencies"
    assert "House US (USD: 2)" in refused.value.detail
    assert acquired.sales("2026", company_id=["1", "3"]).total.revenue == Decimal("110.00")
    us = acquired.sales("2026", company_id=["2"])
    assert (us.currency, us.total.revenue) == ("USD", Decimal("100.00"))
    with pytest.raises(Invalid) as refused:
        acquired.sales("2026", company_id=["9"])
    assert refused.value.code == "company_not_found"
    with pytest.raises(Invalid) as refused:
        acquired.sales("2026", currency="EUR")
    assert refused.value.code == "no_exchange_rate"
    erp.put(
        "fx_rate",
        # Of the dollar, in units of each company's currency; the last on or before the order's date counts.
        {"currency": "USD", "date": date(2026, 1, 1), "rate": Decimal("0.91111"), "company_id": "1"},
        {"currency": "USD", "date": date(2026, 1, 11), "rate": Decimal("0.5"), "company_id": "1"},
        {"currency": "EUR", "date": date(2026, 1, 1), "rate": Decimal("7"), "company_id": "2"},
    )
    acquired.load()
    both = acquired.sales("2026", currency="EUR")
    assert both.total.revenue == Decimal("201.11")
    assert sheet.notes(both, Words("en", "EUR"))[-1].startswith("Converted from USD to EUR")


def test_what_is_not_shown_is_added_up(acquired: Any, erp: Any, sold: Sold) -> None:
    erp.company()
    erp.lines(
        sold("old", "2024-01-01", "1"),
        sold("left", "2025-06-01", "500.00", party_id="gone"),
        *(sold(str(n), "2026-06-01", f"{n}.00", party_id=f"c{n}") for n in range(1, 61)),
    )
    acquired.load()
    sales = acquired.sales("2026")
    assert (len(sales.customers.top), sales.customers.total) == (50, 60)
    assert sales.customers.top[0].name == "c60"
    rest = sales.customers.rest
    assert (rest.now.revenue, rest.before) == (Decimal(sum(range(1, 11))), Decimal("500.00"))


AMOUNTS = st.lists(
    st.tuples(st.dates(date(2024, 9, 1), date(2026, 12, 31)), st.integers(-99999, 999999), st.integers(0, 3)),
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=AMOUNTS, start=st.dates(date(2025, 1, 1), date(2026, 6, 1)), days=st.integers(0, 500))
def test_the_parts_always_add_up_to_the_whole(
    acquired: Any, erp: Any, sold: Sold, orders: list[tuple[date, int, int]], start: date, days: int
) -> None:
    erp.empty()
    erp.company()
    lines = [
        sold(str(n), str(day), str(Decimal(cents) / 100), party_id=f"c{who}", product_id=f"a{cents % 3}")
        for n, (day, cents, who) in enumerate(orders)
    ]
    if lines:
        erp.lines(*lines)
    acquired.load()
    end = date.fromordinal(start.toordinal() + days)
    sales = acquired.sales({"from": str(start), "to": str(end)}, today="2027-01-15")
    expected = [Decimal(cents) / 100 for day, cents, _ in orders if start <= day <= end]
    assert sales.total.orders == len(expected)
    assert (sales.total.revenue or 0) == sum(expected)
    parts = (
        [p.now.revenue for p in sales.points],
        [r.now.revenue for r in sales.customers.top],
        [r.now.revenue for r in sales.products.top],
    )
    for part in parts:
        assert sum(value or Decimal(0) for value in part) == sum(expected)
    if sales.before.revenue is not None:
        assert sum(p.before.revenue or Decimal(0) for p in sales.points) == sales.before.revenue
    assert sum(slot.value for slot in sales.book) == sales.backlog or not sales.book


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
