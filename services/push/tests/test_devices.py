"""A device belongs to one signed-in session; what became of a push is told to who may know."""

from typing import Any

import pytest
from kit.caller import Caller
from kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unauthenticated
from kit.event import new_id
from kit.testing import check_models
from push import events
from push.channels import Channels
from push_house import Clock, House
from sqlalchemy import Engine
from standins import Browser
from structlog.testing import capture_logs


def test_models_and_migrations_agree(kit_config: Any, engine: Engine) -> None:
    check_models(kit_config, engine)


def end(house: House, who: Caller) -> None:
    house.hear(
        "session_ended", events.SessionEnded, session_id=who.session_id, user_id=who.id, reason="logout"
    )


def test_a_device_is_registered_replaced_and_forgotten(house: House) -> None:
    tom = house.person()
    first = house.push(tom).register(device_id="phone", platform="android", fcm_token="one")
    assert first["channel"] == "fcm"
    assert (first["on"], first["current"]) == (True, True)
    house.push(tom).register(device_id="phone", platform="android", fcm_token="two")
    house.push(tom).register(
        device_id="browser", platform="web", web_push=house.web.browser("b").subscription
    )
    page = house.push(tom).devices(limit=1)
    assert page["next_cursor"]
    rest = house.push(tom).devices(cursor=page["next_cursor"])["items"]
    assert {item["device_id"] for item in page["items"] + rest} == {"phone", "browser"}
    assert "address" not in page["items"][0]
    house.push(tom).forget(device_id="phone")
    assert [device.device_id for device in house.devices()] == ["browser"]
    with pytest.raises(NotFound):
        house.push(tom).forget(device_id="phone")


def test_logout_forgets_the_devices_of_that_session_and_it_can_have_no_new_ones(house: House) -> None:
    tom = house.person()
    elsewhere = Caller(user_id=tom.id, session_id=new_id())
    house.phone(tom, "one")
    house.phone(elsewhere, "two")
    end(house, tom)
    assert [device.address for device in house.devices()] == ["two"]
    with pytest.raises(Unauthenticated) as refused:
        house.phone(tom, "three")
    assert refused.value.code == "session_ended"


def test_an_address_is_one_devices_whoever_signs_in_on_it(house: House, time: Clock) -> None:
    tom, ann, mei = house.person(), house.person(), house.person()
    group = house.room(tom, ann, mei)
    house.phone(tom, "shared")
    house.push(ann).register(device_id="anns", platform="android", fcm_token="shared")
    house.say(group, mei, "Who is there?")
    time.forward(seconds=6)
    house.tell()
    assert [(row.user_id, row.state) for row in house.deliveries()] == [(ann.id, "sent")]


def test_another_persons_device_can_neither_be_forgotten_nor_replaced_by_its_name(house: House) -> None:
    tom, eve = house.person(), house.person()
    house.push(tom).register(device_id="phone", platform="android", fcm_token="toms")
    with pytest.raises(NotFound):
        house.push(eve).forget(device_id="phone")
    house.push(eve).register(device_id="phone", platform="android", fcm_token="eves")
    assert {device.address for device in house.devices()} == {"toms", "eves"}
    assert house.push(eve).devices()["items"][0]["device_id"] == "phone"
    assert len(house.push(eve).devices()["items"]) == 1


def test_the_oldest_of_too_many_devices_is_forgotten(house: House, time: Clock) -> None:
    tom = house.person()
    for n in range(22):
        house.phone(tom, f"{n}")
        time.forward(seconds=1)
    assert {device.address for device in house.devices()} == {str(n) for n in range(2, 22)}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"fcm_token": "a", "web_push": "both"},
        {"fcm_token": ""},
        {"fcm_token": "a b"},
        {"fcm_token": "a\x00"},
        {"platform": "toaster", "fcm_token": "a"},
        {"device_id": "", "fcm_token": "a"},
        {"device_id": "ein gerät", "fcm_token": "a"},
        {"web_push": {"endpoint": "https://push.example.com/1", "keys": {"p256dh": "AAAA", "auth": "AAAA"}}},
        {"web_push": "auth too short"},
        {"web_push": "no point"},
    ],
)
def test_a_device_that_can_not_be_is_refused_and_changes_nothing(house: House, wrong: dict[str, Any]) -> None:
    good = Browser(house.web, "b").subscription
    made = {"device_id": "d", "platform": "web", **wrong}
    match made.get("web_push"):
        case "both":
            made["web_push"] = good
        case "auth too short":
            made["web_push"] = {**good, "keys": {**good["keys"], "auth": "AAAA"}}
        case "no point":
            made["web_push"] = {**good, "keys": {**good["keys"], "p256dh": "A" * 87}}
    with pytest.raises(Invalid) as refused:
        house.push(house.person()).register(**made)
    assert refused.value.code == "invalid_device"
    assert refused.value.errors
    assert house.devices() == []


def test_who_registers_first_is_asked_about_and_hears_the_rooms_they_are_in(
    house: House, time: Clock
) -> None:
    mei = house.person("Mei Lin")
    group = house.room(mei)
    tom = Caller(user_id=new_id(), session_id=new_id())
    house.others.people[tom.id] = {
        **house.others.people[mei.id],
        "id": tom.id,
        "display_name": "Tom",
        "locale": "zh-TW",
        "version": 4,
    }
    row = {
        "id": group,
        "my_role": "staff",
        "version": 5,
        "name": "Sales",
        "muted": False,
        "muted_until": None,
    }
    house.others.rooms[tom.id] = [row]
    house.phone(tom)
    house.say(group, mei, "Welcome.", mentions=[tom.id])
    time.forward(seconds=6)
    house.tell()
    assert house.told() == [("Sales", "Mei Lin 提及了你：Welcome.")]


def test_without_credentials_all_runs_and_says_once_what_is_off(house: House, time: Clock) -> None:
    house.settings = house.settings.model_copy(update={"FCM_CREDENTIALS": "", "VAPID_PRIVATE_KEY": ""})
    with capture_logs() as said:
        house.channels = Channels(house.settings)
    assert [(line["event"], line["channel"], line["because"]) for line in said] == [
        ("push_is_off", "fcm", "FCM_CREDENTIALS names no file"),
        ("push_is_off", "web_push", "VAPID_PRIVATE_KEY is not set"),
    ]
    tom, mei = house.person(), house.person()
    assert house.push(tom).offers() == {"fcm": False, "web_push": None}
    device = house.push(tom).register(device_id="phone", platform="android", fcm_token="one")
    assert device["on"] is False
    house.say(house.room(tom, mei), mei, "Hello.")
    time.forward(seconds=6)
    with capture_logs() as said:
        house.tell()
    assert (house.asked(), said) == ([], [])


# What became of it


def pushed(house: House, time: Clock) -> tuple[Caller, Caller, str, int]:
    mei, tom = house.person("Mei Lin"), house.person()
    group = house.room(mei, tom)
    house.phone(tom)
    seq = house.say(group, mei, "Hello.")
    house.others.reads_ = [{"user_id": mei.id, "seq": seq}, {"user_id": tom.id, "seq": 0}]
    return mei, tom, group, seq


def test_a_sender_sees_how_far_their_message_has_come(house: House, time: Clock) -> None:
    mei, tom, group, seq = pushed(house, time)

    def state() -> dict[str, Any]:
        chain = house.push(mei).receipts(group_id=group, seq=seq)
        (item,) = chain["items"]
        assert chain["stored_at"]
        assert item.pop("user_id") == tom.id
        return dict(item)

    assert state() == {"state": "stored", "pushed_at": None, "received_at": None}
    time.forward(seconds=6)
    house.tell()
    assert state()["state"] == "pushed"
    assert state()["pushed_at"] is not None
    ((_, message),) = house.fcm.messages
    assert house.push().acknowledge(secrets=[message["data"]["receipt"], "guess", "\x00", message]) == {
        "known": 1
    }
    assert (state()["state"], state()["received_at"] is not None) == ("received", True)
    house.others.reads_[1]["seq"] = seq
    assert state()["state"] == "read"
    # Acknowledged, the next one waits no longer than it must.
    assert [telling.unanswered for telling in house.due(tom)] == [0]


def test_what_a_connected_client_received_needs_no_push_for_that(house: House, time: Clock) -> None:
    mei, tom, group, seq = pushed(house, time)
    house.push().seen(items=[{"user_id": tom.id, "group_id": group, "seq": seq, "shown": False}])
    (item,) = house.push(mei).receipts(group_id=group, seq=seq)["items"]
    assert item == {"user_id": tom.id, "state": "received", "pushed_at": None, "received_at": None}


def test_nobody_sees_that_of_somebody_elses_message(house: House, time: Clock) -> None:
    mei, tom, group, seq = pushed(house, time)
    for who, wanted, refusal in (
        (tom, seq, Forbidden),
        (mei, seq + 1, NotFound),
        (mei, 0, NotFound),
    ):
        with pytest.raises(refusal):
            house.push(who).receipts(group_id=group, seq=wanted)
    house.others.entries[group, seq]["deleted"] = True
    with pytest.raises(Conflict):
        house.push(mei).receipts(group_id=group, seq=seq)


def test_a_receipt_that_comes_before_its_worker_has_noted_the_sending_stays(
    house: House, time: Clock
) -> None:
    _, _, _, _ = pushed(house, time)
    time.forward(seconds=6)
    house.push().tell_due()
    (row,) = house.deliveries()
    house.fcm.before_answer = lambda: house.push().acknowledge(secrets=[row.secret]) and None
    house.work()
    (row,) = house.deliveries()
    assert row.state == "acknowledged"


@pytest.mark.parametrize("item", [{"seq": -1}, {"user_id": "x"}, {"shown": "maybe?"}, {"more": 1}])
def test_what_a_gateway_could_not_have_seen_is_refused(house: House, item: dict[str, Any]) -> None:
    good = {"user_id": new_id(), "group_id": new_id(), "seq": 1, "shown": True}
    with pytest.raises(Refusal):
        house.push().seen(items=[good | item])
    assert house.rows("marks") == []


def test_what_is_over_is_dropped_and_what_is_not_stays(house: House, time: Clock) -> None:
    pushed(house, time)
    time.forward(seconds=6)
    house.tell()
    house.push().tidy()
    counts = {name: len(house.rows(name)) for name in ("notices", "tellings", "deliveries", "devices")}
    assert counts == {"notices": 1, "tellings": 1, "deliveries": 1, "devices": 1}
    time.forward(days=2)
    house.push().tidy()
    # What stands on a device may still be taken away.
    assert [len(house.rows(name)) for name in ("notices", "tellings", "deliveries")] == [0, 1, 1]
    time.forward(days=15)
    house.push().tidy()
    assert [len(house.rows(name)) for name in ("tellings", "deliveries", "devices")] == [0, 0, 1]
