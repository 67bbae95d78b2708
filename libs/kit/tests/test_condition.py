"""A service tells how it is, to whom that concerns."""

import pytest
from kit.caller import Caller
from kit.errors import Forbidden
from kit.testing import customer, staff
from world import World, until


def test_it_tells_of_its_replicas_queues_outbox_and_dead_letters(world: World) -> None:
    world.serve()
    process = world.serve(HEAR_ATTEMPTS="1")
    told = world.call("condition")
    assert told["replicas"] == 2
    assert told["dead"] == {"count": 0, "letters": []}
    assert told["outbox"] == {"length": 0, "oldest_seconds": 0.0}
    assert told["waiting"] == {"calls": 0, "events": 0, "retries": 0}
    assert told["work"] == []

    world.publish({"unlike": "a note"})
    told = until(lambda: (now := world.call("condition"))["dead"]["count"] and now)
    [letter] = told["dead"]["letters"]
    assert letter["type"] == f"{world.name}.noted.v1"
    assert letter["reason"].startswith("unreadable")
    dead = f'bchat_queue_messages{{queue="dead-{world.name}"}} 1.0'
    until(lambda: dead in process.metrics())
    assert f'bchat_queue_consumers{{queue="rpc-{world.name}"}} 2.0' in process.metrics()
    assert "bchat_outbox_events 0.0" in process.metrics()


@pytest.mark.parametrize("caller", [staff(None, "news:publish"), customer()])
def test_it_tells_nobody_else(world: World, caller: Caller) -> None:
    world.serve()
    assert world.call("condition", caller=staff(None, "administrator"))["replicas"] == 1
    with pytest.raises(Forbidden):
        world.call("condition", caller=caller)
