"""The outbox's relay: publishes what was committed at once, and by looking for what was left."""

import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from datetime import timedelta

import sqlalchemy as sa
from kombu import Connection
from kombu.transport.pyamqp import Channel

from kit import broker
from kit.db import INBOX, OUTBOX, REPLIES, Unsaid
from kit.event import CONTENT_TYPE
from kit.observe import OUTBOX_AGE, SAID, get_logger

log = get_logger(__name__)

BATCH = 200
# Rows already published leave many at a time: to delete each by itself cost more than to publish it.
DELETE_SECONDS, DELETE_MOST = 0.2, 500
# Looks after which a row counts as left: by then the process that committed it has said it, if it lives.
OLD = 5
FORGET_EVERY_SECONDS = 600.0
# Longer than any event could still be redelivered, and than a client may repeat a request (24 h).
INBOX_DAYS, REPLY_DAYS = 14, 3


class OutboxRelay:
    """One thread a process, which publishes what the process itself has just committed.

    A row leaves after the broker's confirm. A process that dies before leaves the row; whoever looks finds
    that it has grown old, and the event is said, perhaps again: readers have an inbox for that. Those who
    look share the work: an old row is claimed by its lock, never by two. When the broker was away all of the
    table is looked through, in its order, before anything newer is said.

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
        self._fresh: deque[Unsaid] = deque()
        self._said: list[int] = []
        self._behind = False
        self._look_at = self._delete_at = 0.0
        self._connection: Connection | None = None
        self._channel: Channel | None = None
        self._number = 0
        self._unconfirmed: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._forgot_at = time.monotonic()

    def start(self) -> None:
        self._thread.start()

    def say(self, rows: list[Unsaid]) -> None:
        """These were committed: publish them now."""
        self._fresh.extend(rows)
        self._wake.set()

    def stop(self) -> None:
        """Publishes what can be published at once, then ends."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        failures = 0
        while True:
            stopping = self._stopping
            try:
                wait = self._turn()
                failures = 0
            except Exception as problem:
                failures += 1
                wait = broker.backoff(failures, self.poll, 5.0)
                log.warning("outbox_waits", problem=str(problem), seconds=round(wait, 1))
                self._behind = True
                self._disconnect()
            if stopping:
                self._disconnect()
                return
            self._wake.wait(wait)
            self._wake.clear()

    def _turn(self) -> float:
        """All there is to do; returns the seconds until there is more without being woken."""
        if self._behind:
            self._delete()
            self._fresh.clear()
            self._publish_old(timedelta(0))
            self._behind = False
        self._publish_fresh()
        began = time.monotonic()
        look = began >= self._look_at
        if self._stopping or look or len(self._said) >= DELETE_MOST or began >= self._delete_at:
            self._delete()
        if look:
            self._publish_old(timedelta(seconds=OLD * self.poll))
            self._forget_old()
            self._look_at = began + broker.backoff(1, self.poll, self.poll)
        due = min(self._look_at, self._delete_at) if self._said else self._look_at
        return max(0.0, due - began)

    def _publish_fresh(self) -> None:
        while self._fresh:
            rows = [self._fresh.popleft() for _ in range(min(BATCH, len(self._fresh)))]
            self._publish(sorted(rows, key=lambda row: int(row["id"])))
            if not self._said:
                self._delete_at = time.monotonic() + DELETE_SECONDS
            self._said += [row["id"] for row in rows]

    def _publish_old(self, age: timedelta) -> None:
        while self.publish_some(age) == BATCH:
            pass

    def publish_some(self, age: timedelta = timedelta(0)) -> int:
        """Publishes up to `BATCH` rows of that age, oldest first, and returns how many."""
        with self.engine.begin() as connection:
            # By the clock of the database, for ours need not agree with that of whoever wrote the row.
            said = (sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)) - OUTBOX.c.said_at).label("age")
            rows = (
                connection.execute(
                    sa.select(OUTBOX, said)
                    .where(said >= age)
                    .order_by(OUTBOX.c.id)
                    .limit(BATCH)
                    .with_for_update(skip_locked=True)
                )
                .mappings()
                .all()
            )
            OUTBOX_AGE.set(rows[0]["age"].total_seconds() if rows else 0)
            if not rows:
                return 0
            # Losing this commit costs a repetition, which is allowed: no wait for the disk.
            connection.execute(sa.text("SET LOCAL synchronous_commit TO off"))
            self._publish(rows)
            connection.execute(_without([row["id"] for row in rows]))
            published = {row["id"] for row in rows}
        # What has been committed meanwhile may have been among them.
        for _ in range(len(self._fresh)):
            if (row := self._fresh.popleft())["id"] not in published:
                self._fresh.append(row)
        return len(rows)

    def _delete(self) -> None:
        if self._said:
            with self.engine.begin() as connection:
                connection.execute(sa.text("SET LOCAL synchronous_commit TO off"))
                connection.execute(_without(self._said))
            self._said = []

    def _publish(self, rows: Sequence[sa.RowMapping | Unsaid]) -> None:
        """Publishes all of them, then waits until the broker has them."""
        channel = self._confirming()
        for row in rows:
            message = channel.prepare_message(
                row["body"],
                content_type=CONTENT_TYPE,
                content_encoding="binary",
                headers=row["headers"],
                properties={"message_id": row["event_id"], "delivery_mode": 2},
            )
            self._number += 1
            self._unconfirmed.add(self._number)
            channel.basic_publish(
                message,
                exchange=broker.EVENTS.name,
                routing_key=row["type"],
                timeout=broker.PUBLISH_SECONDS,
            )
        while self._unconfirmed:
            channel.connection.drain_events(timeout=broker.PUBLISH_SECONDS)
        for row in rows:
            SAID.labels(row["type"]).inc()

    def _confirming(self) -> Channel:
        """The channel on which the broker confirms; a new connection where there is none."""
        if self._channel is None or self._channel.connection is None:
            self._disconnect()
            self._connection = broker.connect(self._amqp_uri, confirm=False)
            self._connection.connect()
            channel: Channel = self._connection.default_channel
            broker.publish_without_reading(channel)
            broker.EVENTS(channel).declare()
            channel.confirm_select()
            channel.events["basic_ack"].add(self._on_confirm)
            channel.events["basic_nack"].add(self._on_refusal)
            self._number, self._channel = 0, channel
            self._unconfirmed.clear()
        return self._channel

    def _on_confirm(self, number: int, multiple: bool) -> None:
        self._unconfirmed -= {n for n in self._unconfirmed if n <= number} if multiple else {number}

    def _on_refusal(self, number: int, multiple: bool) -> None:
        raise ConnectionError("the broker refused an event")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.release()
            self._connection = self._channel = None

    def _forget_old(self) -> None:
        if time.monotonic() - self._forgot_at < FORGET_EVERY_SECONDS:
            return
        self._forgot_at = time.monotonic()
        with self.engine.begin() as connection:
            for table, column, days in ((INBOX, "heard_at", INBOX_DAYS), (REPLIES, "at", REPLY_DAYS)):
                old = table.c[column] < sa.func.now() - sa.text(f"interval '{days} days'")
                keys = sa.select(*table.primary_key).where(old).limit(5000).with_for_update(skip_locked=True)
                connection.execute(sa.delete(table).where(sa.tuple_(*table.primary_key).in_(keys)))


def _without(ids: Collection[int]) -> sa.Delete:
    return sa.delete(OUTBOX).where(
        OUTBOX.c.id == sa.any_(sa.cast(sa.literal(list(ids)), sa.ARRAY(sa.BigInteger)))
    )
