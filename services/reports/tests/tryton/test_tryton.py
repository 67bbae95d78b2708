"""The reports on a real ERP: Tryton's own answers, to the cent, from its database and nothing else."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from kit.event import new_id
from kit.testing import required, settings, staff
from reports.acquire.canonical import VIEWS
from reports.acquire.load import load
from reports.acquire.replica import Limits
from reports.acquire.sources import read_sources
from reports.acquire.tieout import tie_out
from reports.models import FACTS, Load
from reports.settings import ReportsSettings
from sqlalchemy.engine import make_url

KIND = Path(__file__).parents[2] / "sources" / "tryton"
MODULES_NOT_THERE = {"opportunity", "budget"}


@pytest.fixture
def house(house: Any, tryton: Any, tmp_path: Path) -> Any:
    """The service and its worker, with Tryton's database as its source, acquired."""
    file = tmp_path / "tryton.yml"
    file.write_text(f"tryton: {{kind: tryton, title: Fennel, uri: '{tryton.uri}'}}\n")
    read_sources.cache_clear()
    house = replace(
        house, settings=settings(ReportsSettings, SOURCES_FILE=file, LEASE_SECONDS=60, POLL_SECONDS=0.2)
    )
    house.service(staff(None, "administrator")).acquire(name="tryton")
    assert house.work() == 1
    return house


Truth = dict[str, Any]
Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Facts:
    """The facts of one company of a source."""

    db: Any
    source: str
    company: str

    def __call__(self, view: str) -> list[Any]:
        return [row for row in self.all(view) if row.company_id == self.company]

    def all(self, view: str) -> list[Any]:
        fact = FACTS[view]
        with self.db() as tx:
            return list(tx.execute(sa.select(fact).where(fact.c.source == self.source)))

    def named(self, view: str) -> dict[str, str]:
        return {row._mapping[f"{view}_id"]: row.name for row in self.all(view)}


def report(house: Any, company: dict[str, Any], start: str, end: str) -> Any:
    asked = house.service(staff(None, "reports:sales")).request(
        type="sales",
        source="tryton",
        period={"from": start, "to": end},
        filters={"company_id": [company["company"]]},
    )
    house.work()
    made = house.report(asked["report_id"])
    assert made.status == "ready", made.error
    return made


def table(made: Any, id: str) -> list[list[Any]]:
    [found] = [t for t in made.tables if t["id"] == id]
    return list(found["rows"])


def kpi(made: Any, id: str) -> Any:
    return next(k["value"] for k in made.kpis if k["id"] == id)


def facts(house: Any, view: str, company: str) -> list[Any]:
    fact = FACTS[view]
    with house.db() as tx:
        return list(tx.execute(sa.select(fact).where(fact.c.company_id == company)))


def test_everything_tryton_can_answer_is_acquired_from_its_database(house: Any) -> None:
    [done] = house.loads()
    assert done.status == "ready", done.error
    assert set(done.rows) == VIEWS.keys() - MODULES_NOT_THERE
    assert all(done.rows.values()), done.rows


def test_the_sales_report_is_trytons_own_to_the_cent(house: Any, tryton: Any) -> None:
    for truth in tryton.truth:
        made = report(house, truth, "2024-01-01", "2025-06-30")
        assert kpi(made, "revenue") == truth["revenue"]
        assert kpi(made, "orders") == str(truth["orders"])
        months = {
            f"{date.fromisoformat(month):%b %Y}": (revenue, orders)
            for month, (revenue, orders) in truth["months"].items()
        }
        shown = {row[0]: (row[1], row[4]) for row in table(made, "revenue") if row[4]}
        assert shown == months
        assert {row[0]: row[1] for row in table(made, "customers")} == truth["customers"]
        assert {row[1]: row[2] for row in table(made, "products")} == truth["products"]
        ranks = [Decimal(row[1]) for row in table(made, "customers")]
        assert ranks == sorted(ranks, reverse=True)


def test_the_year_before_is_trytons_too(house: Any, tryton: Any) -> None:
    truth = tryton.truth[0]
    made = report(house, truth, "2025-01-01", "2025-06-30")
    before = [truth["months"].get(f"2024-{month:02}-01", ["0.00"])[0] for month in range(1, 7)]
    assert [row[2] for row in table(made, "revenue")] == before


def test_the_order_book_is_what_tryton_has_still_to_deliver(house: Any, tryton: Any) -> None:
    for truth in tryton.truth:
        made = report(house, truth, "2024-01-01", "2025-06-30")
        book = sum(map(Decimal, truth["book"].values()))
        assert sum(Decimal(row[1]) for row in table(made, "order_book")) == book
        assert Decimal(kpi(made, "backlog")) == book
        promised: dict[str, Decimal] = defaultdict(Decimal)
        for line in facts(house, "order_line", truth["company"]):
            if line.side == "sale" and line.state == "confirmed" and line.qty:
                left = line.net_amount * (line.qty - line.fulfilled_qty) / line.qty
                promised[f"{line.promised_date:%Y-%m-01}"] += left.quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert {m: str(v) for m, v in promised.items() if v} == truth["book"]


def test_orders_in_each_state_are_as_many_as_in_tryton(house: Any, tryton: Any) -> None:
    for truth in tryton.truth:
        orders = {
            (o.order_id, o.state) for o in facts(house, "order_line", truth["company"]) if o.side == "sale"
        }
        states = [state for _, state in orders]
        told = truth["states"]
        assert states.count("quote") == told.get("draft", 0) + told.get("quotation", 0)
        assert states.count("confirmed") == told.get("confirmed", 0) + told.get("processing", 0)
        assert states.count("done") == told.get("done", 0)
        assert states.count("cancelled") == told.get("cancelled", 0)


def test_the_ledger_is_trytons_and_every_move_balances(house: Any, tryton: Any) -> None:
    for truth in tryton.truth:
        code = {a.account_id: a.code for a in facts(house, "account", truth["company"])}
        balances: dict[str, Decimal] = defaultdict(Decimal)
        moves: dict[str, Decimal] = defaultdict(Decimal)
        for line in facts(house, "gl_line", truth["company"]):
            balances[code[line.account_id]] += line.amount
            moves[line.move_id] += line.amount
        assert {account: str(v) for account, v in balances.items() if v} == truth["balances"]
        assert not any(moves.values())


def test_open_items_are_what_tryton_says_each_party_owes(house: Any, tryton: Any) -> None:
    with house.db() as tx:
        names = dict(tx.execute(sa.select(FACTS["party"].c.party_id, FACTS["party"].c.name)).all())
        settled: dict[str, Decimal] = defaultdict(Decimal)
        for item, amount in tx.execute(
            sa.select(FACTS["settlement"].c.item_id, FACTS["settlement"].c.amount)
        ):
            settled[item] += amount
    for truth in tryton.truth:
        for side, told, sign in (("ar", truth["receivable"], 1), ("ap", truth["payable"], -1)):
            owed: dict[str, Decimal] = defaultdict(Decimal)
            for item in facts(house, "open_item", truth["company"]):
                if item.side == side:
                    owed[names[item.party_id]] += sign * (item.amount - settled[item.item_id])
            assert {name: str(v) for name, v in owed.items() if v} == told


def test_invoices_are_trytons_in_their_own_currency(house: Any, tryton: Any) -> None:
    for truth in tryton.truth:
        for side, kind in (("ar", "out"), ("ap", "in")):
            found: dict[str, Decimal] = defaultdict(Decimal)
            for line in facts(house, "invoice_line", truth["company"]):
                if line.side == side:
                    found[f"{line.date.year} {line.doc_no} {line.currency}"] += line.net_amount_currency
            assert {key: str(v) for key, v in found.items()} == truth["invoiced"][kind]


def test_a_document_keeps_the_rounding_of_its_own_currency(house: Any, tryton: Any) -> None:
    for truth in tryton.truth:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for line in facts(house, "order_line", truth["company"]):
            if line.side == "sale" and line.state in ("confirmed", "done"):
                found[f"{line.order_no} {line.currency}"] += line.net_amount_currency
        assert {order: str(round(v, 2)) for order, v in found.items()} == truth["documents"]


def test_waste_is_not_good_output(house: Any, tryton: Any) -> None:
    [made] = facts(house, "production", tryton.truth[0]["company"])
    assert (made.state, made.planned_qty, made.good_qty, made.scrap_qty) == ("done", 5, 4, 1)
    assert made.actual_end == date(2025, 5, 22)


# What Tryton's own reports say, from the facts of a company: each gives what Tryton says, and what it finds.


def residuals(facts: Facts, side: str, day: date) -> Iterator[tuple[Any, Decimal]]:
    """What is open of each item on that day, as Tryton signs it."""
    settled: dict[str, Decimal] = defaultdict(Decimal)
    for row in facts.all("settlement"):
        if row.date <= day:
            settled[row.item_id] += row.amount
    for item in facts("open_item"):
        if item.side == side and item.doc_date <= day and (left := item.amount - settled[item.item_id]):
            yield item, left if side == "ar" else -left


def ageing(facts: Facts, truth: Truth) -> Iterator[Pair]:
    names = facts.named("party")
    for day, told in truth["ageing"].items():
        at = date.fromisoformat(day)
        for side, parties in told.items():
            found: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 5)
            for item, left in residuals(facts, side, at):
                overdue = (at - item.due_date).days
                terms = found[names[item.party_id]]
                terms[4] += left
                if overdue >= 0:
                    terms[min(overdue // 30, 3)] += left
            yield parties, {name: [f"{v:.2f}" for v in terms] for name, terms in found.items()}


def trial_balance(facts: Facts, truth: Truth) -> Iterator[Pair]:
    code = {row.account_id: row.code for row in facts("account")}
    kind = {row.account_id: row._mapping["class"] for row in facts("account")}
    for year, told in truth["trial_balance"].items():
        start, end = date(int(year), 1, 1), min(date(int(year), 12, 31), date.fromisoformat(truth["today"]))
        found: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
        for line in facts("gl_line"):
            row = found[code[line.account_id]]
            if line.date < start and kind[line.account_id] not in ("income", "expense"):
                row[0] += line.amount
            elif start <= line.date <= end:
                row[1] += line.debit
                row[2] += line.debit - line.amount
        for row in found.values():
            row[3] = row[0] + row[1] - row[2]
        yield told, {key: [f"{v:.2f}" for v in row] for key, row in found.items() if any(row)}


def statements(facts: Facts, truth: Truth) -> Iterator[Pair]:
    """Income of a year as far as it goes, closing entries left out; the balance sheet with all there is."""
    line_of = {row.account_id: row.statement_line for row in facts("account")}
    result = {row.account_id for row in facts("account") if row._mapping["class"] in ("income", "expense")}
    today = date.fromisoformat(truth["today"])
    for year, told in truth["income"].items():
        found: dict[str, Decimal] = defaultdict(Decimal)
        last = today.month if str(today.year) == year else 12
        for line in facts("gl_line"):
            within = str(line.date.year) == year and line.date.month <= last
            if line.account_id in result and within and not line.is_closing:
                found[line_of[line.account_id]] -= line.amount
        yield told, {name: f"{v:.2f}" for name, v in found.items() if v}
    for day, told in truth["balance_sheet"].items():
        found = defaultdict(Decimal)
        for line in facts("gl_line"):
            if line.account_id not in result and line.date <= date.fromisoformat(day):
                found[line_of[line.account_id]] -= line.amount
        yield told, {name: f"{v:.2f}" for name, v in found.items() if v}


def cash(facts: Facts, truth: Truth) -> Iterator[Pair]:
    accounts = {row.account_id for row in facts("account") if row.subtype == "cash"}
    found = {month: [Decimal(0), Decimal(0)] for month in truth["cash"]}
    for line in facts("gl_line"):
        if line.account_id in accounts and f"{line.date:%Y-%m}" in found:
            found[f"{line.date:%Y-%m}"][0] += line.debit
            found[f"{line.date:%Y-%m}"][1] += line.debit - line.amount
    yield truth["cash"], {month: [f"{v:.2f}" for v in both] for month, both in found.items()}


def things(facts: Facts, truth: Truth) -> Iterator[Pair]:
    names = facts.named("product")
    made: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for order in facts("production"):
        if order.state == "done":
            both = made[f"{order.actual_end:%Y-%m} {names[order.product_id]}"]
            both[0] += float(order.good_qty)
            both[1] += float(order.scrap_qty)
    yield truth["production"], made
    yield (
        truth["stock"],
        {names[row.product_id]: [f"{row.qty:.2f}", f"{row.value:.2f}"] for row in facts("stock")},
    )


def people(facts: Facts, truth: Truth) -> Iterator[Pair]:
    for day, told in truth["headcount"].items():
        at = date.fromisoformat(day)
        yield (
            told,
            len(
                {
                    row.employee_id
                    for row in facts("employment")
                    if row.start_date <= at and (row.end_date is None or at <= row.end_date)
                }
            ),
        )
    yield Decimal(truth["hours"]), sum((row.hours for row in facts("hr_time")), Decimal(0))


def revenue(facts: Facts, truth: Truth) -> Iterator[Pair]:
    months: dict[str, Decimal] = defaultdict(Decimal)
    for line in facts("order_line"):
        if line.side == "sale" and line.state in ("confirmed", "done"):
            months[f"{line.date:%Y-%m-01}"] += line.net_amount
    told = {month: value for month, (value, _) in truth["months"].items()}
    yield told, {month: str(v.quantize(Decimal("0.01"), ROUND_HALF_UP)) for month, v in months.items()}


def ledger(facts: Facts, truth: Truth) -> Iterator[Pair]:
    code = {row.account_id: row.code for row in facts("account")}
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for line in facts("gl_line"):
        balances[code[line.account_id]] += line.amount
    yield truth["balances"], {account: f"{v:.2f}" for account, v in balances.items() if v}


REPORTS = (revenue, ageing, trial_balance, statements, cash, things, people, ledger)


@pytest.mark.parametrize("of_tryton", REPORTS)
def test_facts_are_trytons_own_answers_to_the_cent(house: Any, tryton: Any, of_tryton: Any) -> None:
    for truth in tryton.truth:
        for told, found in of_tryton(Facts(house.db, "tryton", truth["company"]), truth):
            assert found == told


def test_the_closed_year_has_a_result_and_its_closing_entries_are_marked(house: Any, tryton: Any) -> None:
    truth = tryton.truth[0]
    closing = [line for line in facts(house, "gl_line", truth["company"]) if line.is_closing]
    assert closing
    assert {line.date for line in closing} == {date(2024, 12, 31)}
    assert any(truth["income"]["2024"].values())


def test_what_is_loaded_ties_out(house: Any) -> None:
    [done] = house.loads()
    assert [check for check in done.checks if not check["agrees"]] == []
    assert {check["name"] for check in done.checks} == {
        "debits_and_credits",
        "receivables",
        "payables",
        "sales",
        "cash",
    }


def test_the_company_trades_on_and_cancels_and_incremental_loads_agree_again(
    house: Any, going_on: Any
) -> None:
    def acquire(*, whole: bool) -> Any:
        with house.db() as tx:
            limits = Limits(overlap=timedelta(0))
            reading = load(tx, source="on", uri=going_on.uri, folder=KIND, whole=whole, limits=limits)
            checks = tie_out(tx, "on", reading.as_of.date(), reading.rows)
        assert [check.sentence() for check in checks if not check.agrees] == []
        return reading

    before = acquire(whole=True)
    for _ in ("trades on", "cancels"):
        truth = going_on.step()
        reading = acquire(whole=False)
        assert 0 < reading.changed["order_line"] < before.rows["order_line"] / 2
        assert 0 < reading.changed["gl_line"] < before.rows["gl_line"] / 2
        for of_tryton in REPORTS:
            for told, found in of_tryton(Facts(house.db, "on", truth["company"]), truth):
                assert found == told
        # Nothing was missed: reading everything finds nothing more.
        again = acquire(whole=True)
        assert [view for view, rows in again.changed.items() if rows] == []


def test_modules_a_company_has_not_installed_are_not_missed(house: Any, tryton: Any) -> None:
    admin = sa.create_engine(make_url(required("TEST_DATABASE_URI")), isolation_level="AUTOCOMMIT")
    name = f"tryton_{new_id()[-12:]}"
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {make_url(tryton.uri).database}"))
    try:
        copy = sa.create_engine(admin.url.set(database=name), poolclass=sa.NullPool)
        with copy.begin() as connection:
            connection.execute(sa.text("DROP TABLE production, purchase_line CASCADE"))
        uri = make_url(tryton.uri).set(database=name).render_as_string(hide_password=False)
        with house.db() as tx:
            reading = load(tx, source="less", uri=uri, folder=KIND, whole=True)
            sides = tx.scalars(
                sa.select(FACTS["order_line"].c.side).where(FACTS["order_line"].c.source == "less").distinct()
            )
            assert list(sides) == ["sale"]
        assert "production" not in reading.rows
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        admin.dispose()


def test_acquiring_again_changes_nothing(house: Any) -> None:
    house.service(staff(None, "administrator")).acquire(name="tryton")
    house.work()
    with house.db() as tx:
        loads = list(tx.scalars(sa.select(Load).order_by(Load.created_at)))
    assert loads[-1].status == "ready"
    assert loads[-1].rows == loads[0].rows
