"""Who is erased subscribes to nothing and is nobody's customer; the audit trail keeps an id."""

from typing import Any

from kit.clock import now
from kit.event import new_id
from kit.testing import customer, hear_event, staff
from reports import events
from reports.models import Customer, Reader, Subscription

EVERY_DAY = {"cron": "0 8 * * *", "timezone": "UTC"}


def test_subscriptions_end_and_who_saw_what_stays(house: Any) -> None:
    mei, tom = staff(new_id(), "reports:sales"), staff(new_id(), "reports:sales")
    root, shop = staff(None, "administrator"), customer(new_id())
    for who in (mei, tom):
        house.service(who).subscribe(type="sales", target="me", schedule=EVERY_DAY)
    report = new_id()
    with house.db() as tx:
        tx.add(Reader(report_id=report, user_id=mei.id, sent_at=now(), opened=1, at=now()))
        tx.add(Customer(user_id=shop.id, source="house", party_id="p1", set_by=root.id, set_at=now()))
    told = house.service(mei).kept(user_id=mei.id)
    assert [(item["kind"], item["row"]["cron"]) for item in told["items"]] == [("subscription", "0 8 * * *")]

    for who in (mei, shop):
        house.service(root).user_erased(hear_event(events.UserErased, user_id=who.id))

    with house.db() as tx:
        assert [row.owner_id for row in tx.query(Subscription)] == [tom.id]
        assert tx.query(Customer).count() == 0
        assert {row.user_id for row in tx.query(Reader).filter_by(report_id=report)} == {mei.id}
