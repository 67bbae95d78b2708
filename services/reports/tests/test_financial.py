"""The financial report, checked by hand: income statement, balance sheet, cash, and the budget."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from .books import chart, entry

YEAR = {"from": "2026-01-01", "to": "2026-12-31"}


def put_rates(facts: Any, *rates: tuple[str, str, str]) -> None:
    facts.put(
        "fx_rate",
        *(
            {"currency": currency, "date": date.fromisoformat(day), "rate": Decimal(rate), "company_id": "1"}
            for currency, day, rate in rates
        ),
    )


@pytest.fixture
def books(facts: Any) -> Any:
    facts.company()
    chart(facts)
    entry(facts, "2025-01-02", ("100", "1000"), ("300", "-600"), ("220", "-400"))
    entry(facts, "2025-05-05", ("120", "500"), ("400", "-500"))
    entry(facts, "2025-05-05", ("500", "200"), ("130", "-200"))
    entry(facts, "2025-05-06", ("130", "350"), ("200", "-350"))
    entry(facts, "2026-01-10", ("120", "900"), ("400", "-900"))
    entry(facts, "2026-01-10", ("500", "150"), ("130", "-150"))
    entry(facts, "2026-01-20", ("100", "450"), ("120", "-450"))
    entry(facts, "2026-02-03", ("510", "100"), ("100", "-100"))
    entry(facts, "2026-02-04", ("140", "120"), ("100", "-120"))
    entry(facts, "2026-02-05", ("110", "30"), ("100", "-30"))  # to the till: no cash flow
    entry(facts, "2026-02-28", ("530", "10"), ("140", "-10"))
    entry(facts, "2026-03-01", ("520", "40"), ("200", "-40"))
    entry(facts, "2026-03-02", ("100", "15"), ("410", "-15"))
    entry(facts, "2026-03-03", ("540", "8"), ("550", "20"), ("100", "-28"))
    return facts


def test_the_key_figures_by_hand(books: Any) -> None:
    report = books.report("financial", YEAR)
    assert report.value("revenue") == "900.00"
    assert report.value("revenue", "year_before") == "500.00"
    assert report.value("gross_margin") == "83.3"  # 750 of 900
    # 900 - 150 + 15 - 100 - 40 - 10 = 615; less 8 and 20
    assert report.value("operating_margin") == "68.3"
    assert report.value("ebitda") == "625.00"
    assert report.value("net_profit") == "587.00"
    assert report.value("cash") == "1217.00"
    # (1217 + 950 + 0 + 0) / 390
    assert report.value("current_ratio") == "5.56"
    assert report.value("quick_ratio") == "5.56"
    # 790 of 1487
    assert report.value("debt_to_equity") == "0.53"


def test_the_income_statement_reads_from_revenue_to_profit(books: Any) -> None:
    table = books.report("financial", YEAR).table("result")
    assert [(row[0], row[1], row[2]) for row in table["rows"]] == [
        ("400", "Sales", "900.00"),
        (None, "Revenue", "900.00"),
        ("500", "Goods sold", "-150.00"),
        (None, "Cost of sales", "-150.00"),
        (None, "Gross profit", "750.00"),
        ("410", "Rent got", "15.00"),
        (None, "Other income", "15.00"),
        ("510", "Wages", "-100.00"),
        (None, "Personnel", "-100.00"),
        ("520", "Office", "-40.00"),
        (None, "Operating costs", "-40.00"),
        ("530", "Wear", "-10.00"),
        (None, "Depreciation", "-10.00"),
        (None, "Operating result", "615.00"),
        ("540", "Interest", "-8.00"),
        (None, "Financial result", "-8.00"),
        ("550", "Income tax", "-20.00"),
        (None, "Income tax", "-20.00"),
        (None, "Net profit", "587.00"),
    ]
    assert [table["rows"][n][0] for n in table["sums"]] == [None] * 11
    # Cost that has grown has grown, though it is negative.
    grown = books.report("financial", {"from": "2026-02-01", "to": "2026-03-31"}, compare="previous_period")
    changes = {row[1]: row[4] for row in grown.rows("result") if row[0] is None}
    assert (changes["Revenue"], changes["Cost of sales"]) == ("-100.0", "-100.0")


def balance(report: Any) -> dict[str, str]:
    return {row[0]: row[1] for row in report.rows("balance")}


def test_the_balance_sheet_shows_results_that_are_not_closed(books: Any) -> None:
    report = books.report("financial", YEAR)
    assert balance(report) == {
        "Cash": "1217.00",
        "Receivables": "950.00",
        "Inventory": "0.00",
        "Fixed assets": "110.00",
        "Assets": "2277.00",
        "Payables": "390.00",
        "Loans": "400.00",
        "Liabilities": "790.00",
        "Capital and reserves": "600.00",
        "Result of the year": "587.00",
        "Results of earlier years": "300.00",
        "Equity": "1487.00",
        "Liabilities and equity": "2277.00",
    }
    assert [(row.account, row.amount) for row in report.behind("balance", "earlier")] == [
        ("Goods sold", Decimal(-200)),
        ("Sales", Decimal(500)),
    ]


def test_a_closed_year_is_in_its_equity_and_its_profit_is_not_zero(books: Any) -> None:
    entry(books, "2025-12-31", ("400", "500"), ("500", "-200"), ("300", "-300"), closing=True)
    assert books.report("financial", "2025").value("net_profit") == "300.00"
    closed = balance(books.report("financial", "2025"))
    assert closed["Capital and reserves"] == closed["Equity"] == "900.00"
    assert "Result of the year" not in closed
    assert any("is closed" in note for note in books.report("financial", "2025").notes)
    after = balance(books.report("financial", YEAR))
    assert (after["Capital and reserves"], after["Result of the year"]) == ("900.00", "587.00")
    assert "Results of earlier years" not in after


def test_a_fiscal_year_that_begins_in_april_divides_the_results(facts: Any) -> None:
    facts.company(fiscal=4)
    chart(facts)
    entry(facts, "2026-03-31", ("100", "70"), ("400", "-70"))
    entry(facts, "2026-04-01", ("100", "5"), ("400", "-5"))
    report = facts.report("financial", "this_fiscal_year")
    assert report.value("revenue") == "5.00"
    assert (balance(report)["Result of the year"], balance(report)["Results of earlier years"]) == (
        "5.00",
        "70.00",
    )
    assert facts.report("financial", YEAR).value("revenue") == "75.00"


def test_cash_that_only_moves_between_accounts_is_no_flow(books: Any) -> None:
    report = books.report("financial", YEAR)
    months = {row[0]: row[1:] for row in report.rows("cash")}
    assert months["Jan 2026"] == ["450.00", "0.00", "450.00", "1450.00"]
    assert months["Feb 2026"] == ["0.00", "220.00", "-220.00", "1230.00"]
    assert months["Mar 2026"] == ["15.00", "28.00", "-13.00", "1217.00"]
    assert report.table("cash")["foot"][:4] == ["Total", "465.00", "248.00", "217.00"]
    assert [row.entry for row in report.behind("cash", "2026-02|out")] == ["J 2026-02-04", "J 2026-02-03"]


def plan(books: Any, *months: tuple[str, str, str], scenario: str = "Plan") -> None:
    books.put(
        "budget",
        *(
            {
                "company_id": "1",
                "account_id": f"1-{code}",
                "month": date.fromisoformat(month),
                "scenario": scenario,
                "amount": Decimal(amount),
            }
            for code, month, amount in months
        ),
    )


def test_the_budget_is_compared_by_the_days_so_far(books: Any) -> None:
    plan(books, ("400", "2026-01-01", "-800"), ("400", "2026-02-01", "-280"), ("510", "2026-02-01", "56"))
    plan(books, ("400", "2025-01-01", "-1"), scenario="Old")
    january = books.report("financial", "2026-01", compare="budget")
    assert january.value("revenue", "budget") == "800.00"
    assert january.kpi("revenue")["comparison"]["change"] == "100.00"
    part = books.report(
        "financial", {"from": "2026-01-01", "to": "2026-02-28"}, today="2026-02-07", compare="budget"
    )
    # A quarter of February has passed.
    assert part.value("revenue", "budget") == "870.00"
    assert part.value("net_profit", "budget") == "856.00"
    wages = next(row for row in part.rows("result") if row[1] == "Wages")
    assert wages[2:] == ["-100.00", "-14.00", "614.3", "-86.00"]
    assert "Budget: Plan. A month that still runs is compared with its days so far." in part.notes
    # March is not planned: it is no plan of nothing.
    quarter = books.report("financial", "2026-Q1", compare="budget")
    assert quarter.value("revenue", "budget") is None
    assert quarter.notes[-1].endswith("the budget does not cover the whole period.")
    assert books.report("financial", "2026-01", scenario="Old").value("revenue", "budget") is None
    beside = books.report("financial", "2026-Q1")
    assert [row[4] for row in beside.rows("revenue")] == ["800.00", "280.00", None]


def test_without_a_budget_there_is_none_in_the_report(books: Any) -> None:
    report = books.report("financial", YEAR)
    assert "budget" not in [c["id"] for c in report.kpi("revenue")["comparisons"]]
    assert report.charts["revenue"].form.mark == ""


def test_money_is_converted_by_what_it_is(facts: Any) -> None:
    """Income at the rate of its day, the balance sheet at the closing rate, and the difference is named."""
    facts.company("1", "EUR")
    chart(facts)
    put_rates(facts, ("USD", "2026-01-01", "0.8"), ("USD", "2026-06-01", "0.5"))
    entry(facts, "2026-01-05", ("100", "400"), ("300", "-400"))
    entry(facts, "2026-01-05", ("100", "80"), ("400", "-80"))
    entry(facts, "2026-07-01", ("100", "10"), ("400", "-10"))
    report = facts.report("financial", YEAR, currency="USD")
    assert report.value("revenue") == "120.00"  # 80 at 0.8 and 10 at 0.5
    shown = balance(report)
    assert (shown["Cash"], shown["Capital and reserves"]) == ("980.00", "800.00")
    assert (shown["Result of the year"], shown["Translation difference"]) == ("120.00", "60.00")
    assert shown["Equity"] == shown["Assets"] == "980.00"
    assert report.notes[-1].startswith("Converted from EUR to USD: income, cost and cash moves at the rate")
    months = {row[0]: row[1:] for row in report.rows("cash")}
    assert months["Jul 2026"] == ["20.00", "0.00", "20.00", "980.00"]


def test_lines_on_accounts_that_nobody_knows_are_no_secret(books: Any) -> None:
    entry(books, "2026-04-01", ("999", "33"), ("100", "-33"))
    report = books.report("financial", YEAR)
    assert balance(report)["Unmapped lines"] == "-33.00"
    assert "Lines on accounts that the source doesn't classify, in no statement: 1." in report.notes
