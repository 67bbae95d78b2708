"""Who has to look after a number or a source hears of it: alerts of triggers, and how a source is."""

from typing import Any

import pytest
from kit.caller import Caller
from kit.event import new_id
from push import events
from push_house import Clock, House

PRIVATE = {"push_content": "private"}


def an_alert(group_id: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "group_id": group_id,
        "type": "receivables",
        "title": "Receivables: Overdue above the threshold",
        "text": "Overdue is above €10,000.00: €12,345.67",
        "report_id": new_id(),
        **more,
    }


def test_an_alert_tells_its_number_to_who_may_see_it(house: House, time: Clock) -> None:
    tom = house.person("Tom", "reports:receivables")
    house.phone(tom)
    alert = an_alert()
    house.alert("raised", alert, tom)
    time.forward(seconds=6)
    house.tell()
    assert house.told() == [(alert["title"], f"Needs attention: {alert['text']}")]
    ((_, message),) = house.fcm.messages
    assert (message["data"]["tag"], message["data"]["url"]) == (f"alert:{alert['id']}", "/alerts")
    assert message["android"]["priority"] == "HIGH"
    # Its report goes with it, picture and all, and is not told of once more.
    secret = message["data"]["picture"].split("/")[4]
    house.others.made[alert["report_id"]] = {}
    assert house.push().picture(secret=secret)["key"] == f"{alert['report_id']} for {tom.id}"
    house.hear(
        "report_made",
        events.ReportMade,
        f"user:{tom.id}",
        report_id=alert["report_id"],
        type="receivables",
        title="Receivables",
        status="ready",
        requested_by=tom.id,
        group_id=None,
        alert_id=alert["id"],
        at="2099-01-01T00:00:00.000Z",
    )
    time.forward(hours=1)
    house.tell()
    assert len(house.told()) == 1
    alert["text"] = "Overdue is back at €9,000.00"
    house.alert("recovered", alert, tom)
    time.forward(seconds=21)
    house.tell()
    assert house.told()[1:] == [(alert["title"], "Recovered: Overdue is back at €9,000.00")]
    assert house.fcm.messages[1][1]["android"]["priority"] == "NORMAL"


def test_of_an_alert_who_may_not_see_such_reports_any_more_hears_nothing(house: House, time: Clock) -> None:
    tom, ann = house.person("Tom", "reports:receivables"), house.person("Ann", "administrator")
    for who in (tom, ann):
        house.phone(who, who.id)
    house.alert("raised", an_alert(), tom, ann)
    house.set(tom, permissions=["reports:sales"])
    time.forward(seconds=6)
    house.tell()
    assert [token for token, _ in house.fcm.messages] == [ann.id]


def test_where_reports_shows_them_no_alert_its_name_is_told_and_no_amount(house: House, time: Clock) -> None:
    tom = house.person("Tom", "reports:receivables")
    house.phone(tom)
    alert = an_alert()
    house.alert("raised", alert, tom)
    del house.others.raised[alert["id"]]
    time.forward(seconds=6)
    house.tell()
    assert house.told() == [(alert["title"], "Needs attention")]
    assert "picture" not in house.fcm.messages[0][1]["data"]


def test_an_alert_of_a_room_keeps_to_its_members_and_their_mutes_and_an_escalated_one_does_not(
    house: House, time: Clock
) -> None:
    stays, leaves, mutes = (house.person(name, "reports:receivables") for name in ("Mei", "Tom", "Ann"))
    group = house.room(stays, leaves, mutes)
    for who in (stays, leaves, mutes):
        house.phone(who, who.id)
    house.version += 1
    mute = {"muted": True, "muted_until": None, "version": house.version}
    house.hear("member_muted", events.MemberMuted, group_id=group, user_id=mutes.id, **mute)
    alert = an_alert(group)
    house.alert("raised", alert, stays, leaves, mutes)
    house.leave(group, leaves)
    time.forward(seconds=6)
    house.tell()
    assert [token for token, _ in house.fcm.messages] == [stays.id]
    house.alert("raised", alert, mutes, escalated=True)
    time.forward(seconds=6)
    house.tell()
    assert [token for token, _ in house.fcm.messages[1:]] == [mutes.id]


def test_what_somebody_looks_after_is_told_to_nobody_else_and_taken_away(house: House, time: Clock) -> None:
    quiet = {"quiet_hours": {"start": "22:00", "end": "07:00"}}
    awake, asleep = (
        house.person("Mei", "reports:receivables"),
        house.person("Tom", "reports:receivables", settings=quiet),
    )
    for who in (awake, asleep):
        house.phone(who, who.id)
    time.to(23)
    alert = an_alert()
    house.alert("raised", alert, awake, asleep)
    time.forward(seconds=6)
    house.tell()
    assert len(house.told()) == 1
    house.alert("acknowledged", alert, awake, asleep)
    time.forward(seconds=6)
    house.tell()
    assert house.withdrawn() == [(awake.id, f"alert:{alert['id']}")]
    time.to(7, 1)
    house.tell()
    assert len(house.told()) == 1
    # What is over is told all the same, though it is heard before that somebody looked after it.
    house.alert("recovered", alert, awake)
    time.forward(seconds=-3)
    house.alert("acknowledged", alert, awake)
    time.forward(minutes=1)
    house.tell()
    assert [body for _, body in house.told()[1:]] == [f"Recovered: {alert['text']}"]


def source_is(house: House, owner: Caller, state: str, reason: str | None = None, *mismatches: str) -> None:
    house.hear(
        "source_state_changed",
        events.SourceStateChanged,
        f"user:{owner.id}",
        source="kestrel_erp",
        title="Kestrel",
        state=state,
        reason=reason,
        mismatches=list(mismatches),
        at=house.now(),
    )


@pytest.mark.parametrize(
    ("locale", "bodies"),
    [
        ("en", ["It could not be read: no route", "It does not add up: 90.00 EUR", "It is in order again"]),
        ("zh-TW", ["無法讀取：no route", "數字不相符：90.00 EUR", "已恢復正常"]),
        ("zh-CN", ["无法读取：no route", "数字不相符：90.00 EUR", "已恢复正常"]),
    ],
)
def test_the_owner_of_a_source_hears_how_it_is(
    house: House, time: Clock, locale: str, bodies: list[str]
) -> None:
    tom, eve = house.person(locale=locale), house.person()
    phone = house.phone(tom)
    house.phone(eve)
    for state in (("failed", "no route"), ("mismatched", None, "90.00 EUR", "more"), ("good",)):
        source_is(house, tom, *state)
        time.forward(minutes=10)
        house.tell()
    assert house.told() == [("Kestrel", body) for body in bodies]
    assert {token for token, _ in house.fcm.messages} == {phone}
    assert {m["data"]["url"] for _, m in house.fcm.messages} == {"/sources/kestrel_erp"}
    assert len({m["data"]["tag"] for _, m in house.fcm.messages}) == 1


def test_in_private_alerts_and_sources_have_no_names_and_no_amounts(house: House, time: Clock) -> None:
    tom = house.person("Tom", "reports:receivables", settings=PRIVATE)
    house.phone(tom)
    house.alert("raised", an_alert(), tom)
    source_is(house, tom, "mismatched", None, "Kestrel has 90.00 EUR")
    time.forward(seconds=6)
    house.tell()
    assert sorted(house.told()) == [("Bchat", "News of a source"), ("Bchat", "News of an alert")]
    said = str([message for _, message in house.fcm.messages]).lower()
    for secret in ("receivables", "overdue", "12,345", "kestrel", "90.00", "picture"):
        assert secret not in said
    assert house.others.asked_as == []
