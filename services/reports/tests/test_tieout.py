"""What a load is checked for, who is told, and what the check command says."""

import hashlib
import hmac
import re
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from kit.caller import Caller
from kit.clock import now
from kit.errors import Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from kit.testing import customer, said, settings, staff
from reports import admin, hooks, jobs
from reports.models import HookCall, Load
from reports.settings import ReportsSettings

OWNER = "019ad8c6-0f70-7000-8000-00000000000f"
SECRET = "of the house, and of nobody else"
Sold = Callable[..., dict[str, Any]]
DAY = date.today()  # noqa: DTZ011


@pytest.fixture
def kept(house: Any, erp: Any, tmp_path: Path) -> Any:
    """The house with an owner who hears of its trouble, and a secret for its calls."""
    file = tmp_path / "kept.yml"
    file.write_text(
        f"house: {{kind: generic, title: The house, uri: '{erp.uri}', owner_id: {OWNER},"
        f" hook_secret: '{SECRET}'}}\n"
        f"mute: {{kind: generic, title: Takes no calls, uri: '{erp.uri}'}}\n"
    )
    house.settings = settings(
        ReportsSettings, SOURCES_FILE=file, LEASE_SECONDS=1, POLL_SECONDS=0.2, HOOK_CALLS_PER_MINUTE=3
    )
    return house


def read(house: Any) -> Load:
    house.service(staff(None, "administrator")).acquire(name="house")
    house.work()
    load: Load = house.loads()[-1]
    return load


def books(erp: Any) -> None:
    """A small company whose books agree: an invoice partly paid, a bill, money moved to the till."""
    erp.company()
    accounts = {
        "ar": ("asset", "receivable"), "ap": ("liability", "payable"), "bank": ("asset", "cash"),
        "till": ("asset", "cash"), "sales": ("income", "revenue"), "tax": ("liability", "tax"),
        "rent": ("expense", "opex"),
    }  # fmt: skip
    erp.put(
        "account",
        *(
            {"account_id": name, "company_id": "1", "code": name, "name": name, "class": cls, "subtype": sub}
            for name, (cls, sub) in accounts.items()
        ),
    )
    moves = [
        ("INV1", "sale", {"ar": 110, "sales": -100, "tax": -10}),
        ("PAY1", "bank", {"bank": 60, "ar": -60}),
        ("BILL1", "purchase", {"rent": 40, "ap": -40}),
        ("TILL1", "general", {"till": 20, "bank": -20}),
    ]
    for number, (doc, journal, parts) in enumerate(moves):
        erp.put("gl_line", *(entry(f"{doc}.{a}", doc, a, v, journal, 9 - number) for a, v in parts.items()))
    item = {"company_id": "1", "party_id": None, "doc_date": DAY - timedelta(days=9), "due_date": DAY}
    erp.put(
        "open_item",
        {**item, "item_id": "i", "side": "ar", "doc_type": "invoice", "amount": 110},
        {**item, "item_id": "b", "side": "ap", "doc_type": "invoice", "amount": 40},
    )
    erp.put("settlement", {"item_id": "i", "date": DAY - timedelta(days=8), "amount": 60})
    erp.put(
        "invoice_line",
        {
            "side": "ar",
            "line_id": "1",
            "invoice_id": "1",
            "company_id": "1",
            "date": DAY,
            "account_id": "sales",
        }
        | {"net_amount": 100},
    )


def entry(id: str, move: str, account: str, amount: int, journal: str, days_ago: int) -> dict[str, Any]:
    return {
        "line_id": id,
        "company_id": "1",
        "move_id": move,
        "doc_no": move,
        "date": DAY - timedelta(days=days_ago),
        "account_id": account,
        "amount": Decimal(amount),
        "journal_type": journal,
        "is_closing": False,
        "changed_at": datetime(2026, 1, 1, tzinfo=UTC),
    }


def test_books_that_agree_are_found_to_agree(kept: Any, erp: Any) -> None:
    books(erp)
    load = read(kept)
    assert {c["name"]: (c["found"], c["expected"], c["agrees"]) for c in load.checks or ()} == {
        "debits_and_credits": ("230.00", "230.00", True),
        "receivables": ("50.00", "50.00", True),
        "payables": ("40.00", "40.00", True),
        "sales": ("100.00", "100.00", True),
        "cash": ("60.00", "60.00", True),
    }
    assert [data["mismatches"] for type, data, _ in said(kept.db) if type == "reports.load_finished"] == [[]]
    assert "reports.source_state_changed" not in [type for type, _, _ in said(kept.db)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            "UPDATE rpt.gl_line SET amount = 41 WHERE line_id = 'BILL1.rent'",
            "House: debits are 231.00 EUR, credits are 230.00 EUR. (BILL1)",
        ),
        (
            "DELETE FROM rpt.settlement",
            "House: open receivables are 110.00 EUR, their accounts in the ledger 50.00 EUR.",
        ),
        (
            "UPDATE rpt.open_item SET amount = 39.99 WHERE item_id = 'b'",
            "House: open payables are 39.99 EUR, their accounts in the ledger 40.00 EUR.",
        ),
        (
            "DELETE FROM rpt.invoice_line",
            "House: invoices and credit notes are 0.00 EUR, sales in the ledger 100.00 EUR.",
        ),
    ],
)
def test_what_does_not_agree_is_told_to_the_owner_once_and_then_that_it_does(
    kept: Any, erp: Any, wrong: str, sentence: str
) -> None:
    books(erp)
    read(kept)
    erp.run(wrong)
    for _ in range(2):
        read(kept)
    erp.empty()
    books(erp)
    read(kept)
    told = [
        (data, audience) for type, data, audience in said(kept.db) if type == "reports.source_state_changed"
    ]
    assert [(data["state"], data["mismatches"]) for data, _ in told] == [
        ("mismatched", [sentence]),
        ("good", []),
    ]
    assert {tuple(audience) for _, audience in told} == {(f"user:{OWNER}",)}
    finished = [data["mismatches"] for type, data, _ in said(kept.db) if type == "reports.load_finished"]
    assert finished == [[], [sentence], [sentence], []]
    types = [type for type, _, _ in said(kept.db) if type.startswith("reports.")]
    assert types.index("reports.source_state_changed") < types.index("reports.load_finished", 1)


def test_a_failed_load_is_told_to_the_owner_and_the_report_says_so(
    kept: Any, erp: Any, sold: Sold, seller: Caller
) -> None:
    erp.company()
    erp.lines(sold("1", str(DAY), "10"))
    read(kept)
    erp.run("ALTER TABLE rpt.party RENAME TO away")
    try:
        read(kept)
    finally:
        erp.run("ALTER TABLE rpt.away RENAME TO party")
    [told] = [data for type, data, _ in said(kept.db) if type == "reports.source_state_changed"]
    assert (told["state"], told["reason"]) == (
        "failed",
        'generic/party.sql: relation "rpt.party" does not exist',
    )
    report_id = kept.service(seller).request(type="sales")["report_id"]
    kept.work()
    report = kept.report(report_id)
    assert report.status == "ready"
    told = rf"As of .* UTC; the load of .* UTC failed: {re.escape(told['reason'])}"
    assert re.fullmatch(told, report.notes[-1])


def test_a_mismatch_is_noted_on_the_reports_it_concerns(
    kept: Any, erp: Any, sold: Sold, seller: Caller
) -> None:
    books(erp)
    erp.lines(sold("1", str(DAY), "10"))
    erp.run("DELETE FROM rpt.invoice_line")
    erp.run("DELETE FROM rpt.settlement")
    read(kept)
    service = kept.service(seller)
    ids = [service.request(type="sales", locale=locale)["report_id"] for locale in ("en", "zh-TW")]
    kept.work()
    notes = [kept.report(id).notes for id in ids]
    mismatch = "House: invoices and credit notes are 0.00 EUR, sales in the ledger 100.00 EUR."
    assert notes[0][-1] == f"Not in agreement: {mismatch}"
    assert notes[1][-1] == "不相符：House：發票與折讓 0.00 EUR，總帳銷貨 100.00 EUR。"
    assert not [note for note in notes[0] if "receivables" in note]


def test_loads_are_remembered_with_counts_and_times(kept: Any, erp: Any) -> None:
    books(erp)
    erp.run("DELETE FROM rpt.settlement")
    for _ in range(3):
        read(kept)
    page = kept.service(staff()).loads(name="house", limit=2)
    again = kept.service(staff()).loads(name="house", limit=2, cursor=page["next_cursor"])
    shown = page["items"] + again["items"]
    assert [load["whole"] for load in shown] == [False, False, True]
    assert shown[-1]["rows"]["gl_line"] == shown[-1]["changed"]["gl_line"] == 9
    assert shown[0]["changed"]["gl_line"] == 0
    assert all(load["seconds"] > 0 and load["mismatches"] == 1 and load["checks"] is None for load in shown)
    for keeper in (staff(OWNER), staff(None, "administrator")):
        load = kept.service(keeper).loads(name="house")["items"][0]
        assert [check["name"] for check in load["checks"] if not check["agrees"]] == ["receivables"]
    with pytest.raises(Forbidden):
        kept.service(customer()).loads(name="house")
    with pytest.raises(NotFound):
        kept.service(staff()).loads(name="nowhere")


def test_old_loads_are_forgotten_when_the_next_is_done(kept: Any, erp: Any) -> None:
    erp.company()
    old = [read(kept).id for _ in range(2)]
    with kept.db() as tx:
        tx.execute(sa.update(Load).where(Load.id == old[0]).values(finished_at=now() - timedelta(days=91)))
    newest = read(kept).id
    assert [load.id for load in kept.loads()] == [old[1], newest]


def signed(secret: str = SECRET, body: bytes = b"{}", ago: int = 0) -> dict[str, str]:
    at = str(int(time.time()) - ago)
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"timestamp": at, "signature": f"sha256={digest}", "body": b64encode(body).decode()}


def call(house: Any, name: str = "house", **how: Any) -> Any:
    return house.service(Caller()).called(name=name, **signed(**how))


def test_a_signed_call_queues_a_load_and_the_same_call_nothing_more(kept: Any, erp: Any) -> None:
    erp.company()
    same = {"name": "house", **signed()}
    first = kept.service(Caller()).called(**same)
    assert kept.service(Caller()).called(**same) == first
    assert kept.work() == 1
    assert kept.service(Caller()).called(**same) == {**first, "status": "ready"}
    assert [load.id for load in kept.loads()] == [first["load_id"]]
    assert call(kept, body=b"another")["load_id"] != first["load_id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "of somebody else entirely"},
        {"name": "mute"},
        {"name": "mute", "secret": ""},
        {"name": "nowhere", "secret": ""},
    ],
)
def test_who_is_not_the_source_is_told_nothing_and_starts_nothing(kept: Any, wrong: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        call(kept, **wrong)
    assert refused.value.args == hooks.not_the_source().args
    assert kept.loads() == []


def test_a_signature_that_is_none_is_refused_as_any_wrong_one(kept: Any) -> None:
    for signature in ("", "sha256=", "é" * 64):
        with pytest.raises(Unauthenticated):
            kept.service(Caller()).called(name="house", **{**signed(), "signature": signature})


@pytest.mark.parametrize("ago", [301, -302])
def test_a_call_of_another_time_is_refused(kept: Any, ago: int) -> None:
    with pytest.raises(Invalid) as refused:
        call(kept, ago=ago)
    assert refused.value.code == "invalid_timestamp"
    assert kept.loads() == []


def test_a_source_that_calls_too_often_is_held_off(kept: Any) -> None:
    first = {"name": "house", **signed()}
    kept.service(Caller()).called(**first)
    for n in range(2):
        call(kept, body=b"%d" % n)
    with pytest.raises(TooMany):
        call(kept, body=b"one more")
    assert kept.service(Caller()).called(**first)["status"] == "queued"
    with kept.db() as tx:
        tx.execute(sa.update(HookCall).values(at=now() - timedelta(days=2)))
    call(kept, body=b"later")
    with kept.db() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(HookCall)) == 1


def test_what_the_erp_says_while_it_is_read_is_not_missed(kept: Any, erp: Any) -> None:
    erp.company()
    first = call(kept)
    with kept.db() as tx:
        running = jobs.claim(tx, Load, 30)
    assert call(kept, body=b"changed meanwhile")["load_id"] == first["load_id"]
    kept.worker()._load(running)
    assert [load.status for load in kept.loads()] == ["ready", "queued"]
    assert kept.work() == 1
    assert [load.status for load in kept.loads()] == ["ready", "ready"]


def checked(house: Any, capsys: pytest.CaptureFixture[str], name: str = "house") -> tuple[int, str]:
    uri = house.db.engine.url.render_as_string(hide_password=False)
    status = admin.check_source(house.settings.model_copy(update={"DATABASE_URI": uri}), name)
    return status, capsys.readouterr().out


def test_the_check_command_shows_what_a_source_gives_and_keeps_nothing(
    kept: Any, erp: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    books(erp)
    status, told = checked(kept, capsys)
    assert re.search(rf"gl_line +9 +{DAY - timedelta(9)} +{DAY - timedelta(6)} .* debits 230.00 EUR\n", told)
    assert re.search(r"open_item +2 .* ap 40.00 EUR; ar 110.00 EUR\n", told)
    assert "agrees   receivables: House" in told
    assert told.endswith("All is there and agrees.\n")
    assert status == 0
    with kept.db() as tx:
        assert tx.scalar(sa.text("SELECT count(*) FROM fact_gl_line")) == 0
    assert kept.loads() == []


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (
            "DELETE FROM rpt.account WHERE account_id = 'rent'",
            r"LOOSE +gl_line: 1 rows name what account .*: rent",
        ),
        ("UPDATE rpt.account SET subtype = NULL WHERE code = 'rent'", r"LOOSE +account: .* subtype: rent"),
        (
            "UPDATE rpt.settlement SET item_id = 'gone'",
            r"LOOSE +settlement: 1 rows name what open_item .*: gone",
        ),
        (
            "UPDATE rpt.gl_line SET amount = 1 WHERE line_id = 'PAY1.bank'",
            r"DIFFERS +debits_and_credits: .*PAY1",
        ),
        (
            "UPDATE rpt.invoice_line SET date = date + 999",
            r"LOOSE +invoice_line: 1 rows are more than a year",
        ),
        (
            "UPDATE rpt.account SET class = 'odd' WHERE code = 'ar'",
            r"account +FAILED: .* 'odd' in the column class",
        ),
        (
            "INSERT INTO rpt.company VALUES ('2', 'Abroad', 'USD', 1)",
            r"LOOSE +fx_rate: no rate for House \(USD to EUR\)",
        ),
    ],
)
def test_the_check_command_says_what_is_not_as_it_must_be(
    kept: Any, erp: Any, capsys: pytest.CaptureFixture[str], wrong: str, line: str
) -> None:
    books(erp)
    erp.run(wrong)
    status, told = checked(kept, capsys)
    assert re.search(line, told), told
    assert "not as it must be" in told
    assert status == 1


def test_the_check_command_goes_on_after_a_query_that_fails(
    kept: Any, erp: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    books(erp)
    erp.run("ALTER TABLE rpt.party RENAME TO away")
    try:
        status, told = checked(kept, capsys)
    finally:
        erp.run("ALTER TABLE rpt.away RENAME TO party")
    assert re.search(r"party +FAILED: generic/party.sql", told)
    assert re.search(r"gl_line +9 ", told)
    assert status == 1


def test_the_check_command_knows_its_sources(kept: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(kept, capsys, "nowhere") == (2, "There is no source 'nowhere'.\n")
