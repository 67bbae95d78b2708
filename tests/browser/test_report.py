"""The company's numbers come to the talk."""

import pytest
from playwright.sync_api import expect
from window import Named, Opened, drawn

pytestmark = pytest.mark.usefixtures("books")
MAY = ("reports:sales",)


def test_a_report_asked_for_in_the_room_arrives_for_both(opened: Opened, named: Named) -> None:
    room = named("Board")
    ann, bob = opened("Ann Baker", permissions=MAY), opened("Bob Carter", phone=True, permissions=MAY)
    ann.create(room)
    bob.join(room)
    ann.say("How was the year?")
    ann.ask()
    for window in (ann, bob):
        expect(window.report.get_by_role("heading", name="Sales").first).to_be_visible()
        expect(window.report.locator("dl dd strong")).to_have_count(4)
        expect(window.report.locator("dl dd strong").first).to_contain_text("€")
        drawn(window.report.locator("figure"))
    expect(ann.page.get_by_text("Preparing:")).to_have_count(0)
    bob.say("Better than I thought.")
    ann.sees("Better than I thought.")

    for window in (ann, bob):
        page = window.page
        window.report.get_by_role("link", name="Open").click()
        expect(page.get_by_role("heading", name="Sales", level=1)).to_be_visible()
        expect(page.get_by_role("heading", name="How these numbers are made")).to_be_visible()
        figures = page.locator("figure")
        expect(figures).not_to_have_count(0)
        for number in range(figures.count()):
            drawn(figures.nth(number))
        first = page.locator("section").first
        first.get_by_text("Table", exact=True).click()
        expect(first.get_by_role("columnheader").first).to_be_visible()
        expect(first.get_by_role("row").nth(10)).to_be_attached()
        first.get_by_text("Chart", exact=True).click()
        drawn(first.locator("figure"))
        page.get_by_role("link", name="Close the report").click()
        window.sees("How was the year?", "Better than I thought.")


def test_who_has_not_the_right_is_told_so_and_shown_nothing(opened: Opened, named: Named) -> None:
    room = named("Everybody")
    ann, bob = opened("Ann Baker", permissions=MAY), opened("Bob Carter")
    bob.expects("status of 403")
    ann.create(room)
    bob.join(room)
    ann.ask()
    drawn(ann.report.locator("figure"))
    expect(bob.report.get_by_text("You are not allowed to see this report")).to_be_visible()
    expect(bob.report.locator("dl, figure, canvas")).to_have_count(0)
    assert "€" not in bob.page.content()
    bob.menu("Ask for a report")
    expect(bob.page.get_by_role("dialog").get_by_text("You may not see any report yet.")).to_be_visible()
