"""What a person sees and does in Bchat, in the words of a person."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

from client import Person
from machine import CLIENT, chromium
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    ViewportSize,
    expect,
)

PATIENCE_MS = 45_000
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
AXE = CLIENT / "node_modules" / "axe-core" / "axe.min.js"
SETTLED = """Promise.all(
    document
        .getAnimations()
        .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
        .map((one) => one.finished.catch(() => {})),
).then(() => {})"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

expect.set_options(timeout=PATIENCE_MS)


def launch(playwright: Playwright) -> Browser:
    """The Chromium of the machine."""
    place = os.environ.get("CHROMIUM") or chromium()
    assert place, "There is no Chromium on this machine; `make test` installs it."
    return playwright.chromium.launch(executable_path=Path(place), args=ARGUMENTS)


def context(browser: Browser, *, phone: bool = False, **more: object) -> BrowserContext:
    """A browser of one person, on a desk or on a phone."""
    options = {
        "viewport": PHONE if phone else DESKTOP,
        "has_touch": phone,
        "is_mobile": phone,
        "locale": "en-GB",
        "timezone_id": "Europe/Amsterdam",
        "reduced_motion": "reduce",
    }
    made = browser.new_context(**{**options, **more})  # type: ignore[arg-type]
    made.set_default_timeout(PATIENCE_MS)
    return made


class Window:
    """A tab of somebody's browser. What it complains of is in `troubles`, but for what is expected."""

    def __init__(self, context: BrowserContext, url: str, person: Person | None = None) -> None:
        self.context, self.url, self._person = context, url, person
        self.troubles: list[str] = []
        self._expected: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._note(f"{error.name}: {error.message} {error.stack}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"{message.text} {message.location['url']}")

    def _note(self, trouble: str) -> None:
        if not any(re.search(pattern, trouble) for pattern in self._expected):
            self.troubles.append(trouble)

    def expects(self, *troubles: str) -> Self:
        """From now on the browser may complain of these (regular expressions), since the test makes it so."""
        self._expected += troubles
        return self

    @property
    def person(self) -> Person:
        assert self._person
        return self._person

    def another(self, url: str | None = None) -> "Window":
        """One more tab of the same browser."""
        return Window(self.context, url or self.url, self._person)

    # Coming in and going out.

    def visit(self, path: str = "/") -> Self:
        self.page.goto(self.url + path)
        return self

    def again(self, path: str | None = None) -> Self:
        """Loads this page anew, or another one, of somebody who is signed in.

        What the device kept is shown at once; a page that is left before it has its new token takes the
        session along.
        """
        with self.page.expect_response(lambda answer: answer.url.endswith("/auth/refresh")):
            if path is None:
                self.page.reload()
            else:
                self.visit(path)
        return self

    def sign_in(self, person: Person | None = None, *, remember: bool = True) -> Self:
        person = person or self.person
        self.visit()
        self.page.get_by_label("User name").fill(person.username)
        self.page.get_by_label("Password", exact=True).fill(person.password)
        self.page.get_by_label("Keep me signed in").set_checked(remember)
        self.page.get_by_role("button", name="Sign in").click()
        self.is_in()
        return self

    def sign_out(self) -> None:
        # The screen does not wait for the answer, which takes the cookie away.
        with self.page.expect_response(lambda answer: answer.url.endswith("/auth/logout")):
            self.account("Log out")
        self.is_out()

    def account(self, item: str) -> None:
        self.page.get_by_role("button", name="Account:").click()
        self.page.get_by_role("menuitem", name=item).click()

    def is_in(self) -> None:
        expect(self.page.get_by_role("button", name="Account:")).to_be_visible()

    def is_out(self) -> None:
        expect(self.page.get_by_role("button", name="Sign in")).to_be_visible()

    # The rooms.

    def room(self, name: str) -> Locator:
        """The room's line in the list."""
        return self.page.locator("a[data-row]").filter(has_text=name)

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def create(self, name: str, description: str = "") -> Self:
        self.page.get_by_role("button", name="New group").click()
        self.page.get_by_role("dialog").get_by_label("Name").fill(name)
        self.page.get_by_role("dialog").get_by_label("Description").fill(description)
        self.page.get_by_role("button", name="Create", exact=True).click()
        return self._inside(name)

    def join(self, name: str) -> Self:
        """Find an open group and enter it."""
        self.page.get_by_role("button", name="Find open groups").click()
        self.page.get_by_label("Search open groups").fill(name)
        self.page.get_by_role("listitem").filter(has_text=name).get_by_role("button", name="Join").click()
        return self._inside(name)

    def enter(self, name: str) -> Self:
        self.room(name).click()
        return self._inside(name)

    def back(self) -> None:
        """On a phone, from the room to the list."""
        self.page.get_by_role("link", name="Back to the rooms").click()

    def _inside(self, name: str) -> Self:
        expect(self.page.get_by_role("heading", name=name, level=2)).to_be_visible()
        expect(self.log).to_be_visible()
        return self

    # In a room.

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_label("Write a message")

    def say(self, *texts: str) -> Self:
        for text in texts:
            self.composer.fill(text)
            self.page.get_by_role("button", name="Send").click()
            expect(self.composer).to_have_value("")
        return self

    def sees(self, *texts: str) -> None:
        """These messages stand in the room, once each and in this order."""
        for text in texts:
            expect(self.log.get_by_text(text, exact=True)).to_have_count(1)
        in_order = re.compile(".*".join(re.escape(text) for text in texts), re.DOTALL)
        expect(self.log).to_have_text(in_order, use_inner_text=True)

    def tick(self, text: str) -> Locator:
        """How far one's own message is."""
        return self.log.get_by_text(text, exact=True).locator("xpath=..").locator("[role=img]")

    def menu(self, item: str) -> None:
        self.page.get_by_role("button", name="More", exact=True).click()
        self.page.get_by_role("menuitem", name=item).click()

    def ask(self) -> None:
        """For the sales report, from the room's menu."""
        self.menu("Ask for a report")
        self.page.get_by_role("dialog").get_by_role("button", name="Ask for it").click()
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    @property
    def report(self) -> Locator:
        """The card of a report in the room."""
        return self.page.get_by_role("article")

    # What it is like.

    def violations(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA on what is shown, light and dark, wide and narrow."""
        found = []
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            expect(self.page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
            for size in (PHONE, DESKTOP):
                self.page.set_viewport_size(size)
                self.page.evaluate(SETTLED)  # half-way through an animation a colour is another
                self.page.evaluate(AXE.read_text())
                said = self.page.evaluate(
                    "(tags) => axe.run({ runOnly: tags, resultTypes: ['violations'] })", RULES
                )
                found += [
                    f"{one['id']}, {scheme}, {size['width']}: {node['html'][:200]} {node['failureSummary']}"
                    for one in said["violations"]
                    for node in one["nodes"]
                ]
        return found

    def tab_to(self, target: Locator, key: str = "Tab") -> None:
        """Press the key until the focus is there."""
        expect(target).to_be_visible()
        for _ in range(40):
            if target.evaluate("(element) => element === document.activeElement"):
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{key} does not lead to {target}")


# What the fixtures of those names are.
Opened = Callable[..., Window]
Named = Callable[[str], str]


def photo(name: str) -> dict[str, object]:
    """A photograph, to be chosen from the device."""
    out = io.BytesIO()
    Image.new("RGB", (640, 420), "#2a7d4f").save(out, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


def drawn(figure: Locator) -> None:
    """The chart is on the page, and not blank."""
    expect(figure).to_have_attribute("data-state", "drawn")
    canvas = figure.locator("canvas").first
    expect(canvas).to_be_visible()
    colours = canvas.evaluate(
        """(canvas) => {
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return new Set(new Uint32Array(pixels.buffer)).size;
        }"""
    )
    assert colours > 20, f"{colours} colours are no chart"
