"""The outbox's relay: publishes what was committed at once, and by polling what was left."""

import threading
import time

import sqlalchemy as sa
from kombu import Connection, Producer

from kit import broker
from kit.clock import now
from kit.db import INBOX, OUTBOX, REPLIES
from kit.event import CONTENT_TYPE
from kit.observe import OUTBOX_AGE, SAID, get_logger

log = get_logger(__name__)

BATCH = 200
FORGET_EVERY_SECONDS = 600.0
# Longer than any event could still be redelivered, and than a client may repeat a request (24 h).
INBOX_DAYS, REPLY_DAYS = 14, 3


class OutboxRelay:
    """One thread a process. Replicas share the work: a row is claimed by its lock, never by two.

    A row is deleted in the transaction that holds its lock, after the broker's confirm. A process that
    dies in between leaves the row, and the event is said again: readers have an inbox for that.

    Args:
        engine: of the service's schema.
        amqp_uri: the broker.
        poll: seconds between looks for rows nobody published.
    """

    def __init__(self, engine: sa.Engine, amqp_uri: str, poll: float = 1.0) -> None:
        self.engine = engine
        self.poll = poll
        self._amqp_uri = amqp_uri
        self._wake = threading.Event()
        self._stopping = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._forgot_at = time.monotonic()

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something was committed: look now."""
        self._wake.set()

    def stop(self) -> None:
        """Publishes what can be published at once, then ends."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        failures = 0
        while True:
            try:
                while self.publish_some() == BATCH:
                    pass
                self._forget_old()
                failures = 0
                wait = broker.backoff(1, self.poll, self.poll)
            except Exception as problem:
                failures += 1
                wait = broker.backoff(failures, self.poll, 5.0)
                log.warning("outbox_waits", problem=str(problem), seconds=round(wait, 1))
                self._disconnect()
            if self._stopping:
                self._disconnect()
                return
            self._wake.wait(wait)
            self._wake.clear()

    def publish_some(self) -> int:
        """Publishes up to `BATCH` rows, oldest first, and returns how many."""
        with self.engine.begin() as connection:
            # Losing this commit costs a repetition, which is allowed: no wait for the disk.
            connection.execute(sa.text("SET LOCAL synchronous_commit TO off"))
            rows = connection.execute(
                sa.select(OUTBOX).order_by(OUTBOX.c.id).limit(BATCH).with_for_update(skip_locked=True)
            ).all()
            if not rows:
                OUTBOX_AGE.set(0)
                return 0
            OUTBOX_AGE.set((now() - rows[0].said_at).total_seconds())
            producer = self._producer()
            for row in rows:
                broker.publish(
                    producer,
                    row.body,
                    exchange=broker.EVENTS.name,
                    routing_key=row.type,
                    content_type=CONTENT_TYPE,
                    message_id=row.event_id,
                    headers=row.headers,
                )
                SAID.labels(row.type).inc()
            connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.id.in_([row.id for row in rows])))
        return len(rows)

    def _producer(self) -> Producer:
        if self._connection is None or not self._connection.connected:
            self._connection = broker.connect(self._amqp_uri)
            self._connection.connect()
            broker.EVENTS(self._connection.default_channel).declare()
        return Producer(self._connection.default_channel)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.release()
            self._connection = None

    def _forget_old(self) -> None:
        if time.monotonic() - self._forgot_at < FORGET_EVERY_SECONDS:
            return
        self._forgot_at = time.monotonic()
        with self.engine.begin() as connection:
            for table, column, days in ((INBOX, "heard_at", INBOX_DAYS), (REPLIES, "at", REPLY_DAYS)):
                old = table.c[column] < sa.func.now() - sa.text(f"interval '{days} days'")
                keys = sa.select(*table.primary_key).where(old).limit(5000).with_for_update(skip_locked=True)
                connection.execute(sa.delete(table).where(sa.tuple_(*table.primary_key).in_(keys)))
