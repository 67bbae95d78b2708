"""What people do with each other in a room beside writing: call, find, look where somebody is, lead."""

import io
import re

from client import until
from PIL import Image
from playwright.sync_api import expect
from window import Named, Opened

GRONINGEN = {"latitude": 53.2194, "longitude": 6.5665, "accuracy": 25}
# Every item of a menu is what a finger on it touches.
UNCOVERED = """(menu) => [...menu.querySelectorAll("[role=menuitem]")].every((item) => {
    const { x, y, width, height } = item.getBoundingClientRect();
    return item.contains(document.elementFromPoint(x + width / 2, y + height / 2));
})"""
UTRECHT = {"latitude": 52.0907, "longitude": 5.1214, "accuracy": 60}


def test_one_is_called_answers_and_is_found(opened: Opened, named: Named) -> None:
    room, other = named("Warehouse"), named("Canteen")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True)
    ann.create(room)
    bob.join(room)
    bob.back()
    bob.create(other)  # somewhere else, when he is called
    ann.composer.press_sequentially("Morning @bob")
    expect(ann.page.get_by_role("option", name="Bob Carter")).to_be_visible()
    ann.page.keyboard.press("Enter")
    ann.page.keyboard.type("the lorry 貨車 is here")
    bob.page.get_by_role("button", name="More", exact=True).click()
    expect(bob.page.get_by_role("menuitem", name="End group")).to_be_visible()
    ann.page.keyboard.press("Enter")
    told = bob.page.get_by_role("alert").filter(has_text=room)
    expect(told).to_contain_text("Ann Baker: Morning @Bob Carter the lorry")
    assert bob.page.get_by_role("menu").evaluate(UNCOVERED)
    bob.page.keyboard.press("Escape")
    bob.back()
    expect(bob.room(room).get_by_label("You are called 1 time")).to_be_visible()
    bob.enter(room)
    message = bob.log.get_by_text("the lorry 貨車 is here")
    expect(bob.log.get_by_text("@Bob Carter")).to_be_visible()

    message.click(button="right")  # on a phone a long press does the same
    bob.page.get_by_role("menuitem", name="Reply").click()
    bob.say("On my way")
    quoted = ann.log.get_by_role("button", name=re.compile("Ann Baker.*Morning"))
    expect(quoted).to_be_visible()
    bob.back()
    expect(bob.room(room).get_by_label("You are called")).to_have_count(0)

    line = ann.log.get_by_text("the lorry 貨車 is here").locator("xpath=ancestor::*[@data-own][1]")
    line.hover()
    line.get_by_role("button", name="Message actions").click()
    ann.page.get_by_role("menuitem", name="Who has read it").click()
    expect(ann.page.get_by_role("list", name="Read by").get_by_text("Bob Carter")).to_be_visible()
    ann.page.keyboard.press("Escape")

    ann.say(*(f"row {n}" for n in range(8)))
    ann.page.keyboard.press("Control+k")
    expect(ann.page.get_by_role("searchbox", name="Search rooms")).to_be_focused()
    ann.page.keyboard.type("車")  # one Chinese character is enough
    found = ann.page.get_by_role("list", name="Messages").get_by_role("link")
    expect(found).to_have_count(1)
    expect(found.locator("mark")).to_have_text("車")
    found.click()
    expect(ann.page).to_have_url(re.compile(r"\?at=\d+"))
    expect(ann.log.get_by_text("the lorry 貨車 is here").first).to_be_visible()  # the answer quotes it, too
    ann.page.get_by_role("searchbox", name="Search rooms").fill("nobody wrote this")
    expect(ann.page.get_by_text("No message holds these words.")).to_be_visible()
    assert ann.violations() == []


def test_a_draft_stays_in_its_room_and_is_nobody_elses(opened: Opened, named: Named) -> None:
    room = named("Fair")
    ann = opened("Ann Baker").create(room)
    ann.composer.fill("Not finished yet")
    ann.again("/")
    expect(ann.room(room).get_by_text("Draft: Not finished yet")).to_be_visible()
    ann.enter(room)
    expect(ann.composer).to_have_value("Not finished yet")
    ann.account("Log out")
    dialog = ann.page.get_by_role("dialog").filter(has_text="begun to write in 1 room would be lost")
    dialog.get_by_role("button", name="Log out").click()
    ann.is_out()
    assert "Not finished yet" not in ann.page.evaluate("JSON.stringify(localStorage)")


def test_who_shares_their_position_is_seen_to_move_until_they_stop(opened: Opened, named: Named) -> None:
    room = named("Tour")
    ann, bob = opened("Ann Baker", phone=True), opened("Bob Carter")
    ann.context.grant_permissions(["geolocation"])
    ann.context.set_geolocation(GRONINGEN)  # type: ignore[arg-type]
    ann.create(room)
    bob.join(room)
    ann.page.get_by_role("button", name="Add to the message").click()
    ann.page.get_by_role("menuitem", name="My position").click()
    sent = bob.log.get_by_role("link", name="53.2194° N")
    expect(sent.get_by_role("img", name="Map: Ann Baker")).to_be_visible()

    ann.page.get_by_role("button", name="Add to the message").click()
    ann.page.get_by_role("menuitem", name="Share live position").click()
    ann.page.get_by_text("15 min").click()
    ann.page.get_by_role("button", name="Start sharing").click()
    expect(ann.page.get_by_text("You share your position")).to_be_visible()
    expect(bob.page.get_by_text("Ann Baker shares their position.")).to_be_visible()
    bob.page.get_by_role("link", name="Show the map").click()
    live = bob.page.get_by_role("list", name="Live now").get_by_role("listitem").filter(has_text="Ann Baker")
    expect(live).to_contain_text("53.2194° N")
    expect(live).to_contain_text("Owner")
    expect(bob.page.locator("path.leaflet-interactive, svg path").first).to_be_attached()
    assert bob.violations() == []

    ann.context.set_geolocation(UTRECHT)  # type: ignore[arg-type]
    expect(live).to_contain_text("52.0907° N")
    ann.page.get_by_role("button", name="Stop sharing").click()
    expect(bob.page.get_by_text("Nobody shares their position right now.")).to_be_visible()
    expect(ann.page.get_by_text("You share your position")).to_have_count(0)


def test_the_owner_changes_the_group_invites_and_hands_it_over(opened: Opened, named: Named) -> None:
    room, renamed = named("Stocktaking"), named("Stock of December")
    ann, bob = opened("Ann Baker"), opened("Bob Carter", phone=True)
    page = ann.page
    body = {"name": room, "catalogue": "task", "target_end": "2099-12-31T12:00:00.000Z"}
    group = ann.person.post("/groups", body)["id"]
    bob.person.post(f"/groups/{group}/join")
    ann.enter(room)
    bob.enter(room)
    ann.menu("Edit group")
    page.get_by_label("Name").fill(renamed)
    page.get_by_role("button", name="Save").click()
    for window in (ann, bob):
        expect(window.page.get_by_role("heading", name=renamed, level=2)).to_be_visible()
    # Amsterdam's clocks: the person's zone, in which the field is read and written.
    ann.menu("Manage task")
    expect(page.get_by_label("To be done by")).to_have_value("2099-12-31T13:00")
    page.get_by_label("To be done by").fill("2099-12-30T13:00")
    page.get_by_role("radio", name="Blocked").check()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(bob.log.get_by_text("Ann Baker set the task to: Blocked")).to_be_visible()
    assert ann.person.get(f"/groups/{group}")["target_end"] == "2099-12-30T12:00:00.000Z"

    ann.menu("Invite by link")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_role("img", name="The link as a QR code")).to_be_visible()
    page.keyboard.press("Escape")
    ann.menu("Save the talk")
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
    assert renamed in download.value.path().read_text()

    page.get_by_role("button", name="Members").first.click()
    page.get_by_role("button", name="More: Bob Carter").click()
    page.get_by_role("menuitem", name="Hand the group over").click()
    page.get_by_role("button", name="Hand the group over").click()
    expect(bob.log.get_by_text("Ann Baker made Bob Carter Owner")).to_be_visible()
    bob.page.get_by_role("button", name="More", exact=True).click()
    expect(bob.page.get_by_role("menuitem", name="End group")).to_be_visible()
    page.get_by_role("button", name="Profile: Bob Carter").or_(
        page.get_by_role("button", name="Bob Carter")
    ).first.click()
    page.get_by_role("button", name="Talk with them alone").click()
    expect(page.get_by_role("heading", name="Ann Baker · Bob Carter")).to_be_visible()


def test_one_sets_ones_picture_and_password(opened: Opened) -> None:
    ann = opened("Ann Baker")
    page = ann.page
    page.get_by_role("link", name="Settings").click()
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "#2a7d4f").save(out, "JPEG")
    page.locator("input[type=file][accept='image/*']").set_input_files(
        {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
    )
    expect(page.get_by_role("slider", name="Zoom")).to_be_visible()
    page.get_by_role("button", name="Use this part").click()
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    until(lambda: ann.person.get("/me")["avatar_url"], "the picture kept")

    page.get_by_role("button", name="Change the password").click()
    ann.expects("status of 422")
    page.get_by_label("The password until now").fill("not this one")
    page.get_by_label("The new password").fill("another one, and long")
    page.get_by_role("dialog").get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password until now is another.")).to_be_visible()
    page.get_by_label("The password until now").fill(ann.person.password)
    page.get_by_role("dialog").get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password has been changed")).to_be_visible()
    expect(page.get_by_text("This device", exact=True)).to_be_visible()
    assert ann.violations() == []
