"""For everybody: without a mouse, with a screen reader, in the dark, in one's own language."""

import json

import pytest
from machine import CLIENT
from playwright.sync_api import expect
from window import Named, Opened, drawn


def test_all_can_be_done_with_the_keyboard(opened: Opened, named: Named) -> None:
    room = named("Keys")
    ann = opened("Ann Baker", signed_in=False)
    ann.person.post("/groups", {"name": room, "catalogue": "chat"})
    page, keyboard = ann.page, ann.page.keyboard
    expect(page.get_by_label("User name")).to_be_focused()
    keyboard.type(ann.person.username)
    ann.tab_to(page.get_by_label("Password", exact=True))
    keyboard.type(ann.person.password)
    ann.tab_to(page.get_by_role("button", name="Sign in"))
    keyboard.press("Enter")
    ann.tab_to(ann.room(room))
    keyboard.press("Enter")
    ann.tab_to(ann.composer)
    keyboard.type("Without a mouse")
    keyboard.press("Enter")
    ann.sees("Without a mouse")
    expect(ann.composer).to_be_focused()
    keyboard.type("two")
    keyboard.press("Shift+Enter")
    keyboard.type("lines")
    keyboard.press("Enter")
    expect(ann.log.get_by_text("two\nlines")).to_be_visible()
    ann.tab_to(page.get_by_role("button", name="More", exact=True), "Shift+Tab")
    keyboard.press("Enter")
    ann.tab_to(page.get_by_role("menuitem", name="End group"), "ArrowDown")
    keyboard.press("Enter")
    ann.tab_to(page.get_by_role("dialog").get_by_role("button", name="End group"))
    keyboard.press("Enter")
    expect(page.get_by_text("This group has ended.")).to_be_visible()


@pytest.mark.usefixtures("books")
def test_nothing_stands_in_the_way_of_anybody(opened: Opened, named: Named) -> None:
    room = named("Access")
    ann = opened("Ann Baker", permissions=("reports:sales",), signed_in=False)
    ann.is_out()
    found = ann.violations()
    group = {"name": room, "catalogue": "business", "type": "sales", "description": "Ours."}
    ann.person.post("/groups", group)
    ann.sign_in()
    expect(ann.room(room)).to_be_visible()
    found += ann.violations()
    ann.page.get_by_role("button", name="New group").click()
    expect(ann.page.get_by_role("dialog")).to_be_visible()
    found += ann.violations()
    ann.page.keyboard.press("Escape")
    ann.enter(room).say("A message")
    ann.ask()
    drawn(ann.report.locator("figure"))
    found += ann.violations()
    ann.report.get_by_role("link", name="Open").click()
    drawn(ann.page.locator("figure").first)
    ann.page.get_by_text("Table", exact=True).first.click()
    expect(ann.page.get_by_role("table")).to_be_visible()
    found += ann.violations()
    assert not found, "\n".join(found)


SCREENS = (
    *("/news", "/calendar", "/settings", "/reports", "/subscriptions", "/alerts", "/sources"),
    *("/admin", "/admin/groups", "/admin/operations"),
)


def test_every_screen_is_for_everybody_in_both_directions(opened: Opened, named: Named) -> None:
    ann = opened("Ann Baker", permissions=("administrator", "news:publish", "reports:sales"))
    group = ann.person.post("/groups", {"name": named("Walk"), "catalogue": "chat"})["id"]
    found = []
    for path in (*SCREENS, f"/g/{group}/map"):
        ann.again(path)
        expect(ann.page.get_by_role("heading").first).to_be_visible()
        expect(ann.page.get_by_role("status", name="Loading…")).to_have_count(0)
        found += [f"{path}: {one}" for one in ann.violations()]
    ann.again("/").is_in()
    ann.page.keyboard.press("?")
    expect(ann.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    found += ann.violations()
    ann.page.keyboard.press("Escape")
    assert not found, "\n".join(found)
    # From right to left nothing runs out of the window, and the rooms are on the right.
    ann.page.evaluate("localStorage.setItem('bchat.direction', 'rtl')")
    for path in ("/", f"/g/{group}", *SCREENS):
        ann.again(path)
        expect(ann.page.locator("html")).to_have_attribute("dir", "rtl")
        expect(ann.page.get_by_role("heading").first).to_be_visible()
        assert ann.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        if path == "/calendar":
            before = ann.page.get_by_role("button", name="Month before").locator("svg")
            expect(before).to_have_css("scale", "-1 1")
    ann.again(f"/g/{group}")
    rooms = ann.page.get_by_role("navigation", name="Rooms").bounding_box()
    log = ann.log.bounding_box()
    assert rooms
    assert log
    assert rooms["x"] > log["x"]


@pytest.mark.parametrize(
    ("language", "title"),
    [("zh-Hant", "繁體中文"), ("zh-Hans", "简体中文")],
    ids=["traditional", "simplified"],
)
def test_chinese_can_be_chosen_and_stays(opened: Opened, named: Named, language: str, title: str) -> None:
    words = json.loads((CLIENT / "src" / "i18n" / f"{language}.json").read_text())
    room = named("台北")
    ann = opened("陳安")
    ann.create(room)
    ann.account("Settings")
    ann.page.get_by_role("combobox", name="Language").click()
    ann.page.get_by_role("option", name=title).click()
    for _ in ("at once", "after a reload"):
        expect(ann.page.locator("html")).to_have_attribute("lang", language)
        expect(ann.page.get_by_role("tab", name=words["catalogue"]["business"])).to_be_visible()
        ann.again()
    ann.enter(room)
    expect(ann.page.get_by_label(words["room"]["write"])).to_be_visible()
    ann.page.get_by_role("button", name=words["account"]["menu"]).click()
    ann.page.get_by_role("menuitem", name=words["account"]["logout"]).click()
    expect(ann.page.get_by_role("button", name=words["login"]["submit"])).to_be_visible()
