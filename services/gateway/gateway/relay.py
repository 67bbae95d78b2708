"""From the broker to this worker: every event, and what gateways tell each other.

Each worker has one queue, exclusive and short-lived. What is said while it is gone is lost to us, so a
reconnect is noticed (`reconnected`) and followed by a check of everything.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from gevent.queue import Full, Queue
from kit import broker
from kit.event import new_id
from kit.observe import get_logger
from kombu import Connection, Exchange, Producer, binding
from kombu import Queue as AmqpQueue
from kombu.mixins import ConsumerMixin

log = get_logger(__name__)

GATEWAYS = Exchange("gateways", type="fanout", durable=False)
QUEUE_LENGTH = 100_000
BEAT_SECONDS = 3.0
SILENT_SECONDS = 20.0
SAY_QUEUE = 1000


class Relay(ConsumerMixin):
    """
    Args:
        hear: takes an event's body and the message's headers.
        hear_gateway: takes the body of what a gateway said.
        deaf: told as soon as something may have been missed, before anything more is heard.
    """

    def __init__(
        self,
        amqp_uri: str,
        hear: Callable[[bytes, dict[str, Any]], None],
        hear_gateway: Callable[[bytes], None],
        deaf: Callable[[], None],
    ) -> None:
        self.connection = broker.consume_connection(amqp_uri)
        self._amqp_uri = amqp_uri
        self._hear = hear
        self._hear_gateway = hear_gateway
        self._deaf = deaf
        self._consuming: Connection | None = None
        self._alive_at = 0.0
        self._beat_at = 0.0
        self._fresh = False
        self._to_say: Queue[bytes] = Queue(SAY_QUEUE)

    @contextmanager
    def establish_connection(self) -> Iterator[Connection]:
        with self.create_connection() as connection:
            broker.ensure(connection)  # kombu's own would wait up to 30 s after the broker is back
            try:
                yield connection
            finally:
                self._consuming = None
                self._deaf()

    def get_consumers(self, consumer: Any, channel: Any) -> list[Any]:
        queue = AmqpQueue(
            f"gateway-{new_id()}",
            bindings=[binding(broker.EVENTS, routing_key="#"), binding(GATEWAYS)],
            exclusive=True,
            auto_delete=True,
            durable=False,
            queue_arguments={"x-max-length": QUEUE_LENGTH, "x-overflow": "drop-head"},
        )
        return [consumer([queue], on_message=self._on_message, no_ack=True)]

    def on_consume_ready(self, connection: Connection, channel: Any, consumers: Any, **kwargs: Any) -> None:
        self._consuming = connection
        self._fresh = True
        # Of who came since the connection was lost, too, something may have been missed.
        self._deaf()
        log.info("relay_listens")

    def on_iteration(self) -> None:
        self._alive_at = time.monotonic()
        # kombu checks only in a second without events, and we send nothing else: a busy relay would be cut.
        if self._consuming and self._alive_at - self._beat_at > BEAT_SECONDS:
            self._beat_at = self._alive_at
            self._consuming.heartbeat_check()

    def _on_message(self, message: Any) -> None:
        body = message.body if isinstance(message.body, bytes) else message.body.encode()
        if message.delivery_info["exchange"] == GATEWAYS.name:
            self._hear_gateway(body)
        else:
            self._hear(body, message.headers)

    def reconnected(self) -> bool:
        """Whether the queue is a new one since the last time this was asked."""
        fresh, self._fresh = self._fresh, False
        return fresh

    def check(self) -> None:
        """For the readiness probe; raises when nothing can be heard."""
        if self._consuming is None:
            raise ConnectionError("the relay is not connected")
        if time.monotonic() - self._alive_at > SILENT_SECONDS:
            raise ConnectionError("the relay does not move")

    def say(self, told: dict[str, Any]) -> None:
        """Tells all gateways something fleeting; where it can't be said at once it is left unsaid."""
        try:
            self._to_say.put_nowait(orjson.dumps(told))
        except Full:
            log.warning("gateway_message_dropped")

    def run_saying(self) -> None:
        """Runs for ever; one greenlet, so that one writer holds the connection."""
        while True:
            try:
                with Connection(self._amqp_uri, connect_timeout=5) as connection:
                    producer = Producer(connection.default_channel, exchange=GATEWAYS)
                    while True:
                        producer.publish(self._to_say.get(), content_encoding="binary", delivery_mode=1)
            except Exception as problem:
                log.warning("gateway_message_lost", problem=str(problem))
                time.sleep(1)
