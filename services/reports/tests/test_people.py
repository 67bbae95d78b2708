"""The human resources numbers, checked by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

YEAR = {"from": "2025-11-01", "to": "2026-10-31"}


def job(who: str, start: str, end: str | None, cost: str | None = "3000", **more: Any) -> dict[str, Any]:
    return {
        "employee_id": who,
        "company_id": "1",
        "name": who.title(),
        "department": more.get("department", "Works"),
        "job": more.get("job", "Maker"),
        "gender": more.get("gender", "f"),
        "start_date": date.fromisoformat(start),
        "end_date": date.fromisoformat(end) if end else None,
        "monthly_cost": None if cost is None else Decimal(cost),
    }


@pytest.fixture
def staffed(facts: Any) -> Any:
    facts.company()
    facts.put(
        "employment",
        # A raise and a move to another department: employed throughout.
        job("ann", "2020-01-01", "2025-12-31"),
        job("ann", "2026-01-01", "2026-05-31", "3300"),
        job("ann", "2026-06-01", None, "3300", department="Office"),
        job("bob", "2024-11-01", None, gender="m"),
        job("cat", "2026-02-01", None, department="Office"),
        job("dan", "2021-01-01", "2026-03-31", gender="m"),
        # Away for a month, and back: left once, hired once.
        job("eve", "2022-01-01", "2026-06-30", gender=None),
        job("eve", "2026-08-01", None, gender=None),
        # Two jobs at once count as one head.
        job("fay", "2025-01-01", None, None),
        job("fay", "2025-01-01", None, None, department="Office", job="Clerk"),
    )
    return facts


def test_the_key_figures_by_hand(staffed: Any) -> None:
    report = staffed.report("human_resources", YEAR)
    assert report.value("headcount") == "5"  # ann, bob, cat, eve, fay
    assert report.value("headcount", "year_before") == "5"  # dan, and not yet cat
    assert (report.value("hired"), report.value("left")) == ("2", "2")  # cat and eve; dan and eve
    assert report.value("cost") == "12300.00"
    assert report.value("cost_of_one") == "3075.00"
    assert report.value("women") == "75.0"  # ann, cat and fay of those whose gender is known
    # On the average of the first day and the end of each month.
    heads = [row[1] for row in report.rows("headcount")]
    assert heads == [5, 5, 5, 6, 6, 5, 5, 5, 4, 5, 5, 5]
    average = Decimal(sum([5, *heads])) / 13
    assert report.value("turnover") == str(round(Decimal(2) * Decimal("365.25") / 365 / average * 100, 1))


def test_departments_and_who_is_behind_a_bar(staffed: Any) -> None:
    report = staffed.report("human_resources", YEAR)
    assert [row[:3] for row in report.rows("departments")] == [["Office", 3, 1], ["Works", 3, 5]]
    assert sorted(row.name for row in report.behind("departments", "id:Office")) == ["Ann", "Cat", "Fay"]
    assert [(row.name, row.amount) for row in report.behind("moves", "2026-03")] == [("Dan", -1)]
    assert [row.name for row in report.behind("moves", "2026-08|in")] == ["Eve"]
    assert len(report.behind("headcount", "2026-02")) == 6
    # Nothing behind a bar tells what anybody is paid.
    assert [name for name, _, _ in report.detail("departments", "id:Office").columns] == [
        "name",
        "department",
        "job",
        "since",
        "until",
    ]


def test_a_move_between_departments_is_no_hire(staffed: Any) -> None:
    office = staffed.report("human_resources", YEAR, department="Office")
    assert (office.value("headcount"), office.value("hired"), office.value("left")) == ("3", "1", "0")


def test_what_few_are_paid_is_not_shown_nor_to_be_worked_out(facts: Any) -> None:
    facts.company()
    facts.put(
        "employment",
        *(job(f"w{n}", "2020-01-01", None, "3000") for n in range(4)),
        *(job(f"o{n}", "2020-01-01", None, "5000", department="Office") for n in range(3)),
        job("boss", "2020-01-01", None, "9999", department="Board"),
    )
    report = facts.report("human_resources", YEAR)
    # The board's is hidden, and the office's, or the board's would be the rest.
    assert [(row[0], row[-1]) for row in report.rows("departments")] == [
        ("Works", "12000.00"),
        ("Office", None),
        ("Board", None),
    ]
    assert report.value("cost") == "36999.00"
    assert "Cost and absence of fewer than three people are not shown." in report.notes
    assert facts.report("human_resources", YEAR, department="Board").value("cost") is None


def test_absence_is_known_only_where_times_tell_it_from_work(staffed: Any) -> None:
    def hours(who: str, day: str, kind: str, hours: str) -> dict[str, Any]:
        return {
            "employee_id": who,
            "company_id": "1",
            "date": date.fromisoformat(day),
            "kind": kind,
            "hours": Decimal(hours),
        }

    none = staffed.report("human_resources", YEAR)
    assert (none.value("absence"), "absence" in none.charts) == (None, False)
    staffed.put("hr_time", hours("ann", "2026-02-02", "work", "30"))
    only_work = staffed.report("human_resources", YEAR)
    assert only_work.value("absence") is None
    assert "Absence is not shown: the source has no times that tell it from work." in only_work.notes
    staffed.put(
        "hr_time",
        hours("ann", "2026-02-03", "sick", "6"),
        hours("bob", "2026-02-03", "holiday", "4"),
        hours("cat", "2026-07-01", "work", "8"),
    )
    report = staffed.report("human_resources", YEAR)
    assert report.value("absence") == "20.8"  # 10 of 48
    february = next(row for row in report.rows("absence") if row[0] == "Feb 2026")
    assert february == ["Feb 2026", "15.00", "10.00", "25.0", "10", "30"]
    assert [(row.kind, row.amount) for row in report.behind("absence", "2026-02|id:sick")] == [
        ("sick", Decimal(6))
    ]
    # Of a department with two people nothing is said.
    assert (
        staffed.report("human_resources", YEAR, department="Office", as_of="2026-03-01").value("absence")
        is None
    )
