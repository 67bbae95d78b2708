"""Two people in two windows."""

from playwright.sync_api import expect
from window import Named, Opened

TICKS = """(log) => {
    window.ticks = [];
    const look = () => {
        const tick = [...log.querySelectorAll("[role=img]")].at(-1)?.ariaLabel;
        if (tick && tick !== window.ticks.at(-1)) window.ticks.push(tick);
    };
    new MutationObserver(look).observe(log, { subtree: true, childList: true, attributes: true });
}"""


def test_one_makes_a_group_the_other_finds_it_and_they_talk(opened: Opened, named: Named) -> None:
    room = named("Nordwind")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True)
    ann.create(room, "Orders, deliveries and prices.")
    ann.say("Is anybody there?")
    bob.join(room)
    expect(ann.log.get_by_text("Bob Carter joined")).to_be_visible()
    bob.sees("Is anybody there?")

    ann.log.evaluate(TICKS)
    ann.say("The lorry leaves on Friday.")
    bob.sees("The lorry leaves on Friday.")
    expect(ann.tick("The lorry leaves on Friday.")).to_have_accessible_name("Read by 1 person")
    ticks = ann.page.evaluate("window.ticks")
    assert [tick for tick in ticks if tick in ("Sending", "Sent")] == ["Sending", "Sent"], ticks

    bob.say("Then we unload on Monday.", "好的 👍")
    ann.sees("The lorry leaves on Friday.", "Then we unload on Monday.", "好的 👍")
    expect(ann.log.get_by_text("Bob Carter", exact=True).first).to_be_visible()
    ann.say("Thank you, Bob!")
    talk = ("The lorry leaves on Friday.", "Then we unload on Monday.", "好的 👍", "Thank you, Bob!")
    for window in (ann, bob):
        window.sees(*talk)

    bob.composer.press_sequentially("I am", delay=20)
    expect(ann.page.get_by_text("Bob Carter is writing…")).to_be_visible()


def test_what_was_not_read_is_counted_until_the_room_is_opened(opened: Opened, named: Named) -> None:
    chat, business, task = named("Canteen"), named("Sales numbers"), named("Stocktaking")
    ann, bob = opened("Ann Baker", permissions=("reports:sales",)), opened("Bob Carter", phone=True)
    rooms = {
        name: ann.person.post("/groups", {"name": name, **more})["id"]
        for name, more in {
            chat: {"catalogue": "chat"},
            business: {"catalogue": "business", "type": "sales"},
            task: {"catalogue": "task", "target_end": "2099-12-31T12:00:00.000Z"},
        }.items()
    }
    for group in rooms.values():
        bob.person.post(f"/groups/{group}/join")
    for name in rooms:
        expect(bob.room(name)).to_be_visible()
    for tab, here in (("Chat", chat), ("Business", business), ("Task", task)):
        bob.tab(tab)
        expect(bob.room(here)).to_be_visible()
        for name in rooms.keys() - {here}:
            expect(bob.room(name)).to_have_count(0)
    bob.tab("All")
    expect(bob.page.locator("a[data-row]")).to_have_count(3)

    ann.enter(chat).say("Soup", "or", "salad?")
    expect(ann.tick("Soup")).to_have_accessible_name("Received by 1 person")
    expect(bob.room(chat).get_by_label("3 unread messages")).to_be_visible()
    expect(bob.room(chat).get_by_text("Ann: salad?")).to_be_visible()
    expect(bob.room(business).get_by_label("unread")).to_have_count(0)
    expect(bob.page).to_have_title("(1) Bchat")
    bob.enter(chat).sees("Soup", "or", "salad?")
    expect(bob.page).to_have_title("Bchat")
    bob.back()
    expect(bob.room(chat).get_by_label("unread")).to_have_count(0)
    expect(ann.tick("salad?")).to_have_accessible_name("Read by 1 person")


def test_an_ended_room_is_read_only(opened: Opened, named: Named) -> None:
    room = named("Fair")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True)
    ann.create(room).say("The stand is booked.")
    bob.join(room).sees("The stand is booked.")
    ann.menu("End group")
    ann.page.get_by_role("dialog").get_by_role("button", name="End group").click()
    for window in (ann, bob):
        expect(window.page.get_by_text("This group has ended. It can still be read.")).to_be_visible()
        expect(window.composer).to_have_count(0)
        window.sees("The stand is booked.")
        expect(window.log.get_by_text("Ann Baker ended the group")).to_be_visible()
    bob.back()
    expect(bob.room(room).get_by_text("Ended")).to_be_visible()
