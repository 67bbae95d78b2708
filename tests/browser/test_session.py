"""Staying signed in, and being out."""

import io
import json
import re

from PIL import Image
from playwright.sync_api import Browser, expect
from window import Named, Opened, Window, context


def test_a_wrong_password_is_told_and_changes_nothing(opened: Opened) -> None:
    ann = opened("Ann Baker", signed_in=False).expects("status of 401")
    ann.page.get_by_label("User name").fill(ann.person.username)
    ann.page.get_by_label("Password", exact=True).fill("wrong horse")
    ann.page.get_by_role("button", name="Sign in").click()
    expect(ann.page.get_by_role("alert").first).to_have_text("User name or password is wrong.")
    assert ann.context.cookies() == []
    ann.sign_in()


def test_one_stays_signed_in_after_a_reload_and_another_day(
    opened: Opened, named: Named, chromium: Browser
) -> None:
    room = named("Diary")
    ann = opened("Ann Baker").create(room).say("Dear diary")
    ann.again().sees("Dear diary")
    (cookie,) = ann.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert cookie["expires"] > 0, "it has to outlive the browser"
    kept = ann.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert cookie["value"] not in kept
    assert "eyJ" not in kept, "a token where scripts can read it"
    with context(chromium, storage_state=ann.context.storage_state()) as another_day:
        again = Window(another_day, ann.url).visit()
        again.enter(room).sees("Dear diary")
        assert again.troubles == []


def test_without_automatic_login_the_browser_forgets_when_closed(opened: Opened) -> None:
    ann = opened("Ann Baker", signed_in=False).sign_in(remember=False)
    ann.again().is_in()
    assert [cookie["expires"] for cookie in ann.context.cookies()] == [-1]


def test_a_picture_and_a_name_set_elsewhere_are_seen_at_once(opened: Opened) -> None:
    ann = opened("Ann Baker")
    menu = ann.page.get_by_role("button", name="Ann Baker")
    expect(menu.locator("[data-initials=AB]")).to_be_visible()
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(out, "PNG")
    ann.person.call("PUT", "/me/avatar", data=out.getvalue())
    expect(menu.locator("img[src^='blob:']")).to_be_visible()
    ann.person.patch("/me", {"display_name": "Ann Cook"})
    expect(ann.page.get_by_role("button", name="Ann Cook").locator("img")).to_be_visible()
    ann.person.delete("/me/avatar")
    expect(ann.page.locator("[data-initials=AC]").first).to_be_visible()


def test_what_can_not_be_loaded_can_be_tried_again_and_what_is_unsent_keeps_one_from_leaving(
    opened: Opened, named: Named
) -> None:
    room = named("Old version")
    ann = opened("Ann Baker", service_workers="block").create(room)  # files come over the network
    ann.troubles.clear()  # of that there is no service worker
    ann.expects("ERR_FAILED", "dynamically imported module", "ERR_INTERNET_DISCONNECTED", "WebSocket")
    ann.composer.fill("half a thought")
    gone = "**/assets/CalendarScreen-*.js"
    ann.page.route(gone, lambda route: route.abort())
    ann.page.get_by_role("link", name="Calendar").click()
    alert = ann.page.get_by_role("alert").filter(has_text="could not be loaded")
    expect(alert).to_be_visible()
    ann.page.unroute(gone)
    alert.get_by_role("button", name="Try again").click()
    expect(ann.page.get_by_role("button", name="New appointment", exact=True)).to_be_visible()
    expect(alert).to_have_count(0)
    ann.enter(room)
    expect(ann.composer).to_have_value("half a thought")

    ann.context.set_offline(True)
    ann.page.get_by_role("button", name="Send").click()
    expect(ann.tick("half a thought")).to_have_accessible_name("Waiting for the connection")
    ann.account("Log out")
    dialog = ann.page.get_by_role("dialog")
    expect(dialog.get_by_text("1 message has not been sent yet and would be lost.")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    ann.context.set_offline(False)
    expect(ann.tick("half a thought")).to_have_accessible_name("Sent")
    ann.sign_out()


def test_logging_out_ends_the_session_in_every_tab(opened: Opened) -> None:
    ann = opened("Ann Baker")
    tab = ann.another().expects("status of 401").again("/")
    tab.is_in()
    ann.sign_out()
    tab.is_out()
    assert ann.context.cookies() == []
    for window in (ann, tab):
        window.page.reload()
        window.is_out()
    assert tab.troubles == []


def test_one_saves_what_is_kept_of_oneself_and_is_erased_by_an_administrator(
    opened: Opened, named: Named
) -> None:
    room = named("Memory")
    root = opened("Rita Root", permissions=("administrator",)).create(room)
    ann = opened("Ann Baker", phone=True).expects("status of 401").join(room).say("Remember me")
    root.sees("Remember me")
    ann.back()
    ann.page.get_by_role("link", name="Settings").click()
    save = ann.page.get_by_role("button", name="Save what is kept of me")
    with ann.page.expect_download() as download:
        save.click()
    assert download.value.suggested_filename == f"{ann.person.username}.jsonl"
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert lines[-1] == {"type": "end", "kept": len(lines) - 2}
    assert "Remember me" in {line["row"].get("text") for line in lines if line["type"] == "kept"}
    expect(ann.page.get_by_text(f"Saved: {len(lines) - 2} things")).to_be_visible()
    found = ann.violations()

    # A file without its end would pass for the whole.
    export = re.compile("/export$")
    part = "".join(json.dumps(line) + "\n" for line in lines[:2])
    ann.page.route(export, lambda route: route.fulfill(content_type="application/jsonl", body=part))
    save.click()
    expect(ann.page.get_by_text("The file broke off before its end")).to_be_visible()
    expect(ann.page.get_by_text("Saved:")).to_have_count(0)

    page = root.page
    root.account("Administration")
    page.get_by_label("Search people").fill(ann.person.username)
    page.get_by_role("list", name="People").get_by_role("button", name=ann.person.username).click()
    page.get_by_role("dialog", name="Ann Baker").get_by_role("button", name="Erase this person").click()
    sure = page.get_by_role("dialog", name="Erase Ann Baker?")
    expect(sure.get_by_text("There is no way back")).to_be_visible()
    erase = sure.get_by_role("button", name="Erase for good")
    expect(erase).to_be_disabled()
    found += root.violations()
    sure.get_by_label("To confirm, write their user name").fill(ann.person.username)
    erase.click()
    ann.is_out()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Nobody is called that.")).to_be_visible()
    root.enter(room)
    expect(root.log.get_by_text("A message was deleted")).to_be_visible()
    expect(root.log.get_by_text("Remember me")).to_have_count(0)
    assert not found, "\n".join(found)
