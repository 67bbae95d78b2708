"""Money in the currency of a report: every way there is to a rate, and none invented."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from kit.errors import Invalid
from pydantic import ValidationError

Sold = Callable[..., dict[str, Any]]


def rate(currency: str, day: str, rate: str, company: str | None = "1") -> dict[str, Any]:
    return {
        "currency": currency,
        "date": date.fromisoformat(day),
        "rate": Decimal(rate),
        "company_id": company,
    }


@pytest.fixture
def three(facts: Any, sold: Sold) -> Any:
    """100 of each currency on the tenth of January."""
    facts.company("1", "EUR", "House")
    facts.company("2", "USD", "House US")
    facts.company("3", "GBP", "House UK")
    facts.lines(
        *(
            sold(id, "2026-01-10", "100.00", company_id=id, currency=currency)
            for id, currency in (("1", "EUR"), ("2", "USD"), ("3", "GBP"))
        )
    )
    return facts


def refused(company: Any, **filters: Any) -> Invalid:
    with pytest.raises(Invalid) as found:
        company.report("sales", "2026", **filters)
    assert found.value.errors
    return found.value


def test_companies_of_different_currencies_are_never_added(three: Any) -> None:
    found = refused(three)
    assert found.code == "several_currencies"
    assert "House US (USD: 2)" in found.detail
    assert refused(three, company_id=["9"]).code == "company_not_found"
    assert three.report("sales", "2026", company_id=["2"]).kpi("revenue")["unit"] == "USD"
    assert three.report("sales", "2026", company_id=["2"]).value("revenue") == "100.00"


@pytest.mark.parametrize(
    ("rates", "companies", "currency", "revenue"),
    [
        # Kept by a company in the report's currency: the last on or before the order's date counts.
        (
            [
                rate("USD", "2026-01-01", "0.91111"),
                rate("USD", "2026-01-11", "0.5"),
                rate("USD", "2025-12-31", "9"),
            ],
            ["1", "2"],
            "EUR",
            "191.11",
        ),
        # Kept the other way round, by the company whose money is converted.
        ([rate("EUR", "2026-01-10", "1.25", "2")], ["1", "2"], "EUR", "180.00"),
        # Both ways: what is kept in the report's currency goes first.
        (
            [rate("USD", "2026-01-02", "0.9"), rate("EUR", "2026-01-10", "1.25", "2")],
            ["1", "2"],
            "EUR",
            "190.00",
        ),
        # By way of the euro, for a company that keeps no rates.
        (
            [rate("USD", "2026-01-01", "0.8"), rate("GBP", "2026-01-01", "1.2")],
            ["3"],
            "USD",
            "150.00",
        ),
        # Into a currency that no company keeps.
        ([rate("CHF", "2026-01-01", "1.25")], ["1"], "CHF", "80.00"),
        ([rate("CHF", "2026-01-01", "1.25"), rate("GBP", "2026-01-01", "1.25")], ["1", "3"], "CHF", "180.00"),
    ],
)
def test_a_rate_is_found_whichever_way_it_is_kept(
    three: Any, rates: list[dict[str, Any]], companies: list[str], currency: str, revenue: str
) -> None:
    three.put("fx_rate", *rates)
    report = three.report("sales", "2026", company_id=companies, currency=currency)
    assert report.value("revenue") == revenue
    assert report.notes[-1].startswith("Converted from ")
    assert report.notes[-1].endswith(f" to {currency} at the rate of each order's date.")


@pytest.mark.parametrize(
    "rates",
    [
        [],
        [rate("USD", "2026-01-11", "0.9")],  # only later
        [rate("USD", "2026-01-01", "0")],
        [rate("USD", "2026-01-01", "0.9", None)],  # of whom, with three currencies, nobody can say
        [rate("USD", "2026-01-01", "0.9", "2")],  # a company's own currency in itself
    ],
)
def test_a_missing_rate_is_refused_and_not_taken_for_one(three: Any, rates: list[dict[str, Any]]) -> None:
    if rates:
        three.put("fx_rate", *rates)
    found = refused(three, company_id=["1", "2"], currency="EUR")
    assert (found.code, found.detail) == (
        "no_exchange_rate",
        "No rate from USD to EUR is known for 2026-01-10.",
    )


def test_a_rate_of_no_company_is_for_all_where_they_keep_one_currency(facts: Any, sold: Sold) -> None:
    facts.company("1", "EUR", "House")
    facts.company("2", "EUR", "Haus")
    facts.lines(sold("1", "2026-01-10", "100.00"), sold("2", "2026-01-10", "20.00", company_id="2"))
    facts.put("fx_rate", rate("USD", "2026-01-01", "0.8", None))
    assert facts.report("sales", "2026", currency="USD").value("revenue") == "150.00"
    # Nothing is converted that need not be.
    assert facts.report("sales", "2026").value("revenue") == "120.00"


def test_fiscal_years_that_differ_are_not_mixed(facts: Any) -> None:
    facts.company("1", fiscal=1)
    facts.company("2", name="Haus", fiscal=4)
    with pytest.raises(Invalid) as found:
        facts.report("sales", "this_fiscal_year")
    assert found.value.code == "several_fiscal_years"
    report = facts.report("sales", "this_fiscal_year", company_id=["2"])
    assert str(report.numbers.scope.period.start) == "2026-04-01"
    assert facts.report("sales", "2026").numbers.scope.period.months == 12


@pytest.mark.parametrize(
    ("type", "filters"),
    [
        ("sales", {"compare": "budget"}),
        ("sales", {"as_of": "2026-01-01"}),
        ("financial", {"compare": "yesterday"}),
        ("receivables", {"buckets": [30, 30]}),
        ("receivables", {"buckets": [0]}),
        ("receivables", {"age_from": "birth"}),
        ("ledger", {"account": []}),
        ("human_resources", {"department": "x" * 201}),
    ],
)
def test_filters_that_mean_nothing_are_refused(facts: Any, type: str, filters: dict[str, Any]) -> None:
    facts.company()
    with pytest.raises(ValidationError):
        facts.report(type, "2026", **filters)
