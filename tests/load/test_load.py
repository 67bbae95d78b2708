"""A little of what `make load` does, on the stack of all tests."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

import pytest
from client import Connected, Person, Someone, new_id, room_of
from crowd import Member
from faults import send_signal
from gateway.settings import GatewaySettings
from kit import broker
from stack import Stack

AT_ONCE = GatewaySettings.model_fields["CALLS_AT_ONCE"].default
SOCKETS_OF_EACH = 12


@contextmanager
def hanging(stack: Stack, *names: str) -> Iterator[None]:
    pids = [stack.pid(name) for name in names]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_what_is_too_much_for_a_service_is_refused_at_once_and_all_is_well_when_it_is_over(
    stack: Stack, someone: Someone, connected: Connected
) -> None:
    ann = someone()
    group = room_of(ann)
    device = connected(ann)
    device.send(group, "Before")
    beyond = AT_ONCE // 2

    def ask(_: int) -> tuple[int, str | None]:
        # Each over a connection of its own.
        person = Person(stack.urls, ann.username, ann.password)
        person.token = ann.token
        answer = person.raw("GET", f"/api/v1/groups/{group}/timeline")
        return answer.status_code, answer.headers.get("Retry-After")

    with ThreadPoolExecutor(AT_ONCE + beyond) as pool:
        with hanging(stack, "chat.1", "chat.2"):
            asked = [pool.submit(ask, n) for n in range(AT_ONCE + beyond)]
            refused = [next(answers).result() for answers in [as_completed(asked)] for _ in range(beyond)]
            # Nobody else is kept waiting, and what waits is bounded.
            assert ann.get("/me")["id"] == ann.id
            with broker.connect(stack.amqp_uri) as connection:
                assert broker.depths(connection, "chat")["rpc-chat"].messages <= 2 * AT_ONCE
        answers = Counter(one.result() for one in asked)
    assert Counter(refused) == {(503, "1"): beyond}
    assert answers == {(200, None): AT_ONCE, (503, "1"): beyond}
    assert device.send(group, "After")["text"] == "After"


def test_all_sockets_of_a_gateway_that_was_killed_are_soon_back_with_what_they_missed(
    stack: Stack, someone: Someone
) -> None:
    people = [someone() for _ in range(4)]
    group = room_of(*people)
    said = [f"Meanwhile {new_id()}" for _ in range(5)]

    async def storm() -> tuple[list[Member], Counter[str], int]:
        why: Counter[str] = Counter()
        crowd = [
            Member(stack.urls[1], person.token or "", group, why)
            for person in people
            for _ in range(SOCKETS_OF_EACH)
        ]
        speaker = Member(stack.urls[0], people[0].token or "", group, Counter())
        async with asyncio.timeout(180):
            await asyncio.gather(*(one.has(0) for one in (*crowd, speaker)))
            await asyncio.to_thread(send_signal, stack, "gateway.2", signal.SIGKILL)
            last = [await speaker.send(text) for text in said][-1]["seq"]
            await asyncio.gather(*(one.has(last) for one in crowd))
        for one in (*crowd, speaker):
            await one.leave()
        return crowd, why, last

    crowd, why, last = asyncio.run(storm())
    assert [one.broken for one in crowd] == [[] for _ in crowd]
    assert [one.last for one in crowd] == [last] * len(crowd)
    assert why["closed with 1006"] >= len(crowd)


@pytest.fixture(autouse=True)
def ready_after(stack: Stack) -> Iterator[None]:
    """What comes next finds everything well."""
    yield
    stack.wait_ready()
