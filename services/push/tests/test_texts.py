"""What a push says."""

import re
from typing import Any

import pytest
from kit.errors import NotFound
from kit.event import new_id
from push import events
from push.words import _SENTENCES, language_of
from push_house import Clock, House

REPORT = {
    "type": "receivables",
    "status": "ready",
    "as_of": "2026-11-22T18:10:00.000Z",
    "kpis": [
        {
            "label": "Overdue",
            "value": "1240310.20",
            "unit": "EUR",
            "unit_label": None,
            "comparison": {"label": "last week", "change_pct": "8.0"},
        },
        {"label": "Days", "value": "41", "unit": "days", "unit_label": "days", "comparison": None},
        {"label": "Third", "value": "3", "unit": "count", "unit_label": None, "comparison": None},
    ],
}


def shown(house: House, time: Clock, kind: str, who: dict[str, Any], **entry: Any) -> tuple[str, str]:
    mei, tom = house.person("Mei Lin"), house.person("Tom", "reports:receivables", **who)
    group = house.room(mei, tom)
    house.phone(tom)
    house.entry(group, None if kind in ("report", "task") and "by" not in entry else mei, kind, **entry)
    time.forward(seconds=6)
    house.tell()
    ((title, body),) = house.told()
    return title, body


@pytest.mark.parametrize(
    ("kind", "entry", "body"),
    [
        ("photo", {"attachments": [{"name": "gate.jpg"}]}, "Mei Lin sent a photo"),
        ("photo", {"attachments": [{"name": "a"}] * 3, "text": "Look"}, "Mei Lin sent 3 photos: Look"),
        ("file", {"attachments": [{"name": "offer.pdf"}]}, "Mei Lin sent offer.pdf"),
        ("position", {"feature": {}}, "Mei Lin sent a position"),
        ("news", {"news_id": "n", "title": "We open"}, "News: We open"),
        ("task", {"change": "state", "by": "x", "old": "open", "new": "done"}, "Mei Lin: the task is done"),
    ],
)
def test_it_says_who_and_what(house: House, time: Clock, kind: str, entry: Any, body: str) -> None:
    assert shown(house, time, kind, {}, **entry) == ("Sales Asia", body)


def test_a_report_tells_its_numbers_to_who_may_see_it(house: House, time: Clock) -> None:
    report_id = new_id()
    house.others.made[report_id] = REPORT
    title, body = shown(
        house, time, "report", {"timezone": "Asia/Taipei"}, report_id=report_id, title="Receivables"
    )
    assert title == "Sales Asia"
    assert body == "Receivables: Overdue 1.24M EUR, +8 % (last week) · Days 41 days, as of 2:10 AM"
    assert house.fcm.messages[0][1]["data"]["picture"].startswith("/api/v1/pushes/")
    assert [caller.permissions for caller in house.others.asked_as] == [frozenset({"reports:receivables"})]


@pytest.mark.parametrize(
    ("status", "locale", "body"),
    [
        ("ready", "en", "Overdue 1.24M EUR, +8 % (last week) · Days 41 days, as of 6:10 PM"),
        ("failed", "en", "The report could not be made"),
        ("failed", "zh-HK", "無法製作報表"),
    ],
)
def test_a_report_that_is_for_no_room_is_told_to_who_asked_for_it(
    house: House, time: Clock, status: str, locale: str, body: str
) -> None:
    tom, eve = house.person("Tom", "reports:receivables", locale=locale), house.person("Eve")
    phone, report_id = house.phone(tom), new_id()
    house.phone(eve)
    house.others.made[report_id] = REPORT
    house.hear(
        "report_made",
        events.ReportMade,
        f"user:{tom.id}",
        report_id=report_id,
        type="receivables",
        title="Receivables",
        status=status,
        requested_by=tom.id,
        group_id=None,
        alert_id=None,
        at=house.now(),
    )
    time.forward(seconds=6)
    house.tell()
    assert house.told() == [("Receivables", body)]
    ((token, message),) = house.fcm.messages
    assert (token, message["data"]["url"]) == (phone, f"/reports/{report_id}")
    assert ("picture" in message["data"]) == (status == "ready")


def test_the_picture_is_had_by_who_has_the_push_and_while_they_may_see_it(house: House, time: Clock) -> None:
    report_id = new_id()
    house.others.made[report_id] = REPORT
    shown(house, time, "report", {}, report_id=report_id, title="Receivables")
    ((_, message),) = house.fcm.messages
    secret = message["data"]["picture"].split("/")[4]
    assert secret == message["data"]["receipt"]
    (row,) = house.deliveries()
    assert house.push().picture(secret=secret)["key"] == f"{report_id} for {row.user_id}"
    for wrong in ("guess", "\x00", ""):
        with pytest.raises(NotFound):
            house.push().picture(secret=wrong)
    del house.others.made[report_id]
    with pytest.raises(NotFound):
        house.push().picture(secret=secret)
    house.others.made[report_id] = REPORT
    time.forward(days=2)
    with pytest.raises(NotFound):
        house.push().picture(secret=secret)


def test_who_may_not_see_a_report_is_told_its_name_and_no_amount(house: House, time: Clock) -> None:
    report_id = new_id()
    house.others.made[report_id] = {**REPORT, "type": "human_resources"}
    _, body = shown(house, time, "report", {}, report_id=report_id, title="People")
    assert body == "People"
    assert "picture" not in house.fcm.messages[0][1]["data"]


@pytest.mark.parametrize(
    ("kind", "entry", "body"),
    [
        ("text", {"text": "The margin is 12 %."}, "A new message"),
        ("report", {"report_id": "r", "title": "Receivables of Kestrel"}, "News of a report"),
        ("news", {"news_id": "n", "title": "We open"}, "There is news"),
    ],
)
def test_in_private_there_are_no_names_and_no_amounts(
    house: House, time: Clock, kind: str, entry: Any, body: str
) -> None:
    house.others.made["r"] = REPORT
    said = shown(house, time, kind, {"settings": {"push_content": "private"}}, **entry)
    assert said == ("Bchat", body)
    (message,) = [str(message) for _, message in house.fcm.messages]
    for secret in ("Mei", "Sales Asia", "margin", "Kestrel", "1.24", "We open", "picture"):
        assert secret not in message
    assert house.others.asked_as == []


@pytest.mark.parametrize(
    ("locale", "body"),
    [("zh-TW", "Mei Lin 傳送了照片"), ("zh-Hans-CN", "Mei Lin 发送了照片"), ("fr", "Mei Lin sent a photo")],
)
def test_it_speaks_the_persons_language(house: House, time: Clock, locale: str, body: str) -> None:
    said = shown(house, time, "photo", {"locale": locale}, attachments=[{"name": "a"}])
    assert said == ("Sales Asia", body)


def test_every_sentence_is_there_in_every_language_with_the_same_gaps() -> None:

    for name, (first, *others) in _SENTENCES.items():
        gaps = set(re.findall(r"{\w+}", first))
        assert len(others) == 2
        assert all(set(re.findall(r"{\w+}", other)) == gaps for other in others), name


@pytest.mark.parametrize(
    ("locale", "language"),
    [("en-GB", "en"), ("zh", "zh-Hans"), ("zh_HK", "zh-Hant"), ("zh-Hant-MO", "zh-Hant"), ("x", "en")],
)
def test_languages_we_do_not_write_in_have_a_closest(locale: str, language: str) -> None:
    assert language_of(locale) == language
