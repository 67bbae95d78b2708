"""How a push gets to a device: once, in spite of all that push services answer."""

import email.utils
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kit import clock
from kit.caller import Caller
from kit.errors import Invalid
from kit.event import new_id
from kit.work import GiveUp, Later
from push import events
from push.messages import Message
from push.outcomes import Away, Sent, retry_after
from push.web_push import WebPush, is_public
from push_house import Clock, House
from standins import Answer, Dripping, LocalFcm, fcm_error, of_json


@pytest.fixture
def told(house: House, time: Clock) -> tuple[Caller, str, str]:
    """Somebody with a phone, its token, and a room in which something was said to them."""
    mei, tom = house.person("Mei Lin"), house.person()
    group = house.room(mei, tom)
    token = house.phone(tom)
    house.say(group, mei, "Hello.")
    time.forward(seconds=6)
    house.push().tell_due()
    return tom, token, group


def dead(house: House) -> list[str]:
    """The reasons of those that were given up."""
    reasons = []
    for delivery_id in house.asked():
        try:
            house.worker().send(events.ToBeSent(delivery_id=delivery_id))
        except GiveUp as problem:
            reasons.append(str(problem))
    return reasons


@pytest.mark.parametrize(
    "answer",
    [
        fcm_error(404, "UNREGISTERED", "NOT_FOUND"),
        fcm_error(403, "SENDER_ID_MISMATCH", "PERMISSION_DENIED"),
        fcm_error(400, "INVALID_ARGUMENT", field="message.token"),
    ],
    ids=["unregistered", "of another sender", "no token"],
)
def test_a_token_that_is_nobodys_is_forgotten(
    house: House, told: tuple[Caller, str, str], answer: Answer
) -> None:
    house.fcm.moods[told[1]] = [answer]
    assert house.work() == []
    assert house.devices() == []
    assert [(row.state, row.reason) for row in house.deliveries()] == [("dropped", "device_gone")]


@pytest.mark.parametrize(
    ("answer", "least"),
    [
        (fcm_error(503, "UNAVAILABLE", Retry_After="120"), 120),
        (fcm_error(500, "INTERNAL"), 7),
        (fcm_error(503, "UNAVAILABLE", Retry_After="-1"), 7),
        (fcm_error(401, "THIRD_PARTY_AUTH_ERROR", "UNAUTHENTICATED"), 7),
        ((502, {}, b"<html>bad gateway"), 7),
    ],
    ids=["told when", "not told", "told nonsense", "Apple's key", "not even JSON"],
)
def test_what_may_work_later_is_tried_later(
    house: House, told: tuple[Caller, str, str], answer: Answer, least: float, time: Clock
) -> None:
    house.fcm.moods[told[1]] = [answer]
    (wait,) = house.work()
    assert least <= wait <= max(least, 13)
    assert house.fcm.messages == []
    time.forward(seconds=wait)
    assert house.work() == []
    assert len(house.fcm.messages) == 1
    assert [(row.state, row.attempts) for row in house.deliveries()] == [("sent", 2)]


def test_a_date_to_come_back_at_is_obeyed(house: House, told: tuple[Caller, str, str], time: Clock) -> None:
    when = email.utils.format_datetime(time.now() + timedelta(seconds=300), usegmt=True)
    house.fcm.moods[told[1]] = [fcm_error(503, "UNAVAILABLE", Retry_After=when)]
    (wait,) = house.work()
    assert 295 < wait <= 300
    assert retry_after("99999999") == 6 * 3600
    assert [retry_after(text) for text in (None, "", "soon", "1.5", "Thu, 99 Foo")] == [None] * 5


def test_after_the_last_try_it_is_a_dead_letter_that_can_be_sent_back(
    house: House, told: tuple[Caller, str, str], time: Clock
) -> None:
    house.fcm.moods[told[1]] = [fcm_error(500, "INTERNAL")] * 12
    waits = []
    for _ in range(11):
        waits += house.work()
        time.forward(seconds=waits[-1])
    # Doubling up to an hour, with jitter of a quarter.
    least = [min(10 * 2**n, 3600) * 0.75 for n in range(11)]
    assert all(low <= wait <= low / 0.75 * 1.25 for low, wait in zip(least, waits, strict=True))
    assert dead(house) == ["after 12 tries: 500 INTERNAL"]
    assert [row.state for row in house.deliveries()] == ["dead"]
    assert house.work() == []  # the operator's redrive
    assert len(house.fcm.messages) == 1


def test_our_own_mistake_costs_nobody_a_device(house: House, told: tuple[Caller, str, str]) -> None:
    house.fcm.moods[told[1]] = [fcm_error(400, "INVALID_ARGUMENT", field="message.android.ttl")]
    assert dead(house) == ["400 INVALID_ARGUMENT: No."]
    assert len(house.devices()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        fcm_error(429, "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"),
        fcm_error(404, None, "NOT_FOUND"),  # of the project
        fcm_error(403, None, "PERMISSION_DENIED"),
    ],
    ids=["too many", "wrong project", "no right"],
)
def test_what_concerns_all_slows_all_and_counts_as_no_ones_try(
    house: House, told: tuple[Caller, str, str], answer: Answer, time: Clock
) -> None:
    tom, token, group = told
    other = house.phone(tom)
    house.say(house.room(tom, ann := house.person()), ann, "And here.")
    time.forward(seconds=6)
    house.push().tell_due()
    house.fcm.moods[token] = [answer]
    waits = house.work()
    assert len(waits) == 3
    assert all(40 < wait < 100 for wait in waits)
    assert house.fcm.tried == [token]  # by one worker; the others see it in the database
    assert len(house.devices()) == 2
    assert {row.attempts for row in house.deliveries()} == {0}
    time.forward(seconds=61)
    assert house.work() == []
    assert sorted(t for t, _ in house.fcm.messages) == sorted([token, token, other])
    assert group


def test_a_token_is_fetched_once_and_again_when_it_is_taken_back(
    house: House, told: tuple[Caller, str, str], time: Clock
) -> None:
    tom, _, group = told
    house.work()
    ann = house.person()
    house.join(group, ann)
    for _ in range(3):
        house.say(group, ann, "More.")
        time.forward(minutes=30)
        house.tell()
    assert house.fcm.asked_for_token == 1
    house.fcm.tokens.clear()
    house.say(group, ann, "More.")
    time.forward(minutes=30)
    house.tell()
    assert house.fcm.asked_for_token == 2
    assert len(house.fcm.messages) == 5
    assert house.fcm.refused == []
    assert tom


def test_refused_credentials_slow_all(house: House, told: tuple[Caller, str, str]) -> None:
    house.fcm.token_moods = [of_json(400, {"error": "invalid_grant"})]
    (wait,) = house.work()
    assert 40 < wait < 100
    assert house.fcm.tried == []


def test_a_push_service_that_is_away_holds_up_no_others(
    house: House, told: tuple[Caller, str, str], time: Clock
) -> None:
    tom, _, group = told
    for _ in range(4):
        house.phone(tom)
    house.push(tom).register(device_id="b", platform="web", web_push=house.web.browser("b").subscription)
    time.forward(hours=1)
    house.say(group, house.person(), "More.")
    time.forward(seconds=6)
    house.push().tell_due()
    worker = house.worker()
    with LocalFcm() as nowhere:
        url = nowhere.url
    house.channels._fcm.FCM_END_POINT_BASE = f"{url}/v1/projects"  # type: ignore[union-attr]
    waits = []
    for delivery_id in house.asked():
        try:
            worker.send(events.ToBeSent(delivery_id=delivery_id))
        except Later as later:
            waits.append(later.seconds)
    assert sorted((row.channel, row.state, -row.attempts) for row in house.deliveries()) == [
        *[("fcm", "asked", -1)] * 3,
        *[("fcm", "asked", 0)] * 2,
        ("web_push", "sent", -1),
    ]
    assert [wait > 40 for wait in waits] == [False] * 3 + [True] * 2


def test_a_worker_killed_between_sending_and_noting_has_it_sent_once_more_and_no_more(
    house: House, told: tuple[Caller, str, str], time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("push.worker.Worker._end_all", killed)
        with pytest.raises(Killed):
            house.work()
    # Whoever gets the work meanwhile leaves it to the first: it may be at it still.
    (wait,) = house.work()
    assert 0 < wait <= 50
    assert len(house.fcm.messages) == 1
    time.forward(seconds=51)
    with monkeypatch.context() as patch:
        patch.setattr("push.worker.Worker._end_all", killed)
        with pytest.raises(Killed):
            house.work()
    time.forward(seconds=51)
    assert house.work() == []
    tags = {message["data"]["tag"] for _, message in house.fcm.messages}
    assert (len(house.fcm.messages), len(tags)) == (2, 1)
    assert [row.reason for row in house.deliveries()] == ["unsure"]


def test_work_that_comes_twice_is_done_once(house: House, told: tuple[Caller, str, str]) -> None:
    house.work()
    house.work(again=house.asked() * 3)
    assert len(house.fcm.messages) == 1
    house.work(again=[new_id()])


def test_before_it_is_sent_it_is_looked_at_once_more(
    house: House, time: Clock, told: tuple[Caller, str, str]
) -> None:
    tom, token, group = told
    house.fcm.moods[token] = [fcm_error(503, "UNAVAILABLE")]
    (wait,) = house.work()
    time.forward(seconds=wait)
    house.set(tom, settings={"message_alert": False})
    assert house.work() == []
    assert [row.reason for row in house.deliveries()] == ["turned_off"]
    assert house.fcm.messages == []
    assert group


def test_what_becomes_quiet_meanwhile_is_told_when_that_is_over(
    house: House, time: Clock, told: tuple[Caller, str, str]
) -> None:
    tom, token, _ = told
    house.fcm.moods[token] = [fcm_error(503, "UNAVAILABLE")]
    house.work()
    time.to(12)
    house.set(tom, settings={"quiet_hours": {"start": "11:00", "end": "13:00"}})
    assert house.work() == []
    assert house.fcm.messages == []
    time.to(13, 1)
    house.tell()
    assert len(house.fcm.messages) == 1


def test_a_newer_push_takes_the_place_of_one_that_waits(
    house: House, time: Clock, told: tuple[Caller, str, str]
) -> None:
    tom, token, group = told
    house.fcm.moods[token] = [fcm_error(503, "UNAVAILABLE", Retry_After="600")]
    house.work()
    house.say(group, ann := house.person("Ann"), "Newer.")
    time.forward(seconds=61)
    house.tell()
    assert house.told() == [("Sales Asia (2)", "Ann: Newer.")]
    assert len(house.asked()) == 1
    assert tom.id != ann.id


def test_an_expired_message_is_not_sent_and_the_rest_says_how_long_it_is_good(
    house: House, time: Clock, told: tuple[Caller, str, str]
) -> None:
    time.forward(hours=23)
    house.work()
    ((_, message),) = house.fcm.messages
    assert 3500 < int(message["android"]["ttl"].rstrip("s")) <= 3600


@pytest.mark.parametrize("platform", ["android", "ios", "web"])
def test_each_platform_gets_what_fcm_takes(house: House, time: Clock, platform: str) -> None:
    mei, tom = house.person("Mei Lin"), house.person()
    group = house.room(mei, tom, name="室" * 100)
    house.phone(tom, platform=platform)
    house.say(group, mei, "字" * 4000)
    time.forward(seconds=6)
    house.tell()
    assert house.fcm.refused == []
    ((_, message),) = house.fcm.messages
    assert message["data"]["body"].endswith("…")
    assert ("apns" in message, "webpush" in message, "android" in message) == (
        platform == "ios",
        platform == "web",
        platform == "android",
    )


# Web Push


@pytest.fixture
def browser(house: House, time: Clock) -> tuple[Caller, str]:
    """Somebody with a browser, and a room in which something was said to them."""
    mei, tom = house.person("Mei Lin"), house.person()
    group = house.room(mei, tom)
    subscription = house.web.browser("toms").subscription
    house.push(tom).register(device_id="browser", platform="web", web_push=subscription)
    house.say(group, mei, "Hello, 湯姆.")
    time.forward(seconds=6)
    house.push().tell_due()
    return tom, group


def test_a_browser_opens_what_was_encrypted_for_it(house: House, browser: tuple[Caller, str]) -> None:
    assert house.work() == []
    assert house.web.refused == []
    ((_, opened, headers),) = house.web.messages
    assert (opened["title"], opened["body"]) == ("Sales Asia", "Mei Lin: Hello, 湯姆.")
    assert (opened["tag"], opened["url"]) == (f"room:{browser[1]}", f"/g/{browser[1]}")
    assert (headers["Urgency"], len(headers["Topic"])) == ("high", 32)
    assert 86000 < int(headers["TTL"]) <= 86400


@pytest.mark.parametrize(
    ("answer", "state", "devices"),
    [
        ((404, {}, b""), "dropped", 0),
        ((410, {}, b""), "dropped", 0),
        ((503, {"Retry-After": "60"}, b""), "asked", 1),
        ((429, {"Retry-After": "60"}, b""), "asked", 1),
        ((301, {"Location": "http://127.0.0.1:1/"}, b""), "dead", 1),
        ((403, {}, b"BadJwt"), "dead", 1),
        ((413, {}, b""), "dead", 1),
        ((200, {}, b""), "sent", 1),
    ],
)
def test_what_a_push_service_answers_is_understood(
    house: House, browser: tuple[Caller, str], answer: Answer, state: str, devices: int
) -> None:
    house.web.moods["toms"] = [answer]
    waits, reasons = [], []
    try:
        house.worker().send(events.ToBeSent(delivery_id=house.asked()[0]))
    except Later as later:
        waits.append(later.seconds)
    except GiveUp as problem:
        reasons.append(str(problem))
    assert [row.state for row in house.deliveries()] == [state]
    assert len(house.devices()) == devices
    assert all(56 <= wait <= 94 for wait in waits)
    assert (len(waits), len(reasons)) == (state == "asked", state == "dead")


ENDPOINTS = [
    "http://push.example.com/1",
    "https://push.example.com:8443/1",
    "https://user@push.example.com/1",
    "https://127.0.0.1/1",
    "https://[::1]/1",
    "https://localhost/1",
    "https://2130706433/1",
    "https://0x7f.1/1",
    "ftp://push.example.com/1",
    "https:///1",
    "https://push.example.com:x/1",
    "https://bücher.example/1",
    "//push.example.com/1",
]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_that_is_no_push_service_is_refused(house: House, endpoint: str) -> None:

    tom = house.person()
    subscription = {**house.web.browser("toms").subscription, "endpoint": endpoint}
    with pytest.raises(Invalid) as refused:
        house.push(tom).register(device_id="browser", platform="web", web_push=subscription)
    assert refused.value.code == "invalid_device"
    assert house.devices() == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2600:1901:0:94b6::", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::1", False),
    ],
)
def test_only_addresses_of_the_open_net_are_connected_to(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_name_that_leads_to_us_is_not_connected_to(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def lying(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append((host, port))
        return [(2, 1, 6, "", ("127.0.0.1", port)), (2, 1, 6, "", ("10.1.2.3", port))]

    def connect(*args: Any, **_: Any) -> None:
        raise AssertionError(f"connected to {args}")

    monkeypatch.setattr("push.web_push.socket.getaddrinfo", lying)
    monkeypatch.setattr("push.web_push.socket.create_connection", connect)
    keys = house.web.browser("toms").subscription["keys"]
    message = Message("a", "b", "c", "/", "s", clock.now(), "text")
    sent = WebPush(house.settings).send("https://push.example.com/1", keys, message, 60)
    assert isinstance(sent, Away)
    assert asked == [("push.example.com", 443)]


def test_an_answer_that_comes_by_drops_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Dripping("push.example.com", tmp_path) as server:
        found = [(2, 1, 6, "", ("8.8.8.8", 443))]
        monkeypatch.setattr("push.web_push.socket.getaddrinfo", lambda *_, **__: found)
        monkeypatch.setattr(
            "push.web_push.socket.create_connection", lambda _, seconds: server.connected(seconds)
        )
        push = WebPush(house.settings.model_copy(update={"PUSH_ANSWER_SECONDS": 1.0}))
        push._session.verify = server.certificate
        keys = house.web.browser("toms").subscription["keys"]
        message = Message("a", "b", "c", "/", "s", clock.now(), "text")
        server.drops = 1
        assert isinstance(push.send("https://push.example.com/1", keys, message, 60), Sent)
        server.drops = 100  # each in time, and together not
        assert isinstance(push.send("https://push.example.com/1", keys, message, 60), Away)
