from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from kit.caller import Caller
from kit.db import Transactions
from kit.event import new_id
from kit.store import Store
from kit.testing import hear_event, make, required, settings, staff
from reports import events
from reports.acquire.canonical import fact_tables
from reports.acquire.load import Reading, load
from reports.acquire.replica import Limits
from reports.acquire.sources import read_sources
from reports.analyse.detail import Detail
from reports.making import KINDS as REPORTS
from reports.models import FACTS, Load, Report
from reports.service import Reports
from reports.settings import ReportsSettings
from reports.sheets.sheet import Chart, Sheet, Writer
from reports.words import Words
from reports.worker import Worker
from sqlalchemy.engine import make_url

from .mariadb import running

KINDS = Path(__file__).parent.parent / "sources"


_facts = fact_tables(sa.MetaData())
RPT = sa.MetaData(schema="rpt")
VIEWS_OF_ERP = {
    name: sa.Table(name, RPT, *(sa.Column(c.name, c.type) for c in table.columns if c.name != "source"))
    for name, table in _facts.items()
}


class Filled:
    """What the canonical views have, put in by hand."""

    def put(self, view: str, *rows: dict[str, Any]) -> None:
        raise NotImplementedError

    def company(self, id: str = "1", currency: str = "EUR", name: str = "House", fiscal: int = 1) -> None:
        self.put(
            "company",
            {"company_id": id, "name": name, "currency": currency, "fiscal_year_start_month": fiscal},
        )

    def lines(self, *lines: dict[str, Any]) -> None:
        self.put("order_line", *lines)


class Erp(Filled):
    """A database that exposes the canonical views as tables of the schema `rpt`, filled by hand."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.uri = engine.url.render_as_string(hide_password=False)

    def build(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA rpt"))
            RPT.create_all(connection)

    def empty(self) -> None:
        self.run(f"TRUNCATE {', '.join(f'rpt.{name}' for name in VIEWS_OF_ERP)}")

    def run(self, sql: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(sql))

    def count(self, view: str) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(VIEWS_OF_ERP[view])) or 0

    def put(self, view: str, *rows: dict[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.insert(VIEWS_OF_ERP[view]), list(rows))


def line(id: str, day: str, net: str, **more: Any) -> dict[str, Any]:
    """A confirmed sale line: one piece, its own order, unless said otherwise."""
    return {
        "side": "sale",
        "line_id": id,
        "order_id": f"o{id}",
        "order_no": f"SO{id}",
        "company_id": "1",
        "date": date.fromisoformat(day),
        "party_id": "p1",
        "product_id": "a",
        "state": "confirmed",
        "qty": Decimal(1),
        "net_amount": Decimal(net),
        "currency": "EUR",
        "net_amount_currency": Decimal(net),
        "cost_amount": None,
        "promised_date": None,
        "delivered_date": None,
        "fulfilled_qty": None,
        "rejected_qty": None,
        "owner_id": None,
        "changed_at": datetime(2026, 1, 1, tzinfo=UTC),
        **more,
    }


@pytest.fixture
def sold() -> Callable[..., dict[str, Any]]:
    """Makes a sale line."""
    return line


@pytest.fixture(scope="session")
def kit_config() -> Path:
    return Path(__file__).parent.parent / "config.yml"


@pytest.fixture(scope="session")
def replica() -> Iterator[Erp]:
    uri = make_url(required("TEST_DATABASE_URI"))
    server = sa.create_engine(uri, isolation_level="AUTOCOMMIT")
    name = f"test_rpt_{new_id()[-12:]}"
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    options = {"options": "-c lock_timeout=10s"}
    erp = Erp(sa.create_engine(uri.set(database=name), connect_args=options))
    erp.build()
    yield erp
    erp.engine.dispose()
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """A MariaDB of its own, as its root."""
    with running(tmp_path_factory.mktemp("mariadb")) as url:
        yield url


@pytest.fixture
def erp(replica: Erp) -> Erp:
    """An ERP with nothing in it yet."""
    replica.empty()
    return replica


@dataclass
class Shown:
    """A report as its numbers and words, without figures."""

    db: Transactions
    type: str
    numbers: Any
    writer: Writer
    sheet: Sheet
    filters: Any

    @property
    def notes(self) -> list[str]:
        return self.sheet.notes

    @property
    def charts(self) -> dict[str, Chart]:
        return {chart.id: chart for chart in self.sheet.charts}

    def kpi(self, id: str) -> dict[str, Any]:
        return next(self.writer.show_kpi(kpi) for kpi in self.sheet.kpis if kpi.id == id)

    def value(self, id: str, compared: str | None = None) -> str | None:
        """Of a key figure, or what it is compared with."""
        shown = self.kpi(id)
        found = {"": shown["value"], **{c["id"]: c["value"] for c in shown["comparisons"]}}
        return found.get(compared or "")

    def table(self, id: str) -> dict[str, Any]:
        return next(self.writer.show_table(table) for table in self.sheet.tables if table.id == id)

    def rows(self, id: str) -> list[list[Any]]:
        return list(self.table(id)["rows"])

    def points(self, chart: str) -> dict[str, Decimal | None]:
        return {point.key: point.value for point in self.charts[chart].form.points()}

    def detail(self, chart: str, key: str) -> Detail:
        siblings = list(self.points(chart)) if chart in self.charts else []
        with self.db() as tx:
            found = REPORTS[self.type].rows(tx, self.numbers.scope, self.filters, chart, key, siblings)
        assert found, f"no rows of {chart} {key}"
        return found

    def behind(self, chart: str, key: str) -> list[Any]:
        """The facts behind a point, newest first."""
        query = self.detail(chart, key).query
        with self.db() as tx:
            return list(tx.execute(query.order_by(sa.desc("row_day"), sa.desc("row_id"))))

    def comes_to(self, chart: str, key: str) -> Decimal | None:
        """What the facts behind a point add up to; None if they are no parts of it."""
        found, detail = self.behind(chart, key), self.detail(chart, key)
        if detail.counted:
            return Decimal(len(found))
        if "amount" not in dict((column, kind) for column, _, kind in detail.columns):
            return None
        return sum((row.amount or Decimal(0) for row in found), Decimal(0))


@dataclass
class Acquired(Filled):
    """Facts of one source: put in by hand, or loaded as the worker loads them."""

    db: Transactions
    erp: Erp
    folder: Path = KINDS / "generic"
    uri: str | None = None

    def load(self, *, whole: bool = True, source: str = "house", **limits: Any) -> Reading:
        with self.db() as tx:
            return load(
                tx,
                source=source,
                uri=self.uri or self.erp.uri,
                folder=self.folder,
                whole=whole,
                limits=Limits(**limits),
            )

    def put(self, view: str, *rows: dict[str, Any]) -> None:
        with self.db() as tx:
            tx.execute(sa.insert(FACTS[view]), [{"source": "house", **row} for row in rows])

    def empty(self) -> None:
        with self.db() as tx:
            for fact in FACTS.values():
                tx.execute(sa.delete(fact))

    def facts(self, view: str, source: str = "house") -> list[tuple[Any, ...]]:
        with self.db() as tx:
            table = FACTS[view]
            rows = tx.execute(sa.select(table).where(table.c.source == source)).all()
        return sorted((tuple(row)[1:] for row in rows), key=repr)

    def report(
        self, type: str, period: Any, today: str = "2026-10-31", locale: str = "en", **filters: Any
    ) -> Shown:
        asked = {"name": period} if isinstance(period, str) else period
        kind, narrowed = REPORTS[type], REPORTS[type].filters(**filters)
        with self.db() as tx:
            numbers = kind.analyse(tx, "house", asked, narrowed, date.fromisoformat(today))
        writer = Writer(numbers.scope, Words(locale, numbers.scope.currency))
        return Shown(self.db, type, numbers, writer, kind.sheet(numbers, writer), narrowed)


@pytest.fixture
def acquired(db: Transactions, erp: Erp) -> Acquired:
    return Acquired(db, erp)


@pytest.fixture
def facts(db: Transactions, replica: Erp) -> Acquired:
    """Facts put in by hand, for what needs no loading."""
    return Acquired(db, replica)


class Groups:
    """Stands in for the service groups: what it knows, and what it was asked."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []

    def put(
        self, group_id: str, user_id: str, role: str | None, version: int = 1, *, visible: bool = True
    ) -> None:
        self.known[group_id, user_id] = {
            "group_id": group_id,
            "user_id": user_id,
            "role": role,
            "ended": False,
            "version": version,
            "visible": visible,
        }

    def all_memberships(self, *, limit: int, cursor: str | None) -> dict[str, Any]:
        return {"items": [m for m in self.known.values() if m["role"]], "next_cursor": None}

    def membership(self, *, group_id: str, user_id: str, _deadline: float = 2.0) -> dict[str, Any] | None:
        self.asked.append((group_id, user_id))
        return self.known.get((group_id, user_id))


@dataclass
class House:
    """The service and its worker on one database, with one source named house."""

    db: Transactions
    settings: ReportsSettings
    groups: Groups = field(default_factory=Groups)

    def service(self, caller: Caller) -> Reports:
        files = Store(self.settings.FILES_URL)
        return make(Reports, self.db, caller, groups=self.groups, files=files, settings=self.settings)

    def worker(self) -> Worker:
        return Worker(self.db, self.settings)

    def work(self) -> int:
        """Does all that is queued; returns how many jobs that was."""
        worker, done = self.worker(), 0
        while worker.work() or worker.work_on_files():
            done += 1
        return done

    def report(self, report_id: str) -> Report:
        with self.db() as tx:
            return tx.get_one(Report, report_id)

    def loads(self) -> list[Load]:
        with self.db() as tx:
            return list(tx.scalars(sa.select(Load).order_by(Load.created_at)))


@pytest.fixture
def house(real_db: Transactions, erp: Erp, tmp_path: Path) -> House:
    file = tmp_path / "sources.yml"
    file.write_text(f"house: {{kind: generic, title: The house, uri: '{erp.uri}'}}\n")
    read_sources.cache_clear()
    # Really committed: a report is drawn from one snapshot, which a savepoint can't have.
    quick = {"LEASE_SECONDS": 1, "POLL_SECONDS": 0.2, "SUBSCRIPTION_MINUTES": 1}
    found = settings(ReportsSettings, SOURCES_FILE=file, FILES_URL=f"file://{tmp_path}/files", **quick)
    return House(real_db, found)


def ended(group_id: str) -> events.GroupEnded:
    """A group's end, as groups says it."""
    return hear_event(
        events.GroupEnded, group_id=group_id, group={"name": "Board"}, at="2026-11-22T17:26:03.120Z"
    )


@pytest.fixture
def seller() -> Caller:
    """Who may see the sales report."""
    return staff(None, "reports:sales")
