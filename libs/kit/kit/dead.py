"""Dead letters: events a service gave up on. They stay until someone sends them back."""

from collections.abc import Iterator
from typing import Any

import orjson
from amqp.exceptions import NotFound
from kombu import Producer

from kit import broker
from kit.clock import rfc3339
from kit.event import CONTENT_TYPE, open_envelope

LISTED = 1000


def _letters(amqp_uri: str, service: str, limit: int) -> Iterator[tuple[Any, Any]]:
    with broker.connect(amqp_uri) as connection:
        dead = broker.dead_queue(service)(connection.channel())
        try:
            dead.queue_declare(passive=True)
        except NotFound:
            return  # a service that never ran gave nothing up
        for _ in range(limit):
            message = dead.get(accept=None)
            if message is None:
                return
            yield message, connection


def listed(amqp_uri: str, service: str, most: int = LISTED) -> list[dict[str, Any]]:
    """The dead letters of a service, oldest first. They stay where they are."""
    rows, held = [], []
    for message, _ in _letters(amqp_uri, service, most):
        held.append(message)
        try:
            event = open_envelope(orjson.loads(broker.body(message)))
            said = {"type": event.type, "time": rfc3339(event.time)}
        except Exception:
            said = {"type": "unreadable", "time": ""}
        headers = message.headers or {}
        rows.append(
            {
                "id": message.properties.get("message_id"),
                **said,
                "reason": headers.get(broker.REASON, "killed its consumer too often"),
            }
        )
        if len(rows) == most:
            break
    return rows


def redrive(amqp_uri: str, service: str, event_id: str | None = None) -> int:
    """Sends dead letters back to the queue they came from.

    All of them (at most `LISTED`), or the one with this event's id. Each leaves the dead queue only after
    that queue has it. Returns how many went.
    """
    sent = set()
    for message, connection in _letters(amqp_uri, service, LISTED):
        letter = message.properties.get("message_id"), broker.body(message)
        # One that dies again at once is met again, and would go round until `LISTED`.
        if letter in sent or event_id not in (None, letter[0]):
            continue
        headers = message.headers or {}
        # The second is RabbitMQ's own, of what killed its consumer too often.
        home = headers.get(broker.HOME) or headers.get("x-first-death-queue")
        work = broker.work_queue(service).name
        broker.publish(
            Producer(connection.default_channel),
            letter[1],
            exchange="",
            routing_key=work if home == work else broker.hear_queue(service).name,
            content_type=CONTENT_TYPE,
            message_id=letter[0],
            headers={k: v for k, v in headers.items() if not k.startswith("x-")},
            mandatory=True,
        )
        message.ack()
        sent.add(letter)
    return len(sent)
