"""A report is asked for, made apart, pushed, and shown to those who may see it."""

import contextlib
import hashlib
import hmac
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import psycopg2
import pytest
from client import Connected, Device, Http, Json, Person, Refused, Someone, until
from requests import Response
from stack import Stack
from standins import LocalFcm

pytestmark = pytest.mark.usefixtures("books")
SALES = ("reports:sales",)
FORMS = {"png": b"\x89PNG", "svg": b"<svg", "pdf": b"%PDF-", "csv": b"\xef\xbb\xbf", "xlsx": b"PK"}


def pushed(device: Device, report_id: str) -> Json:
    """The report when it is ready."""

    def ready() -> Json | None:
        return next(
            (
                f["report"]
                for f in device.frames
                if f["type"] == "report"
                and f["report"]["id"] == report_id
                and f["report"]["status"] != "running"
            ),
            None,
        )

    report: Json = device.wait(ready, "sent the report")
    return report


def test_a_report_is_asked_for_and_pushed_to_every_socket_of_who_asked(
    someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(permissions=SALES), someone(permissions=SALES)
    devices, other = [connected(ann, at=at) for at in (0, 1)], connected(bob)
    assert [t["type"] for t in ann.get("/reports/types")["items"]] == ["sales"]
    id = ann.post("/reports", {"type": "sales"}, at=1)["report_id"]
    report = pushed(devices[0], id)
    assert report == pushed(devices[1], id) == ann.get(f"/reports/{id}")
    assert (report["status"], report["type"], report["error"]) == ("ready", "sales", None)
    assert report["as_of"]
    revenue = next(kpi for kpi in report["kpis"] if kpi["id"] == "revenue")
    assert Decimal(revenue["value"]) > 0
    assert revenue["unit"] == "EUR"
    tables = {table["id"]: table for table in report["tables"]}
    for chart in report["charts"]:
        assert chart["figure"]["root_id"]
        assert chart["description"]
        assert tables[chart["table_id"]]["rows"]
    other.ask({"type": "ping"})
    assert not any(f["type"] == "report" for f in other.frames)
    with pytest.raises(Refused) as unseen:
        bob.get(f"/reports/{id}")
    assert unseen.value.status in (403, 404)


def test_a_report_in_a_room_is_seen_by_members_who_may_and_by_nobody_else(
    someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(permissions=SALES), someone(permissions=SALES)
    carl, eve = someone(), someone(permissions=SALES)
    group = ann.post("/groups", {"name": "Board", "catalogue": "chat", "visibility": "invite"})["id"]
    for other in (bob, carl):
        ann.put(f"/groups/{group}/members/{other.id}", {"role": "staff"})
    devices = [connected(who, at=at) for at, who in enumerate((ann, bob, carl))]
    for device in devices:
        device.wait(lambda device=device: group in device.rooms, "shown the room")
    id = ann.post("/reports", {"type": "sales", "group_id": group})["report_id"]
    entries = [device.entry(group, kind="report", report_id=id) for device in devices]
    assert entries[0] == entries[1] == entries[2]
    assert entries[0]["report_type"] == "sales"
    # The entry names the report and carries no number: rights are checked when it is opened.
    assert not {"kpis", "charts", "tables"} & entries[0].keys()
    assert bob.get(f"/reports/{id}") == ann.get(f"/reports/{id}")
    for form, beginning in FORMS.items():
        path = f"/api/v1/reports/{id}.{form}"
        # Asked for at once at both gateways, it is one file.
        with ThreadPoolExecutor(2) as at_once:
            asked = [at_once.submit(until, partial(_file, who, path, at)) for who, at in ((ann, 0), (bob, 1))]
            first, second = (answer.result() for answer in asked)
        assert first.content == second.content
        assert first.content.startswith(beginning)
        assert first.headers["ETag"] == second.headers["ETag"]
        assert "filename*=UTF-8''Sales%20%C2%B7%20" in first.headers["Content-Disposition"]
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        unchanged = bob.raw("GET", path, headers={"If-None-Match": first.headers["ETag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    for person in (carl, eve):
        for path in (f"/reports/{id}", *(f"/reports/{id}.{form}" for form in FORMS)):
            with pytest.raises(Refused) as unseen:
                person.get(path)
            assert unseen.value.status in (403, 404)
    ann.delete(f"/groups/{group}/members/{bob.id}")
    until(lambda: _hidden(bob, id), "hidden from who is no member any more")
    assert bob.raw("GET", f"/api/v1/reports/{id}.pdf").status_code == 404


def _file(person: Person, path: str, at: int) -> Response | None:
    """The file of a report, unless it is still being made."""
    answer = person.raw("GET", path, at=at)
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
        return None
    assert answer.status_code == 200, answer.text
    return answer


def _hidden(person: Person, report_id: str) -> bool:
    try:
        person.get(f"/reports/{report_id}")
    except Refused as refused:
        return refused.status in (403, 404)
    return False


def test_who_lacks_the_right_asks_in_vain(someone: Someone) -> None:
    ann, bob = someone(), someone(permissions=SALES)
    group = ann.post("/groups", {"name": "Board", "catalogue": "chat"})["id"]
    for person, body in (
        (ann, {"type": "sales"}),
        (bob, {"type": "sales", "group_id": group}),
        (bob, {"type": "ledger"}),
        (bob, {"type": "gossip"}),
    ):
        with pytest.raises(Refused) as refused:
            person.post("/reports", body)
        assert refused.value.status in (403, 404, 422)
    with pytest.raises(Refused) as refused:
        ann.post("/subscriptions", {"type": "sales", "target": "me", "schedule": EVERY_MINUTE})
    assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        bob.post("/sources/kestrel/acquire")
    assert refused.value.status == 403
    assert ann.get("/reports/types")["items"] == []


EVERY_MINUTE = {"cron": "* * * * *", "timezone": "Europe/Berlin"}


def test_a_due_report_is_made_once_by_two_of_everything(someone: Someone, connected: Connected) -> None:
    ann = someone(permissions=SALES)
    group = ann.post("/groups", {"name": "Board", "catalogue": "chat", "visibility": "invite"})["id"]
    device = connected(ann)
    until(lambda: ann.timeline(group), "written in the timeline")
    subscription = ann.post(
        "/subscriptions", {"type": "sales", "target": {"group_id": group}, "schedule": EVERY_MINUTE}
    )
    assert len(subscription["next"]) == 5
    first = device.wait(lambda: _reports(device, group), "sent the due report", 150)[0]
    # What one of the two had made as well would come before what is asked for now.
    id = ann.post(f"/subscriptions/{subscription['id']}/run")["report_id"]
    device.entry(group, kind="report", report_id=id)
    ann.delete(f"/subscriptions/{subscription['id']}")
    made = [ann.get(f"/reports/{entry['report_id']}") for entry in _reports(device, group)]
    due = Counter(r["created_at"][:16] for r in made if r["id"] != id)
    assert first["report_id"] in {report["id"] for report in made}
    assert set(due.values()) == {1}
    assert {r["subscription_id"] for r in made} == {subscription["id"]}


def _reports(device: Device, group: str) -> list[Json]:
    room = device.rooms.get(group)
    return [e for e in room.entries if e["kind"] == "report"] if room else []


@contextlib.contextmanager
def ordered(stack: Stack, amount: int) -> Iterator[str]:
    """An order of so many euros, confirmed today, in the books of the company while it is looked at; its
    number."""
    uri = stack.env["ERP_DATABASE_URI"].replace("+psycopg2", "")
    with contextlib.closing(psycopg2.connect(uri)) as connection:

        def run(*statements: str) -> None:
            with connection, connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

        run(
            "INSERT INTO erp.orders SELECT 900001, 'sale', 'SO-HUGE', current_date, min(id), 'EUR',"
            " current_date, NULL, now() FROM erp.party",
            f"INSERT INTO erp.order_line SELECT 900001, 900001, min(id), 1, {amount}00, {amount}00, NULL"
            " FROM erp.product",
            "INSERT INTO erp.order_event VALUES (900001, 'confirmed', now())",
        )
        try:
            yield "SO-HUGE"
        finally:
            run(*(f"DELETE FROM erp.{t} WHERE order_id = 900001" for t in ("order_event", "order_line")))
            run("DELETE FROM erp.orders WHERE id = 900001")


def test_a_large_order_is_told_once_to_who_may_see_it_whatever_is_killed(
    stack: Stack, someone: Someone, admin: Person, connected: Connected, fcm: LocalFcm
) -> None:
    ann, bob = someone(permissions=SALES), someone(permissions=SALES)
    carl, guest = someone(), someone(kind="customer", permissions=SALES)
    group = ann.post("/groups", {"name": "Large", "catalogue": "chat", "visibility": "invite"})["id"]
    for other, role in ((bob, "staff"), (carl, "staff"), (guest, "guest")):
        ann.put(f"/groups/{group}/members/{other.id}", {"role": role})
    for who in (bob, carl):
        who.put("/devices/phone", {"platform": "android", "fcm_token": who.id})
    devices = [connected(who, at=at % 2) for at, who in enumerate((ann, bob, carl, guest))]
    for device in devices:
        device.wait(lambda device=device: group in device.rooms, "shown the room")
    asked = {"type": "sales", "target": {"group_id": group}, "source": "kestrel"}
    asked["trigger"] = {"kind": "order_over", "amount": "5000000"}
    until(lambda: "4 members" in ann.post("/subscriptions/preview", asked)["notes"][0], "known to reports")
    subscription = ann.post("/subscriptions", asked)
    assert subscription["next"] == []
    with ordered(stack, 7_000_000) as number:
        admin.post("/sources/kestrel/acquire")
        for name in ("reports-worker.1", "reports.1", "reports-worker.2"):
            stack.kill(name)
        told = devices[0].wait(lambda: _alerts(devices[0]), "alerted", 150)
        assert [item["label"] for item in told[0]["items"]] == [number]
        until(lambda: _alerts(devices[1]), "alerted")
        entry = devices[0].entry(group, kind="report")
        (alert,) = until(lambda: _pushed(fcm, bob, "alert"), "pushed")
        assert number in alert["body"]
        assert bob.post(f"/alerts/{told[0]['id']}/acknowledge")["acknowledged_by"] == bob.id
        devices[0].wait(lambda: _alerts(devices[0])[-1]["state"] == "acknowledged", "told who looks after it")
        (gone,) = until(lambda: _pushed(fcm, bob, "gone"), "taken away")
        assert gone["tag"] == alert["tag"]
        assert _pushed(fcm, carl, "alert") == []
        admin.post("/sources/kestrel/acquire")
        until(lambda: not _open_loads(admin), "read again", 120)
    runs = until(lambda: _ended(ann.get(f"/subscriptions/{subscription['id']}/runs")["items"]), "run")
    assert [(run["report_id"], run["reason"], run["sent"]) for run in runs] == [
        (entry["report_id"], "trigger", 2)
    ]
    assert runs[0]["withheld"] == [
        {"reason": "no_right", "count": 1},
        {"reason": "not_their_rows", "count": 1},
    ]
    assert len(ann.get("/alerts", params={"group_id": group})["items"]) == 1
    assert {alert["id"] for device in devices[:2] for alert in _alerts(device)} == {told[0]["id"]}
    for person, device in ((carl, devices[2]), (guest, devices[3])):
        assert _alerts(device) == []
        assert person.get("/alerts")["items"] == []
        with pytest.raises(Refused):
            person.get(f"/reports/{entry['report_id']}")
    # From now on the guest stands for a customer of the company, and the room gets that customer's rows.
    tables = {table["id"]: table for table in ann.get(f"/reports/{entry['report_id']}")["tables"]}
    party = tables["customers"]["keys"][0].removeprefix("id:")
    link = admin.put(f"/customers/{guest.id}/parties/kestrel", {"party_id": party})
    assert link["party_id"] == party
    anew = ann.post(f"/reports/{entry['report_id']}/recompute")["report_id"]
    devices[3].entry(group, kind="report", report_id=anew)
    theirs = guest.get(f"/reports/{anew}")
    assert (theirs["filters"]["party_id"], theirs["recompute_of"]) == (party, entry["report_id"])
    assert {r["user_id"]: r["opened"] for r in ann.get(f"/reports/{anew}/readers")["items"]}[guest.id] == 1
    ann.delete(f"/subscriptions/{subscription['id']}")


def _pushed(fcm: LocalFcm, who: Person, kind: str) -> list[Json]:
    """What somebody's phone has got of this kind."""
    data = [message["data"] for to, message in list(fcm.messages) if to == who.id]
    return [one for one in data if one["kind"] == kind]


def _alerts(device: Device) -> list[Json]:
    return [frame["alert"] for frame in device.frames if frame["type"] == "alert"]


def _ended(runs: list[Json]) -> list[Json]:
    return runs if runs and all(run["finished_at"] for run in runs) else []


def _open_loads(admin: Person) -> list[Json]:
    loads = admin.get("/sources/kestrel/loads")["items"]
    return [load for load in loads if not load["finished_at"]]


def signed(secret: str, body: bytes = b"{}", **headers: str) -> dict[str, str]:
    at = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Bchat-Timestamp": at, "X-Bchat-Signature": f"sha256={digest}", **headers}


def test_a_source_that_says_it_has_changed_is_read_and_staff_see_when(
    stack: Stack, someone: Someone, admin: Person
) -> None:
    http = Http(stack.urls)
    mine = signed(stack.env["ERP_HOOK_SECRET"])
    first = http.raw("POST", "/api/v1/hooks/kestrel", data=b"{}", headers=mine)
    again = http.raw("POST", "/api/v1/hooks/kestrel", at=1, data=b"{}", headers=mine)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["load_id"] == again.json()["load_id"]
    ann, guest = someone(), someone(kind="customer")

    def read() -> Json | None:
        loads = ann.get("/sources/kestrel/loads")["items"]
        return next((x for x in loads if x["id"] == first.json()["load_id"] and x["finished_at"]), None)

    load = until(read, "read", 120)
    assert (load["status"], load["mismatches"], load["checks"]) == ("ready", 0, None)
    assert load["rows"]["order_line"] > 0
    kept = next(x for x in admin.get("/sources/kestrel/loads")["items"] if x["id"] == load["id"])
    assert {check["name"] for check in kept["checks"]} >= {"debits_and_credits"}
    for body, headers in ((b"[]", mine), (b"{}", signed("of somebody else")), (b"{}", {})):
        refused = http.raw("POST", "/api/v1/hooks/kestrel", data=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_signature")
    nowhere = http.raw("POST", "/api/v1/hooks/nowhere", data=b"{}", headers=mine)
    assert (nowhere.status_code, nowhere.json()["code"]) == (401, "invalid_signature")
    with pytest.raises(Refused) as unseen:
        guest.get("/sources/kestrel/loads")
    assert unseen.value.status == 403
