"""What a live point costs: fleeting, as it is, and what it would cost as an event.

    TEST_DATABASE_URI=postgresql+psycopg2://... TEST_AMQP_URI=amqp://... python benchmarks/location_live.py

Location's own code on a real PostgreSQL, in a database made for it, without the call that brings the point.
Fleeting: the share's row is updated without waiting for the disk, and the point said on an exchange like that
of the gateways. As an event: the row is committed with one of the outbox, which the relay publishes and
deletes. Absolute numbers move with the machine and its disk; compare the rows of one run. The ways take
turns, so that a neighbour's load falls on both alike.
"""

import os
import time
from collections.abc import Callable

import orjson
import sqlalchemy as sa
from fresh import database_of
from kit import clock
from kit.caller import Caller
from kit.db import Transactions, connect
from kit.event import new_id
from kit.outbox import OutboxRelay
from kombu import Connection, Exchange, Producer
from location import shares
from location.events import ShareStarted
from location.geojson import Feature
from location.memberships import Membership, keep

ROOM, PEOPLE = new_id(), [new_id() for _ in range(50)]
ROUNDS, ROUND_SECONDS = 4, 2.0
Way = Callable[[int], None]


def point(number: int) -> Feature:
    geometry = {"type": "Point", "coordinates": [4.895168 + number / 1e6, 52.370216]}
    at = {"accuracy_m": 12, "recorded_at": clock.rfc3339(clock.now())}
    return Feature.read({"type": "Feature", "geometry": geometry, "properties": at})


def ways(transactions: Transactions, relay: OutboxRelay, say: Callable[[bytes], None]) -> dict[str, Way]:
    def fleeting(number: int) -> None:
        with transactions() as tx:
            share = shares.own_in(tx, PEOPLE[number % len(PEOPLE)], ROOM)
            shares.move(tx, share, point(number), 3600)
            told = share.feature()
        say(orjson.dumps({"type": "position", "group_id": ROOM, "feature": told}))

    def as_event(number: int) -> None:
        with transactions() as tx:
            share = shares.own_in(tx, PEOPLE[number % len(PEOPLE)], ROOM)
            shares.move(tx, share, point(number), 3600)
            tx.execute(sa.text("SET LOCAL synchronous_commit TO on"))
            tx.emit(ShareStarted.of(share))  # about as long as a point
        relay.publish_some()

    return {"fleeting": fleeting, "as an event": as_event}


def run(transactions: Transactions, amqp_uri: str) -> None:
    with transactions() as tx:
        for user_id in PEOPLE:
            keep(tx, Membership(ROOM, user_id, "staff", 1))
            shares.start(tx, Caller(user_id=user_id, session_id=new_id()), ROOM, 60)
    relay = OutboxRelay(transactions.engine, amqp_uri)
    while relay.publish_some():
        pass
    with Connection(amqp_uri) as connection:
        gateways = Exchange("benchmark-gateways", type="fanout", durable=False, auto_delete=True)
        producer = Producer(connection.default_channel, exchange=gateways)
        found = ways(transactions, relay, lambda body: producer.publish(body, delivery_mode=1))
        totals = {name: [0, 0.0, 0.0] for name in found}
        for turn in range(ROUNDS + 1):
            for name, way in found.items():
                points, began, used = 0, time.perf_counter(), time.process_time()
                while time.perf_counter() - began < ROUND_SECONDS:
                    way(points)
                    points += 1
                if turn:  # the first is for warming up
                    spent = points, time.perf_counter() - began, time.process_time() - used
                    totals[name] = [a + b for a, b in zip(totals[name], spent, strict=True)]
        gateways(connection.default_channel).delete()
    print(f"{'':<12} {'points/s':>9} {'ms':>6} {'cpu ms':>7}")
    for name, (points, seconds, used) in totals.items():
        ms, cpu = (1000 * value / points for value in (seconds, used))
        print(f"{name:<12} {points / seconds:>9.0f} {ms:>6.2f} {cpu:>7.2f}")


def main() -> None:
    with database_of("location") as target:
        engine = connect(target)
        run(Transactions(engine, "location"), os.environ["TEST_AMQP_URI"])
        engine.dispose()


if __name__ == "__main__":
    main()
