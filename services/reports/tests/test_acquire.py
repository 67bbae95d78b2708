"""Acquiring: the facts become what the replica shows, wholly or not at all."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from kit.config import ConfigError
from reports.acquire.canonical import VIEWS
from reports.acquire.replica import LoadError
from reports.acquire.sources import read_sources
from reports.models import FACTS

KINDS = Path(__file__).parent.parent / "sources"
Sold = Callable[..., dict[str, Any]]


def test_a_load_brings_every_view_of_the_replica(acquired: Any, erp: Any, sold: Sold) -> None:
    erp.company()
    erp.put("party", {"party_id": "p1", "name": "Tab\tand\nline \\N", "segment": None, "country": ""})
    erp.lines(sold("1", "2026-10-01", "10.00"), sold("2", "2026-10-02", "-0.10"))
    erp.put(
        "account", {"account_id": "8", "company_id": "1", "code": "8", "name": "Sales", "class": "income"}
    )
    reading = acquired.load()
    assert {view: rows for view, rows in reading.rows.items() if rows} == {
        "company": 1,
        "party": 1,
        "account": 1,
        "order_line": 2,
    }
    assert acquired.facts("party") == [("p1", "Tab\tand\nline \\N", None, "")]
    assert acquired.facts("company") == [("1", "House", "EUR", 1)]


def test_the_generic_kind_has_a_query_for_every_view() -> None:
    assert {path.stem for path in (KINDS / "generic").glob("*.sql")} == set(VIEWS)


def test_a_second_load_writes_only_what_changed(acquired: Any, erp: Any, sold: Sold) -> None:
    erp.company()
    erp.lines(*(sold(str(n), "2026-10-01", "10") for n in range(20)))
    settled = {"item_id": "1", "date": date(2026, 10, 1), "amount": 5}
    erp.put("settlement", settled, settled)
    acquired.load()
    erp.run("UPDATE rpt.order_line SET net_amount = 11 WHERE line_id = '3'")
    erp.run("DELETE FROM rpt.order_line WHERE line_id = '4'")
    assert {view: n for view, n in acquired.load().changed.items() if n} == {"order_line": 2}
    assert len(acquired.facts("order_line")) == 19
    erp.put("settlement", settled)
    assert acquired.load().changed["settlement"] == 5
    assert len(acquired.facts("settlement")) == 3


def test_an_incremental_load_reads_from_the_watermark_and_finds_deletions(
    acquired: Any, erp: Any, sold: Sold
) -> None:
    erp.company()
    erp.lines(sold("1", "2026-10-01", "10"), sold("2", "2026-10-01", "20"), sold("3", "2026-10-01", "30"))
    acquired.load()
    erp.run("DELETE FROM rpt.order_line WHERE line_id = '2'")
    erp.run("UPDATE rpt.order_line SET net_amount = 31, changed_at = '2026-02-01Z' WHERE line_id = '3'")
    # Changed without a new changed_at: an incremental load does not see it, so it did not read all.
    erp.run("UPDATE rpt.order_line SET net_amount = 99, changed_at = '2025-01-01Z' WHERE line_id = '1'")
    acquired.load(whole=False)
    with acquired.db() as tx:
        table = FACTS["order_line"]
        found: dict[Any, Any] = dict(tx.execute(sa.select(table.c.line_id, table.c.net_amount)).all())
    assert {k: str(v) for k, v in found.items()} == {"1": "10", "3": "31"}
    acquired.load(whole=True)
    assert "99" in str(acquired.facts("order_line"))


def test_a_row_that_appears_behind_the_watermark_is_found(acquired: Any, erp: Any, sold: Sold) -> None:
    erp.company()
    erp.lines(sold("1", "2026-10-01", "10"))
    acquired.load()
    erp.lines(sold("2", "2026-10-01", "20", changed_at=datetime(2020, 1, 1, tzinfo=UTC)))
    acquired.load(whole=False)
    assert len(acquired.facts("order_line")) == 2


def test_sources_do_not_touch_each_other(acquired: Any, erp: Any, sold: Sold) -> None:
    erp.company()
    erp.lines(sold("1", "2026-10-01", "10"))
    acquired.load(source="house")
    erp.empty()
    erp.company(name="Other")
    acquired.load(source="other")
    assert len(acquired.facts("order_line", "house")) == 1
    assert acquired.facts("order_line", "other") == []


def test_an_optional_view_may_be_absent_and_another_may_not(acquired: Any, erp: Any) -> None:
    erp.company()
    erp.run("ALTER TABLE rpt.budget RENAME TO budget_away")
    try:
        assert "budget" not in acquired.load().rows
    finally:
        erp.run("ALTER TABLE rpt.budget_away RENAME TO budget")
    erp.run("ALTER TABLE rpt.party RENAME TO party_away")
    try:
        with pytest.raises(LoadError, match=r"generic/party\.sql: relation \"rpt\.party\" does not exist"):
            acquired.load()
    finally:
        erp.run("ALTER TABLE rpt.party_away RENAME TO party")


COMPANY = "SELECT '1' AS company_id, 'House' AS name, 'EUR' AS currency, 1 AS fiscal_year_start_month"

PRODUCT = "SELECT '1' AS product_id, '' AS code, 'P' AS name, '' AS category, '' AS uom, 'thing' AS kind"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no company.sql"),
        ({"company": COMPANY, "orders": "SELECT 1"}, r"orders\.sql is not named like a canonical view"),
        ({"company": "SELECT '1' AS company_id"}, r"company\.sql: the column name is missing"),
        ({"company": f"{COMPANY}, 2 AS surplus"}, r"company\.sql: the column surplus is not one of"),
        ({"company": f"{COMPANY}, 'x' AS name"}, r"company\.sql: the column name is not one of"),
        ({"company": f"{COMPANY} WHERE 'x' = :name"}, r"company\.sql: the bind :name is unknown"),
        ({"company": f"{COMPANY} WHERE :since IS NULL"}, r"company\.sql: :since needs a view with a key"),
        ({"company": f"{COMPANY} UNION ALL {COMPANY}"}, r"company\.sql: .*\(company_id\)=\(1\)"),
        ({"company": COMPANY.replace("'House'", "NULL")}, r"company\.sql: null value .*\(column name\)"),
        ({"company": COMPANY.replace("1 AS fis", "'x' AS fis")}, r"column fiscal_year_start_month: \"x\""),
        ({"company": "SELEC"}, r"company\.sql: syntax error"),
        (
            {"company": COMPANY, "product": PRODUCT},
            r"product\.sql: 'thing' in the column kind; allowed: goods, service",
        ),
        ({"company": "SELECT * FROM rpt.company FOR UPDATE"}, r"company\.sql: .* read-only transaction"),
    ],
)
def test_a_wrong_query_is_named_with_its_file_and_column_and_changes_nothing(
    acquired: Any, erp: Any, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    erp.company(name="Before")
    acquired.load()
    for name, sql in files.items():
        (tmp_path / f"{name}.sql").write_text(sql)
    acquired.folder = tmp_path
    with pytest.raises(LoadError, match=message):
        acquired.load()
    assert acquired.facts("company") == [("1", "Before", "EUR", 1)]


def test_a_query_may_end_in_a_semicolon_and_a_comment(acquired: Any, tmp_path: Path) -> None:
    (tmp_path / "company.sql").write_text(f"-- Whose books.\n{COMPANY};\n")
    acquired.folder = tmp_path
    assert acquired.load().rows == {"company": 1}


def test_a_replica_out_of_reach_is_an_error_in_words(acquired: Any, erp: Any) -> None:
    erp.uri = erp.uri.rpartition("/")[0] + "/no_such_database"
    try:
        with pytest.raises(LoadError, match='can\'t be reached: database "no_such_database"') as error:
            acquired.load()
        assert "127.0.0.1" not in str(error.value)
    finally:
        erp.uri = erp.engine.url.render_as_string(hide_password=False)


def test_a_slow_query_is_ended(acquired: Any, tmp_path: Path) -> None:
    (tmp_path / "company.sql").write_text(f"{COMPANY} FROM pg_sleep(5)")
    acquired.folder = tmp_path
    with pytest.raises(LoadError, match=r"company\.sql: canceling statement due to statement timeout"):
        acquired.load(statement_seconds=1)


def test_the_file_of_sources_is_checked_when_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "sources.yml"
    for text, message in (
        ("house: {kind: generic, uri: x}", "source house: title"),
        ("house: {kind: generic, uri: x, title: H, timezone: Mars}", "Mars is no IANA time zone"),
        ("house: {kind: generic, uri: x, title: H, schedule: '61 * * * *'}", "source house:.*cron line"),
        ("house: {kind: ../etc, uri: x, title: H}", "source house: kind"),
        ("house:", "source house"),
    ):
        file.write_text(text)
        read_sources.cache_clear()
        with pytest.raises(ConfigError, match=message):
            read_sources(file)
    with pytest.raises(ConfigError, match=r"^SOURCES_FILE: .*absent"):
        read_sources(tmp_path / "absent.yml")
