"""What a message costs push in a room where everybody is asleep: statements and processor time a phone.

    TEST_DATABASE_URI=postgresql+psycopg2://... python benchmarks/push_asleep.py [people]

Push's own code on a real PostgreSQL, in a database made for it, with no broker; the push service answers at
once, so what the call itself costs (a millisecond of processor) is not in it. Compare the rows of one run.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa
from fresh import database_of
from kit import clock
from kit.db import Transactions, connect
from kit.event import new_id
from push import notices, tellings
from push.events import ToBeSent
from push.models import Delivery
from push.outcomes import Outcome, Sent
from push.settings import PushSettings
from push.worker import Worker
from sqlalchemy.engine import Engine

SETTINGS = {"AMQP_URI": "amqp://nowhere", "FCM_CREDENTIALS": "given", "PUSH_WAIT_SECONDS": 0}
ROOM, SENDER = new_id(), new_id()
PEOPLE = [
    "INSERT INTO people (id, display_name, own_version) SELECT gen_random_uuid(), 'P' || n, 1"
    " FROM generate_series(1, :people) n",
    "INSERT INTO members (group_id, user_id, role, version) SELECT :room, id, 'staff', 1 FROM people",
    "INSERT INTO devices (id, user_id, device_id, session_id, platform, channel, address, address_digest,"
    " registered_at) SELECT gen_random_uuid(), id, 'phone', gen_random_uuid(), 'android', 'fcm', id::text,"
    " sha256(id::text::bytea), now() FROM people",
]


class AtOnce:
    """A push service that takes everything."""

    def service_of(self, device: Any) -> str:
        return "fcm"

    def send(self, *_: Any) -> Outcome:
        return Sent()


def run(engine: Engine, people: int) -> None:
    settings = PushSettings(DATABASE_URI=str(engine.url), **SETTINGS)
    db = Transactions(engine, "push")
    with db() as tx:
        for statement in PEOPLE:
            tx.execute(sa.text(statement), {"people": people, "room": ROOM})
    statements = 0

    def count(*_: Any) -> None:
        nonlocal statements
        statements += 1

    sa.event.listen(engine, "before_cursor_execute", count)

    def measure(what: str, do: Callable[[], Any]) -> None:
        nonlocal statements
        statements, processor, wall = 0, time.process_time(), time.perf_counter()
        do()
        ms, speed = 1000 * (time.process_time() - processor) / people, people / (time.perf_counter() - wall)
        print(f"{what:>8} {statements / people:>12.3f} {ms:>12.3f} {speed:>12.0f}")

    def hear() -> None:
        entry = {
            "kind": "text",
            "seq": 1,
            "text": "Hello.",
            "sender_id": SENDER,
            "at": clock.rfc3339(clock.now()),
        }
        with db() as tx:
            notices.hear_entries(tx, settings, ROOM, [entry])

    def ask() -> None:
        while True:
            with db() as tx:
                if not tellings.tell_due(tx, settings):
                    return

    def send() -> None:
        worker = Worker(db, settings, AtOnce(), None)  # type: ignore[arg-type]
        with ThreadPoolExecutor(settings.PUSH_AT_ONCE) as threads:
            list(threads.map(worker.send, [ToBeSent(delivery_id=one) for one in asked]))

    print(f"{'step':>8} {'statements':>12} {'ms':>12} {'a second':>12}   for each of {people} phones")
    measure("hear", hear)
    measure("ask", ask)
    with db() as tx:
        asked = list(tx.scalars(sa.select(Delivery.id)))
    measure("send", send)
    with db() as tx:
        sent = tx.scalar(sa.select(sa.func.count()).where(Delivery.state == "sent"))
    assert sent == people, sent


def main() -> None:
    with database_of("push") as target:
        engine = connect(target, pool=30)
        run(engine, int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
        engine.dispose()


if __name__ == "__main__":
    main()
