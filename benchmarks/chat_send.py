"""What carrying many messages in one `send` is worth: rows a second at 1, 10 and 50 messages a call.

    TEST_DATABASE_URI=postgresql+psycopg2://... python benchmarks/chat_send.py

Chat's own code on a real PostgreSQL, with no broker and one caller, in a database made for it. Absolute
numbers move with the machine and its disk; compare the rows of one run. The sizes take turns, so that a
neighbour's load falls on all of them alike.
"""

import time
from uuid import uuid4

from chat import timeline
from chat.memberships import Membership, keep
from chat.requests import Draft
from fresh import database_of
from kit.db import Transactions, connect
from kit.event import new_id

SIZES = (1, 10, 50)
ROUNDS, ROUND_SECONDS = 4, 1.0
ROOMS = [new_id() for _ in range(5)]
PEOPLE = [new_id() for _ in range(10)]


def drafts(size: int, call: int) -> list[Draft]:
    """Messages of many people in a few rooms, as they come together while a call is under way."""
    return [
        Draft(
            sender_id=PEOPLE[(call + i) % len(PEOPLE)],
            group_id=ROOMS[(call + i) % len(ROOMS)],
            client_id=str(uuid4()),
            text="See the numbers for November, they came in better than we thought last week. " * 2,
        )
        for i in range(size)
    ]


def measure(transactions: Transactions, size: int) -> tuple[int, float]:
    """Calls made in one round, and the seconds it took."""
    calls, started = 0, time.perf_counter()
    while time.perf_counter() - started < ROUND_SECONDS:
        batch = drafts(size, calls)
        with transactions() as tx:
            timeline.send(tx, batch, {})
        calls += 1
    return calls, time.perf_counter() - started


def run(transactions: Transactions) -> None:
    with transactions() as tx:
        keep(tx, [Membership(room, user, "staff", 1) for room in ROOMS for user in PEOPLE])
    for size in SIZES:
        measure(transactions, size)
    totals = {size: [0, 0.0] for size in SIZES}
    for _ in range(ROUNDS):
        for size in SIZES:
            calls, seconds = measure(transactions, size)
            totals[size][0] += calls
            totals[size][1] += seconds
    base = totals[1][0] / totals[1][1]
    print(f"{'messages a call':>15} {'rows/s':>9} {'ratio':>7} {'ms a call':>10}")
    for size, (calls, seconds) in totals.items():
        rows = calls * size / seconds
        print(f"{size:>15} {rows:>9.0f} {rows / base:>7.1f} {1000 * seconds / calls:>10.2f}")


def main() -> None:
    with database_of("chat") as target:
        engine = connect(target)
        run(Transactions(engine, "chat"))
        engine.dispose()


if __name__ == "__main__":
    main()
