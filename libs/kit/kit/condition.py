"""How a service is: what waits in its queues and in its outbox, and who it is."""

from typing import Any

import sqlalchemy as sa
from kombu import Connection

from kit import broker, dead
from kit.clock import now, rfc3339
from kit.db import OUTBOX, Transaction, Transactions, connect
from kit.observe import OUTBOX_LENGTH, QUEUE_CONSUMERS, QUEUE_MESSAGES, Check, version_of

SINCE = now()
# A longer outbox is no other trouble, and not worth counting to its end.
COUNTED = 10_000
LETTERS_SHOWN = 20


def ready(database_uri: str, amqp_uri: str, name: str) -> dict[str, Check]:
    """Whether a process reaches what it needs, as its `/readyz` asks.

    Args:
        name: of the process, for the database to show.
    """
    engine = connect(database_uri, pool=1, name=f"bchat-{name}-probe")

    def ping_database() -> None:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))

    def ping_broker() -> None:
        with Connection(amqp_uri, connect_timeout=2) as connection:
            connection.connect()

    return {"database": ping_database, "broker": ping_broker}


def outbox(tx: Transaction) -> tuple[int, float]:
    """How many events wait to be said, counted up to `COUNTED`, and the age of the oldest in seconds."""
    some = sa.select(OUTBOX.c.said_at).limit(COUNTED).subquery()
    length = tx.scalar(sa.select(sa.func.count()).select_from(some)) or 0
    oldest = tx.scalar(sa.select(OUTBOX.c.said_at).order_by(OUTBOX.c.id).limit(1))
    return length, max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0


def _depths(amqp_uri: str, service: str) -> dict[str, broker.Depth]:
    with broker.connect(amqp_uri) as connection:
        return broker.depths(connection, service)


def measure(amqp_uri: str, service: str, db: Transactions) -> None:
    """Brings the gauges of what waits up to date."""
    with db() as tx:
        OUTBOX_LENGTH.set(outbox(tx)[0])
    for name, depth in _depths(amqp_uri, service).items():
        QUEUE_MESSAGES.labels(name).set(depth.messages)
        QUEUE_CONSUMERS.labels(name).set(depth.consumers)


def told(amqp_uri: str, service: str, package: str, db: Transactions) -> dict[str, Any]:
    """The condition as data."""
    with db() as tx:
        length, oldest = outbox(tx)
    depths = _depths(amqp_uri, service)
    count = depths[f"dead-{service}"].messages
    return {
        "version": version_of(package),
        "since": rfc3339(SINCE),
        "replicas": depths[f"rpc-{service}"].consumers,
        "waiting": {
            "calls": depths[f"rpc-{service}"].messages,
            "events": depths[f"hear-{service}"].messages,
            "retries": depths[f"retry-{service}"].messages,
        },
        "outbox": {"length": length, "oldest_seconds": oldest},
        "dead": {
            "count": count,
            "letters": dead.listed(amqp_uri, service, LETTERS_SHOWN) if count else [],
        },
    }
