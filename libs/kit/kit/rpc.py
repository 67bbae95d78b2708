"""Calls to services in Nameko's protocol, over one connection, with a deadline on each.

Works in plain threads and, where they are patched, in gevent's and eventlet's.
"""

import threading
import time
from contextlib import suppress
from typing import Any

import orjson
from amqp.exceptions import AMQPError
from kombu import Connection, Consumer, Exchange, Queue
from kombu.transport.pyamqp import Channel
from opentelemetry.trace import SpanKind

from kit import broker
from kit.caller import HEADER, Caller
from kit.errors import BY_NAME, Refusal, Unavailable
from kit.event import new_id
from kit.observe import ASKED, carry_trace, get_logger, span

log = get_logger(__name__)

RPC = Exchange("nameko-rpc", type="topic", durable=True)


class RemoteFailure(Exception):
    """The service failed in a way it did not expect."""


class _Pending:
    def __init__(self) -> None:
        self.done = threading.Event()
        self.reply: dict[str, Any] | None = None
        self.problem: Unavailable | None = None

    def fail(self, problem: Unavailable) -> None:
        self.problem = problem
        self.done.set()


def _unreachable(service: str) -> Unavailable:
    return Unavailable("unavailable", f"The service {service} is out of reach.", retry_after=1)


class RpcClient:
    """A connection that many callers share; one thread reads the answers.

    Args:
        amqp_uri: the broker.
        name: shown in the reply queue's name.
    """

    def __init__(self, amqp_uri: str, name: str) -> None:
        self._amqp_uri = amqp_uri
        self._name = name
        self._pending: dict[str, tuple[str, _Pending]] = {}
        self._write = threading.Lock()
        self._ready = threading.Event()
        self._stopping = False
        self._channel: Channel | None = None
        self.heard_at = 0.0
        self._thread = threading.Thread(target=self._run, name="rpc-replies", daemon=True)

    def start(self) -> "RpcClient":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping = True
        with suppress(OSError, AMQPError), self._write:
            if self._channel:
                # An answer to nobody, so that the thread looks up at once.
                self._channel.basic_publish(self._channel.prepare_message(b""), RPC.name, self._reply_to)
        self._thread.join(timeout=5)

    def check(self) -> None:
        """For a readiness probe; raises when the connection is away."""
        if not self._ready.is_set():
            raise ConnectionError("no connection to the broker")

    def call(
        self, service: str, method: str, *, caller: Caller | None = None, timeout: float = 5.0, **kwargs: Any
    ) -> Any:
        """Calls a method and returns its result.

        A call that ran out of time may still have been executed: repeat only what may be repeated.

        Args:
            caller: on whose behalf; None is the platform itself.
            timeout: seconds; an unread call expires with it.

        Raises:
            Refusal: the service said no.
            Unavailable: nobody answered (`unavailable`) or not in time (`timeout`).
            RemoteFailure: the service failed.
        """
        began, outcome = time.perf_counter(), "failed"
        try:
            with span(f"{service}.{method}", kind=SpanKind.CLIENT):
                result = self._call(service, method, caller, timeout, kwargs)
                outcome = "ok"
                return result
        except Refusal as refusal:
            outcome = "away" if isinstance(refusal, Unavailable) else "refused"
            raise
        finally:
            ASKED.labels(service, method, outcome).observe(time.perf_counter() - began)

    def _call(
        self, service: str, method: str, caller: Caller | None, timeout: float, kwargs: dict[str, Any]
    ) -> Any:
        deadline = time.monotonic() + timeout
        if not self._ready.wait(timeout):
            raise _unreachable(service)
        call_id, pending = new_id(), _Pending()
        self._pending[call_id] = service, pending
        headers = carry_trace({f"nameko.{HEADER}": caller.to_header()} if caller else {})
        try:
            with self._write:
                if self._channel is None:
                    raise _unreachable(service)
                message = self._channel.prepare_message(
                    orjson.dumps({"args": [], "kwargs": kwargs}),
                    content_type="application/json",
                    content_encoding="utf-8",
                    headers=headers,
                    properties={
                        "reply_to": self._reply_to,
                        "correlation_id": call_id,
                        "expiration": str(int(timeout * 1000)),
                        "delivery_mode": 1,
                    },
                )
                self._channel.basic_publish(message, RPC.name, f"{service}.{method}", mandatory=True)
            answered = pending.done.wait(max(0.0, deadline - time.monotonic()))
        except OSError as problem:
            raise _unreachable(service) from problem
        finally:
            self._pending.pop(call_id, None)
        if pending.problem:
            raise pending.problem
        if not answered or pending.reply is None:
            raise Unavailable("timeout", f"The service {service} did not answer in time.", retry_after=1)
        return _result(pending.reply, service, method)

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            try:
                with broker.consume_connection(self._amqp_uri) as connection:
                    self._serve(connection)
            except Exception as problem:
                failures = 1 if self._ready.is_set() else failures + 1
                log.warning("rpc_connection_lost", problem=str(problem) or type(problem).__name__)
            self._lost()
            if not self._stopping:
                time.sleep(broker.backoff(max(failures, 1), 0.2, 5.0))

    def _serve(self, connection: Connection) -> None:
        connection.connect()
        replies, calls = connection.channel(), connection.channel()
        broker.publish_without_reading(calls)
        RPC(replies).declare()
        calls.events["basic_return"].add(self._on_return)
        # A new name for each connection: the broker may still hold the last one's queue for that one.
        self._reply_to = new_id()
        queue = Queue(
            f"rpc.reply-{self._name}-{self._reply_to}",
            exchange=RPC,
            routing_key=self._reply_to,
            exclusive=True,
            auto_delete=True,
            durable=False,
        )
        with Consumer(replies, [queue], on_message=self._on_reply, no_ack=True, accept=["json"]):
            self._channel = calls
            self._ready.set()
            beat = time.monotonic()
            while not self._stopping:
                try:
                    connection.drain_events(timeout=1)
                except TimeoutError:
                    self.heard_at = time.monotonic()
                if time.monotonic() - beat > 3:
                    beat = time.monotonic()
                    with self._write:
                        connection.heartbeat_check()

    def _lost(self) -> None:
        self._ready.clear()
        with self._write:
            self._channel = None
        # Only the caller knows whether its call may be repeated: it may have been executed.
        for service, pending in list(self._pending.values()):
            pending.fail(_unreachable(service))

    def _on_reply(self, message: Any) -> None:
        entry = self._pending.get(message.properties.get("correlation_id"))
        if entry:
            entry[1].reply = orjson.loads(message.body)
            entry[1].done.set()

    def _on_return(self, _exception: Any, _exchange: str, _routing_key: str, message: Any) -> None:
        entry = self._pending.get(message.properties.get("correlation_id"))
        if entry:
            entry[1].fail(_unreachable(entry[0]))


def _result(reply: dict[str, Any], service: str, method: str) -> Any:
    error = reply["error"]
    if error is None:
        return reply["result"]
    if error["exc_path"].startswith("kit.errors.") and error["exc_type"] in BY_NAME:
        raise BY_NAME[error["exc_type"]](*error["exc_args"])
    raise RemoteFailure(f"{service}.{method}: {error['exc_type']}: {error['value']}")
