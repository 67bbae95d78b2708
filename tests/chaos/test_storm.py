"""A small storm on the stack of all tests; `make chaos` makes large ones on a stack of its own."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from checker import check
from client import Someone
from faults import FAULTS, World
from stack import Stack
from standins import LocalFcm
from storm import Storm

pytestmark = pytest.mark.usefixtures("books")
SEED, COUNT = 7, 12
# What takes long to come back from is left to the large ones.
QUICK = {
    name: fault
    for name, fault in FAULTS.items()
    if name not in ("kill-host", "kill-program", "restart-server", "fill-broker", "hang")
}


def test_nothing_is_lost_in_a_storm_and_the_checker_would_have_noticed(
    stack: Stack, someone: Someone, fcm: LocalFcm
) -> None:
    said: list[str] = []
    with Storm(World(stack, fcm), someone) as storm:
        storm.strike(COUNT, random.Random(SEED), QUICK, said.append)
        evidence = storm.settle()
    assert check(evidence) == [], said
    promised = Counter(fact["kind"] for fact in evidence.facts)
    assert promised.keys() >= {"entry", "join", "leave", "task", "news", "share", "report"}

    # One message less in what was promised is no matter; one more, or another, is found.
    listeners = [{**one, "rooms": {**one["rooms"]}, "told": [*one["told"]]} for one in evidence.listeners]
    first = next(fact for fact in evidence.facts if fact["kind"] == "entry")
    never = {**first, "entry": {**first["entry"], "id": first["entry"]["client_id"]}}
    stranger = listeners[-1]
    stranger["told"] = [(first["at"], first["group_id"], first["entry"]["seq"])]
    wrong = check(
        replace(
            evidence,
            facts=[*evidence.facts, never],
            listeners=listeners,
            events=[e for e in evidence.events if not e["type"].startswith("chat.entries_appended.")],
            pushed=[],
        )
    )
    found = {sentence.partition(":")[0] for sentence in wrong}
    assert found == {"acknowledged_once", "nothing_leaked", "all_said", "no_push_lost"}
