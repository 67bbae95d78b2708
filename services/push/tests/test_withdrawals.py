"""What is over does not stay on a locked screen: it is taken away, as far as the device lets us."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from kit.caller import Caller
from kit.event import new_id
from prometheus_client import Counter
from push import events
from push.tellings import NOT_SENT
from push_house import Clock, House
from standins import fcm_error


@pytest.fixture
def told(house: House, time: Clock) -> tuple[Caller, Caller, str, int]:
    """Who has said something, who was told of it on a phone and in a browser, where, and its seq."""
    mei, tom = house.person("Mei Lin"), house.person("Tom")
    group = house.room(mei, tom)
    house.phone(tom, "phone")
    browse(house, tom)
    seq = house.say(group, mei, "Hello.")
    time.forward(seconds=6)
    house.tell()
    assert len(house.told()) == 1
    return mei, tom, group, seq


def browse(house: House, who: Caller) -> None:
    subscription = house.web.browser("browser").subscription
    house.push(who).register(device_id="browser", platform="web", web_push=subscription)


def gone(house: House) -> list[str]:
    """The tags that each push to the browser takes away."""
    return [message.get("gone", "") for _, message, _ in house.web.messages]


@contextmanager
def measured(counter: Counter) -> Iterator[dict[str, float]]:
    """By how much each label of a metric has grown, once the block is left."""

    def now() -> dict[str, float]:
        samples = [
            one for metric in counter.collect() for one in metric.samples if one.name.endswith("_total")
        ]
        return {one.labels["reason"]: one.value for one in samples}

    before, grown = now(), dict[str, float]()
    yield grown
    grown.update({k: v - before.get(k, 0) for k, v in now().items() if v != before.get(k, 0)})


def wait(house: House, time: Clock, **length: float) -> None:
    time.forward(**(length or {"seconds": 6}))
    house.tell()


def test_what_is_read_elsewhere_goes_from_the_phone_and_from_the_browser_with_its_next_push(
    house: House, time: Clock, told: tuple[Caller, Caller, str, int]
) -> None:
    mei, tom, group, seq = told
    house.read(group, tom, seq)
    house.read(group, tom, seq)
    wait(house, time)
    assert house.withdrawn() == [("phone", f"room:{group}")]
    message = house.fcm.messages[-1][1]
    assert message["android"]["priority"] == "NORMAL"
    assert message["data"].keys() == {"kind", "tag", "at"}
    # A browser is sent nothing that it could not show something for.
    assert gone(house) == [""]
    other = house.room(mei, tom, name="Harbour")
    house.say(other, mei, "And here.")
    wait(house, time)
    assert gone(house) == ["", f"room:{group}"]
    house.say(other, mei, "And here, too.")
    wait(house, time, hours=1)
    assert gone(house)[2:] == [""]
    assert house.withdrawn() == [("phone", f"room:{group}")]
    assert (house.fcm.refused, house.web.refused) == ([], [])


def test_what_is_told_anew_is_not_taken_away(
    house: House, time: Clock, told: tuple[Caller, Caller, str, int]
) -> None:
    mei, tom, group, seq = told
    house.read(group, tom, seq)
    house.say(group, mei, "One thing more.")
    wait(house, time, minutes=2)
    assert house.withdrawn() == []
    house.read(group, tom, seq + 1)
    wait(house, time)
    house.say(group, mei, "And another.")
    wait(house, time, minutes=2)
    # In the browser it takes the place of the first.
    assert (len(house.withdrawn()), gone(house)) == (1, ["", "", ""])
    house.say(house.room(mei, tom), mei, "Here.")
    wait(house, time)
    assert gone(house)[3:] == [""]


def test_what_is_partly_read_stays(house: House, time: Clock, told: tuple[Caller, Caller, str, int]) -> None:
    mei, tom, group, _ = told
    house.say(group, mei, "More.")
    wait(house, time, minutes=2)
    house.read(group, tom, 1)
    wait(house, time)
    assert house.withdrawn() == []


@pytest.mark.parametrize("happened", ["deleted", "erased", "left", "news withdrawn"])
def test_what_is_no_longer_theirs_to_see_goes(
    house: House, time: Clock, told: tuple[Caller, Caller, str, int], happened: str
) -> None:
    mei, tom, group, seq = told
    tag = f"room:{group}"
    match happened:
        case "deleted":
            house.entry(group, mei, "delete", target_seq=seq)
        case "erased":
            house.hear("user_erased", events.UserErased, user_id=mei.id)
        case "left":
            house.leave(group, tom)
        case _:
            news_id = new_id()
            article = {"title": "We open", "summary": "", "expires_at": None, "version": 1}
            about = {"author_id": mei.id, "audience": "everyone"}
            house.hear(
                "news_published",
                events.NewsPublished,
                "everyone",
                news_id=news_id,
                article=article | about,
                at=house.now(),
            )
            wait(house, time)
            house.hear("news_withdrawn", events.NewsWithdrawn, news_id=news_id, why="withdrawn")
            tag = f"news:{news_id}"
    wait(house, time)
    assert house.withdrawn() == [("phone", tag)]


def test_an_iphone_takes_it_away_in_the_background(house: House, time: Clock) -> None:
    mei, tom = house.person("Mei Lin"), house.person("Tom")
    group = house.room(mei, tom)
    house.phone(tom, "iphone", platform="ios")
    seq = house.say(group, mei, "Hello.")
    wait(house, time)
    house.read(group, tom, seq)
    wait(house, time)
    apns = house.fcm.messages[-1][1]["apns"]
    assert house.withdrawn() == [("iphone", f"room:{group}")]
    assert apns["payload"] == {"aps": {"content-available": 1}}
    assert apns["headers"]["apns-push-type"] == "background"
    assert house.fcm.refused == []


def test_what_was_never_shown_is_not_taken_away(house: House, time: Clock) -> None:
    mei, tom = house.person("Mei Lin"), house.person("Tom")
    group = house.room(mei, tom)
    house.phone(tom, "phone")
    seq = house.say(group, mei, "Hello.")
    house.read(group, tom, seq)
    wait(house, time)
    assert house.fcm.tried == []


def test_what_is_read_while_its_next_push_waits_is_taken_away_by_that(
    house: House, time: Clock, told: tuple[Caller, Caller, str, int]
) -> None:
    mei, tom, group, seq = told
    house.say(group, mei, "More.")
    house.fcm.moods["phone"] = [fcm_error(503, "UNAVAILABLE", Retry_After="600")]
    wait(house, time, minutes=2)
    house.read(group, tom, seq + 1)
    wait(house, time)
    time.forward(minutes=11)
    house.tell()
    assert house.withdrawn() == [("phone", f"room:{group}")]
    assert len(house.told()) == 1
    states = [(row.channel, row.state) for row in house.deliveries()]
    assert sorted(states) == [
        ("fcm", "sent"),
        ("fcm", "withdrawn"),
        ("web_push", "left"),
        ("web_push", "sent"),
        ("web_push", "sent"),
    ]


def test_a_message_taken_away_is_no_receipt(
    house: House, time: Clock, told: tuple[Caller, Caller, str, int]
) -> None:
    mei, tom, group, seq = told
    house.read(group, tom, seq)
    wait(house, time)
    house.others.reads_ = [{"user_id": tom.id, "seq": 0}]
    house.others.entries[group, seq + 1] = {"seq": seq + 1, "sender_id": mei.id, "at": house.now()}
    (item,) = house.push(mei).receipts(group_id=group, seq=seq + 1)["items"]
    assert item["state"] == "stored"


def test_what_is_taken_away_days_later_is_not_counted_as_not_sent(
    house: House, time: Clock, told: tuple[Caller, Caller, str, int]
) -> None:
    _, tom, group, seq = told
    time.forward(days=3)
    house.push().tidy()
    assert house.rows("notices") == []
    house.read(group, tom, seq)
    with measured(NOT_SENT) as counted:
        wait(house, time)
    assert house.withdrawn() == [("phone", f"room:{group}")]
    assert counted == {}


def test_what_is_not_sent_is_counted_though_something_is_taken_away(
    house: House, time: Clock, told: tuple[Caller, Caller, str, int]
) -> None:
    mei, tom, group, seq = told
    house.read(group, tom, seq)
    newer = house.say(group, mei, "And this.")
    house.push().seen(items=[{"user_id": tom.id, "group_id": group, "seq": newer, "shown": True}])
    with measured(NOT_SENT) as counted:
        wait(house, time, minutes=2)
    assert house.withdrawn() == [("phone", f"room:{group}")]
    assert counted == {"shown": 1}
