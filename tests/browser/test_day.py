"""What a day in the house brings beside words: files, tasks, news, dates and people who come in by a link."""

import re

from playwright.sync_api import expect
from window import Named, Opened, photo


def test_a_photo_and_a_file_reach_the_other_and_a_message_is_changed_and_deleted(
    opened: Opened, named: Named
) -> None:
    room = named("Fair")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True)
    ann.create(room)
    bob.join(room)
    page = ann.page
    page.get_by_label("Photo", exact=True).set_input_files(photo("stand.jpg"))  # type: ignore[arg-type]
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "list.txt", "mimeType": "text/plain", "buffer": b"one, two"}
    )
    expect(
        page.get_by_role("list", name="Goes along with the message").get_by_role("listitem")
    ).to_have_count(2)
    ann.composer.fill("The stand, and what it needs")
    page.get_by_role("button", name="Send").click()
    bob.sees("The stand, and what it needs")
    shown = bob.log.get_by_role("button", name="Open stand.jpg").locator("img")
    expect(shown).to_be_visible()
    assert shown.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    with bob.page.expect_download() as download:
        bob.log.get_by_role("button", name="Save list.txt").click()
    assert download.value.path().read_bytes() == b"one, two"

    def act(text: str, item: str) -> None:
        line = ann.log.get_by_text(text, exact=True).locator("xpath=ancestor::*[@data-own][1]")
        line.hover()
        line.get_by_role("button", name="Message actions").click()
        page.get_by_role("menuitem", name=item).click()

    ann.say("We meet at nine")
    act("We meet at nine", "Edit")
    ann.say("We meet at ten")
    bob.sees("We meet at ten")
    expect(bob.log.get_by_text("edited")).to_be_visible()
    expect(bob.log.get_by_text("We meet at nine")).to_have_count(0)
    act("We meet at ten", "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(bob.log.get_by_text("A message was deleted")).to_be_visible()
    expect(bob.log.get_by_text("We meet at ten")).to_have_count(0)


def test_a_task_is_given_to_somebody_and_done(opened: Opened, named: Named) -> None:
    room = named("Stocktaking")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True)
    body = {"name": room, "catalogue": "task", "target_end": "2099-12-31T12:00:00.000Z"}
    group = ann.person.post("/groups", body)["id"]
    bob.person.post(f"/groups/{group}/join")
    ann.enter(room)
    bob.enter(room)
    ann.page.get_by_role("combobox", name="Who does it").click()
    ann.page.get_by_role("option", name="Bob Carter").click()
    expect(bob.log.get_by_text("Ann Baker gave the task to Bob Carter")).to_be_visible()
    ann.page.get_by_role("button", name="State: Open").click()
    ann.page.get_by_role("menuitem", name="Done").click()
    expect(bob.log.get_by_text("Ann Baker set the task to: Done")).to_be_visible()
    expect(bob.page.get_by_role("button", name="State")).to_have_count(0)


def test_news_that_must_be_read_is_released_and_confirmed(opened: Opened, named: Named) -> None:
    title = named("The lift is out of order")
    ann, bob = opened("Ann Baker", permissions=("news:publish",)), opened("Bob Carter", phone=True)
    ann.page.get_by_role("link", name="News").click()
    ann.page.get_by_role("button", name="Write news").click()
    ann.page.get_by_label("Headline").fill(title)
    ann.page.get_by_label("Text").fill("Please take the **stairs** on Friday.\n\n<script>alert(1)</script>")
    ann.page.get_by_label("Everybody has to confirm").check()
    ann.page.get_by_role("button", name="Release").click()
    expect(ann.page.get_by_role("heading", name=title)).to_be_visible()
    bob.page.get_by_role("link", name="News").click()
    bob.page.get_by_role("link", name=title).click()
    expect(bob.page.locator("strong", has_text="stairs")).to_be_visible()
    bob.page.get_by_role("button", name="I have read this").click()
    expect(bob.page.get_by_text("You confirmed it")).to_be_visible()
    assert bob.violations() == []


def test_an_appointment_stands_in_the_calendar_of_every_member(opened: Opened, named: Named) -> None:
    room, what = named("Board"), named("Budget talk")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True)
    group = ann.person.post("/groups", {"name": room, "catalogue": "chat"})["id"]
    bob.person.post(f"/groups/{group}/join")
    today = ann.page.evaluate("new Date().toLocaleDateString('en-CA')")
    ann.page.get_by_role("link", name="Calendar").click()
    ann.page.get_by_role("button", name="New appointment", exact=True).click()
    ann.page.get_by_label("What").fill(what)
    ann.page.get_by_label("From").fill(f"{today}T10:00")
    ann.page.get_by_label(re.compile("^To")).fill(f"{today}T11:00")
    ann.page.get_by_role("button", name="Make the appointment").click()
    expect(ann.page.get_by_text(what)).to_be_visible()
    bob.page.get_by_role("link", name="Calendar").click()
    expect(bob.page.get_by_text(what)).to_be_visible()
    assert bob.violations() == []

    ann.page.get_by_text(what).click()
    ann.page.get_by_role("button", name="Change the appointment").click()
    ann.page.get_by_label("What").fill(f"{what}, long")
    ann.page.get_by_label(re.compile("^To")).fill(f"{today}T12:00")
    ann.page.get_by_role("button", name="Save").click()
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    changed = ann.person.get(f"/groups/{group}/appointments")["items"][0]
    assert (changed["title"], changed["local_start"], changed["local_end"]) == (
        f"{what}, long",
        f"{today}T10:00:00",
        f"{today}T12:00:00",
    )


def test_one_of_a_series_is_moved_and_called_off_and_put_back(opened: Opened, named: Named) -> None:
    what = named("Stand-up")
    ann = opened("Ann Baker")
    group = ann.person.post("/groups", {"name": named("Workshop"), "catalogue": "chat"})["id"]
    today = ann.page.evaluate("new Date().toLocaleDateString('en-CA')")
    times = {"start": f"{today}T10:00:00", "end": f"{today}T10:15:00", "timezone": "UTC"}
    series = ann.person.post(
        f"/groups/{group}/appointments", {"title": what, "rrule": "FREQ=MONTHLY", **times}
    )
    ann.page.get_by_role("link", name="Calendar").click()
    page = ann.page

    def changes() -> list[tuple[bool, str | None]]:
        told = ann.person.get(f"/appointments/{series['id']}")["changes"]
        return [(one["cancelled"], one["local_start"]) for one in told]

    page.get_by_role("button", name=re.compile(what)).click()
    page.get_by_role("button", name="Move this one").click()
    page.get_by_label("From").fill(f"{today}T09:30")
    page.get_by_label(re.compile("^To")).fill(f"{today}T09:45")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert changes() == [(False, f"{today}T09:30:00")]

    page.get_by_role("button", name=re.compile(what)).click()
    for _ in range(2):
        page.get_by_role("button", name="Call off this one").click()
    expect(page.get_by_role("button", name=re.compile(what))).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name=re.compile(what))).to_be_visible()
    assert changes() == [(False, f"{today}T09:30:00")]


def test_a_customer_comes_in_by_a_link(opened: Opened, named: Named) -> None:
    room = named("Rijwielhuis")
    ann = opened("Ann Baker").create(room)
    ann.menu("Invite by link")
    ann.page.get_by_role("button", name="Make a link").click()
    link = ann.page.get_by_label("Invitation link").input_value()
    guest = opened("Nobody", signed_in=False, phone=True)
    guest.visit("/join#" + link.partition("#")[2])
    expect(guest.page.get_by_role("heading", name=room)).to_be_visible()
    guest.page.get_by_label("Name others see").fill("Nora Visser")
    guest.page.get_by_label("User name").fill(named("nora").replace(" ", "-"))
    guest.page.get_by_label("Password", exact=True).fill("a bicycle for everybody")
    guest.page.get_by_role("button", name="Join group").click()
    guest.say("Thank you!")
    ann.page.keyboard.press("Escape")
    expect(ann.log.get_by_text("Nora Visser joined")).to_be_visible()
    ann.sees("Thank you!")
