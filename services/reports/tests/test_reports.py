"""What reports answers and hears: who may ask for what, and who may see it."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from kit.caller import ANONYMOUS, Caller
from kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooMany, Unauthenticated
from kit.event import new_id
from kit.testing import customer, hear_event, said, staff
from reports import choices, events
from reports.making import KINDS
from reports.models import Load

from .chance import Chance, common
from .conftest import ended

Sold = Callable[..., dict[str, Any]]
CRON = {"cron": "0 8 * * MON", "timezone": "Europe/Berlin"}


@pytest.fixture
def stocked(house: Any, erp: Any, sold: Sold) -> Any:
    """A house whose source has been read."""
    erp.company()
    erp.put("party", {"party_id": "p1", "name": "Alder", "segment": None, "country": None})
    erp.lines(sold("1", "2026-01-05", "100.00"))
    house.service(staff(None, "administrator")).acquire(name="house")
    assert house.work() == 1
    return house


def code(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


def test_a_report_is_asked_for_made_and_announced(stocked: Any, seller: Caller) -> None:
    service = stocked.service(seller)
    answer = service.request(type="sales", period="2026", filters={"company_id": "1"})
    report_id = answer["report_id"]
    assert service.report(report_id=report_id)["status"] == "queued"
    assert stocked.work() == 1
    report = service.report(report_id=report_id)
    assert (report["status"], report["progress"], report["error"]) == ("ready", 1.0, None)
    assert report["title"] == "Sales · House · Jan – Dec 2026"
    assert report["period"]["from"] == "2026-01-01"
    assert report["kpis"][0]["value"] == "100.00"
    assert report["as_of"] == stocked.loads()[0].as_of.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    assert report["load_id"] == stocked.loads()[0].id
    for chart in report["charts"]:
        named = {"id", "title", "description", "unit", "points", "figure", "figure_dark", "table_id"}
        assert named == chart.keys()
        assert chart["table_id"] in {table["id"] for table in report["tables"]}
    heard = said(stocked.db)
    me = [f"user:{seller.id}"]
    assert [(type, audience) for type, _, audience in heard] == [
        ("reports.load_finished", ["staff"]),
        ("reports.report_progressed", me),
        ("reports.report_made", me),
    ]
    assert heard[2][1]["status"] == "ready"
    assert heard[2][1]["title"] == report["title"]


def test_only_the_right_to_the_type_lets_ask(stocked: Any) -> None:
    for caller, error in (
        (ANONYMOUS, Unauthenticated),
        (staff(), Forbidden),
        (staff(None, "reports:ledger", "news:publish"), Forbidden),
        (customer(), Forbidden),
    ):
        service = stocked.service(caller)
        with pytest.raises(error):
            service.request(type="sales")
        with pytest.raises(error):
            service.subscribe(type="sales", target="me", schedule=CRON)
    assert stocked.service(staff()).types() == {"items": []}
    seen = stocked.service(staff(None, "reports:sales")).types()["items"]
    assert [(t["type"], t["allowed"]) for t in seen] == [("sales", True)]


def test_the_eight_are_listed_with_what_the_source_has_for_them(house: Any, erp: Any) -> None:
    everything = house.service(staff(None, "administrator", *(f"reports:{type}" for type in KINDS)))
    before = everything.types()["items"]
    assert [(t["type"], t["group"]) for t in before] == [
        ("sales", "trade"),
        ("purchasing", "trade"),
        ("production", "operations"),
        ("receivables", "finance"),
        ("payables", "finance"),
        ("ledger", "finance"),
        ("financial", "finance"),
        ("human_resources", "people"),
    ]
    assert {t["offered"] for t in before} == {None}
    erp.company()
    erp.put("party", {"party_id": "p1", "name": "Alder", "segment": "Shops", "country": "AT"})
    everything.acquire(name="house")
    house.work()
    types = {t["type"]: t for t in everything.types(source="house", locale="zh-TW")["items"]}
    assert types["sales"]["title"] == "銷售"
    assert (types["sales"]["offered"], types["sales"]["missing"]) == (True, [])
    filters = {f["id"]: f for f in types["sales"]["filters"]}
    assert filters["segment"] == {
        "id": "segment",
        "kind": "choice",
        "choices": [{"value": "Shops", "label": "Shops"}],
        "more": False,
    }
    assert filters["company_id"]["choices"] == [{"value": "1", "label": "House"}]
    assert types["financial"]["comparisons"] == ["year_before", "previous_period", "budget"]
    assert types["receivables"]["filters"][-1]["choices"] == [
        {"value": "not_due", "label": "not_due"},
        {"value": "overdue", "label": "overdue"},
    ]
    with pytest.raises(NotFound):
        everything.types(source="nowhere")


def test_one_of_many_customers_is_found_by_a_part_of_their_name(house: Any, erp: Any) -> None:
    erp.company()
    erp.put("party", *({"party_id": f"p{n}", "name": f"Customer {n:03}"} for n in range(choices.MOST)))
    erp.put("party", {"party_id": "z_9", "name": "Zeder 50% & Co"})
    accountant = staff(None, "reports:receivables")
    house.service(staff(None, "administrator")).acquire(name="house")
    house.work()
    service = house.service(accountant)
    listed = next(f for f in service.types()["items"][0]["filters"] if f["id"] == "party_id")
    assert (len(listed["choices"]), listed["more"]) == (choices.MOST, True)

    def found(q: str | None, filter: str = "party_id") -> list[str]:
        return [c["value"] for c in service.choices(type="receivables", filter=filter, q=q)["items"]]

    assert found("zeder") == found("z_9") == found("0%") == ["z_9"]
    assert found("_") == found("nobody") == found("zeder", "segment") == found("a", "no_filter") == []
    assert len(found("customer")) == len(found(None)) == choices.FOUND
    with pytest.raises(Forbidden):
        service.choices(type="sales", filter="segment")
    with pytest.raises(NotFound):
        service.choices(type="receivables", filter="party_id", source="nowhere")
    guest = customer(permissions=frozenset({"reports:receivables"}))
    assert house.service(guest).choices(type="receivables", filter="party_id", q="zeder") == {"items": []}


def test_all_eight_are_made_kept_and_shown(house: Any, erp: Any) -> None:
    common(erp)
    Chance(erp, 7).fill()
    service = house.service(staff(None, *(f"reports:{type}" for type in KINDS)))
    asked = [service.request(type=type, period="2026")["report_id"] for type in KINDS]
    house.work()
    for report in (service.report(report_id=id) for id in asked):
        assert (report["status"], report["error"]) == ("ready", None), report["type"]
        assert report["charts"]
        for chart in report["charts"]:
            for point in chart["points"][:2]:
                rows = service.rows(report_id=report["id"], chart=chart["id"], point=point["key"])
                assert rows["adds_up"] is not False, (report["type"], chart["id"], point)


def test_a_report_that_the_source_has_nothing_for_is_refused_at_once(stocked: Any) -> None:
    with stocked.db() as tx:
        for load in tx.scalars(sa.select(Load)):
            load.rows = {view: count for view, count in load.rows.items() if view != "production"}
    maker = staff(None, "reports:production")
    service = stocked.service(maker)
    assert service.types()["items"][0]["missing"] == ["production"]
    with pytest.raises(Conflict) as refused:
        service.request(type="production")
    assert code(refused) == "not_offered"
    assert service.reports()["items"] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"type": "weather"}, "invalid_report"),
        ({"type": None}, "invalid_report"),
        ({"source": "nowhere"}, "source_not_found"),
        ({"source": 7}, "source_not_found"),
        ({"period": "soon"}, "invalid_period"),
        ({"period": {"from": "2026-01-01"}}, "invalid_period"),
        ({"period": ["2026"]}, "invalid_period"),
        ({"filters": {"colour": "red"}}, "invalid_filters"),
        ({"filters": ["company_id"]}, "invalid_filters"),
        ({"filters": {"company_id": []}}, "invalid_filters"),
        ({"filters": {"company_id": "nobody"}}, "company_not_found"),
        ({"filters": {"company_id": "\x00"}}, "invalid_filters"),
        ({"filters": {"segment": "\x00"}}, "invalid_filters"),
        ({"filters": {"currency": "euro"}}, "invalid_filters"),
        ({"group_id": "x"}, "group_not_found"),
        ({"group_id": new_id()}, "group_not_found"),
    ],
)
def test_a_wrong_request_is_refused_and_queues_nothing(
    stocked: Any, seller: Caller, changes: dict[str, Any], expected: str
) -> None:
    service = stocked.service(seller)
    with pytest.raises(Refusal) as refused:
        service.request(**{"type": "sales", **changes})
    assert code(refused) == expected
    if isinstance(refused.value, Invalid):
        assert refused.value.errors
    assert service.reports()["items"] == []


def test_a_repeated_request_makes_one_report(stocked: Any) -> None:
    service = stocked.service(staff(None, "reports:sales", idempotency_key="k"))
    first = service.request(type="sales")
    assert service.request(type="sales") == first
    with pytest.raises(Invalid):
        service.request(type="sales", period="2026")
    assert len(service.reports()["items"]) == 1


def test_one_person_cannot_fill_the_queue(stocked: Any, seller: Caller) -> None:
    service = stocked.service(seller)
    for _ in range(20):
        service.request(type="sales")
    with pytest.raises(TooMany):
        service.request(type="sales")


def test_a_report_in_a_room_is_for_members_with_the_right(stocked: Any, seller: Caller) -> None:
    group_id, member, stranger = new_id(), staff(None, "reports:sales"), staff(None, "reports:sales")
    unentitled = staff()
    for caller, role in ((seller, "staff"), (member, "guest"), (stranger, None), (unentitled, "owner")):
        stocked.groups.put(group_id, caller.id, role)
    with pytest.raises(Forbidden) as refused:
        stocked.service(stranger).request(type="sales", group_id=group_id)
    assert code(refused) == "not_a_member"
    report_id = stocked.service(seller).request(type="sales", group_id=group_id)["report_id"]
    with pytest.raises(NotFound):  # not posted yet
        stocked.service(member).report(report_id=report_id)
    stocked.work()
    assert stocked.service(member).report(report_id=report_id)["group_id"] == group_id
    assert stocked.service(seller).report(report_id=report_id)["status"] == "ready"
    with pytest.raises(NotFound):
        stocked.service(stranger).report(report_id=report_id)
    with pytest.raises(Forbidden):
        stocked.service(unentitled).report(report_id=report_id)
    with pytest.raises(NotFound):
        stocked.service(seller).report(report_id="../etc/passwd")
    with pytest.raises(NotFound):
        stocked.service(seller).report(report_id=new_id())
    # Heard once is known: groups is not asked again.
    asked = len(stocked.groups.asked)
    stocked.service(member).report(report_id=report_id)
    assert len(stocked.groups.asked) == asked


def test_a_group_one_may_not_see_looks_unknown(stocked: Any, seller: Caller) -> None:
    group_id = new_id()
    stocked.groups.put(group_id, seller.id, None, visible=False)
    service = stocked.service(seller)
    for _ in range(2):  # from groups, and from our copy
        for ask in (
            lambda: service.request(type="sales", group_id=group_id),
            lambda: service.subscribe(type="sales", target={"group_id": group_id}, schedule=CRON),
        ):
            with pytest.raises(NotFound) as refused:
                ask()
            assert code(refused) == "group_not_found"


def test_a_private_report_is_for_who_asked_only(stocked: Any, seller: Caller) -> None:
    report_id = stocked.service(seller).request(type="sales")["report_id"]
    stocked.work()
    with pytest.raises(NotFound):
        stocked.service(staff(None, "administrator")).report(report_id=report_id)
    # Even the requester needs the right when looking.
    with pytest.raises(Forbidden):
        stocked.service(staff(seller.id)).report(report_id=report_id)


def test_the_copy_of_memberships_follows_the_newest_version(stocked: Any, seller: Caller) -> None:
    group_id, service = new_id(), stocked.service(seller)

    def hear(event: type[Any], version: int, **fields: Any) -> Any:
        return hear_event(event, group_id=group_id, user_id=seller.id, version=version, **fields)

    joined = hear(events.MemberJoined, 2, role="staff")
    service.member_joined(joined)
    service.request(type="sales", group_id=group_id)
    service.member_left(hear(events.MemberLeft, 5))
    service.member_joined(joined)
    service.member_role_changed(hear(events.MemberRoleChanged, 4, role="coordinator"))
    assert stocked.groups.asked == []
    stocked.groups.put(group_id, seller.id, None, version=5)  # asked whether it may be seen
    with pytest.raises(Forbidden) as refused:
        service.request(type="sales", group_id=group_id)
    assert code(refused) == "not_a_member"
    assert stocked.groups.asked == [(group_id, seller.id)]
    service.member_joined(hear(events.MemberJoined, 6, role="staff"))
    service.group_ended(ended(group_id))
    with pytest.raises(Conflict) as refused:
        service.request(type="sales", group_id=group_id)
    assert code(refused) == "group_ended"
    assert len(stocked.groups.asked) == 1


def test_my_reports_come_newest_first_in_pages(stocked: Any, seller: Caller) -> None:
    service = stocked.service(seller)
    made = [service.request(type="sales")["report_id"] for _ in range(3)]
    stocked.service(staff(None, "reports:sales")).request(type="sales")
    first = service.reports(limit=2)
    second = service.reports(limit=2, cursor=first["next_cursor"])
    assert [r["id"] for r in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    assert "charts" not in first["items"][0]
    assert service.reports(type="ledger")["items"] == []
    assert len(service.reports(type="sales")["items"]) == 3
    with pytest.raises(Invalid) as unknown:
        service.reports(type="weather")
    assert code(unknown) == "invalid_report"


def test_sources_are_shown_to_staff_without_their_addresses(stocked: Any) -> None:
    [source] = stocked.service(staff()).sources()["items"]
    assert (source["name"], source["title"], source["last_load"]["status"]) == ("house", "The house", "ready")
    assert source["rows"]["order_line"] == 1
    assert "postgresql" not in str(source)
    with pytest.raises(Forbidden):
        stocked.service(customer()).sources()


def test_acquiring_is_for_administrators_and_happens_once_at_a_time(
    house: Any, erp: Any, seller: Caller
) -> None:
    with pytest.raises(Forbidden):
        house.service(seller).acquire(name="house")
    administrator = house.service(staff(None, "administrator"))
    with pytest.raises(NotFound):
        administrator.acquire(name="nowhere")
    first = administrator.acquire(name="house")
    assert first["status"] == "queued"
    assert administrator.acquire(name="house")["id"] == first["id"]


def test_the_first_report_reads_the_source_first(house: Any, erp: Any, sold: Sold, seller: Caller) -> None:
    erp.company()
    erp.lines(sold("1", "2026-01-05", "100.00"))
    service = house.service(seller)
    report_id = service.request(type="sales", period="2026")["report_id"]
    assert house.work() == 2
    assert service.report(report_id=report_id)["kpis"][0]["value"] == "100.00"


def test_a_source_that_was_never_read_fails_the_report_with_the_reason(
    house: Any, erp: Any, seller: Caller
) -> None:
    erp.run("ALTER TABLE rpt.party RENAME TO party_away")
    try:
        service = house.service(seller)
        report_id = service.request(type="sales")["report_id"]
        assert house.work() == 2
    finally:
        erp.run("ALTER TABLE rpt.party_away RENAME TO party")
    report = service.report(report_id=report_id)
    assert report["status"] == "failed"
    assert 'has never been read: generic/party.sql: relation "rpt.party"' in report["error"]
    assert report["charts"] == []
    made = [data for type, data, _ in said(house.db) if type == "reports.report_made"]
    assert (made[0]["status"], made[0]["reason"]) == ("failed", report["error"])


def test_an_older_load_is_used_and_the_failure_of_the_newest_is_told(
    stocked: Any, erp: Any, seller: Caller
) -> None:
    erp.run("ALTER TABLE rpt.party RENAME TO party_away")
    try:
        stocked.service(staff(None, "administrator")).acquire(name="house")
        stocked.work()
    finally:
        erp.run("ALTER TABLE rpt.party_away RENAME TO party")
    service = stocked.service(seller)
    report_id = service.request(type="sales", period="2026")["report_id"]
    stocked.work()
    report = service.report(report_id=report_id)
    assert report["kpis"][0]["value"] == "100.00"
    assert report["load_id"] == stocked.loads()[0].id
    assert "party.sql" in report["stale"]["reason"]
    assert "; the load of " in report["notes"][-1]


def test_a_report_is_frozen(stocked: Any, erp: Any, sold: Sold, seller: Caller) -> None:
    service = stocked.service(seller)
    report_id = service.request(type="sales", period="2026")["report_id"]
    stocked.work()
    before = service.report(report_id=report_id)
    erp.lines(sold("2", "2026-02-05", "999.00"))
    stocked.service(staff(None, "administrator")).acquire(name="house")
    stocked.work()
    assert service.report(report_id=report_id) == before


def test_a_subscription_shows_its_next_five_times_and_is_its_owners(stocked: Any, seller: Caller) -> None:
    service, other = stocked.service(seller), stocked.service(staff(None, "reports:sales"))
    made = service.subscribe(
        type="sales", target="me", schedule=CRON, filters={"company_id": "1"}, period="last_month"
    )
    assert len(made["next"]) == 5
    assert made["target"] == "me"
    assert service.subscriptions()["items"] == [made]
    assert other.subscriptions()["items"] == []
    for refused in (
        lambda: other.update_subscription(subscription_id=made["id"], changes={"active": False}),
        lambda: other.unsubscribe(subscription_id=made["id"]),
        lambda: other.run_subscription(subscription_id=made["id"]),
        lambda: service.unsubscribe(subscription_id="1"),
    ):
        with pytest.raises(NotFound):
            refused()
    changed = service.update_subscription(
        subscription_id=made["id"], changes={"schedule": {"cron": "0 9 * * *", "timezone": "Asia/Taipei"}}
    )
    assert changed["next"][0].endswith("T01:00:00.000Z")
    assert service.update_subscription(subscription_id=made["id"], changes={"active": False})["next"] == []
    report_id = service.run_subscription(subscription_id=made["id"])["report_id"]
    stocked.work()
    assert service.report(report_id=report_id)["subscription_id"] == made["id"]
    service.unsubscribe(subscription_id=made["id"])
    assert service.subscriptions()["items"] == []
    assert service.report(report_id=report_id)["status"] == "ready"


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": "everyone"},
        {"target": {"group_id": "1", "more": 1}},
        {"schedule": {"cron": "every day", "timezone": "UTC"}},
        {"schedule": {"cron": "0 8 * * *", "timezone": "Nowhere"}},
        {"schedule": "daily"},
        {"period": "soon"},
        {"filters": {"colour": 1}},
        {"filters": {"company_id": "nobody"}},
    ],
)
def test_a_wrong_subscription_is_refused(stocked: Any, seller: Caller, wrong: dict[str, Any]) -> None:
    service = stocked.service(seller)
    good = {"type": "sales", "target": "me", "schedule": CRON}
    with pytest.raises(Invalid):
        service.subscribe(**{**good, **wrong})
    made = service.subscribe(**good)
    with pytest.raises(Invalid):
        service.update_subscription(subscription_id=made["id"], changes=wrong)


def test_subscribing_a_room_needs_membership(stocked: Any, seller: Caller) -> None:
    group_id = new_id()
    stocked.groups.put(group_id, seller.id, None)
    with pytest.raises(Forbidden):
        stocked.service(seller).subscribe(type="sales", target={"group_id": group_id}, schedule=CRON)


def test_words_and_months_are_in_the_requesters_language(stocked: Any, seller: Caller) -> None:
    service = stocked.service(seller)
    report_id = service.request(type="sales", period="2026", locale="zh-TW")["report_id"]
    stocked.work()
    report = service.report(report_id=report_id)
    assert "月" in report["tables"][0]["rows"][0][0]
