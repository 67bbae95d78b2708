"""A frame's way is one trace; what is sent together names all it was sent for."""

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gateway.wiring import Gateway
from kit import observe
from kit.observe import span, start_tracing, trace_id
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

_exporter = InMemorySpanExporter()


@pytest.fixture(scope="module")
def _started() -> None:
    start_tracing("gateway", SimpleSpanProcessor(_exporter), ALWAYS_ON)


@pytest.fixture
def spans(_started: None, monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    monkeypatch.setattr(observe, "_recording", True)
    _exporter.clear()
    return _exporter


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    yield
    observe._recording = False


def test_what_goes_together_is_in_the_first_trace_and_names_the_others(
    gateway: Gateway, services: Any, spans: InMemorySpanExporter
) -> None:
    seen: list[str | None] = []

    def send(messages: list[dict[str, Any]]) -> dict[str, Any]:
        seen.append(trace_id())
        gevent.sleep(0.01)
        return {"results": [{"entry": message} for message in messages]}

    services.answers("chat.send", send)
    ids, answers = [], []
    for n in range(3):
        with span("ws Send", {}):
            ids.append(trace_id())
            gateway.batcher.submit({"group_id": "g", "text": str(n)}, answers.append)
        gevent.sleep(0)
    while len(answers) < 3:
        gevent.sleep(0.001)
    assert seen == [ids[0], ids[1]]
    alone, together = [s for s in spans.get_finished_spans() if s.name == "send"]
    assert [list(s.links) for s in (alone,)] == [[]]
    assert [f"{link.context.trace_id:032x}" for link in together.links] == [ids[2]]


def test_an_event_is_relayed_in_the_trace_it_came_of(gateway: Gateway, spans: InMemorySpanExporter) -> None:
    body = (
        b'{"id":"01936f5e-0000-7000-8000-000000000001","source":"/bchat/chat","type":"chat.read_moved.v1",'
        b'"time":"2026-11-26T10:00:00.000Z","audience":"","data":{"group_id":"g","user_id":"u","seq":1}}'
    )
    trace = "0af7651916cd43dd8448eb211c80319c"
    gateway.live.hear(body, {"traceparent": f"00-{trace}-b7ad6b7169203331-00"})
    [relayed] = spans.get_finished_spans()
    assert relayed.name == "relay chat.read_moved.v1"
    assert f"{relayed.context.trace_id:032x}" == trace


def test_without_a_collector_a_span_is_only_its_ids(spans: InMemorySpanExporter) -> None:
    observe._recording = False
    with span("outer", {}):
        outer = trace_id()
        with span("inner"):
            assert trace_id() == outer
    with span("other", {}):
        assert trace_id() not in (None, outer)
    assert trace_id() is None
    assert spans.get_finished_spans() == ()
