"""The broker's queues, and saying with publisher confirms.

    events (topic) --<type>.v<n>--> hear-<service> --give up--> dead-<service>
                                       ^   | failed
                                       |   v
                                    retry-<service> (a message waits its own time, behind those before it)

All are quorum queues. A service's events are heard from one queue by one active consumer, so they are
handled in the order they came while nothing fails; readers guard against the rest by versions.

What may be done in any order, by many at once, is work: events of the service's own, in a queue beside.

    events (topic) --<type>.v<n>--> work-<service> --give up--> dead-<service>
                                       ^   | later
                                       |   v
                                    delay-<service>-<seconds> (one queue a delay, so that nothing waits
                                       behind another)
"""

import random
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from amqp.exceptions import AccessRefused, NotFound
from kombu import Connection, Exchange, Producer, Queue, binding
from kombu.transport.pyamqp import Channel

from kit.config import Settings
from kit.observe import get_logger

log = get_logger(__name__)

EVENTS = Exchange("events", type="topic", durable=True)
ATTEMPT = "x-attempt"
REASON = "x-reason"
NOT_BEFORE = "x-not-before"
HOME = "x-home"
# Seconds that work can be put away for; longer waits go through several of them.
DELAYS = (1, 4, 16, 64, 256)
# A consumer killed while it holds an event has it delivered again; after this many it is a dead letter.
DELIVERY_LIMIT = 20
PUBLISH_SECONDS = 5.0
CONNECT_SECONDS = 5.0


def connect(amqp_uri: str, *, confirm: bool = True) -> Connection:
    """A connection for publishing, every wait bounded.

    Args:
        confirm: wait for the confirmation of each message; without, who publishes sees to it.
    """
    return Connection(
        amqp_uri,
        connect_timeout=5,
        transport_options={"confirm_publish": confirm, "read_timeout": 10, "write_timeout": 10},
    )


def publish_without_reading(channel: Channel) -> None:
    """For the connection of a channel, where another reads.

    py-amqp reads before each publish when it may be told of "blocked": a second reader, which takes bytes
    from the middle of the frame that the first one is waiting for.
    """
    channel.connection.client_properties["capabilities"]["connection.blocked"] = False


class _OnceConnected(Connection):
    """Is never connected anew, so that who reads learns when it is lost. kombu's own is made anew in silence
    when it is read after somebody who writes has met the loss; nobody consumes there, and writers have the
    lost one."""

    @property
    def connection(self) -> Any:
        if self._connection is not None and not self.connected:
            raise ConnectionResetError("The connection to the broker was lost.")
        return super().connection


def consume_connection(amqp_uri: str) -> Connection:
    """A connection for consuming: the broker notices within 20 s when it has gone."""
    return _OnceConnected(amqp_uri, connect_timeout=5, heartbeat=10)


def ensure(connection: Connection) -> None:
    """Waits until the broker lets us in; tries at least every 5 s, so that a restart is over soon."""

    def wait(problem: Exception, seconds: float) -> None:
        where = f"{connection.hostname}:{connection.port}"  # a setting left out is localhost
        log.warning("broker_away", broker=where, problem=str(problem), seconds=seconds)

    while True:
        try:
            connection.ensure_connection(
                wait, interval_start=0.5, interval_step=0.5, interval_max=CONNECT_SECONDS
            )
            return
        except AccessRefused as refused:  # a password that was changed at one end only
            seconds = backoff(1, CONNECT_SECONDS, CONNECT_SECONDS)
            wait(refused, seconds)
            time.sleep(seconds)


class Depth(NamedTuple):
    messages: int
    consumers: int


def depths(connection: Connection, service: str) -> dict[str, Depth]:
    """Of each queue of a service, by the queue's name; one that was never made is empty."""
    found = {}
    for kind in ("rpc", "hear", "retry", "dead"):
        name = f"{kind}-{service}"
        with connection.channel() as channel:
            try:
                told = channel.queue_declare(name, passive=True)
                found[name] = Depth(told.message_count, told.consumer_count)
            except NotFound:
                found[name] = Depth(0, 0)
    return found


def _quorum(name: str, **arguments: Any) -> Queue:
    return Queue(name, durable=True, queue_arguments={"x-queue-type": "quorum", **arguments})


def hear_queue(service: str, routing_keys: Iterable[str] = ()) -> Queue:
    """The queue of all events a service hears, bound to their routing keys."""
    queue = _quorum(
        f"hear-{service}",
        **{
            "x-single-active-consumer": True,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"dead-{service}",
        },
    )
    queue.bindings = {binding(EVENTS, routing_key=key) for key in routing_keys}
    return queue


def retry_queue(service: str) -> Queue:
    """Where a failed event waits; a message's own expiration returns it to the hear queue."""
    return _quorum(
        f"retry-{service}",
        **{
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"hear-{service}",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def dead_queue(service: str) -> Queue:
    """Where events end that could not be handled.

    Each look at them counts as a delivery, and RabbitMQ 4 would drop them after 20.
    """
    return _quorum(f"dead-{service}", **{"x-delivery-limit": 1_000_000})


def work_queue(service: str, routing_keys: Iterable[str] = ()) -> Queue:
    """The queue of all work a service gives its workers, bound to the routing keys of those events."""
    queue = _quorum(
        f"work-{service}",
        **{
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"dead-{service}",
        },
    )
    queue.bindings = {binding(EVENTS, routing_key=key) for key in routing_keys}
    return queue


def delay_queue(service: str, seconds: int) -> Queue:
    """Where work waits for so many seconds, one of `DELAYS`, and then returns to the work queue."""
    return _quorum(
        f"delay-{service}-{seconds}",
        **{
            "x-message-ttl": seconds * 1000,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"work-{service}",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def declare(
    connection: Connection, service: str, routing_keys: Iterable[str], work: Iterable[str] = ()
) -> None:
    """Makes a service's queues, so that nothing said before its first start is lost to it.

    Args:
        work: routing keys of the events that its workers take.
    """
    queues = [dead_queue(service), retry_queue(service), hear_queue(service, routing_keys)]
    if work:
        queues += [work_queue(service, work), *(delay_queue(service, seconds) for seconds in DELAYS)]
    with connection.channel() as channel:
        for queue in queues:
            queue(channel).declare()


def publish(producer: Producer, body: bytes, *, exchange: str, routing_key: str, **options: Any) -> None:
    """Publishes a persistent message and waits until the broker has it.

    Raises:
        Exception: it was not confirmed in time; it may or may not have arrived.
    """
    producer.publish(
        body,
        exchange=exchange,
        routing_key=routing_key,
        delivery_mode=2,
        content_encoding="binary",
        timeout=PUBLISH_SECONDS,
        confirm_timeout=PUBLISH_SECONDS,
        **options,
    )


def body(message: Any) -> bytes:
    """A message's body as it came; where there is none, kombu has a text instead of bytes."""
    return message.body.encode() if isinstance(message.body, str) else bytes(message.body)


def backoff(attempt: int, first: float, most: float) -> float:
    """Seconds before try number `attempt` + 1: doubling, bounded, with jitter of a quarter."""
    delay: float = min(most, first * 2 ** min(attempt - 1, 30))
    return delay * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret


def delay_of(settings: Settings, attempt: int) -> float:
    """Seconds an event waits after its failed try number `attempt`."""
    return backoff(attempt, settings.HEAR_RETRY_SECONDS, settings.HEAR_RETRY_MAX_SECONDS)
