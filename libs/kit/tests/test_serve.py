"""A process shows how it is, ticks, and ends when told to."""

import urllib.error
import urllib.request

import orjson
from door import Door
from kit.observe import span, start_observing, trace_id
from world import Served, World, until


def get(process: Served, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}{path}", timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read()


def test_probes_tell_whether_it_lives_can_serve_and_how_much_it_did(world: World, door: Door) -> None:
    process = world.serve(AMQP_URI=door.uri)
    beside = world.serve("worker", "echo:idle", AMQP_URI=door.uri)
    world.call("note", text="milk")
    assert get(process, "/healthz")[0] == 200
    assert get(process, "/readyz") == (200, b'{"status":"ok","failed":{}}')
    assert get(process, "/elsewhere")[0] == 404
    until(lambda: f'bchat_events_said_total{{type="{world.name}.noted.v1"}} 1.0'.encode() in metrics(process))
    handled = f'entrypoint="note",kind="call",outcome="ok",service="{world.name}"'
    assert f"bchat_handled_seconds_count{{{handled}}} 1.0".encode() in metrics(process)

    door.shut()
    for each in (process, beside):
        status, body = get(each, "/readyz")
        assert (status, list(orjson.loads(body)["failed"])) == (503, ["broker"])
        assert get(each, "/healthz")[0] == 200
    door.open()
    until(lambda: get(process, "/readyz")[0] == get(beside, "/readyz")[0] == 200)


def metrics(process: Served) -> bytes:
    return get(process, "/metrics")[1]


def test_a_trace_goes_through_calls_and_events(world: World) -> None:
    start_observing("test", "WARNING")
    world.serve()
    with span("test"):
        trace = trace_id()
        world.call("note_by_asking", text="milk")
    assert trace
    until(lambda: world.notes("heard"))
    assert world.scalars("SELECT trace FROM notes ORDER BY number") == [trace, trace]
    until(world.said.events)
    assert trace in world.said.messages[0].headers["traceparent"]


def test_it_ticks_until_it_is_told_to_stop(world: World) -> None:
    process = world.serve(TICK_TEXT="tock")
    until(lambda: len(world.notes("tick")) >= 3)
    assert process.stop() == 0
    ticked = world.notes("tick")
    world.serve()
    world.call("note", text="milk")
    assert world.notes("tick") == ticked


def test_it_waits_for_a_broker_that_comes_later(world: World, door: Door) -> None:
    door.shut()
    process = Served(("serve",), world.env(AMQP_URI=door.uri))
    world.processes.append(process)
    until(world.starts)
    door.open()
    until(lambda: process.listens)
    assert world.call("note", text="milk")


def test_it_can_be_stopped_while_it_waits_for_the_broker(world: World, door: Door) -> None:
    door.shut()
    process = Served(("serve",), world.env(AMQP_URI=door.uri))
    world.processes.append(process)
    until(world.starts)
    process.stop()


def test_settings_that_cannot_be_used_end_it_with_a_sentence(world: World) -> None:
    for env, word in (
        ({"HEAR_ATTEMPTS": "none"}, "HEAR_ATTEMPTS"),
        ({"PROBE_PORT": "http"}, "PROBE_PORT"),
        ({"AMQP_URI": "localhost"}, "AMQP_URI"),
        # SQLAlchemy would take it for another driver.
        ({"DATABASE_URI": "postgresql://house:secret@localhost/bchat"}, "DATABASE_URI"),
    ):
        ended = world.kit("serve", **env)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
        assert word in ended.stderr
        assert "secret" not in ended.stderr
