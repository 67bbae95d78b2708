"""Workers: many threads that take a service's work from its queue, in any order.

Work is an event of the service's own, said with the fact that makes it needed. It is taken at least once, so
what is done is noted where it is done. Nothing sleeps: what can't be done now is put away in RabbitMQ and
comes back.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from amqp.exceptions import AMQPError
from kombu import Connection, Consumer, Producer

from kit import broker
from kit.config import Settings
from kit.db import out_of_reach
from kit.event import CONTENT_TYPE, Heard
from kit.observe import DEAD, RETRIED, get_logger, span

log = get_logger(__name__)

LOST = (OSError, AMQPError)
LOOK_SECONDS = 0.05
IDLE_SECONDS = 1.0
DATABASE_AWAY_SECONDS = 2.0


class Later(Exception):
    """Not now: the work comes back after `seconds`, as often as it takes."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds:.1f} s")
        self.seconds = seconds


class GiveUp(Exception):
    """It can't be done: the work becomes a dead letter, with this reason."""


class Workers:
    """Takes one kind of work and does `at_once` pieces of it at a time.

    A failure that is neither `Later` nor `GiveUp` is tried again like an event that could not be heard.

    Args:
        settings: the broker, and how often a failure is tried again.
        service: whose work it is.
        kind: the event, as the workers read it.
        do: does one piece; called from many threads.
        at_once: threads.
    """

    def __init__(
        self,
        settings: Settings,
        service: str,
        kind: type[Heard],
        do: Callable[[Any], None],
        at_once: int,
    ) -> None:
        self._settings, self._service, self._kind, self._do = settings, service, kind, do
        self._at_once = at_once
        self._done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._connected = False
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Works until told to stop, then ends what is in hand; what was not begun goes to another worker."""
        self._stop = stop
        failures = 0
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="work") as threads:
            while not stop.is_set():
                try:
                    with broker.consume_connection(self._settings.AMQP_URI) as connection:
                        self._consume(connection, threads)
                except Exception as problem:
                    failures = 1 if self._connected else failures + 1
                    log.warning("work_waits", problem=str(problem) or type(problem).__name__)
                    self._connected = False
                    stop.wait(broker.backoff(failures, 0.5, 5.0))

    def _consume(self, connection: Connection, threads: ThreadPoolExecutor) -> None:
        in_hand = 0

        def take(message: Any) -> None:
            nonlocal in_hand
            in_hand += 1
            threads.submit(self._work, message)

        with broker.connect(self._settings.AMQP_URI) as putting:
            broker.declare(connection, self._service, (), [self._kind.routing_key()])
            consumer = Consumer(
                connection.channel(), [broker.work_queue(self._service)], on_message=take, accept=None
            )
            consumer.qos(prefetch_count=2 * self._at_once)
            with consumer:
                self._connected = True
                beat = time.monotonic()
                while in_hand or not self._stop.is_set():
                    if self._stop.is_set():
                        consumer.cancel()
                    with suppress(TimeoutError):
                        connection.drain_events(timeout=LOOK_SECONDS if in_hand else IDLE_SECONDS)
                    for message, problem in self._finished():
                        if message.channel.connection is None:
                            continue  # of a connection since lost, over which it comes again
                        in_hand -= 1
                        self._settle(putting, message, problem)
                    if time.monotonic() - beat > 3:
                        beat = time.monotonic()
                        connection.heartbeat_check()

    def _finished(self) -> Iterable[tuple[Any, BaseException | None]]:
        with suppress(queue.Empty):
            while True:
                yield self._done.get_nowait()

    def _work(self, message: Any) -> None:
        """In a thread; what became of it is for the connection's own thread."""
        problem: BaseException | None = None
        try:
            if self._stop.is_set():
                raise Later(0)
            headers = message.headers or {}
            if (left := float(headers.get(broker.NOT_BEFORE, 0)) - time.time()) > 0:
                raise Later(left)
            try:
                event = self._kind.decode(broker.body(message))
            except ValueError as unreadable:
                raise GiveUp(f"unreadable: {unreadable}") from None
            with span(f"{self._service}.work", dict(headers)):
                self._do(event)
        except Exception as failure:
            problem = failure
        self._done.put((message, problem))

    def _settle(self, putting: Connection, message: Any, problem: BaseException | None) -> None:
        headers = dict(message.headers or {})
        if out_of_reach(problem):
            problem = Later(broker.backoff(1, DATABASE_AWAY_SECONDS, DATABASE_AWAY_SECONDS))
        match problem:
            case None:
                pass
            case Later():
                self._put_away(putting, message, problem.seconds, headers)
            case GiveUp():
                self._give_up(putting, message, str(problem), headers)
            case _:
                attempt = int(headers.get(broker.ATTEMPT, 1))
                log.warning("work_failed", attempt=attempt, exc_info=problem)
                if attempt >= self._settings.HEAR_ATTEMPTS:
                    self._give_up(putting, message, repr(problem), headers)
                else:
                    RETRIED.labels(self._service, self._kind.routing_key()).inc()
                    headers[broker.ATTEMPT] = attempt + 1
                    self._put_away(putting, message, broker.delay_of(self._settings, attempt), headers)
        message.ack()

    def _put_away(self, putting: Connection, message: Any, seconds: float, headers: dict[str, Any]) -> None:
        """Into the longest delay that is not too long; it is put away again for the rest."""
        until = max(time.time() + seconds, float(headers.get(broker.NOT_BEFORE, 0)))
        fitting = [delay for delay in broker.DELAYS if delay <= seconds]
        delay = fitting[-1] if fitting else broker.DELAYS[0]
        headers[broker.NOT_BEFORE] = str(until)
        self._put(putting, broker.delay_queue(self._service, delay).name, message, headers)

    def _give_up(self, putting: Connection, message: Any, reason: str, headers: dict[str, Any]) -> None:
        log.error("work_dead", reason=reason, message_id=message.properties.get("message_id"))
        headers |= {broker.REASON: reason[:1000], broker.HOME: broker.work_queue(self._service).name}
        self._put(putting, broker.dead_queue(self._service).name, message, headers)
        DEAD.labels(self._service, self._kind.routing_key()).inc()

    def _put(self, putting: Connection, queue_name: str, message: Any, headers: dict[str, Any]) -> None:
        broker.publish(
            Producer(putting.default_channel),
            broker.body(message),
            exchange="",
            routing_key=queue_name,
            content_type=CONTENT_TYPE,
            message_id=message.properties.get("message_id"),
            headers={
                name: value for name, value in headers.items() if not name.startswith(("x-death", "x-first"))
            },
            mandatory=True,
        )
