"""The network and the server come and go; the talk stays whole."""

from playwright.sync_api import expect
from stack import Stack
from window import Named, Opened

AWAY = "No connection. Messages wait here and are sent when it is back."
# What a browser says of a network that is not there.
GONE = r"net::ERR_|WebSocket|Failed to fetch|status of 50[234]"


def test_a_tunnel_loses_nothing_and_doubles_nothing(opened: Opened, named: Named) -> None:
    room = named("On the road")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True).expects(GONE)
    ann.create(room).say("Where are you?")
    bob.join(room)
    bob.context.set_offline(True)
    expect(bob.page.get_by_text(AWAY)).to_be_visible()
    mine = [f"from the tunnel {n}" for n in range(3)]
    bob.say(*mine)
    for text in mine:
        expect(bob.tick(text)).to_have_accessible_name("Waiting for the connection")
    missed = [f"meanwhile {n}" for n in range(3)]
    ann.say(*missed)
    expect(ann.tick(missed[-1])).to_have_accessible_name("Sent")
    expect(ann.log.get_by_text("from the tunnel")).to_have_count(0)
    expect(bob.log.get_by_text("meanwhile")).to_have_count(0)
    bob.context.set_offline(False)
    for window in (ann, bob):
        window.sees(*missed, *mine)
    expect(bob.page.get_by_text(AWAY)).to_have_count(0)
    expect(bob.tick(mine[-1])).to_have_accessible_name("Read by 1 person")


def test_a_gateway_that_was_away_is_found_again(stack: Stack, opened: Opened, named: Named) -> None:
    room = named("Maintenance")
    ann, bob = opened("Ann Baker").expects(GONE), opened("Bob Carter")
    ann.create(room)
    bob.join(room)
    with stack.stopped("gateway.1"):
        expect(ann.page.get_by_text(AWAY)).to_be_visible()
        mine, missed = [f"written offline {n}" for n in range(3)], [f"said elsewhere {n}" for n in range(3)]
        ann.say(*mine)
        expect(ann.tick(mine[0])).to_have_accessible_name("Waiting for the connection")
        bob.say(*missed)
    for window in (ann, bob):
        window.sees(*missed, *mine)


def test_a_killed_gateway_swallows_no_message(stack: Stack, opened: Opened, named: Named) -> None:
    room = named("Storm")
    ann, bob = opened("Ann Baker").expects(GONE), opened("Bob Carter", phone=True)
    ann.create(room)
    bob.join(room)
    before, after = [f"before {n}" for n in range(4)], [f"after {n}" for n in range(4)]
    ann.say(*before)
    stack.kill("gateway.1")  # some of these may be acknowledged, stored or still on their way
    ann.say(*after)
    for window in (ann, bob):
        window.sees(*before, *after)
    ann.page.reload()
    ann.sees(*before, *after)
