"""What search costs, beside pg_trgm on the same texts: milliseconds a page, bytes and microseconds a message.

    TEST_DATABASE_URI=postgresql+psycopg2://... python benchmarks/chat_search.py [messages] [rooms]

Chat's own code on a real PostgreSQL, in a database made for it: a million messages in 2000 rooms of very
different size, two of three in a made-up alphabetic language, one in Chinese. Each search is made three times
and the best counts, `-` where it took longer than the services allow. Absolute numbers move with the machine
and its neighbours; compare the rows of one run.
"""

import itertools
import random
import sys
import time
from collections.abc import Callable

import sqlalchemy as sa
from chat import search
from fresh import database_of
from kit.clock import now
from kit.db import Transactions, connect
from kit.event import new_id
from kit.fields import contains

MESSAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
ROOMS = [new_id() for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 2000)]
AT_ONCE, LIMIT = 2000, 50
CHANCE = random.Random(7)

TRIGRAMS = sa.text("""
    SELECT group_id, seq, at FROM findable WHERE group_id = ANY (CAST(:group_ids AS uuid[]))
    AND text LIKE ALL (CAST(:patterns AS text[])) ORDER BY at DESC, group_id DESC, seq DESC LIMIT :most
""")


def words(number: int) -> list[str]:
    """Made of syllables."""
    begin = ["b", "c", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl"]
    middle, end = ["a", "e", "i", "o", "u", "ai", "ou"], ["", "n", "s", "r", "t"]

    def word() -> str:
        return "".join(
            CHANCE.choice(begin) + CHANCE.choice(middle) for _ in range(CHANCE.choice((1, 2, 2, 3)))
        ) + CHANCE.choice(end)

    return list(dict.fromkeys(word() for _ in range(number)))


def falling(number: int, start: int) -> list[float]:
    """Cumulated weights, each less than the one before, as words and rooms have them."""
    return list(itertools.accumulate(1 / (i + start) for i in range(number)))


WORDS, CHARACTERS = words(30_000), [chr(0x4E00 + CHANCE.randrange(20_000)) for _ in range(3500)]
OF_WORDS, OF_CHARACTERS = falling(len(WORDS), 3), falling(len(CHARACTERS), 8)
OF_ROOMS = falling(len(ROOMS), 5)


def says() -> str:
    if CHANCE.random() < 1 / 3:
        return "".join(CHANCE.choices(CHARACTERS, cum_weights=OF_CHARACTERS, k=CHANCE.randint(4, 40)))
    return " ".join(CHANCE.choices(WORDS, cum_weights=OF_WORDS, k=CHANCE.randint(3, 28)))


def fill(transactions: Transactions) -> None:
    """Writes the messages as chat does, and puts their grams away as its clock does."""
    last = dict.fromkeys(ROOMS, 0)
    kept = tidied = 0.0
    for start in range(0, MESSAGES, AT_ONCE):
        rows = []
        for group_id in CHANCE.choices(ROOMS, cum_weights=OF_ROOMS, k=min(AT_ONCE, MESSAGES - start)):
            last[group_id] += 1
            rows.append(
                {"group_id": group_id, "seq": last[group_id], "at": now(), "text": says(), "body": None}
            )
        began = time.perf_counter()
        with transactions() as tx:
            search.keep(tx, rows)
        kept += time.perf_counter() - began
        began = time.perf_counter()
        with transactions() as tx:
            search.tidy(tx)
        tidied += time.perf_counter() - began
    print(f"{MESSAGES} messages, the largest room has {max(last.values())}")
    print(f"us a message: {1e6 * kept / MESSAGES:.0f} on the way, {1e6 * tidied / MESSAGES:.0f} by the clock")


def best(work: Callable[[], list[object]]) -> str:
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        try:
            found = len(work())
        except sa.exc.OperationalError:
            return f"{'-':>14}"
        seconds.append(time.perf_counter() - began)
    return f"{1000 * min(seconds):>9.1f} {found:>4}"


def run(transactions: Transactions, trigrams: bool) -> None:
    sample = [says() for _ in range(2000)]
    chinese = next(text for text in sample if len(text) > 20 and " " not in text)
    queries = {
        "frequent word": WORDS[0],
        "middling word": next(word for word in WORDS[500:] if len(word) > 5),
        "rare word": next(word for word in WORDS[20_000:] if len(word) > 5),
        "part of a word": next(word for word in WORDS[500:] if len(word) > 6)[1:-1],
        "two words": f"{WORDS[20]} {WORDS[40]}",
        "frequent character": CHARACTERS[0],
        "rare character": CHARACTERS[3000],
        "two characters": CHARACTERS[2] + CHARACTERS[5],
        "four characters": chinese[3:7],
    }
    callers = {
        "in the largest room": ROOMS[:1],
        "in a small room": ROOMS[-1:],
        "in 50 rooms": ROOMS[3 :: len(ROOMS) // 50][:50],
        "in 1000 rooms": ROOMS[:1000],
    }
    for caller, rooms in callers.items():
        print(f"\n{caller:<20} {'grams':>14} {'pg_trgm':>14}   (ms, found)")
        for name, query in queries.items():
            wanted = search.terms(query)
            told = {"group_ids": rooms, "patterns": [contains(term) for term in wanted], "most": LIMIT + 1}

            def grams(rooms: list[str] = rooms, wanted: list[str] = wanted) -> list[object]:
                with transactions() as tx:
                    return list(search.find(tx, rooms, wanted, None, LIMIT))

            def compared(told: dict[str, object] = told) -> list[object]:
                with transactions() as tx:
                    return list(tx.execute(TRIGRAMS, told))

            print(f"{name:<20} {best(grams)} {best(compared) if trigrams else ''}", flush=True)


def main() -> None:
    with database_of("chat") as target:
        engine = connect(target)
        transactions = Transactions(engine, "chat")
        fill(transactions)
        slow = sa.create_engine(
            target, isolation_level="AUTOCOMMIT"
        )  # an index takes longer than a service may
        with slow.connect() as connection:
            extensions = connection.scalars(sa.text("SELECT name FROM pg_available_extensions"))
            if trigrams := "pg_trgm" in set(extensions):
                connection.execute(sa.text("CREATE EXTENSION pg_trgm"))
                connection.execute(sa.text("CREATE INDEX compared ON findable USING gin (text gin_trgm_ops)"))
            connection.execute(sa.text("VACUUM ANALYZE findable"))
            for what, like in (
                ("rows", "findable_part_%"),
                ("grams", "%grams_idx"),
                ("pg_trgm", "%text_idx"),
            ):
                size = connection.scalar(
                    sa.text(
                        "SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relname LIKE :like "
                        "AND (relkind = 'i') = (:like LIKE '%idx')"
                    ),
                    {"like": like},
                )
                print(f"bytes a message: {what} {int(size or 0) / MESSAGES:.0f}")
        slow.dispose()
        run(transactions, trigrams)
        engine.dispose()


if __name__ == "__main__":
    main()
