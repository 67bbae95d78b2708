"""The same facts from every kind of database and from files, read and never written to."""

import csv
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from reports.acquire.canonical import VIEWS
from reports.acquire.check import check
from reports.acquire.load import load
from reports.acquire.replica import Limits, LoadError
from reports.acquire.sources import Source
from reports.models import FACTS
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

KINDS = Path(__file__).parent.parent / "sources"
TYPES: dict[str, Any] = {
    "": sa.Text(),
    "date": sa.Date(),
    "num": sa.Numeric(24, 6),
    "int": sa.Integer(),
    "bool": sa.Boolean(),
    "time": sa.DateTime(),
}
BOOKS: dict[str, list[dict[str, str]]] = {
    "company": [
        {"company_id": "1", "name": "Häuser & Söhne", "currency": "EUR", "fiscal_year_start_month": "4"},
        {"company_id": "2", "name": "房子\t公司", "currency": "TWD", "fiscal_year_start_month": "1"},
    ],
    "gl_line": [
        {
            "line_id": f"{move}.{side}",
            "company_id": company,
            "move_id": move,
            "date": "2026-03-31",
            "account_id": account,
            "amount": f"{sign}{amount}",
            "is_closing": closing,
            "changed_at": f"2026-04-0{day} 10:00:00",
        }
        for day, (move, company, amount, closing) in enumerate(
            [("m1", "1", "1234567890.12", "0"), ("m2", "1", "0.10", "1"), ("m3", "2", "7", "0")], 1
        )
        for side, sign, account in (("d", "", "100"), ("c", "-", "800"))
    ],
}  # fmt: skip
Put = Callable[[dict[str, list[dict[str, str]]]], str]


def _tables(engine: sa.Engine, schema: str | None, books: dict[str, list[dict[str, str]]]) -> None:
    """The generic views as tables of a server's schema `rpt`."""
    metadata = sa.MetaData(schema=schema)
    for view in VIEWS.values():
        sa.Table(view.name, metadata, *(sa.Column(c.name, TYPES[c.type]) for c in view.columns))
    metadata.drop_all(engine)
    metadata.create_all(engine)
    with engine.begin() as connection:
        for view, rows in books.items():
            for row in rows:
                names = ", ".join(row)
                values = ", ".join(f"'{value}'" for value in row.values())
                table = f"{schema}.{view}" if schema else view
                connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({values})")


@pytest.fixture
def in_mariadb(mariadb: sa.URL) -> Put:
    def put(books: dict[str, list[dict[str, str]]]) -> str:
        engine = sa.create_engine(mariadb, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE DATABASE IF NOT EXISTS rpt")
            connection.exec_driver_sql("CREATE USER IF NOT EXISTS reader@'127.0.0.1' IDENTIFIED BY 'pass'")
            # More than to read: what holds is the session, not the role.
            connection.exec_driver_sql("GRANT ALL ON rpt.* TO reader@'127.0.0.1'")
        _tables(engine, "rpt", books)
        uri = mariadb.set(username="reader", password="pass", database="rpt")
        return uri.render_as_string(hide_password=False)

    return put


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Put:
    def put(books: dict[str, list[dict[str, str]]]) -> str:
        (tmp_path / "books?.db").unlink(missing_ok=True)
        engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(tmp_path / "books?.db"))
        _tables(engine, None, books)
        engine.dispose()
        return f"sqlite:///{tmp_path}/books%3F.db"

    return put


@pytest.fixture
def in_csv(tmp_path: Path) -> Put:
    def put(books: dict[str, list[dict[str, str]]]) -> str:
        for view, rows in books.items():
            # Each row a file of its own, as of one month after the other, some from a German Excel.
            for number, row in enumerate(rows):
                with (tmp_path / f"{view}.{number}.csv").open("w", encoding="utf-8-sig", newline="") as file:
                    writer = csv.writer(file, delimiter=",;"[number % 2])
                    writer.writerows([[name.upper() for name in row], row.values(), []])
        (tmp_path / "~$company.xlsx").write_bytes(b"a lock of Excel")
        return f"files://{tmp_path}"

    return put


@pytest.fixture
def in_a_workbook(tmp_path: Path) -> Put:
    def put(books: dict[str, list[dict[str, str]]]) -> str:
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for view, rows in books.items():
            sheet = workbook.create_sheet(view)
            sheet.append(list(rows[0]))
            for row in rows:
                typed: dict[str, Any] = dict(row)
                if "amount" in row:
                    typed |= {"amount": float(row["amount"]), "date": date.fromisoformat(row["date"])}
                    typed |= {"is_closing": row["is_closing"] == "1"}
                sheet.append([*typed.values(), None])
        workbook.save(tmp_path / "books.xlsx")
        return f"files://{tmp_path}"

    return put


@pytest.mark.parametrize(
    ("place", "kind"),
    [("in_mariadb", "generic"), ("in_sqlite", "generic"), ("in_csv", "files"), ("in_a_workbook", "files")],
)
def test_every_kind_of_source_gives_the_same_facts(
    request: pytest.FixtureRequest, acquired: Any, place: str, kind: str
) -> None:
    put: Put = request.getfixturevalue(place)
    acquired.folder, acquired.uri = KINDS / kind, put(BOOKS)
    reading = acquired.load()
    assert {view: n for view, n in reading.rows.items() if n} == {"company": 2, "gl_line": 6}
    assert acquired.facts("company") == [("1", "Häuser & Söhne", "EUR", 4), ("2", "房子\t公司", "TWD", 1)]
    with acquired.db() as tx:
        fact = FACTS["gl_line"].c
        rows = tx.execute(sa.select(fact).where(fact.source == "house").order_by(fact.line_id)).all()
    assert [(r.line_id, r.amount, r.date, r.is_closing, r.party_id) for r in rows] == [
        ("m1.c", Decimal("-1234567890.12"), date(2026, 3, 31), False, None),
        ("m1.d", Decimal("1234567890.12"), date(2026, 3, 31), False, None),
        ("m2.c", Decimal("-0.10"), date(2026, 3, 31), True, None),
        ("m2.d", Decimal("0.10"), date(2026, 3, 31), True, None),
        ("m3.c", Decimal("-7"), date(2026, 3, 31), False, None),
        ("m3.d", Decimal("7"), date(2026, 3, 31), False, None),
    ]
    assert [r.changed_at.isoformat() for r in rows[::2]] == [
        f"2026-04-0{day}T10:00:00+00:00" for day in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("place", "kind"),
    [("in_mariadb", "generic"), ("in_sqlite", "generic"), ("in_csv", "files")],
)
def test_late_corrections_and_deletions_are_found_everywhere(
    request: pytest.FixtureRequest, acquired: Any, place: str, kind: str, tmp_path: Path
) -> None:
    put: Put = request.getfixturevalue(place)
    acquired.folder, acquired.uri = KINDS / kind, put(BOOKS)
    acquired.load()
    lines = [dict(line) for line in BOOKS["gl_line"] if line["move_id"] != "m2"]
    lines[-1] |= {"amount": "-8", "changed_at": "2026-04-03 10:30:00"}
    lines[-2] |= {"amount": "8", "changed_at": "2026-04-03 09:30:00"}  # committed late, begun before
    for path in tmp_path.glob("gl_line*"):
        path.unlink()
    acquired.uri = put({**BOOKS, "gl_line": lines})
    reading = acquired.load(whole=False)
    assert (reading.rows["gl_line"], reading.changed["gl_line"]) == (4, 4)
    incremental = acquired.facts("gl_line")
    assert acquired.load(whole=True).changed["gl_line"] == 0
    assert acquired.facts("gl_line") == incremental


WRITES = "UPDATE rpt.company SET name = 'Mine'"


@pytest.mark.parametrize(
    ("place", "write", "message"),
    [
        ("in_mariadb", WRITES, "READ ONLY transaction"),
        ("in_mariadb", "CREATE TABLE rpt.mine (x int)", "READ ONLY transaction"),
        ("in_sqlite", WRITES, "readonly database"),
        ("in_csv", "UPDATE company SET name = 'Mine'", "readonly database"),
    ],
)
def test_a_source_is_never_written_to(
    request: pytest.FixtureRequest, acquired: Any, tmp_path: Path, place: str, write: str, message: str
) -> None:
    acquired.uri = request.getfixturevalue(place)(BOOKS)
    folder = tmp_path / "kind"
    folder.mkdir()
    (folder / "company.sql").write_text(write)
    acquired.folder = folder
    with pytest.raises(LoadError, match=message):
        acquired.load()


FOREVER = (
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT max(i) AS company_id, 'x' AS name, 'EUR' AS currency, 1 AS fiscal_year_start_month FROM n"
)
SLEEP = "SELECT sleep(30) AS company_id, 'x' AS name, 'EUR' AS currency, 1 AS fiscal_year_start_month"


@pytest.mark.parametrize(
    ("place", "slow", "message"),
    [
        ("in_mariadb", SLEEP, r"company\.sql: .*max_statement_time"),
        ("in_sqlite", FOREVER, r"company\.sql: interrupted"),
        ("in_csv", FOREVER, r"company\.sql: interrupted"),
    ],
)
def test_a_slow_query_is_ended_everywhere(
    request: pytest.FixtureRequest, acquired: Any, tmp_path: Path, place: str, slow: str, message: str
) -> None:
    acquired.uri = request.getfixturevalue(place)(BOOKS)
    folder = tmp_path / "kind"
    folder.mkdir()
    (folder / "company.sql").write_text(slow)
    acquired.folder = folder
    with pytest.raises(LoadError, match=message):
        acquired.load(statement_seconds=1)


@pytest.mark.parametrize(
    ("place", "kind"), [("in_mariadb", "generic"), ("in_sqlite", "generic"), ("in_csv", "files")]
)
def test_a_check_goes_on_after_a_query_that_fails_everywhere(
    request: pytest.FixtureRequest, acquired: Any, tmp_path: Path, place: str, kind: str
) -> None:
    folder = tmp_path / "kind"
    shutil.copytree(KINDS / kind, folder)
    query = (folder / "gl_line.sql").read_text()
    (folder / "account.sql").write_text("SELECT no_such_thing FROM nowhere")
    # Fails while rows are still to come.
    (folder / "gl_line.sql").write_text(query.replace("move_id,", "NULL AS move_id,", 1))
    source = Source(name="house", kind="any", title="House", uri=request.getfixturevalue(place)(BOOKS))
    with acquired.db() as tx:
        found = {view.name: view for view in check(tx, source, folder, Limits(batch_rows=1)).views}
    assert "account.sql" in (found["account"].error or "")
    assert "move_id" in (found["gl_line"].error or "")
    assert found["company"].rows == 2
    assert [view.name for view in found.values() if view.error] == ["account", "gl_line"]


@pytest.mark.parametrize(
    "uri",
    [
        "mysql+pymysql://who:secret@127.0.0.1:1/rpt",
        "sqlite:////no/such/file.db",
        "files:///no/such/folder",
    ],
)
def test_a_source_out_of_reach_is_said_without_its_address(acquired: Any, uri: str) -> None:
    acquired.uri = uri
    with pytest.raises(LoadError, match=r"^The replica of house can't be reached\.$"):
        acquired.load()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("company.csv", "Häuser".encode("cp1252"), "company.csv is not UTF-8 text"),
        ("company.csv", b'a,b\n"x', "company.csv is not CSV"),
        ("company.csv", b"a,a\n1,2\n", "company.csv: the column a is there more than once"),
        ("company.csv", b"a,b\n1,2,3\n", "company.csv, line 2: more cells than the first row names"),
        ("company.xlsx", b"PK no workbook", "company.xlsx can't be read"),
        ("party.csv", b"party_id\n1\n", "company.sql: no such table: company"),
        (
            "company.csv",
            b"company_id,currency,fiscal_year_start_month\n1,EUR,1\n",
            "company.sql: no such column: name",
        ),
        (
            "company.csv",
            b"company_id,name,currency,fiscal_year_start_month\n1,A,EUR,April\n",
            r'company.sql: invalid .* integer: "April" \(.*column fiscal_year_start_month',
        ),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    acquired: Any, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    acquired.folder, acquired.uri = KINDS / "files", f"files://{tmp_path}"
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LoadError, match=message):
        acquired.load()


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(
    acquired: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquired.folder, acquired.uri = KINDS / "files", f"files://{tmp_path}"
    monkeypatch.setattr("reports.acquire.dropped.UNPACKED_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "company.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", bytes((1 << 20) + 1))
    assert (tmp_path / "company.xlsx").stat().st_size < 10_000
    with pytest.raises(LoadError, match=r"company\.xlsx unpacks to more than 1 MB"):
        acquired.load()


def test_a_link_out_of_the_folder_is_not_followed(acquired: Any, tmp_path: Path) -> None:
    acquired.folder, acquired.uri = KINDS / "files", f"files://{tmp_path}"
    (tmp_path / "company.csv").symlink_to("/etc/passwd")
    with pytest.raises(LoadError, match=r"company\.csv leads out of the folder"):
        acquired.load()


class Another(SQLiteDialect_pysqlite):
    name = "another"
    supports_statement_cache = True


def test_another_database_is_a_driver_and_a_setting(acquired: Any, in_sqlite: Put, tmp_path: Path) -> None:
    registry.impls["another"] = lambda: Another
    in_sqlite(BOOKS)
    (tmp_path / "books?.db").rename(tmp_path / "books.db")
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind" / "company.sql").write_text("SELECT * FROM company")
    asked: dict[str, Any] = {
        "source": "house",
        "uri": f"another:///{tmp_path}/books.db",
        "folder": tmp_path / "kind",
        "whole": True,
        "limits": Limits(),
    }
    with acquired.db() as tx, pytest.raises(LoadError, match="say it in the source's `session`"):
        load(tx, **asked)
    with acquired.db() as tx:
        assert load(tx, **asked, session=("PRAGMA query_only = ON",)).rows == {"company": 2}
    (tmp_path / "kind" / "company.sql").write_text("UPDATE company SET name = 'Mine'")
    with acquired.db() as tx, pytest.raises(LoadError, match="readonly"):
        load(tx, **asked, session=("PRAGMA query_only = ON",))
