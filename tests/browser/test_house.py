"""Reports beside the rooms, who gets them when, and who looks after people and the installation."""

import re
from pathlib import Path

import pytest
from client import Person
from playwright.sync_api import Locator, Page, expect
from window import Named, Opened, Window, drawn

pytestmark = pytest.mark.usefixtures("books")


def choose(page: Page, label: str, option: str) -> None:
    """In a list that opens."""
    page.get_by_role("dialog").get_by_label(label, exact=True).first.click()
    page.get_by_role("option", name=option, exact=True).click()


def dialog(page: Page, name: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("dialog", name=name)


def test_a_report_is_followed_to_its_facts_saved_compared_and_subscribed_to(opened: Opened) -> None:
    ann = opened("Ann Baker", permissions=("reports:sales",))
    page = ann.page
    page.get_by_role("link", name="Reports", exact=True).click()
    expect(page.get_by_role("button", name="Accounts receivable")).to_have_count(0)
    page.get_by_role("button", name="Sales Revenue").click()
    page.get_by_role("button", name="Narrow it down").click()
    choose(page, "Compare with", "Previous period")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_role("heading", name="Sales", level=1)).to_be_visible()
    figure = page.locator("figure").first
    drawn(figure)
    expect(page.locator("main dl").first).to_contain_text("Previous period")
    report = page.url

    # From a bar to its facts, and by the keyboard from a row.
    box = figure.bounding_box()
    assert box
    figure.click(position={"x": box["width"] * 0.7, "y": box["height"] * 0.6})
    facts = dialog(page, re.compile("Revenue by month: "))
    expect(facts.get_by_text("Adds up")).to_be_visible()
    expect(facts.get_by_role("columnheader", name="Order")).to_be_visible()
    page.keyboard.press("Escape")
    expect(facts).to_have_count(0)
    panel = page.locator("section").first
    panel.get_by_text("Table", exact=True).click()
    row = panel.get_by_role("button", name=re.compile("Show the facts behind it")).first
    row.focus()
    page.keyboard.press("Enter")
    expect(facts.get_by_text("Adds up")).to_be_visible()
    found = ann.violations()
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV").click()
    saved = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert saved[0].startswith("Month,Revenue (EUR),Previous period (EUR)")
    assert len(saved) > 12

    page.get_by_role("button", name="More about this report").click()
    page.get_by_role("menuitem", name="Compare").click()
    page.get_by_role("button", name="Make it and compare").click()
    expect(page.get_by_role("columnheader", name="Difference")).to_be_visible()
    drawn(page.locator("figure").nth(1))
    page.keyboard.press("Escape")
    expect(page).to_have_url(report)

    page.get_by_role("button", name="More about this report").click()
    page.get_by_role("menuitem", name="Subscribe to a report").click()
    choose(page, "How often", "Monday to Friday")
    expect(page.get_by_role("dialog").locator("ol > li")).to_have_count(5)
    found += ann.violations()
    page.get_by_role("button", name="Subscribe", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    ann.again("/subscriptions")
    card = page.get_by_role("article", name="Sales")
    expect(card).to_contain_text("Monday to Friday at 08:00")
    card.get_by_text("Next", exact=True).locator("xpath=..").locator("summary").click()
    expect(card.get_by_role("list", name="The next five times").get_by_role("listitem")).to_have_count(4)
    card.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Pause").click()
    expect(card.get_by_text("Paused")).to_be_visible()
    found += ann.violations()
    card.get_by_role("button", name="Run now").click()
    drawn(page.locator("figure").first)
    ann.again("/subscriptions")
    card.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="What it has done").click()
    expect(dialog(page, "What it has done").get_by_text("by hand")).to_be_visible()
    assert not found, "\n".join(found)


def test_an_administrator_makes_a_person_and_takes_a_right_while_they_look(
    opened: Opened, named: Named
) -> None:
    name = named("Cleo")
    username = name.lower().replace(" ", "-")
    root, window = opened("Rita Root", permissions=("administrator",)), opened("Nobody", signed_in=False)
    page = root.page
    root.account("Administration")
    page.get_by_role("button", name="New person").click()
    made = page.get_by_role("dialog")
    made.get_by_label("User name").fill(username)
    made.get_by_label("Name others see").fill(name)
    made.get_by_label("Reports: Sales").check()
    found = root.violations()
    made.get_by_role("button", name="Create").click()
    password = made.get_by_label("Password").input_value()
    made.get_by_role("button", name="Done").click()

    who = Person([window.url], username, password)
    cleo = Window(window.context, window.url, who).expects("status of 403")
    cleo.sign_in()
    cleo.again("/reports")
    cleo.page.get_by_role("button", name="Sales Revenue").click()
    cleo.page.get_by_role("button", name="Ask for it").click()
    drawn(cleo.page.locator("figure").first)

    page.get_by_label("Search people").fill(name)
    line = page.get_by_role("list", name="People").get_by_role("button", name=name)
    line.click()
    person = dialog(page, name)
    expect(person.get_by_role("listitem")).to_have_count(1)  # where she is signed in
    found += root.violations()
    person.get_by_label("Reports: Sales").uncheck()
    person.get_by_role("button", name="Save", exact=True).click()
    expect(cleo.page.get_by_text("You are not allowed to see this report")).to_be_visible()
    expect(cleo.page.locator("figure, dl")).to_have_count(0)
    cleo.again("/reports")
    expect(cleo.page.get_by_text("You may not see any report yet.")).to_be_visible()
    cleo.again("/admin")
    expect(cleo.page.get_by_text("You do not have the right to do this.")).to_be_visible()

    line.click()
    person.get_by_role("button", name="Deactivate").click()
    dialog(page, re.compile("Deactivate")).get_by_role("button", name="Deactivate").click()
    cleo.is_out()
    person.get_by_role("button", name="Activate again").click()
    expect(person.get_by_role("button", name="Deactivate")).to_be_visible()
    page.keyboard.press("Escape")
    cleo.sign_in()

    page.get_by_role("link", name="Operations").click()
    for service in ("auth", "chat", "reports"):
        expect(page.get_by_role("article", name=service)).to_contain_text("Replicas")
    found += root.violations()
    page.get_by_role("region", name="Sources").get_by_role("link").first.click()
    expect(page.get_by_role("region", name="Loads").get_by_text("In order").first).to_be_visible()
    found += root.violations()
    assert not found, "\n".join(found)
