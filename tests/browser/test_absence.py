"""The network and the server come and go; the talk stays whole."""

from playwright.sync_api import expect
from stack import Stack
from window import Named, Opened, photo

AWAY = "No connection. Messages wait here and are sent when it is back."
# What a browser says of a network that is not there.
GONE = r"net::ERR_|WebSocket|Failed to fetch|status of 50[234]"
# Everything that the application keeps of a person on a device is empty.
LEFT = """async () => {
    const ask = indexedDB.open("bchat");
    const db = await new Promise((found) => { ask.onsuccess = () => found(ask.result); });
    const stores = [...db.objectStoreNames];
    const counts = await Promise.all(stores.map((store) => new Promise((found) => {
        const count = db.transaction(store).objectStore(store).count();
        count.onsuccess = () => found(count.result);
    })));
    db.close();
    const kept = Object.keys(localStorage).filter((key) => /outbox|drafts|signed_in/.test(key));
    return stores.length > 0 && counts.every((count) => count === 0) && kept.length === 0;
}"""


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
    stack.wait_ready(["gateway.1"])
    ann.again().sees(*before, *after)


def test_a_device_opens_without_a_network_and_sends_once_what_was_written(
    opened: Opened, named: Named
) -> None:
    room = named("In the cellar")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True).expects(GONE)
    ann.create(room).say("Count the boxes")
    bob.join(room).sees("Count the boxes")
    page = bob.page
    page.evaluate("navigator.serviceWorker.ready.then(() => {})")
    bob.again().sees("Count the boxes")  # from now on by the service worker
    bob.context.set_offline(True)
    page.reload()
    bob.sees("Count the boxes")
    expect(page.get_by_text(AWAY)).to_be_visible()
    page.get_by_label("Photo", exact=True).set_input_files(photo("boxes.jpg"))  # type: ignore[arg-type]
    expect(page.get_by_text("Goes when there is a connection")).to_be_visible()
    bob.say("Forty of them", "And two broken")
    page.reload()
    bob.sees("Count the boxes", "Forty of them", "And two broken")
    expect(bob.tick("And two broken")).to_have_accessible_name("Waiting for the connection")
    expect(ann.log.get_by_text("Forty of them")).to_have_count(0)
    bob.context.set_offline(False)
    expect(page.get_by_label("Waiting for the connection")).to_have_count(0)
    expect(ann.log.get_by_text("Forty of them", exact=True)).to_have_count(1)
    expect(ann.log.get_by_text("And two broken", exact=True)).to_have_count(1)
    expect(ann.log.get_by_role("button", name="Open boxes.jpg").locator("img")).to_be_visible()
    # Nothing of his stays for whoever has the phone next.
    bob.back()
    bob.sign_out()
    page.wait_for_function(LEFT)
