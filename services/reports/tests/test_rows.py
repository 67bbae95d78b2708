"""From a bar of a frozen report to its rows: what they come to, who sees them, and if they are still so."""

from collections.abc import Callable
from typing import Any

import pytest
from kit.caller import Caller
from kit.errors import Conflict, Forbidden, Invalid, NotFound
from kit.event import new_id
from kit.testing import customer, staff

Sold = Callable[..., dict[str, Any]]


@pytest.fixture
def stocked(house: Any, erp: Any, sold: Sold) -> Any:
    erp.company()
    erp.put("party", {"party_id": "p1", "name": "Alder", "segment": None, "country": None})
    erp.lines(
        *(sold(f"{n:02}", f"2026-01-{n:02}", f"{n}.01") for n in range(1, 8)),
        sold("out", "2026-02-03", "50.00", party_id="p2"),
    )
    house.service(staff(None, "administrator")).acquire(name="house")
    assert house.work() == 1
    return house


def made(house: Any, caller: Caller, **more: Any) -> str:
    asked = house.service(caller).request(type="sales", period="2026", **more)
    house.work()
    id: str = asked["report_id"]
    return id


def test_the_rows_of_a_bar_come_in_pages_and_add_up_to_it(stocked: Any, seller: Caller) -> None:
    service, id = stocked.service(seller), made(stocked, seller)
    report = service.report(report_id=id)
    [point] = [p for p in report["charts"][0]["points"] if p["key"] == "2026-01"]
    assert point == {"key": "2026-01", "label": "Jan 2026", "series": "Revenue", "value": "28.07"}
    first = service.rows(report_id=id, chart="revenue", point="2026-01", limit=4)
    assert [column["label"] for column in first["columns"][:4]] == ["Date", "Order", "Customer", "Product"]
    assert first["items"][0]["cells"][:6] == ["2026-01-07", "SO07", "Alder", "a", "1", "7.01"]
    assert (first["count"], first["total"]) == (7, "28.07")
    assert (first["adds_up"], first["moved_on"], first["as_of"]) == (True, False, report["as_of"])
    second = service.rows(
        report_id=id, chart="revenue", point="2026-01", limit=4, cursor=first["next_cursor"]
    )
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == [f"{n:02}" for n in range(7, 0, -1)]
    assert second["next_cursor"] is None
    assert first["point"]["unit"] == "EUR"


def test_a_row_of_a_table_leads_to_its_facts_too(stocked: Any, seller: Caller) -> None:
    service, id = stocked.service(seller), made(stocked, seller)
    found = service.rows(report_id=id, chart="customers", point="id:p2")
    assert (found["total"], found["adds_up"], found["point"]["label"]) == ("50.00", True, "p2")
    # Delivery dates are on no chart of this report, but the order book is a table as well.
    assert service.rows(report_id=id, chart="order_book", point="undated")["count"] == 8


def test_facts_that_have_moved_on_are_told_from_those_of_the_report(
    stocked: Any, erp: Any, seller: Caller, sold: Sold
) -> None:
    service, id = stocked.service(seller), made(stocked, seller)
    erp.run("UPDATE rpt.order_line SET net_amount = 100, changed_at = now() WHERE line_id = '01'")
    stocked.service(staff(None, "administrator")).acquire(name="house")
    stocked.work()
    january = service.rows(report_id=id, chart="revenue", point="2026-01")
    assert (january["point"]["value"], january["total"]) == ("28.07", "127.06")
    assert (january["moved_on"], january["adds_up"]) == (True, False)
    # What did not change still comes to its bar, though the source was read again.
    february = service.rows(report_id=id, chart="revenue", point="2026-02")
    assert (february["moved_on"], february["adds_up"]) == (True, True)
    assert service.report(report_id=id)["kpis"][0]["value"] == "78.07"


@pytest.mark.parametrize(
    ("chart", "point"),
    [
        ("revenue", "2025-01"),
        ("revenue", "2026-1"),
        ("revenue", ""),
        ("revenue", "id:p1"),
        ("customers", "id:nobody"),
        ("nothing", "2026-01"),
        ("revenue", "2026-01'; DROP TABLE reports"),
    ],
)
def test_what_is_not_in_the_report_has_no_rows(stocked: Any, seller: Caller, chart: str, point: str) -> None:
    id = made(stocked, seller)
    with pytest.raises(NotFound) as refused:
        stocked.service(seller).rows(report_id=id, chart=chart, point=point)
    assert refused.value.code == "point_not_found"


def test_rows_are_seen_by_who_sees_the_report(stocked: Any, seller: Caller) -> None:
    group_id, member, stranger = new_id(), staff(None, "reports:sales"), staff(None, "reports:sales")
    unentitled, guest = staff(), customer()
    for caller, role in (
        (seller, "staff"),
        (member, "guest"),
        (stranger, None),
        (unentitled, "owner"),
        (guest, "guest"),
    ):
        stocked.groups.put(group_id, caller.id, role)
    id = made(stocked, seller, group_id=group_id)
    asked = {"report_id": id, "chart": "revenue", "point": "2026-01"}
    assert stocked.service(member).rows(**asked)["count"] == 7
    for caller, error in ((stranger, NotFound), (unentitled, Forbidden), (guest, Forbidden)):
        with pytest.raises(error):
            stocked.service(caller).rows(**asked)
    with pytest.raises(NotFound):
        stocked.service(seller).rows(**{**asked, "report_id": new_id()})
    private = made(stocked, seller)
    with pytest.raises(NotFound):
        stocked.service(member).rows(**{**asked, "report_id": private})


def test_a_report_that_is_not_made_has_no_rows_yet(stocked: Any, seller: Caller) -> None:
    service = stocked.service(seller)
    id = service.request(type="sales")["report_id"]
    with pytest.raises(Conflict) as refused:
        service.rows(report_id=id, chart="revenue", point="2026-01")
    assert refused.value.code == "report_not_ready"


def test_a_cursor_of_another_list_is_refused(stocked: Any, seller: Caller) -> None:
    id = made(stocked, seller)
    for cursor in ("nonsense", "WyIxIl0", "WyJhIiwiYiJd"):
        with pytest.raises(Invalid) as refused:
            stocked.service(seller).rows(report_id=id, chart="revenue", point="2026-01", cursor=cursor)
        assert refused.value.code == "invalid_cursor"


def test_a_company_that_has_left_the_source_is_said_to_have(stocked: Any, erp: Any, seller: Caller) -> None:
    id = made(stocked, seller, filters={"company_id": "1"})
    erp.run("UPDATE rpt.company SET company_id = '2'")
    stocked.service(staff(None, "administrator")).acquire(name="house")
    stocked.work()
    with pytest.raises(Invalid) as refused:
        stocked.service(seller).rows(report_id=id, chart="revenue", point="2026-01")
    assert refused.value.code == "company_not_found"
