"""What each service's user of the broker may do is what its code does, and no more."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from kit import broker, config, contract
from kit.event import new_id
from kit.rpc import RPC
from kit.service import Ask, heard_by
from rights import ASKS, SERVICES, UUID, rights

FOLDER = Path(__file__).parents[2] / "services"
CLASSES = {name: config.named(FOLDER / name / "config.yml", "service") for name in SERVICES}
MODULES = {name: config.named(FOLDER / name / "config.yml", "events") for name in SERVICES}


def asked_by(service: type[Any]) -> set[str]:
    return {ask.service for _, ask in inspect.getmembers(service, lambda member: isinstance(member, Ask))}


def test_every_service_has_its_rights() -> None:
    assert {path.parent.name for path in FOLDER.glob("*/config.yml")} == set(ASKS)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_ask_whom_it_asks(name: str) -> None:
    assert asked_by(CLASSES[name]) == set(ASKS[name])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_what_it_does_with_what_is_its_own_only(name: str) -> None:
    may = rights(name)
    queues = [make(name).name for make in (broker.hear_queue, broker.retry_queue, broker.dead_queue)]
    queues += [broker.work_queue(name).name, *(broker.delay_queue(name, s).name for s in broker.DELAYS)]
    own = [*queues, f"rpc-{name}", f"rpc.reply-{name}-{new_id()}"]
    for pattern in (may.configure, may.read, may.write):
        assert all(re.search(pattern, queue) for queue in own)
        for other in set(SERVICES) - {name}:
            assert not [queue for queue in own if re.search(pattern, queue.replace(name, other))]
    said, heard = may.topics[broker.EVENTS.name]
    assert all(re.search(said, event.routing_key()) for event in contract.said_in(MODULES[name]))
    assert all(re.search(heard, event.routing_key()) for event in heard_by(CLASSES[name]))
    asks, answers = may.topics[RPC.name]
    assert re.fullmatch(UUID, new_id())
    assert all(re.search(asks, key) for key in (new_id(), *(f"{other}.get" for other in ASKS[name])))
    assert all(re.search(answers, key) for key in (new_id(), f"{name}.*"))
    for other in set(SERVICES) - {name, *ASKS[name]}:
        assert not re.search(asks, f"{other}.get")
        assert not re.search(answers, f"{other}.*")
        assert not re.search(said, f"{other}.something.v1")
