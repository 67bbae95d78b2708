"""Logs, traces, metrics and probes.

A trace id enters with a client's request and goes through calls and events in the W3C header
`traceparent`; every log line written on the way carries it.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram, generate_latest

_propagator = TraceContextTextMapPropagator()

HANDLED = Histogram(
    "bchat_handled_seconds",
    "Calls answered, events heard and ticks of the clock, by how they ended.",
    ["service", "kind", "entrypoint", "outcome"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
SAID = Counter("bchat_events_said_total", "Events the broker has confirmed.", ["type"])
OUTBOX_AGE = Gauge(
    "bchat_outbox_oldest_seconds", "Age of the oldest event not yet published.", multiprocess_mode="max"
)
OUTBOX_LENGTH = Gauge("bchat_outbox_events", "Events committed and not yet published, counted to 10000.")
QUEUE_MESSAGES = Gauge("bchat_queue_messages", "Messages that wait in a queue of the service.", ["queue"])
QUEUE_CONSUMERS = Gauge("bchat_queue_consumers", "Who takes from a queue of the service.", ["queue"])
RETRIED = Counter("bchat_events_retried_total", "Events put back for a later try.", ["service", "type"])
DEAD = Counter("bchat_events_dead_total", "Events that became dead letters.", ["service", "type"])


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger of events with fields: `log.info("load_finished", rows=12)`."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def start_observing(service: str, level: str = "INFO", format: str = "json") -> None:
    """Sets logging and tracing up for this process.

    Args:
        service: the name every line carries.
        level: of the root logger.
        format: `json`, or `console` for eyes.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        lambda _, __, event: {"service": service, **event},
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=lambda v, **_: orjson.dumps(v, default=str).decode())
        if format == "json"
        # The default prints all local variables, passwords too, and takes seconds over it.
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    last = [structlog.processors.format_exc_info, renderer] if format == "json" else [renderer]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Nameko logs each expected refusal with a traceback, as a warning; ours are counted in metrics.
    logging.getLogger("nameko.containers").setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    trace.set_tracer_provider(TracerProvider(resource=Resource.create({"service.name": f"bchat-{service}"})))


def carry_trace(headers: dict[str, Any]) -> dict[str, Any]:
    """The same headers with the current trace in them."""
    _propagator.inject(headers)
    return headers


@contextmanager
def span(name: str, headers: MutableMapping[str, Any] | None = None) -> Iterator[trace.Span]:
    """A piece of work within the trace that `headers` carry, or a new one."""
    token = attach(_propagator.extract(headers or {})) if headers is not None else None
    try:
        with trace.get_tracer("bchat").start_as_current_span(name) as current:
            yield current
    finally:
        if token is not None:
            detach(token)


def trace_id() -> str | None:
    """The current trace's id in hex, to name in an error."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


Check = Callable[[], None]


def probe_app(ready: dict[str, Check]) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """A WSGI application for /healthz, /readyz and /metrics.

    Args:
        ready: checks by name; one that raises makes the answer 503 and names it.
    """

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")])
            return [generate_latest()]
        if path not in ("/healthz", "/readyz"):
            start_response("404 Not Found", [])
            return [b""]
        failed = {}
        if path == "/readyz":
            for name, check in ready.items():
                try:
                    check()
                except Exception as problem:
                    failed[name] = str(problem)
        start_response(
            "503 Service Unavailable" if failed else "200 OK", [("Content-Type", "application/json")]
        )
        return [orjson.dumps({"status": "unready" if failed else "ok", "failed": failed})]

    return app


class _Quiet(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """A probe every few seconds is not news."""


def serve_probes(host: str, port: int, ready: dict[str, Check]) -> WSGIServer:
    """Serves `probe_app` from a thread of its own; `shutdown()` ends it."""
    server = make_server(host, port, probe_app(ready), handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server
