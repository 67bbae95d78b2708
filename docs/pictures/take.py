"""Takes the pictures of the documentation, of the demo company at work: `make pictures`."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("tests/browser", "tests", "deploy/local")]

from client import Person, new_id, until  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, expect, sync_playwright  # noqa: E402
from stack import Stack  # noqa: E402
from window import Window, context, drawn, launch  # noqa: E402

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
        read(owner, groups[SALES])
        yield stack, password


def read(person: Person, group_id: str) -> None:
    """As far as it goes."""
    person.put(f"/groups/{group_id}/read", {"seq": person.timeline(group_id)[-1]["seq"]})


def joined(owner: Person, group_id: str) -> bool:
    """Whether somebody is in the room besides its maker, whose two entries come first."""
    return len(owner.timeline(group_id)) > 2


def arrived(owner: Person, group_id: str) -> bool:
    ordered = {report["id"] for report in owner.get("/reports")["items"]}
    return bool(ordered) and ordered <= {entry.get("report_id") for entry in owner.timeline(group_id)}


def take(browser: Browser, stack: Stack, password: str) -> None:
    def picture(name: str, show: Callable[[Window], None], **options: Any) -> None:
        with context(browser, device_scale_factor=2, locale="en-US", **options) as here:
            window = Window(here, stack.url, Person(stack.urls, "marieke", password))
            show(window)
            window.page.mouse.move(640, 4)  # nothing is under the mouse
            window.page.evaluate("document.fonts.ready.then(() => {})")
            save(window.page.screenshot(), HERE / f"{name}.png")
            assert window.troubles == []

    def login(window: Window) -> None:
        window.visit().is_out()

    def rooms(window: Window) -> None:
        window.sign_in()
        expect(window.room(SALES).get_by_text(ANSWER)).to_be_visible()

    def room(window: Window) -> None:
        window.sign_in().enter(SALES).sees(TALK[-1][2])
        drawn(window.report.last.locator("figure"))

    def talk(window: Window) -> None:
        room(window)
        window.say(ANSWER)
        eva = Person(stack.urls, "eva", password).login()
        sales = next(group for group in eva.pages("/groups") if group["name"] == SALES)
        expect(window.tick(ANSWER)).to_have_accessible_name("Sent")
        read(eva, sales["id"])
        expect(window.tick(ANSWER)).to_have_accessible_name("Read by 1 person")

    def report(window: Window) -> None:
        room(window)
        window.report.last.get_by_role("link", name="Open").click()
        figures = window.page.locator("figure")
        expect(figures).not_to_have_count(0)
        for figure in figures.all():
            drawn(figure)

    picture("login-phone", login, phone=True)
    picture("room-phone", room, phone=True)
    picture("report-phone", report, phone=True)
    picture("room-desktop", talk)
    picture("room-desktop-dark", room, color_scheme="dark")
    picture("list-phone", rooms, phone=True)
    picture("report-desktop", report)


def save(shot: bytes, path: Path) -> None:
    """With a palette that nobody sees, at a third of the size."""
    palette = Image.open(BytesIO(shot)).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
    palette.save(path, optimize=True)


if __name__ == "__main__":
    with company() as (stack, password), sync_playwright() as playwright, launch(playwright) as browser:
        take(browser, stack, password)
