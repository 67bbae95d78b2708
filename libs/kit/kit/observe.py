"""Logs, traces, metrics and probes.

A trace id enters with a client's request and goes through calls and events in the W3C header
`traceparent`; every log line written on the way carries it. Where `TRACES_URL` names a collector, a part of
the traces (`TRACES_SAMPLE`) is sent there with its spans; else spans are no more than their ids.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.context import Context, get_current
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Sampler, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram, generate_latest

_propagator = TraceContextTextMapPropagator()
_ids = RandomIdGenerator()
_recording = False
SEND_SECONDS = 5.0

INFO = Gauge(
    "bchat_info", "1 for each process, with its version.", ["service", "version"], multiprocess_mode="max"
)
HANDLED = Histogram(
    "bchat_handled_seconds",
    "Calls answered, events heard and ticks of the clock, by how they ended.",
    ["service", "kind", "entrypoint", "outcome"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
SAID = Counter("bchat_events_said_total", "Events the broker has confirmed.", ["type"])
ASKED = Histogram(
    "bchat_asked_seconds",
    "Calls made to services, by how they ended.",
    ["service", "method", "outcome"],
    buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
OUTBOX_AGE = Gauge("bchat_outbox_oldest_seconds", "Age of the oldest event not yet published.")
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


def start_observing(
    service: str,
    level: str = "INFO",
    format: str = "json",
    *,
    traces_url: str = "",
    traces_sample: float = 1.0,
) -> None:
    """Sets logging and tracing up for this process.

    Args:
        service: the name every line carries; its part before a dot is the package whose version is told.
        level: of the root logger.
        format: `json`, or `console` for eyes.
        traces_url: where spans are sent by OTLP over HTTP; nowhere if empty.
        traces_sample: the part of the traces that is sent, from 0 to 1.
    """
    _start_logging(service, level, format)
    if traces_url:
        start_tracing(service, _sent_to(traces_url), TraceIdRatioBased(traces_sample))
    INFO.labels(service, version_of(service.partition(".")[0])).set(1)


def _sent_to(url: str) -> SpanProcessor:
    # A third of a second to import, and needed by few.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # It sends from a thread of its own; what a slow collector does not take is dropped.
    return BatchSpanProcessor(OTLPSpanExporter(url, timeout=SEND_SECONDS), schedule_delay_millis=1000)


def start_tracing(service: str, processor: SpanProcessor, sampler: Sampler) -> None:
    """Lets spans be more than their ids.

    Args:
        processor: takes the spans that ended.
        sampler: chooses traces by their id alone, so that every process chooses the same ones whatever
            a client says of its own.
    """
    global _recording
    resource = {"service.name": f"bchat-{service}", "service.version": version_of(service.partition(".")[0])}
    provider = TracerProvider(sampler=sampler, resource=Resource.create(resource))
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    _recording = True


def recording() -> bool:
    """Whether spans are sent anywhere, so that those of single statements are worth their cost."""
    return _recording


def version_of(package: str) -> str:
    """The version of one of our packages, `chat` for instance."""
    try:
        return version(f"bchat-{package}")
    except PackageNotFoundError:
        return "unknown"


def _start_logging(service: str, level: str, format: str) -> None:
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


def carry_trace(headers: dict[str, Any]) -> dict[str, Any]:
    """The same headers with the current trace in them."""
    _propagator.inject(headers)
    return headers


@contextmanager
def span(
    name: str,
    headers: MutableMapping[str, Any] | None = None,
    kind: trace.SpanKind = trace.SpanKind.INTERNAL,
    also: Sequence[trace.SpanContext] = (),
) -> Iterator[trace.Span]:
    """A piece of work.

    Args:
        name: one of few.
        headers: what carries the trace it belongs to, or nothing of the kind: then it begins one. Left out,
            it belongs to the current one.
        also: other work that this is done for.
    """
    within = _propagator.extract(headers) if headers is not None else get_current()
    if _recording:
        links = [trace.Link(context) for context in also]
        current = trace.get_tracer("bchat").start_span(name, within, kind, links=links)
    else:
        current = _only_ids(within)
    # Most exceptions are refusals, which are no errors: who knows better says so.
    with trace.use_span(current, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        yield current


def _only_ids(within: Context) -> trace.Span:
    """A span for nobody to look at, which costs a fifth of one: its ids are in logs and go on."""
    parent = trace.get_current_span(within).get_span_context()
    trace_id = parent.trace_id if parent.is_valid else _ids.generate_trace_id()
    return trace.NonRecordingSpan(trace.SpanContext(trace_id, _ids.generate_span_id(), is_remote=False))


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
