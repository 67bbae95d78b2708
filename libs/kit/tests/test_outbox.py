"""What is committed is said; what is not, is not."""

from door import Door
from echo import Note, Noted
from kit.db import Transactions
from world import World, until


def test_a_commit_says_what_was_emitted_and_a_rollback_says_nothing(world: World) -> None:
    world.serve()
    with Transactions(world.engine, world.name)() as tx:
        tx.add(Note(kind="called", text="taken back"))
        tx.emit(Noted(text="taken back"))
        tx.rollback()
    world.call("note", text="milk")

    event = until(world.said.events)[0]
    assert (event["specversion"], event["source"], event["type"]) == (
        "1.0",
        f"/bchat/{world.name}",
        f"{world.name}.noted.v1",
    )
    assert (event["subject"], event["audience"], event["data"]) == ("milk", "everyone", {"text": "milk"})
    until(lambda: world.outbox() == 0)
    assert world.said.texts() == ["milk"]
    assert world.notes("called") == ["milk"]


def test_two_relays_publish_every_event_and_its_effect_is_once(world: World) -> None:
    texts = [f"{n}" for n in range(400)]
    world.commit(*texts[:200])
    world.serve()
    world.serve()
    for text in texts[200:]:
        world.call("note", text=text)
    until(lambda: world.outbox() == 0)
    # A process that stands still for as long as a row needs to grow old may find it said by the other, too.
    said = {event["id"]: event["data"]["text"] for event in world.said.events()}
    assert sorted(said.values()) == sorted(texts)
    until(lambda: sorted(world.notes("heard")) == sorted(texts))


def test_a_relay_killed_between_publish_and_delete_says_it_again_and_its_effect_is_once(world: World) -> None:
    world.commit("milk")
    with world.engine.connect() as other:
        # Lets the relay read and publish its rows, and not delete them.
        other.exec_driver_sql("LOCK TABLE outbox IN SHARE MODE")
        process = world.serve()
        until(world.said.events)
        until(world.blocked)
        process.kill()
    assert world.outbox() == 1

    world.serve()
    until(lambda: world.outbox() == 0)
    until(lambda: len(world.said.events()) == 2)
    first, second = world.said.events()
    assert first["id"] == second["id"]
    # Three, where the killed one had begun to hear it and its acknowledgement was lost as well.
    until(lambda: len(world.scalars("SELECT text FROM attempts")) >= 2)
    world.say("bread")
    until(lambda: "bread" in world.notes("heard"))
    assert world.notes("heard") == ["milk", "bread"]


def test_what_is_committed_while_the_broker_is_away_is_said_when_it_is_back(world: World, door: Door) -> None:
    world.serve(AMQP_URI=door.uri)
    world.call("note", text="before")
    until(lambda: world.notes("heard") == ["before"])
    until(lambda: world.outbox() == 0)
    door.shut()
    world.commit("one", "two", "three")
    assert world.outbox() == 3
    door.open()
    until(lambda: world.outbox() == 0)
    until(lambda: world.notes("heard") == ["before", "one", "two", "three"])
    assert world.call("note", text="after")["number"]
