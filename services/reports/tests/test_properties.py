"""What holds for any source: however it is read, and however many companies there are."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reports.acquire.replica import LoadError
from reports.acquire.tieout import tie_out

KINDS = Path(__file__).parent.parent / "sources"
VIEWS = ("company", "account", "gl_line", "open_item", "settlement", "order_line")
BOUNDED = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DAY = date(2026, 5, 1)


@pytest.fixture
def slim(acquired: Any, tmp_path: Path) -> Any:
    """Acquires only the views looked at here."""
    for view in VIEWS:
        (tmp_path / f"{view}.sql").write_text((KINDS / "generic" / f"{view}.sql").read_text())
    acquired.folder = tmp_path
    return acquired


def gl(id: str, move: str, amount: Decimal, clock: datetime, company: str = "1") -> dict[str, Any]:
    return {
        "line_id": id,
        "company_id": company,
        "move_id": move,
        "date": DAY,
        "account_id": f"{company}.a",
        "amount": amount,
        "is_closing": False,
        "changed_at": clock,
    }


def item(id: str, amount: Decimal, company: str = "1") -> dict[str, Any]:
    return {
        "item_id": id,
        "company_id": company,
        "side": "ar",
        "doc_type": "invoice",
        "doc_date": DAY,
        "amount": amount,
    }


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["order", "entry", "item"]), st.integers(0, 3), st.integers(-999, 999)),
        st.tuples(st.sampled_from(["drop order", "drop entry", "drop item"]), st.integers(0, 3), st.just(0)),
        st.tuples(st.sampled_from(["load", "load whole", "load in vain"]), st.just(0), st.just(0)),
    ),
    max_size=12,
)


@BOUNDED
@given(steps=STEPS)
def test_any_order_of_changes_and_loads_gives_the_same_facts(
    slim: Any, erp: Any, sold: Any, steps: list[tuple[str, int, int]]
) -> None:
    erp.empty()
    erp.company()
    slim.load(whole=True)  # forgets the example before
    clock = datetime(2026, 1, 1, tzinfo=UTC)
    tables = {"order": "order_line", "entry": "gl_line", "item": "open_item"}
    for step, n, cents in steps:
        clock += timedelta(hours=5)
        if step == "load in vain":
            (slim.folder / "party.sql").write_text("SELECT nothing")
            with pytest.raises(LoadError):
                slim.load(whole=False)
            (slim.folder / "party.sql").unlink()
        elif step.startswith("load"):
            slim.load(whole=step == "load whole")
        else:
            what, amount = step.rpartition(" ")[2], Decimal(cents) / 100
            key = {"order": "line_id", "entry": "move_id", "item": "item_id"}[what]
            erp.run(f"DELETE FROM rpt.{tables[what]} WHERE {key} = '{n}'")
            if step == "order":
                erp.lines(sold(str(n), "2026-01-05", str(amount), changed_at=clock))
            elif step == "entry":
                erp.put("gl_line", *(gl(f"{n}.{s}", str(n), s * amount, clock) for s in (1, -1)))
            elif step == "item":
                erp.put("open_item", item(str(n), amount))
    slim.load(whole=False)
    slim.load(whole=True, source="fresh")
    for view in VIEWS:
        assert slim.facts(view) == slim.facts(view, "fresh")
        assert len(slim.facts(view)) == erp.count(view)


@BOUNDED
@given(
    moves=st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.integers(-99999, 99999), min_size=1, max_size=4)), max_size=8
    ),
    wrong=st.none() | st.integers(0, 7),
)
def test_whole_books_agree_and_a_cent_that_is_missing_is_found_where_it_is(
    slim: Any, erp: Any, moves: list[tuple[int, list[int]]], wrong: int | None
) -> None:
    erp.empty()
    clock = datetime(2026, 1, 1, tzinfo=UTC)
    booked: dict[str, Decimal] = defaultdict(Decimal)
    for n in range(4):
        erp.company(str(n), "EUR", f"House {n}")
        for code, subtype in (("a", "receivable"), ("b", "revenue")):
            erp.put(
                "account",
                {"account_id": f"{n}.{code}", "company_id": str(n), "code": code, "name": code}
                | {"class": "asset" if code == "a" else "income", "subtype": subtype},
            )
    for number, (company, parts) in enumerate(moves):
        amounts = [Decimal(cents) / 100 for cents in parts]
        lines = [
            gl(f"{number}.{i}", f"m{number}", amount, clock, str(company)) for i, amount in enumerate(amounts)
        ]
        counter = gl(f"{number}.x", f"m{number}", -sum(amounts, Decimal(0)), clock, str(company))
        erp.put("gl_line", *lines, {**counter, "account_id": f"{company}.b"})
        erp.put(
            "open_item",
            *(item(f"{number}.{i}", amount, str(company)) for i, amount in enumerate(amounts)),
        )
        booked[str(company)] += sum(amounts, Decimal(0))
    touched = moves[wrong][0] if wrong is not None and wrong < len(moves) else None
    if touched is not None:
        erp.run(f"UPDATE rpt.gl_line SET amount = amount + 0.01 WHERE line_id = '{wrong}.0'")
    reading = slim.load(whole=True)
    with slim.db() as tx:
        checks = tie_out(tx, "house", DAY, reading.rows)
    differing = {(check.name, check.company_id) for check in checks if not check.agrees}
    told = {("debits_and_credits", str(touched)), ("receivables", str(touched))}
    assert differing == (set() if touched is None else told)
    # What is open of each company, and all of them together, is what was booked.
    found = {check.company_id: check.found for check in checks if check.name == "receivables"}
    assert found == {company: booked[company] for company in found}
    assert sum(found.values()) == sum(booked.values())


@pytest.mark.parametrize(
    ("companies", "lines"), [(0, 0), (1, 0), (1, 1), (10, 3)], ids=["none", "empty", "one row", "ten"]
)
def test_no_company_an_empty_one_one_row_and_ten_companies_are_all_read(
    slim: Any, erp: Any, sold: Any, companies: int, lines: int
) -> None:
    clock = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(companies):
        erp.company(str(n), "EUR" if n % 2 else "JPY", f"House {n}")
        for m in range(lines):
            erp.lines(sold(f"{n}.{m}", "2026-01-05", "10", company_id=str(n)))
            erp.put("gl_line", gl(f"{n}.{m}", f"{n}.{m}", Decimal(0), clock, str(n)))
    for whole in (True, False):
        reading = slim.load(whole=whole)
        assert reading.rows["company"] == companies
        assert reading.rows["order_line"] == reading.rows["gl_line"] == companies * lines
        with slim.db() as tx:
            checks = tie_out(tx, "house", DAY, reading.rows)
        assert all(check.agrees for check in checks)
        assert len([c for c in checks if c.name == "debits_and_credits"]) == (companies if lines else 0)
