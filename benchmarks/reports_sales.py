"""What the sales report costs: reading a replica of many order lines, again with little changed, a report.

    TEST_DATABASE_URI=postgresql+psycopg2://... python benchmarks/reports_sales.py [lines]

The service's own code on a real PostgreSQL, in databases made for it, with no broker; 100 000 order lines of
three years unless said otherwise. Absolute numbers move with the machine.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from kit import migrate
from kit.clock import now
from kit.db import Transactions, connect
from kit.event import new_id
from reports.acquire.canonical import fact_tables
from reports.acquire.load import load
from reports.making import KINDS, Asked
from sqlalchemy.engine import make_url

SERVICE = Path(__file__).parent.parent / "services" / "reports"
T = TypeVar("T")
LINES = """
INSERT INTO rpt.order_line (side, line_id, order_id, company_id, date, party_id, product_id, state, qty,
    net_amount, currency, cost_amount, promised_date, delivered_date, fulfilled_qty, changed_at)
SELECT 'sale', n::text, (n / 4)::text, '1', day, 'p' || n % 500, 'a' || n % 300,
    CASE WHEN n % 20 = 0 THEN 'confirmed' ELSE 'done' END, 2, 50 + n % 997, 'EUR', 30 + n % 500, day + 30,
    CASE WHEN n % 20 <> 0 THEN day + 25 END, CASE WHEN n % 20 <> 0 THEN 2 ELSE 0 END, day
FROM (SELECT n, current_date - (n % 1100) AS day FROM generate_series(1, :lines) AS n) AS numbered
"""


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds and result."""
    started = time.perf_counter()
    result = work()
    return round(time.perf_counter() - started, 3), result


def fill(erp: sa.Engine, lines: int) -> None:
    views = sa.MetaData(schema="rpt")
    for name, table in fact_tables(sa.MetaData()).items():
        sa.Table(name, views, *(sa.Column(c.name, c.type) for c in table.columns if c.name != "source"))
    with erp.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA rpt"))
        views.create_all(connection)
        for sql in (
            "INSERT INTO rpt.company VALUES ('1', 'House', 'EUR', 1)",
            "INSERT INTO rpt.party SELECT 'p' || n, 'Customer ' || n FROM generate_series(0, 499) n",
            "INSERT INTO rpt.product SELECT 'a' || n, 'A' || n, 'Part ' || n FROM generate_series(0, 299) n",
        ):
            connection.execute(sa.text(sql))
        connection.execute(sa.text(LINES), {"lines": lines})


def measure(db: Transactions, erp: sa.Engine, lines: int) -> dict[str, Any]:
    def acquire(whole: bool) -> int:
        with db() as tx:
            uri = erp.url.render_as_string(hide_password=False)
            folder = SERVICE / "sources" / "generic"
            return sum(load(tx, source="house", uri=uri, folder=folder, whole=whole).changed.values())

    def analyse() -> Any:
        with db() as tx:
            asked = Asked("house", {"name": "last_12_months"}, {}, "en")
            return KINDS["sales"].make(tx, asked, now().date())

    first, _ = timed(lambda: acquire(True))
    with erp.begin() as connection:
        connection.execute(
            sa.text("UPDATE rpt.order_line SET net_amount = 1, changed_at = now() WHERE line_id <= '1002'")
        )
    again, changed = timed(lambda: acquire(False))
    analysed, draw = timed(analyse)
    drawn, made = timed(draw)
    return {
        "order_lines": lines,
        "first_load_s": first,
        "first_load_us_a_line": round(first / lines * 1e6, 1),
        "incremental_load_s": again,
        "incremental_changed": changed,
        "analyse_s": analysed,
        "draw_light_and_dark_s": drawn,
        "report_kb": len(json.dumps([made.kpis, made.charts, made.tables])) // 1024,
    }


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    uri = make_url(os.environ["TEST_DATABASE_URI"])
    server = sa.create_engine(uri, isolation_level="AUTOCOMMIT")
    names = [f"bench_{part}_{new_id()[-12:]}" for part in ("reports", "rpt")]
    with server.connect() as connection:
        for name in names:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        own, theirs = (uri.set(database=name).render_as_string(hide_password=False) for name in names)
        migrate.upgrade(SERVICE, own)
        erp, engine = sa.create_engine(theirs), connect(own)
        fill(erp, lines)
        print(json.dumps(measure(Transactions(engine, "reports"), erp, lines), indent=2))
        erp.dispose()
        engine.dispose()
    finally:
        with server.connect() as connection:
            for name in names:
                connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


if __name__ == "__main__":
    main()
