"""A call has a deadline and an answer, or a clear no."""

import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from door import Door
from kit import broker, errors
from kit.caller import Caller
from kit.rpc import RemoteFailure, RpcClient
from world import World, until

PATIENT = 10.0


def test_a_call_carries_who_asks_and_brings_the_result(world: World) -> None:
    world.serve()
    caller = Caller(user_id="0190", kind="customer", permissions=frozenset({"reports:sales"}))
    assert world.call("note", caller=caller, text="milk") == {"number": 1, "by": "0190"}
    assert world.call("note_by_asking", text="bread") == {"number": 2, "by": None}


def test_a_refusal_arrives_as_itself_and_a_failure_says_no_more_than_its_name(world: World) -> None:
    process = world.serve()
    for name, cls in errors.BY_NAME.items():
        with pytest.raises(cls) as refused:
            world.call("refuse", kind=name)
        assert type(refused.value) is cls
        assert refused.value.as_dict() == {
            "type": name,
            "code": "no_way",
            "detail": "Never.",
            "errors": [{"loc": ["text", 0], "msg": "bad"}],
            "retry_after": 2.5,
        }
    for method in ("fail", "unwritable", "unknown", "note"):
        with pytest.raises(RemoteFailure):
            world.call(method)
    assert process.runs


def test_an_unknown_service_is_out_of_reach_at_once(world: World) -> None:
    world.serve()
    world.call("note", text="milk")
    began = time.monotonic()
    with pytest.raises(errors.Unavailable) as refused:
        world.client.call("nobody-" + world.name, "note", timeout=PATIENT)
    assert refused.value.code == "unavailable"
    assert time.monotonic() - began < PATIENT / 2


def test_a_call_nobody_answers_ends_at_its_deadline(world: World) -> None:
    world.serve()
    with world.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE notes IN EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(errors.Unavailable) as refused:
            world.call("note", timeout=0.3, text="late")
        assert refused.value.code == "timeout"
        assert 0.3 <= time.monotonic() - began < 2
    assert world.call("note", text="milk")


def test_a_call_that_expired_unread_is_not_executed(world: World) -> None:
    world.serve().stop()
    with pytest.raises(errors.Unavailable) as refused:
        world.call("note", timeout=0.2, text="late")
    assert refused.value.code == "timeout"
    world.serve()
    world.call("note", text="milk")
    assert world.notes("called") == ["milk"]


def test_a_lost_connection_fails_the_calls_under_way_and_the_next_ones_work(world: World, door: Door) -> None:
    world.serve()
    client = RpcClient(door.uri, "test").start()
    with ThreadPoolExecutor() as pool:
        with world.engine.connect() as other:
            other.exec_driver_sql("LOCK TABLE notes IN EXCLUSIVE MODE")
            call = pool.submit(client.call, world.name, "note", timeout=PATIENT, text="milk")
            until(world.blocked)
            door.shut()
            problem = call.exception(PATIENT / 2)
            assert isinstance(problem, errors.Unavailable)
            assert problem.code == "unavailable"
            with pytest.raises(errors.Unavailable):
                client.call(world.name, "note", timeout=0.2, text="nowhere")
        door.open()
        assert client.call(world.name, "note", timeout=PATIENT, text="bread")
    client.stop()
    assert world.notes("called") == ["milk", "bread"]


def test_a_service_outlives_a_broker_that_goes_away_under_a_running_call(world: World, door: Door) -> None:
    process = world.serve(AMQP_URI=door.uri)
    with ThreadPoolExecutor() as pool:
        with world.engine.connect() as other:
            other.exec_driver_sql("LOCK TABLE notes IN EXCLUSIVE MODE")
            pool.submit(world.call, "note", timeout=1, text="milk")
            until(world.blocked)
            door.shut()
        until(lambda: "milk" in world.notes("called"))
        door.open()
    assert world.call("note", text="bread")
    assert process.runs


def test_a_call_under_way_at_sigterm_is_answered_and_runs_once(world: World) -> None:
    first = world.serve()
    with ThreadPoolExecutor() as pool:
        with world.engine.connect() as other:
            other.exec_driver_sql("LOCK TABLE notes IN EXCLUSIVE MODE")
            call = pool.submit(world.call, "note", text="milk")
            until(world.blocked)
            first.signal(signal.SIGTERM)
            until(lambda: world.consumers("rpc") == 0)
        assert call.result(PATIENT)["number"] == 1
    assert first.wait() == 0
    # The next would run the call again if the first had let go of it before it was done.
    world.serve()
    assert world.call("note", text="bread")
    assert world.notes("called") == ["milk", "bread"]


def test_a_call_that_loses_its_database_may_be_tried_again(world: World) -> None:
    world.serve()
    with ThreadPoolExecutor() as pool, world.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE notes IN EXCLUSIVE MODE")
        call = pool.submit(world.call, "note", text="milk")
        until(world.blocked)
        world.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        problem = call.exception(PATIENT)
    assert isinstance(problem, errors.Unavailable)
    assert problem.retry_after
    assert world.call("note", text="bread")


def test_long_answers_that_are_given_at_once_do_not_get_mixed_up(world: World) -> None:
    world.serve()
    started = threading.Barrier(16)

    def call(n: int) -> bool:
        started.wait()
        answers = [world.call("repeat", text=f"{n:02}", times=1_000_000) for _ in range(3)]
        return answers == [f"{n:02}" * 1_000_000] * 3

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(call, range(16)))


def test_many_threads_share_one_client(world: World) -> None:
    world.serve()
    started = threading.Barrier(20)

    def call(n: int) -> int:
        started.wait()
        number: int = world.call("note", text=f"{n}", say=False)["number"]
        return number

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(call, range(20))) == list(range(1, 21))


def test_who_reads_learns_of_a_loss_that_who_writes_has_met(world: World) -> None:
    with broker.consume_connection(world.amqp_uri) as connection:
        connection.connect()
        lost = connection.channel()
        lost.connection.transport.sock.shutdown(socket.SHUT_RDWR)
        with pytest.raises(OSError, match=r"pipe|closed|reset"):
            lost.basic_publish(lost.prepare_message("milk"), "", "nobody")
        with pytest.raises(ConnectionError):
            connection.drain_events(timeout=1)
