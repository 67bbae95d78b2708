"""People with browsers, on a whole Bchat with two of everything."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from stack import Stack

sys.path.insert(0, str(Path(__file__).parent))

from client import Someone, new_id
from window import Named, Opened, Window, context, launch


# Playwright keeps an event loop in this thread while it is open: other folders' tests may want their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser


@pytest.fixture
def named() -> Named:
    """A name that no other test uses: `named("Fair")`."""
    return lambda name: f"{name} {new_id()[:6]}"


@pytest.fixture
def opened(
    request: pytest.FixtureRequest,
    chromium: Browser,
    stack: Stack,
    someone: Someone,
    tmp_path: Path,
) -> Iterator[Opened]:
    """Opens somebody's browser, signed in: `opened("Ann Baker", phone=True)`.

    Each is on the next gateway. After the test no browser may have complained of anything unexpected.
    """
    windows: list[Window] = []
    failed = request.session.testsfailed

    def open(
        name: str,
        *,
        kind: str = "staff",
        permissions: tuple[str, ...] = (),
        signed_in: bool = True,
        **options: Any,
    ) -> Window:
        person = someone(kind=kind, permissions=permissions)
        person.patch("/me", {"display_name": name})
        url = stack.urls[len(windows) % len(stack.urls)]
        windows.append(Window(context(chromium, **options), url, person))
        return windows[-1].sign_in() if signed_in else windows[-1].visit()

    yield open
    troubles = [window.troubles for window in windows]
    for number, window in enumerate(windows):
        if request.session.testsfailed > failed:
            for page in window.context.pages:
                page.screenshot(path=tmp_path / f"{number}-{window.person.username}.png")
            print(f"What was shown is in {tmp_path}")  # noqa: T201
        window.context.close()
    assert troubles == [[] for _ in windows]
