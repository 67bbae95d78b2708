"""Takes the pictures of the documentation, of the demo company at work: `make pictures`.

    python docs/pictures/take.py [folder]

Into a folder, it takes every screen, on a phone and on a desk, light and dark, to be looked at.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("tests/browser", "tests", "deploy/local")]

from client import Person, new_id, until  # noqa: E402
from kit.clock import now, rfc3339  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright  # noqa: E402
from stack import Stack  # noqa: E402
from window import SCHEMES, SETTLED, Window, context, drawn, launch  # noqa: E402

SALES = "Sales figures"
# More rooms than the demo begins with: name, what it is, and the last that was said there.
ROOMS: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("Year-end stocktaking", {"catalogue": "task"}, "omar", "Aisles A to F are counted. Frames tomorrow."),
    (
        "E-bike motors",
        {"catalogue": "chat"},
        "jan",
        "Voltadrive confirms 240 motors for the 2nd of December.",
    ),
    ("Fleet customers", {"catalogue": "business", "type": "sales"}, "sofie", "The leasing offer is out."),
    ("Lunch", {"catalogue": "chat"}, "eva", "Soup at half past twelve, who is in?"),
)
TALK: tuple[tuple[str, str, str], ...] = (
    ("Workshop and office", "jan", "Twelve Swift E come off the line this afternoon."),
    ("Workshop and office", "omar", "Good, the lorry to Münster waits for them."),
    ("Rijwielhuis Groningen and Kestrel", "nora", "Could we add two child seats to Friday's order?"),
    (SALES, "eva", "October beats last year!"),
)
ANSWER = "Let's show this at the dealers' evening."
APPOINTMENT, PLACES, DARK = "Dealers' evening", "Workshop and office", "-dark"
# Who is on the way, and where: longitude and latitude.
ON_THE_WAY = {"omar": (6.57, 52.27), "jan": (6.16, 52.26)}


@contextmanager
def company() -> Iterator[tuple[Stack, str]]:
    """The demo company with its first report in the sales room; the password of its people."""
    with tempfile.TemporaryDirectory() as place, Stack(Path(place), demo=True) as stack:
        stack.stop("player.1")  # a picture holds still
        password = stack.logins[-1]["password"]
        people = {
            name: Person(stack.urls, name, password).login()
            for name in ("marieke", "jan", "sofie", "nora", "omar", "eva")
        }
        owner = people["marieke"]
        for name, fields, who, text in ROOMS:
            if fields["catalogue"] == "task":
                fields = {**fields, "target_end": "2099-12-30T16:00:00.000Z"}
            group = owner.post("/groups", {"name": name, **fields})["id"]
            people[who].post(f"/groups/{group}/join")
            until(partial(joined, owner, group), "in the room")
            people[who].post(f"/groups/{group}/messages", {"client_id": new_id(), "text": text})
            read(owner, group)
        groups = {group["name"]: group["id"] for group in owner.pages("/groups")}
        # No report may come between the talk and the camera: none is ordered any more, all are here.
        for subscription in owner.get("/subscriptions")["items"]:
            owner.patch(f"/subscriptions/{subscription['id']}", {"active": False})
        until(lambda: arrived(owner, groups[SALES]), "the report in the room")
        for room, who, text in TALK:
            people[who].post(f"/groups/{groups[room]}/messages", {"client_id": new_id(), "text": text})
        owner.post(f"/groups/{groups[SALES]}/messages", {"client_id": new_id(), "text": ANSWER})
        read(people["eva"], groups[SALES])
        plan(owner, people, groups)
        yield stack, password


def plan(owner: Person, people: dict[str, Person], groups: dict[str, str]) -> None:
    """What is ahead: subscriptions, appointments; and who is on the way."""
    subscription = {"period": {"name": "last_month"}, "target": "me", "filters": {}, "locale": "en"}
    monthly = {"cron": "0 7 1 * *", "timezone": "Europe/Amsterdam"}
    owner.post("/subscriptions", {**subscription, "type": "sales", "schedule": monthly})
    watched = {"kind": "order_over", "amount": "1000000.00"}
    owner.post("/subscriptions", {**subscription, "type": "sales", "trigger": watched})
    for days, hours, title, room in ((2, 2, APPOINTMENT, SALES), (0, 1, "Stand-up", PLACES)):
        start = (now() + timedelta(days=days)).replace(hour=16, minute=0, second=0, microsecond=0)
        times = {"start": rfc3339(start), "end": rfc3339(start + timedelta(hours=hours))}
        rule = {"rrule": "FREQ=WEEKLY"} if hours == 1 else {"place": "Showroom"}
        asked = {"title": title, "timezone": "Europe/Amsterdam", **times, **rule}
        owner.post(f"/groups/{groups[room]}/appointments", asked)
    for name, (longitude, latitude) in ON_THE_WAY.items():
        share = people[name].post(f"/groups/{groups[PLACES]}/shares", {"minutes": 60})["id"]
        point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [longitude, latitude]}}
        made = {"accuracy_m": 12, "recorded_at": rfc3339(now())}
        people[name].put(f"/shares/{share}/position", {**point, "properties": made})


def read(person: Person, group_id: str) -> None:
    """As far as it goes."""
    person.put(f"/groups/{group_id}/read", {"seq": person.timeline(group_id)[-1]["seq"]})


def joined(owner: Person, group_id: str) -> bool:
    """Whether somebody is in the room besides its maker, whose two entries come first."""
    return len(owner.timeline(group_id)) > 2


def arrived(owner: Person, group_id: str) -> bool:
    ordered = {report["id"] for report in owner.get("/reports")["items"]}
    return bool(ordered) and ordered <= {entry.get("report_id") for entry in owner.timeline(group_id)}


# What is in the tree, of all that could be taken: a screen, the size of the window, and whether it is dark.
KEPT = {
    "login-phone", "list-phone", "room-phone", "report-phone", "map-phone", "settings-phone-dark",
    "room-desktop", "room-desktop-dark", "report-desktop", "reports-desktop", "calendar-desktop",
    "operations-desktop-dark",
}  # fmt: skip


def walk(window: Window, picture: Callable[[str], None], groups: dict[str, str]) -> None:
    """Through the screens of the owner, a picture of each."""
    page = window.page

    def go(path: str, *there: Locator) -> None:
        window.again(path)
        for place in there:
            expect(place.first).to_be_visible()

    window.visit().is_out()
    picture("login")
    window.sign_in()
    expect(window.room(SALES).get_by_text(ANSWER)).to_be_visible()
    picture("list")
    window.enter(SALES).sees(TALK[-1][2])
    expect(window.tick(ANSWER)).to_have_accessible_name("Read by 1 person")
    drawn(window.report.last.locator("figure"))
    picture("room")
    window.report.last.get_by_role("link", name="Open").click()
    figures = page.locator("figure")
    expect(figures).not_to_have_count(0)
    for figure in figures.all():
        drawn(figure)
    picture("report")
    go(
        "/reports",
        page.get_by_role("heading", name="My reports"),
        page.get_by_role("link", name=re.compile("As of")),
    )
    picture("reports")
    go("/subscriptions", page.get_by_role("button", name="Run now"))
    picture("subscriptions")
    go("/sources", page.get_by_role("article"))
    picture("sources")
    go("/news", page.get_by_role("main").get_by_role("listitem"))
    picture("news")
    go("/calendar", page.get_by_text(APPOINTMENT))
    picture("calendar")
    go(f"/g/{groups[PLACES]}/map", page.get_by_text("Live now"), page.locator(".leaflet-marker-icon"))
    picture("map")
    go("/settings", page.get_by_role("button", name="Log out"))
    picture("settings")
    go("/", window.room(SALES))
    page.get_by_label("Search rooms, people and messages").fill("lorry")
    expect(page.get_by_text("Good, the lorry").first).to_be_visible()
    picture("search")


def look_after(window: Window, picture: Callable[[str], None], _: dict[str, str]) -> None:
    """Through the screens of an administrator."""
    page = window.page
    window.sign_in()
    window.again("/admin")
    expect(page.get_by_text("Marieke").first).to_be_visible()
    picture("people")
    window.again("/admin/operations")
    expect(page.get_by_role("heading", name="Services")).to_be_visible()
    picture("operations")


def take(browser: Browser, stack: Stack, password: str, wanted: set[str] | None, place: Path) -> None:
    """Into the folder; the wanted ones, or all there are."""
    owner = Person(stack.urls, "marieke", password).login()
    groups = {group["name"]: group["id"] for group in owner.pages("/groups")}
    people = ((walk, owner), (look_after, Person(stack.urls, "admin", stack.admin["password"])))
    sizes: tuple[tuple[str, dict[str, Any]], ...] = (("phone", {"phone": True}), ("desktop", {}))
    for (size, options), scheme, (way, person) in product(sizes, SCHEMES, people):
        with context(browser, device_scale_factor=2, locale="en-US", color_scheme=scheme, **options) as here:
            window = Window(here, stack.url, person)

            def picture(
                screen: str, page: Page = window.page, of: str = f"{size}{DARK * (scheme == 'dark')}"
            ) -> None:
                if wanted is None or f"{screen}-{of}" in wanted:
                    page.mouse.move(640, 4)  # nothing is under the mouse
                    page.evaluate(SETTLED)
                    page.evaluate("document.fonts.ready.then(() => {})")
                    save(page.screenshot(), place / f"{screen}-{of}.png")

            way(window, picture, groups)
            assert window.troubles == [], window.troubles


def save(shot: bytes, path: Path) -> None:
    """With a palette that nobody sees, at a third of the size."""
    palette = Image.open(BytesIO(shot)).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
    palette.save(path, optimize=True)


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    with company() as (stack, password), sync_playwright() as playwright, launch(playwright) as browser:
        take(browser, stack, password, KEPT if place == HERE else None, place)
