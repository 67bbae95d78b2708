"""Hearing is at least once, its effect is once, and nothing heard is ever dropped."""

import re
import signal
from itertools import pairwise
from typing import Any

import pytest
from door import Door
from kit import broker, dead, errors
from kit.event import new_id
from kombu import Producer, Queue
from world import Served, World, until


def test_events_are_handled_in_the_order_they_were_said(world: World) -> None:
    texts = [f"{n}" for n in range(200)]
    world.serve()
    world.serve()
    world.say(*texts)
    until(lambda: len(world.notes("heard")) == len(texts))
    assert world.notes("heard") == texts


def test_an_event_said_before_the_service_ever_ran_is_heard(world: World) -> None:
    world.forget_queues()
    world.kit("migrate").check_returncode()
    world.say("early")
    world.serve()
    until(lambda: world.notes("heard") == ["early"])


def test_a_failed_event_is_tried_again_after_a_delay_while_others_go_on(world: World) -> None:
    world.execute("INSERT INTO broken VALUES ('milk')")
    world.serve(HEAR_ATTEMPTS="20", HEAR_RETRY_SECONDS="0.2", HEAR_RETRY_MAX_SECONDS="0.2")
    world.say("milk", "bread")
    until(lambda: world.notes("heard") == ["bread"])
    until(lambda: len(world.scalars("SELECT 1 FROM attempts WHERE text = 'milk'")) >= 3)
    world.execute("DELETE FROM broken")
    until(lambda: world.notes("heard") == ["bread", "milk"])
    # The ids are UUIDv7: their first 48 bits are milliseconds.
    times = [
        int(id.replace("-", "")[:12], 16)
        for id in world.scalars("SELECT id::text FROM attempts WHERE text = 'milk' ORDER BY id")
    ]
    assert all(later - earlier >= 150 for earlier, later in pairwise(times))
    assert world.dead() == []


def test_an_event_that_always_fails_is_a_dead_letter_until_it_is_redriven(world: World) -> None:
    world.execute("INSERT INTO broken VALUES ('milk'), ('bread')")
    world.serve(HEAR_ATTEMPTS="3", HEAR_RETRY_SECONDS="0.05")
    world.say("milk", "bread", "salt")
    until(lambda: len(world.list_dead()) == 2)
    letters = world.dead()
    assert world.scalars("SELECT count(*) FROM attempts WHERE text = 'milk'") == [3]
    assert world.notes("heard") == ["salt"]
    assert {letter["type"] for letter in letters} == {f"{world.name}.noted.v1"}
    assert "is broken" in letters[0]["reason"]
    # Looking does not take them away, however often: brokers count each return as a delivery.
    for _ in range(30):
        world.list_dead()
    assert world.dead() == letters

    world.execute("DELETE FROM broken")
    assert world.kit("dead", "redrive", "--id", letters[0]["id"]).stdout.strip() == "1"
    until(lambda: len(world.notes("heard")) == 2)
    assert [letter["id"] for letter in world.dead()] == [letters[1]["id"]]
    assert world.kit("dead", "redrive").stdout.strip() == "1"
    until(lambda: sorted(world.notes("heard")) == ["bread", "milk", "salt"])
    assert world.dead() == []


def test_a_letter_that_dies_again_at_once_is_sent_back_once(amqp_uri: str) -> None:
    service = f"dying-{new_id()[-12:]}"
    hear, gone = f"hear-{service}", f"dead-{service}"
    dying = {
        "x-message-ttl": 0,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": gone,
        "x-expires": 60_000,
    }
    with broker.connect(amqp_uri) as connection:
        channel = connection.default_channel
        broker.dead_queue(service)(channel).declare()
        Queue(hear, queue_arguments=dying, durable=True)(channel).declare()
        try:
            for number in range(50):
                broker.publish(
                    Producer(channel), b"poison", exchange="", routing_key=gone, message_id=str(number)
                )
            assert dead.redrive(amqp_uri, service) == 50
            until(lambda: len(dead.listed(amqp_uri, service)) == 50)
        finally:
            channel.queue_delete(gone)


UNREADABLE = {
    "not text": b"\xff\xfe",
    "not JSON": b"{",
    "not an object": b"[1]",
    "nothing": b"",
}
UNFIT: dict[str, tuple[Any, dict[str, Any]]] = {
    "without a field": ({}, {}),
    "with a wrong field": ({"text": 5}, {}),
    "with no data": (None, {}),
    "of an unknown type": ({"text": "x"}, {"type": "nobody.said_this.v1"}),
    "of a strange time": ({"text": "x"}, {"time": 5}),
    "of a strange audience": ({"text": "x"}, {"audience": ["everyone"]}),
    "of a strange id": ({"text": "x"}, {"id": 7}),
}


def test_what_cannot_be_read_is_put_aside_and_does_not_stop_the_rest(world: World) -> None:
    process = world.serve()
    for body in UNREADABLE.values():
        world.publish(None, body)
    for data, attributes in UNFIT.values():
        world.publish(data, **attributes)
    world.say("milk")
    until(lambda: world.notes("heard") == ["milk"])
    until(lambda: len(world.list_dead()) == len(UNREADABLE) + len(UNFIT))
    assert all("unreadable" in letter["reason"] for letter in world.dead())
    assert process.runs


def test_an_event_whose_consumer_is_killed_is_heard_by_another(world: World) -> None:
    first = world.serve()
    with world.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE notes IN EXCLUSIVE MODE")
        world.say("milk", "bread")
        until(world.blocked)
        first.kill()
        world.serve()
    until(lambda: world.notes("heard") == ["milk", "bread"])


def test_an_event_in_hand_at_sigterm_is_handled_once_and_those_behind_it_by_the_next(world: World) -> None:
    first = world.serve()
    with world.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE notes IN EXCLUSIVE MODE")
        world.say("milk", "bread")
        until(world.blocked)
        first.signal(signal.SIGTERM)
        # Calls are no longer taken, so stopping is under way.
        until(lambda: world.consumers("rpc") == 0)
    assert first.wait() == 0
    world.serve()
    until(lambda: world.notes("heard") == ["milk", "bread"])
    assert world.scalars("SELECT text FROM attempts ORDER BY id") == ["milk", "bread"]


def test_hearing_goes_on_after_the_broker_was_away_and_repeats_no_effect(world: World, door: Door) -> None:
    process = world.serve(AMQP_URI=door.uri)
    with world.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE notes IN EXCLUSIVE MODE")
        world.say(*"abcdefgh")
        until(world.blocked)
        door.shut()
        world.say("i")
        door.open()
    until(lambda: world.notes("heard") == list("abcdefghi"))
    assert process.runs
    assert world.dead() == []


def test_events_outwait_a_database_that_is_away_and_keep_their_order(world: World) -> None:
    with Door(world.uri) as door:
        process = world.serve(DATABASE_URI=door.uri, HEAR_ATTEMPTS="2", HEAR_RETRY_SECONDS="0.05")
        world.say("milk")
        until(lambda: world.notes("heard") == ["milk"])
        door.shut()
        world.say("bread", "salt")
        until(lambda: refused(process) >= 4)
        door.open()
        until(lambda: world.notes("heard") == ["milk", "bread", "salt"])
    assert world.dead() == []


def refused(process: Served) -> int:
    """Events that it could not handle, by no mistake of its own."""
    told = re.search(
        r'handled_seconds_count{[^}]*kind="event",outcome="refused"[^}]*} (\d+)', process.metrics()
    )
    return int(told[1]) if told else 0


def test_a_database_that_is_only_read_is_away_for_calls_and_events(world: World) -> None:
    process = world.serve(HEAR_ATTEMPTS="2", HEAR_RETRY_SECONDS="0.05")
    with world.reads_only():
        world.say("milk")
        until(lambda: refused(process) >= 4)
        with pytest.raises(errors.Unavailable):
            world.call("note", text="bread")
    until(lambda: world.notes("heard") == ["milk"])
    assert world.dead() == []
    assert 'outcome="failed"' not in process.metrics()


def test_what_is_gathered_is_handled_together_in_its_order_and_once(world: World) -> None:
    world.serve()
    with world.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE attempts IN EXCLUSIVE MODE")
        world.say("a", fact="gathered")
        until(world.blocked)
        # All of them have come when the first is done with.
        world.say("b", "c", fact="gathered")
        world.say("other")
        world.say("d", fact="gathered")
    until(lambda: world.notes("gathered") == list("abcd"))
    until(lambda: world.notes("heard") == ["other"])
    assert world.scalars("SELECT text FROM attempts ORDER BY id") == ["a", "b c", "other", "d"]
    world.say("late", fact="gathered")
    until(lambda: world.notes("gathered")[-1] == "late")


def test_one_of_many_gathered_that_fails_does_not_stop_the_others(world: World) -> None:
    world.execute("INSERT INTO broken VALUES ('b')")
    world.serve(HEAR_ATTEMPTS="2", HEAR_RETRY_SECONDS="0.1")
    world.say(*"abc", fact="gathered")
    until(lambda: len(world.dead()) == 1)
    assert world.notes("gathered") == ["a", "c"]
