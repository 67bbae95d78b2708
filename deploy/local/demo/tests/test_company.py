"""The demo company: its books balance whatever the seed, and its views are the canonical ones."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import psycopg2
import pytest
from company import Company, check, connect, create
from reports.acquire.canonical import VIEWS

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


@pytest.mark.parametrize("seed", ["1", "7", "kestrel"])
def test_the_books_balance_whatever_the_seed(seed: str, empty_uri: Callable[[], str]) -> None:
    uri = empty_uri()
    assert create(uri, seed, YESTERDAY)
    assert check(uri) == []


def test_the_same_seed_and_day_give_the_same_company() -> None:
    def rows(seed: str) -> dict[str, list[tuple[object, ...]]]:
        company = Company(seed, date(2024, 1, 1), date(2024, 12, 31))
        company.open()
        company.trade(date(2024, 12, 31))
        return dict(company.rows)

    assert rows("7") == rows("7")
    assert rows("7")["move"] != rows("8")["move"]


def test_the_company_goes_on_from_its_books_and_they_still_balance(erp: str) -> None:
    with connect(erp) as db, db.cursor() as cursor:
        cursor.execute("select max(changed_at) from rpt.order_line")
        (before,) = cursor.fetchone() or (None,)
        company = Company.load(db)
        assert all((company.orders, company.items, company.jobs)), "nothing left open to go on with"
        company.trade(YESTERDAY)
        company.write(cursor)
        company = Company.load(db)
        company.now = datetime.now(UTC)
        company.begin_day(YESTERDAY + timedelta(days=1))
        while company.due(company.today):
            pass
        assert any(company.order(company.today) for _ in range(20))
        company.write(cursor)
        cursor.execute("select count(*) from rpt.order_line where changed_at > %s", (before,))
        assert cursor.fetchone() > (300,)
    assert check(erp) == []


def test_the_canonical_views_have_their_columns_and_rows(erp: str) -> None:
    with connect(erp) as db, db.cursor() as cursor:
        for view in VIEWS.values():
            if not view.optional:
                cursor.execute(f"select * from rpt.{view.name}")
                assert [column.name for column in cursor.description or ()] == view.names, view.name
                assert cursor.rowcount > 0, view.name
        cursor.execute("select distinct state from rpt.order_line")
        assert {state for (state,) in cursor} == {"quote", "confirmed", "done", "cancelled"}
        cursor.execute("select distinct state from rpt.production")
        assert {state for (state,) in cursor} >= {"in_progress", "done"}


def test_a_reader_reads_the_views_and_nothing_else(erp: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = f"reader_{uuid4().hex[:8]}"
    monkeypatch.setenv("READER_PASSWORD", "kestrel")
    assert not create(erp, "7", YESTERDAY, reader), "founded twice"
    db = connect(erp)
    try:
        with db, db.cursor() as cursor:
            cursor.execute(f"set role {reader}")
            cursor.execute("select count(*) from rpt.order_line")
            for forbidden in ("select * from erp.party", "delete from rpt.party"):
                cursor.execute("savepoint before")
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(forbidden)
                cursor.execute("rollback to before")
            cursor.execute(f"reset role; drop owned by {reader}; drop role {reader}")
    finally:
        db.close()
