"""What subscriptions wait for: found once, told to who may see it, looked after, and over."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from kit.caller import Caller
from kit.clock import now, rfc3339
from kit.errors import Forbidden, Invalid, NotFound, Refusal
from kit.event import new_id
from kit.testing import customer, hear_event, said, staff
from reports import alerts, events, watch
from reports.acquire.sources import read_sources
from reports.making import KINDS
from reports.models import Alert, Load, Report, Subscription, Thing
from reports.triggers import KpiTrigger

from .chance import Chance, common
from .conftest import ended

TODAY = datetime.now(UTC).date()
STEP = {"after_minutes": 5, "to": {"user_id": new_id()}}
OVERDUE = {"kind": "kpi", "kpi": "overdue", "direction": "above", "threshold": "100"}


def item(
    id: str, amount: str, *, party: str = "p1", due: date = TODAY - timedelta(days=10)
) -> dict[str, Any]:
    """An open invoice."""
    return {
        "item_id": id,
        "company_id": "1",
        "side": "ar",
        "party_id": party,
        "doc_no": f"INV{id}",
        "doc_type": "invoice",
        "doc_date": due - timedelta(days=30),
        "due_date": due,
        "amount": Decimal(amount),
        "currency": "EUR",
        "amount_currency": Decimal(amount),
    }


def product(id: str, kind: str = "goods") -> dict[str, Any]:
    named = {"product_id": id, "code": id.upper(), "name": id}
    return {**named, "category": None, "uom": "pc", "kind": kind}


def paid(id: str, amount: str) -> dict[str, Any]:
    return {"item_id": id, "date": TODAY, "amount": Decimal(amount), "amount_currency": Decimal(amount)}


@pytest.fixture
def lender() -> Caller:
    return staff(None, "reports:receivables")


@pytest.fixture
def owed(house: Any, erp: Any) -> Any:
    """A house whose customers owe something."""
    erp.company()
    for id, name in (("p1", "Alder"), ("p2", "Birch")):
        erp.put("party", {"party_id": id, "name": name, "segment": None, "country": None})
    erp.put("open_item", item("1", "90.00"))
    load(house)
    return house


def load(house: Any) -> None:
    house.service(staff(None, "administrator")).acquire(name="house")
    house.work()


def subscribe(house: Any, caller: Caller, trigger: dict[str, Any], **more: Any) -> str:
    values = {"type": "receivables", "target": "me", "trigger": trigger, **more}
    made = house.service(caller).subscribe(**values)
    house.work()
    return str(made["id"])


def heard(house: Any, *types: str) -> list[tuple[str, dict[str, Any], list[str]]]:
    names = types or ("alert_raised", "alert_recovered", "alert_acknowledged")
    return [told for told in said(house.db) if told[0].removeprefix("reports.") in names]


def every(house: Any, model: type[Any]) -> list[Any]:
    with house.db() as tx:
        return list(tx.scalars(sa.select(model).order_by(model.id)))


def state(house: Any, caller: Caller, id: str) -> Any:
    return house.service(caller).subscription(subscription_id=id)["state"]["state"]


def known(house: Any, caller: Caller, version: int = 1, **fields: Any) -> None:
    rights = {"kind": caller.kind, "permissions": sorted(caller.permissions), "active": True, **fields}
    event = hear_event(events.PermissionsChanged, user_id=caller.id, version=version, **rights)
    house.service(caller).permissions_changed(event)


@pytest.fixture
def room(owed: Any) -> Callable[..., str]:
    """A room of these people, by role."""

    def make(**people: Caller) -> str:
        group_id = new_id()
        for role, caller in people.items():
            known(owed, caller)
            owed.groups.put(group_id, caller.id, role.rstrip("_"))
            joined = {"group_id": group_id, "user_id": caller.id, "role": role.rstrip("_"), "version": 1}
            owed.service(caller).member_joined(hear_event(events.MemberJoined, **joined))
        return group_id

    return make


# --- key figures --------------------------------------------------------------------------------------


def test_a_key_figure_fires_on_the_edge_and_recovers(owed: Any, erp: Any, lender: Caller) -> None:
    id = subscribe(owed, lender, {**OVERDUE, "hysteresis": "20"})
    assert (state(owed, lender, id), heard(owed)) == ("ok", [])
    erp.put("open_item", item("2", "30.00"))
    load(owed)
    [(_, told, audience)] = heard(owed)
    alert = told["alert"]
    assert audience == [f"user:{lender.id}"]
    assert alert["text"] == "Overdue is €120.00, above €100.00."
    assert alert["kpi"]["value"] == "120.00"
    assert not any(sign.isdigit() for sign in alert["title"])
    load(owed)  # still above: it was told
    erp.put("settlement", paid("2", "15.00"))
    load(owed)  # 105 is below by too little
    assert (state(owed, lender, id), len(heard(owed))) == ("firing", 1)
    erp.put("settlement", paid("1", "80.00"))
    load(owed)
    raised, recovered = heard(owed)
    assert (raised[0], recovered[0]) == ("reports.alert_raised", "reports.alert_recovered")
    assert (recovered[1]["alert"]["id"], recovered[1]["alert"]["state"]) == (alert["id"], "recovered")
    runs = owed.service(lender).runs(subscription_id=id)["items"]
    assert [(run["reason"], run["result"], run["sent"]) for run in runs] == [("trigger", "sent", 1)] * 2
    report = owed.service(lender).report(report_id=alert["report_id"])
    assert (report["notes"][0], report["alert_id"]) == (alert["text"], alert["id"])
    assert report["kpis"][1]["value"] == "120.00"


T = KpiTrigger(kind="kpi", kpi="x", direction="above", threshold=Decimal(10), hysteresis=Decimal(2))
REARMED = T.model_copy(update={"rearm_minutes": 60})
BELOW = T.model_copy(update={"direction": "below"})
AT = datetime(2026, 11, 1, tzinfo=UTC)


def ago(minutes: int) -> str:
    return rfc3339(AT - timedelta(minutes=minutes))


FIRED = {"state": "firing", "open": "kpi"}


@pytest.mark.parametrize(
    ("trigger", "before", "value", "expected"),
    [
        (T, {}, 11, ("firing", "kpi", False)),
        (T, {}, 10, ("ok", None, False)),
        (T, {"state": "ok"}, 11, ("firing", "kpi", False)),
        (T, FIRED, 12, ("firing", None, False)),
        (T, FIRED, 9, ("firing", None, False)),
        (T, FIRED, 8, ("ok", None, True)),
        (BELOW, {"state": "ok"}, 9, ("firing", "kpi", False)),
        (BELOW, FIRED, 11, ("firing", None, False)),
        (BELOW, FIRED, 12, ("ok", None, True)),
        # No data is not zero, and not the end of what fired.
        (BELOW, {"state": "ok"}, None, ("no_data", "no_data", False)),
        (T, {}, None, ("no_data", None, False)),
        (T, FIRED, None, ("no_data", None, False)),
        (T, {"state": "no_data", "open": "kpi"}, 12, ("firing", None, False)),
        (T, {"state": "no_data", "open": "kpi"}, 1, ("ok", None, True)),
        (T, {"state": "no_data", "open": "no_data"}, 1, ("ok", None, True)),
        (T, {"state": "no_data", "open": "no_data"}, 12, ("firing", "kpi", True)),
        (
            REARMED,
            {"state": "ok", "raised_at": rfc3339(AT - timedelta(minutes=59))},
            11,
            ("held", None, False),
        ),
        (
            REARMED,
            {"state": "held", "raised_at": rfc3339(AT - timedelta(minutes=61))},
            11,
            ("firing", "kpi", False),
        ),
    ],
)
def test_the_states_of_a_key_figure(
    trigger: KpiTrigger, before: dict[str, Any], value: int | None, expected: tuple[Any, ...]
) -> None:
    found = watch.moved(trigger, before, None if value is None else Decimal(value), AT)
    assert (found.state, found.raises, found.recovers) == expected


def test_a_number_that_is_lost_is_told_and_so_is_that_it_is_known_again(
    owed: Any, erp: Any, lender: Caller
) -> None:
    known_before = {"kind": "kpi", "kpi": "days_late", "direction": "above", "threshold": "100"}
    erp.put("settlement", paid("1", "10.00"))
    load(owed)
    id = subscribe(owed, lender, known_before)
    assert state(owed, lender, id) == "ok"
    erp.run("DELETE FROM rpt.settlement")
    load(owed)
    [(_, told, _)] = heard(owed)
    assert (told["alert"]["kind"], state(owed, lender, id)) == ("no_data", "no_data")
    erp.put("settlement", paid("1", "10.00"))
    load(owed)
    assert [type for type, _, _ in heard(owed)] == ["reports.alert_raised", "reports.alert_recovered"]


def test_a_change_in_percent_can_be_watched(owed: Any, erp: Any, lender: Caller) -> None:
    erp.put("open_item", item("0", "50.00", due=TODAY - timedelta(days=800)))
    load(owed)
    id = subscribe(owed, lender, {**OVERDUE, "of": "change_pct", "comparison": "year_before"})
    assert state(owed, lender, id) == "firing"
    [(_, told, _)] = heard(owed)
    assert told["alert"]["text"] == "Overdue has changed by 180%, which is above 100%."


def test_every_key_figure_that_is_offered_is_one_of_the_report(house: Any, erp: Any) -> None:
    common(erp)
    Chance(erp, 7).fill()
    service = house.service(staff(None, *(f"reports:{type}" for type in KINDS)))
    asked = {type: service.request(type=type, period="2026")["report_id"] for type in KINDS}
    house.work()
    offered = {kind["type"]: [kpi["id"] for kpi in kind["kpis"]] for kind in service.types()["items"]}
    for type, id in asked.items():
        made = [kpi["id"] for kpi in service.report(report_id=id)["kpis"]]
        assert set(made) == set(offered[type]), type


# --- things -------------------------------------------------------------------------------------------


def test_invoices_are_told_once_the_heaviest_first_and_how_many_more(
    owed: Any, erp: Any, lender: Caller
) -> None:
    erp.put("open_item", *(item(f"x{n}", f"{n}.00", party="p2") for n in range(101, 138)))
    load(owed)
    id = subscribe(owed, lender, {"kind": "invoice_overdue", "days": 5, "amount": "100"})
    [(_, told, _)] = heard(owed)
    alert = told["alert"]
    assert (len(alert["items"]), alert["more"]) == (10, 27)
    first = alert["items"][0]
    assert (first["label"], first["party"], first["amount"]) == ("INVx137", "Birch", "137.00")
    assert (first["currency"], first["days"]) == ("EUR", 10)
    assert alert["text"].endswith("and 34 more")
    load(owed)
    assert len(heard(owed)) == 1
    # Paid is over; of all of them, the alert is.
    erp.put("settlement", *(paid(f"x{n}", f"{n}.00") for n in range(101, 137)))
    load(owed)
    assert len(heard(owed)) == 1
    erp.put("settlement", paid("x137", "137.00"))
    load(owed)
    assert heard(owed)[1][0] == "reports.alert_recovered"
    erp.run("DELETE FROM rpt.settlement WHERE item_id = 'x137'")
    load(owed)
    assert [i["key"] for i in heard(owed)[2][1]["alert"]["items"]] == ["invoice:x137"]
    assert state(owed, lender, id) == "firing"


def test_only_orders_that_are_new_are_told(owed: Any, erp: Any, sold: Any) -> None:
    seller, day = staff(None, "reports:sales"), TODAY.isoformat()
    erp.put(
        "product",
        {"product_id": "a", "code": "A", "name": "Axle", "category": None, "uom": "pc", "kind": "goods"},
    )
    erp.lines(sold("1", day, "900.00"))
    load(owed)
    subscribe(owed, seller, {"kind": "order_over", "amount": "500"}, type="sales")
    load(owed)
    assert heard(owed) == []
    erp.lines(
        sold("2", day, "300.00", order_id="big", order_no="SO-BIG"),
        sold("3", day, "300.00", order_id="big", order_no="SO-BIG"),
        sold("4", day, "499.00"),
        sold("5", day, "9999.00", state="quote"),
        sold("6", (TODAY - timedelta(days=90)).isoformat(), "9999.00"),
    )
    load(owed)
    [(_, told, _)] = heard(owed)
    [order] = told["alert"]["items"]
    assert (order["label"], order["amount"], order["party"]) == ("SO-BIG", "600.00", "Alder")
    load(owed)
    assert len(heard(owed)) == 1


def test_stock_is_low_also_where_nothing_is_left(owed: Any, erp: Any, sold: Any) -> None:
    seller = staff(None, "reports:sales")
    for id, kind in (("a", "goods"), ("b", "goods"), ("c", "goods"), ("s", "service")):
        erp.put(
            "product",
            {"product_id": id, "code": id.upper(), "name": id, "category": None, "uom": "pc", "kind": kind},
        )
    stocked = {"company_id": "1", "product_id": "a", "location": "x", "qty": Decimal(3), "value": None}
    erp.put("stock", stocked, {**stocked, "location": "y"}, {**stocked, "product_id": "b", "qty": Decimal(4)})
    erp.lines(*(sold(id, TODAY.isoformat(), "1.00", product_id=id) for id in "cs"))
    load(owed)
    subscribe(owed, seller, {"kind": "stock_below", "qty": "5"}, type="sales")
    [(_, told, _)] = heard(owed)
    assert [(i["label"], i["qty"]) for i in told["alert"]["items"]] == [("C", "0"), ("B", "4")]
    erp.put("stock", {**stocked, "product_id": "b"}, {**stocked, "product_id": "c", "qty": Decimal(9)})
    load(owed)
    assert heard(owed)[-1][0] == "reports.alert_recovered"


def test_a_failed_load_is_told_once_until_one_succeeds(owed: Any, erp: Any, lender: Caller) -> None:
    subscribe(owed, lender, {"kind": "load_failed"})
    erp.run("ALTER TABLE rpt.party RENAME TO party_away")
    try:
        load(owed)
        load(owed)
    finally:
        erp.run("ALTER TABLE rpt.party_away RENAME TO party")
    [(_, told, _)] = heard(owed)
    assert told["alert"]["title"] == "The house could not be read"
    assert "rpt.party" not in str(told)
    load(owed)
    assert [type for type, _, _ in heard(owed)] == ["reports.alert_raised", "reports.alert_recovered"]


# --- groups -------------------------------------------------------------------------------------------


def reminded(group_id: str, minutes: int, target: str) -> events.TaskReminded:
    group = {"name": "Stocktaking", "target_end": target}
    return hear_event(events.TaskReminded, group_id=group_id, group=group, minutes=minutes, at=rfc3339(now()))


def changed(group_id: str, state: str, target: str) -> events.TaskChanged:
    new = {"state": state, "target_end": target}
    return hear_event(events.TaskChanged, group_id=group_id, new=new, at=rfc3339(now()))


def test_a_task_of_mine_that_is_overdue_is_told_once(owed: Any, lender: Caller, room: Any) -> None:
    mine, others = room(owner=lender), room(owner=staff(None, "reports:receivables"))
    subscribe(owed, lender, {"kind": "task_overdue"})
    service, target = owed.service(lender), "2026-11-20T10:00:00.000Z"
    for group in (mine, others):
        service.task_reminded(reminded(group, 60, target))
        service.task_reminded(reminded(group, 0, target))
        service.task_reminded(reminded(group, 0, target))
    [(_, told, _)] = heard(owed)
    assert told["alert"]["title"] == "Stocktaking is overdue"
    service.task_changed(changed(mine, "in_progress", target))
    assert len(heard(owed)) == 1
    service.task_changed(changed(mine, "done", target))
    assert [type for type, _, _ in heard(owed)] == ["reports.alert_raised", "reports.alert_recovered"]
    owed.work()
    assert [report.status for report in every(owed, Report)] == ["ready"]


def test_a_task_that_is_done_while_it_is_being_told_of_leaves_no_alert(
    owed: Any, lender: Caller, room: Any
) -> None:
    mine, target = room(owner=lender), "2026-11-20T10:00:00.000Z"
    subscribe(owed, lender, {"kind": "task_overdue"})
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    with ThreadPoolExecutor(1) as other:
        with owed.db() as tx:
            task = {"group_id": mine, "name": "Stocktaking", "at": target, "target": target}
            watch.heard(tx, read_sources(owed.settings.SOURCES_FILE), kind="task_overdue", **task)
            done = other.submit(owed.service(lender).task_changed, changed(mine, "done", target))
            end = time.monotonic() + 30
            while not tx.execute(sa.text(waiting)).rowcount and not done.done():
                assert time.monotonic() < end
        done.result(30)
    assert [type for type, _, _ in heard(owed)] == ["reports.alert_raised", "reports.alert_recovered"]


def test_a_group_that_ends_is_told_and_takes_none_itself(owed: Any, lender: Caller, room: Any) -> None:
    ending, board = room(owner=lender), room(owner=lender)
    subscribe(owed, lender, {"kind": "group_ended"}, target={"group_id": board})
    with pytest.raises(Invalid):
        subscribe(owed, lender, {"kind": "group_ended", "group_id": ending}, target={"group_id": ending})
    owed.service(lender).group_ended(ended(ending))
    [(_, told, _)] = heard(owed)
    assert (told["alert"]["title"], told["alert"]["group_id"]) == ("The group Board has ended", board)


# --- who hears, who looks after it ----------------------------------------------------------------------


def test_a_rooms_alert_is_for_members_who_may_see_the_report(owed: Any, lender: Caller, room: Any) -> None:
    may, may_not = staff(None, "reports:receivables"), staff()
    gone, guest = staff(None, "reports:receivables"), customer()
    group = room(owner=lender, staff=may, staff_=may_not, staff__=gone, guest=guest)
    known(owed, gone, 2, active=False)
    subscribe(owed, lender, {**OVERDUE, "threshold": "50"}, target={"group_id": group})
    [(_, told, audience)] = heard(owed)
    assert set(audience) == {f"user:{lender.id}", f"user:{may.id}"}
    alert_id = told["alert"]["id"]
    for caller in (may_not, guest, staff(None, "reports:receivables"), staff(gone.id)):
        service = owed.service(caller)
        assert service.alerts()["items"] == []
        for ask in (service.alert, service.acknowledge):
            for id in (alert_id, "0"):
                with pytest.raises(NotFound):
                    ask(alert_id=id)
    [made] = heard(owed, "report_made")
    assert set(made[2]) == set(audience)
    assert made[1]["kpi"]["label"] == "Receivables"
    [run] = owed.service(lender).runs(subscription_id=told["alert"]["subscription_id"])["items"]
    assert run["sent"] == 2
    assert run["withheld"] == [{"reason": "deactivated", "count": 1}, {"reason": "no_right", "count": 2}]
    assert [a["id"] for a in owed.service(may).alerts(state="open", group_id=group)["items"]] == [alert_id]
    taken = owed.service(may).acknowledge(alert_id=alert_id)
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", may.id)
    assert owed.service(lender).acknowledge(alert_id=alert_id)["acknowledged_by"] == may.id
    assert [type for type, _, _ in heard(owed)] == ["reports.alert_raised", "reports.alert_acknowledged"]


def test_an_alert_that_nobody_acknowledges_goes_up(owed: Any, lender: Caller, room: Any) -> None:
    helper, chief, elsewhere = (staff(None, "reports:receivables") for _ in range(3))
    blind = staff(None, "reports:receivables")
    group, board = room(owner=lender, staff=helper, coordinator=chief), room(owner=lender)
    known(owed, elsewhere)
    known(owed, blind)
    steps: list[dict[str, Any]] = [
        {"after_minutes": 5, "to": "coordinator"},
        {"after_minutes": 10, "to": {"user_id": elsewhere.id}},
        {"after_minutes": 15, "to": {"user_id": blind.id}},
        {"after_minutes": 20, "to": {"group_id": board}},
    ]
    subscribe(owed, lender, {**OVERDUE, "threshold": "50"}, target={"group_id": group}, escalation=steps)
    service = owed.service(lender)
    known(owed, blind, 2, permissions=[])

    def later(minutes: int) -> list[str]:
        before = len(heard(owed))
        with owed.db() as tx:
            alert = tx.scalars(sa.select(Alert)).one()
            alert.raised_at -= timedelta(minutes=minutes)
            if alert.escalate_at:
                alert.escalate_at -= timedelta(minutes=minutes)
        service.escalate()
        service.escalate()
        return [one for _, _, audience in heard(owed)[before:] for one in sorted(audience)]

    assert later(4) == []
    assert later(2) == sorted([f"user:{lender.id}", f"user:{chief.id}"])
    [alert] = owed.service(chief).alerts()["items"]
    assert owed.service(elsewhere).alerts()["items"] == []
    assert later(5) == [f"user:{elsewhere.id}"]
    assert owed.service(elsewhere).alert(alert_id=alert["id"])["step"] == 2
    assert later(5) == []  # who may not see it hears nothing
    assert later(5) == []
    owed.work()
    assert {report.group_id for report in every(owed, Report)} == {group, board}
    assert owed.service(elsewhere).acknowledge(alert_id=alert["id"])["state"] == "acknowledged"


def test_an_acknowledged_or_recovered_alert_goes_no_further(owed: Any, lender: Caller) -> None:
    step = [{"after_minutes": 1, "to": {"user_id": lender.id}}]
    known(owed, lender)
    id = subscribe(owed, lender, {**OVERDUE, "threshold": "50"}, escalation=step)
    service = owed.service(lender)
    service.acknowledge(alert_id=service.alerts()["items"][0]["id"])
    service.update_subscription(subscription_id=id, changes={"trigger": {**OVERDUE, "threshold": "60"}})
    owed.work()
    service.unsubscribe(subscription_id=id)
    with owed.db() as tx:
        assert set(tx.scalars(sa.select(Alert.escalate_at))) == {None}
        assert tx.scalars(sa.select(Thing)).all() == []


def test_nothing_is_looked_for_on_behalf_of_who_may_not_see_it(owed: Any, lender: Caller) -> None:
    known(owed, lender)
    id = subscribe(owed, lender, {**OVERDUE, "threshold": "1000"})
    known(owed, lender, 2, permissions=[])
    with owed.db() as tx:
        tx.get_one(Subscription, id).trigger = {**OVERDUE, "threshold": "1"}
    load(owed)
    assert heard(owed) == []
    known(owed, lender, 3)
    load(owed)
    assert len(heard(owed)) == 1


# --- asking for one -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "more"),
    [
        ({"kind": "weather"}, {}),
        ({**OVERDUE, "kpi": "happiness"}, {}),
        ({**OVERDUE, "threshold": "NaN"}, {}),
        ({**OVERDUE, "threshold": "1e30"}, {}),
        ({**OVERDUE, "direction": "sideways"}, {}),
        ({**OVERDUE, "hysteresis": "-1"}, {}),
        ({**OVERDUE, "comparison": "year_before"}, {}),
        ({**OVERDUE, "of": "change", "comparison": "budget"}, {}),
        ({"kind": "order_over", "amount": "5"}, {}),
        ({"kind": "stock_below", "qty": "5"}, {}),
        ({"kind": "invoice_overdue", "days": 0}, {}),
        ({"kind": "task_overdue", "group_id": "x"}, {}),
        (OVERDUE, {"schedule": {"cron": "0 8 * * *", "timezone": "UTC"}}),
        (None, {}),
        (
            None,
            {
                "schedule": {"cron": "0 8 * * *"},
                "escalation": [{"after_minutes": 5, "to": {"user_id": new_id()}}],
            },
        ),
        (OVERDUE, {"escalation": [{"after_minutes": 5, "to": "owner"}]}),
        (OVERDUE, {"escalation": [{"after_minutes": 5, "to": {"user_id": new_id()}}] * 2}),
        (OVERDUE, {"escalation": [{"after_minutes": 0, "to": {"user_id": new_id()}}]}),
    ],
)
def test_a_wrong_trigger_is_refused_and_kept_nowhere(
    owed: Any, lender: Caller, trigger: Any, more: dict[str, Any]
) -> None:
    service = owed.service(lender)
    for ask in (service.subscribe, service.preview):
        with pytest.raises(Invalid) as refused:
            ask(**{"type": "receivables", "target": "me", "trigger": trigger, **more})
        assert refused.value.errors
    assert service.subscriptions()["items"] == []


def test_a_trigger_on_a_group_or_to_a_room_that_is_not_mine_is_refused(
    owed: Any, lender: Caller, room: Any
) -> None:
    other = room(owner=staff(None, "reports:receivables"))
    owed.groups.put(other, lender.id, None, visible=False)
    service = owed.service(lender)
    unseeing = staff()
    known(owed, unseeing)
    for user_id in (new_id(), unseeing.id):
        step = {"after_minutes": 5, "to": {"user_id": user_id}}
        with pytest.raises(Invalid):
            service.subscribe(type="receivables", target="me", trigger=OVERDUE, escalation=[step])
    for more in (
        {"trigger": {"kind": "task_overdue", "group_id": other}},
        {"trigger": OVERDUE, "escalation": [{"after_minutes": 5, "to": {"group_id": other}}]},
    ):
        with pytest.raises(NotFound):
            service.subscribe(type="receivables", target="me", **more)


def test_a_preview_says_what_it_would_do_and_keeps_nothing(owed: Any, lender: Caller, room: Any) -> None:
    group = room(owner=lender, staff=staff())
    service = owed.service(lender)
    found = service.preview(
        type="receivables", target={"group_id": group}, trigger={**OVERDUE, "threshold": "80"}
    )
    assert (found["next"], found["state"]["state"], found["state"]["value"]) == ([], "firing", "90.00")
    assert found["notes"] == ["Of 2 members of the group 1 would get it now."]
    monthly = {"cron": "0 8 * * *", "timezone": "Europe/Berlin", "working_days": {"rule": "nth", "nth": -1}}
    times = service.preview(type="receivables", target="me", schedule=monthly)["next"]
    assert len({time[:7] for time in times}) == 5
    owed.work()
    assert (every(owed, Subscription), every(owed, Alert), service.subscriptions()["items"]) == ([], [], [])


def test_a_trigger_and_a_schedule_take_each_others_place(owed: Any, lender: Caller) -> None:
    service = owed.service(lender)
    known(owed, lender)
    id = subscribe(owed, lender, OVERDUE, escalation=[{"after_minutes": 5, "to": {"user_id": lender.id}}])
    schedule = {"cron": "0 8 * * *", "timezone": "UTC"}
    timed = service.update_subscription(subscription_id=id, changes={"schedule": schedule})
    assert (timed["trigger"], timed["escalation"], len(timed["next"])) == (None, [], 5)
    back = service.update_subscription(subscription_id=id, changes={"trigger": OVERDUE})
    assert (back["schedule"], back["next"], back["state"]["state"]) == (None, [], "waiting")
    assert service.update_subscription(subscription_id=id, changes={"active": False})["active"] is False
    load(owed)
    assert state(owed, lender, id) == "waiting"


def test_times_that_are_too_near_to_each_other_are_refused(house: Any, erp: Any, seller: Caller) -> None:
    house.settings = house.settings.model_copy(update={"SUBSCRIPTION_MINUTES": 15})
    service = house.service(seller)
    for cron, refused in (("*/15 * * * *", False), ("*/14 * * * *", True), ("0,1 8 * * *", True)):
        asked = {"type": "sales", "target": "me", "schedule": {"cron": cron, "timezone": "UTC"}}
        if not refused:
            service.subscribe(**asked)
            continue
        with pytest.raises(Invalid) as problem:
            service.subscribe(**asked)
        assert problem.value.code == "too_dense"


# --- replicas and kills -----------------------------------------------------------------------------------


def test_two_workers_find_it_once_and_a_look_that_broke_off_left_nothing(
    owed: Any, erp: Any, lender: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [subscribe(owed, lender, OVERDUE) for _ in range(3)]
    erp.put("open_item", item("2", "30.00"))
    owed.service(staff(None, "administrator")).acquire(name="house")
    worker = owed.worker()
    worker._next(Load, worker._load, worker._tell_load)
    fire = alerts.fire

    def broken(*args: Any, **kwargs: Any) -> Any:
        fire(*args, **kwargs)
        raise SystemExit

    monkeypatch.setattr(alerts, "fire", broken)
    with pytest.raises(SystemExit):
        owed.worker().work()
    monkeypatch.undo()
    assert heard(owed) == []
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: owed.work(), range(2)))
    assert sorted(told["alert"]["subscription_id"] for _, told, _ in heard(owed)) == sorted(ids)
    assert len(every(owed, Report)) == 3


def test_what_can_not_be_looked_at_says_why_and_stops_nothing(
    owed: Any, erp: Any, lender: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = subscribe(owed, lender, {**OVERDUE, "threshold": "50"})
    erp.run("UPDATE rpt.company SET company_id = '2'")
    erp.run("UPDATE rpt.open_item SET company_id = '2'")
    owed.service(lender).update_subscription(subscription_id=id, changes={"filters": {"company_id": "1"}})
    load(owed)
    shown = owed.service(lender).subscription(subscription_id=id)["state"]
    assert shown["state"] == "error"
    assert "'1'" in shown["error"]

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(watch, "_look", broken)
    load(owed)
    shown = owed.service(lender).subscription(subscription_id=id)["state"]
    assert (shown["state"], "secret" in shown["error"]) == ("error", False)


def test_a_new_day_is_looked_at_without_a_load(owed: Any, erp: Any, lender: Caller) -> None:
    id = subscribe(owed, lender, OVERDUE)
    sources = read_sources(owed.settings.SOURCES_FILE)
    assert watch.look(owed.db, sources, 30) is False
    with owed.db() as tx:
        row = tx.get_one(Subscription, id)
        assert row.next_run_at is not None
        assert now() < row.next_run_at < now() + timedelta(days=1, minutes=2)
        row.next_run_at = now()
    assert [watch.look(owed.db, sources, 30) for _ in range(2)] == [True, False]


# --- a customer's rows ------------------------------------------------------------------------------------


@pytest.fixture
def client(owed: Any, erp: Any) -> Caller:
    """A customer of the party p2, who may see receivables."""
    erp.put("open_item", item("2", "70.00", party="p2"))
    load(owed)
    caller = customer(permissions=frozenset({"reports:receivables"}))
    known(owed, caller)
    owed.service(staff(None, "administrator")).set_party(user_id=caller.id, source="house", party_id="p2")
    return caller


def balance(report: dict[str, Any]) -> str:
    return str(report["kpis"][0]["value"])


def test_a_report_into_a_customers_room_holds_their_rows_only(
    owed: Any, lender: Caller, client: Caller, room: Any
) -> None:
    group, inside = room(owner=lender, guest=client), room(owner=lender)
    service = owed.service(lender)
    ids = [service.request(type="receivables", group_id=g)["report_id"] for g in (group, inside)]
    made = service.subscribe(
        type="receivables", target={"group_id": group}, schedule={"cron": "0 8 * * *", "timezone": "UTC"}
    )
    ids.append(service.run_subscription(subscription_id=made["id"])["report_id"])
    owed.work()
    theirs, whole, run = (service.report(report_id=id) for id in ids)
    assert [balance(report) for report in (theirs, whole, run)] == ["70.00", "160.00", "70.00"]
    assert "Alder" not in str(theirs)
    assert owed.service(client).report(report_id=ids[0])["filters"] == {"party_id": "p2"}
    rows = owed.service(client).rows(
        report_id=ids[0], chart="parties", point=theirs["charts"][2]["points"][0]["key"]
    )
    assert {row["cells"][2] for row in rows["items"]} == {"Birch"}
    # What was made before a customer came in is not theirs to see, whatever their rights.
    joined = {"group_id": inside, "user_id": client.id, "role": "guest", "version": 5}
    owed.service(client).member_joined(hear_event(events.MemberJoined, **joined))
    with pytest.raises(NotFound):
        owed.service(client).report(report_id=ids[1])
    with pytest.raises(Refusal) as refused:
        service.request(type="receivables", group_id=group, filters={"party_id": "p1"})
    assert refused.value.code == "rows_of_another"


def test_what_a_customer_asks_for_is_theirs(owed: Any, lender: Caller, client: Caller) -> None:
    service = owed.service(client)
    id = service.request(type="receivables")["report_id"]
    owed.work()
    report = service.report(report_id=id)
    assert (balance(report), report["filters"]) == ("70.00", {"party_id": "p2"})
    rights = frozenset({"reports:receivables", "reports:ledger"})
    everything = customer(client.id, permissions=rights)
    [type] = owed.service(everything).types()["items"]
    assert (type["type"], type["filters"]) == ("receivables", [])
    with pytest.raises(Forbidden):
        owed.service(everything).request(type="ledger")
    with pytest.raises(Forbidden):
        service.request(type="receivables", filters={"party_id": "p1"})
    with pytest.raises(Forbidden):
        service.subscribe(type="receivables", target="me", trigger={"kind": "load_failed"})
    subscribe(owed, client, {**OVERDUE, "threshold": "60"})
    [(_, told, _)] = heard(owed)
    assert told["alert"]["kpi"]["value"] == "70.00"
    # Another party from now on: the former one's rows are gone for them.
    owed.service(staff(None, "administrator")).set_party(user_id=client.id, source="house", party_id="p1")
    with pytest.raises(NotFound):
        service.report(report_id=id)
    assert service.alerts()["items"] == []


def test_what_was_found_among_all_rows_is_told_to_no_customer(
    owed: Any, erp: Any, lender: Caller, client: Caller, room: Any
) -> None:
    group, secret = room(owner=lender, guest=client), room(owner=lender)
    target = {"group_id": group}
    subscribe(owed, lender, {"kind": "group_ended", "group_id": secret}, target=target)
    subscribe(owed, lender, {"kind": "invoice_overdue"}, target=target)
    owed.service(lender).group_ended(ended(secret))
    owed.work()
    told = {told["alert"]["kind"]: (told["alert"], audience) for _, told, audience in heard(owed)}
    both = {f"user:{lender.id}", f"user:{client.id}"}
    assert set(told["invoice_overdue"][1]) == both
    assert [item["party"] for item in told["invoice_overdue"][0]["items"]] == ["Birch"]
    assert told["group_ended"][1] == [f"user:{lender.id}"]
    seen = [alert["kind"] for alert in owed.service(client).alerts()["items"]]
    assert seen == ["invoice_overdue"]
    ends = owed.service(client).report(report_id=told["group_ended"][0]["report_id"])
    assert "Board" not in str(ends)
    overdue = owed.service(client).report(report_id=told["invoice_overdue"][0]["report_id"])
    assert overdue["notes"][0] == told["invoice_overdue"][0]["text"]


def test_a_customer_who_stands_for_nobody_sees_nothing(
    owed: Any, lender: Caller, client: Caller, room: Any
) -> None:
    owed.service(staff(None, "administrator")).unset_party(user_id=client.id, source="house")
    group = room(owner=lender, guest=client)
    id = owed.service(lender).request(type="receivables", group_id=group)["report_id"]
    owed.work()
    assert balance(owed.service(lender).report(report_id=id)) == "160.00"
    with pytest.raises(NotFound):
        owed.service(client).report(report_id=id)
    with pytest.raises(Forbidden) as refused:
        owed.service(client).request(type="receivables")
    assert refused.value.code == "customer_not_linked"
    [made] = heard(owed, "report_made")
    assert made[2] == [f"user:{lender.id}"]


def test_customers_of_two_companies_in_a_room_get_no_rows_of_each_other(
    owed: Any, lender: Caller, client: Caller, room: Any
) -> None:
    rival = customer()
    known(owed, rival)
    administrator = owed.service(staff(None, "administrator"))
    administrator.set_party(user_id=rival.id, source="house", party_id="p1")
    group = room(owner=lender, guest=client, guest_=rival)
    with pytest.raises(Refusal) as refused:
        owed.service(lender).request(type="receivables", group_id=group)
    assert refused.value.code == "several_customers"


def test_who_is_linked_is_for_administrators_to_say(owed: Any, lender: Caller, client: Caller) -> None:
    for caller in (lender, client):
        with pytest.raises(Forbidden):
            owed.service(caller).set_party(user_id=client.id, source="house", party_id="p1")
    administrator = owed.service(staff(None, "administrator"))
    for values, code in (
        ({"user_id": lender.id, "source": "house", "party_id": "p1"}, "not_a_customer"),
        ({"user_id": client.id, "source": "house", "party_id": "p9"}, "party_not_found"),
        ({"user_id": client.id, "source": "house", "party_id": "\x00"}, "party_not_found"),
        ({"user_id": client.id, "source": "nowhere", "party_id": "p1"}, "source_not_found"),
    ):
        with pytest.raises(Refusal) as refused:
            administrator.set_party(**values)
        assert refused.value.code == code
    [link] = administrator.parties(user_id=client.id)["items"]
    assert (link["source"], link["party_id"]) == ("house", "p2")


# --- the same again, and who read it ------------------------------------------------------------------------


def test_recomputing_makes_a_new_report_beside_the_old(
    owed: Any, erp: Any, lender: Caller, room: Any
) -> None:
    reader = staff(None, "reports:receivables")
    group = room(owner=lender, staff=reader)
    service = owed.service(lender)
    old = service.request(type="receivables", group_id=group, period="this_year", locale="zh-TW")["report_id"]
    owed.work()
    erp.put("settlement", paid("1", "40.00"))
    load(owed)
    new = owed.service(reader).recompute(report_id=old)["report_id"]
    owed.work()
    before, after = service.report(report_id=old), service.report(report_id=new)
    assert (balance(before), balance(after)) == ("90.00", "50.00")
    assert (after["recompute_of"], after["group_id"], after["period"]) == (old, group, before["period"])
    with pytest.raises(NotFound):
        owed.service(staff(None, "reports:receivables")).recompute(report_id=old)


def test_it_is_kept_who_was_sent_a_report_and_who_opened_it(owed: Any, lender: Caller, room: Any) -> None:
    reader, blind = staff(None, "reports:receivables"), staff()
    group = room(owner=lender, staff=reader, staff_=blind)
    id = owed.service(lender).request(type="receivables", group_id=group)["report_id"]
    owed.work()
    owed.service(reader).report(report_id=id)
    owed.service(reader).report(report_id=id)
    owed.service(lender).report(report_id=id, pushed=True)
    with pytest.raises(Forbidden):
        owed.service(blind).report(report_id=id)
    for asker in (lender, staff(None, "administrator")):
        found = owed.service(asker).readers(report_id=id)["items"]
        assert {r["user_id"]: (bool(r["sent_at"]), r["opened"]) for r in found} == {
            reader.id: (True, 2),
            lender.id: (True, 0),
        }
    for asker in (reader, blind):
        with pytest.raises(NotFound):
            owed.service(asker).readers(report_id=id)
    owed.service(lender).forget_old()
    assert len(owed.service(lender).readers(report_id=id)["items"]) == 2
