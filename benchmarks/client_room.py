"""What a very long room costs the client, beside a short one: milliseconds, frames and memory in Chromium.

    python benchmarks/client_room.py [entries]

Starts a stack with servers of its own (a minute), writes the entries of both rooms into chat's tables, and
does with each what a person does: opens it, goes to the first unread message, scrolls up through thousands
of entries, goes to a day, goes to the end. A frame is late when more than 50 ms passed since the one before.
Numbers move with the machine and its neighbours: compare the two lines of one run.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import CDPSession, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("tests/browser", "tests", "deploy/local")]

from client import Person, until  # noqa: E402
from stack import Stack  # noqa: E402
from window import Window, context, launch  # noqa: E402

LONG = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
SHORT, UNREAD, DAYS, TURNS = 2_000, 500, 400, 250
CHANCE = random.Random(7)
WORDS = ["the", "lorry", "leaves", "on", "friday", "with", "twelve", "bicycles", "and", "aisle", "invoice"]
FILL = sa.text("""
    INSERT INTO chat.entries (group_id, seq, id, kind, sender_id, client_id, at, text, reply_to)
    SELECT CAST(:group AS uuid), seq, gen_random_uuid(), 'text', sender, gen_random_uuid(),
        now() - make_interval(secs => (:last - seq) * :apart),
        'No. ' || seq || ': ' || text, CASE WHEN seq % 40 = 0 THEN seq - 7 END
    FROM unnest(CAST(:senders AS uuid[]), CAST(:texts AS text[])) WITH ORDINALITY AS made (sender, text, n)
    CROSS JOIN LATERAL (SELECT :first + n - 1 AS seq) AS counted
""")
MARKS = (
    "UPDATE chat.rooms SET last_seq = :last WHERE group_id = CAST(:group AS uuid)",
    "UPDATE chat.members SET read_seq = :last - :unread WHERE group_id = CAST(:group AS uuid)",
)
WATCH = """() => {
    window.frames = [];
    let before = performance.now();
    const next = (at) => { window.frames.push(at - before); before = at; requestAnimationFrame(next); };
    requestAnimationFrame(next);
}"""


def fill(stack: Stack, group: str, members: list[str], entries: int) -> None:
    """Up to so many entries in the room, over so many days; the last ones unread."""
    engine = sa.create_engine(stack.env["CHAT_DATABASE_URI"])
    with engine.begin() as tx:
        first = tx.scalar(
            sa.text("SELECT last_seq + 1 FROM chat.rooms WHERE group_id = CAST(:g AS uuid)"), {"g": group}
        )
        for start in range(first, entries + 1, 10_000):
            count = min(10_000, entries + 1 - start)
            texts = [" ".join(CHANCE.choices(WORDS, k=CHANCE.choice((2, 6, 14, 40)))) for _ in range(count)]
            senders = [CHANCE.choice(members) for _ in range(count)]
            apart = DAYS * 86_400 / entries
            made = {"group": group, "senders": senders, "texts": texts, "apart": apart}
            tx.execute(FILL, {**made, "first": start, "last": entries})
        for mark in MARKS:
            tx.execute(sa.text(mark), {"group": group, "last": entries, "unread": UNREAD})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
        tx.execute(sa.text("ANALYZE chat.entries"))
    engine.dispose()


def complete(person: Person, group: str, entries: int) -> bool:
    return len(person.timeline(group)) == entries


def took(act: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def memory(page: Page, tools: CDPSession) -> tuple[float, int]:
    """Megabytes of JavaScript that are in use, and nodes on the page."""
    tools.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    return told["JSHeapUsedSize"] / 1e6, page.evaluate("document.querySelectorAll('*').length")


def measure(window: Window, name: str, entries: int) -> None:
    page = window.page
    tools = window.context.new_cdp_session(page)
    tools.send("Performance.enable")

    def shows(seq: int) -> None:
        expect(window.log.get_by_text(f"No. {seq}:").first).to_be_visible()

    def first_unread() -> None:
        page.get_by_role("button", name="go to the first").click()
        shows(entries - UNREAD + 1)

    def a_day() -> None:
        window.menu("Search in this room")
        page.get_by_label("Go to a day").fill(day)
        page.get_by_role("button", name="Go", exact=True).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(window.log.locator("[data-target]")).to_be_visible()

    def to_the_end() -> None:
        page.get_by_role("button", name="Jump to the latest").click()
        shows(entries)

    def open_it() -> None:
        window.room(name).click()
        shows(entries)

    times = {"open": took(open_it)}
    at_first = memory(page, tools)
    times["first unread"] = took(first_unread)
    page.evaluate(WATCH)
    box = window.log.bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    for _ in range(TURNS):
        page.mouse.wheel(0, -900)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => done()))")
    frames = sorted(page.evaluate("window.frames"))
    seen = window.log.get_by_text("No. ").first.inner_text()
    day = page.evaluate(f"new Date(Date.now() - {DAYS // 2} * 86400000).toLocaleDateString('en-CA')")
    times["a day"] = took(a_day)
    times["the end"] = took(to_the_end)
    at_last = memory(page, tools)
    late = sum(frame > 50 for frame in frames)
    half, most = (frames[len(frames) * part // 100] for part in (50, 95))
    print(f"{entries} entries:", ", ".join(f"{what} {ms:.0f} ms" for what, ms in times.items()))
    print(f"  scrolled to {seen.partition(':')[0]} in {len(frames)} frames, of which {late} late:")
    print(f"  half under {half:.0f} ms, 95 of 100 under {most:.0f} ms, the longest {frames[-1]:.0f} ms")
    for when, (megabytes, nodes) in (("at first", at_first), ("at last", at_last)):
        print(f"  {when} {megabytes:.1f} MB of scripts, {nodes} elements")


def main() -> None:
    with tempfile.TemporaryDirectory() as place, Stack(Path(place)) as stack:
        admin = Person(stack.urls, stack.admin["username"], stack.admin["password"]).login()
        people = []
        for name in ("reader", "ann", "bob"):
            admin.post("/users", {"username": name, "password": f"correct horse {name}", "kind": "staff"})
            people.append(Person(stack.urls, name, f"correct horse {name}").login())
        rooms = {f"Room of {entries}": entries for entries in (SHORT, LONG)}
        for name, entries in rooms.items():
            group = admin.post("/groups", {"name": name, "catalogue": "chat"})["id"]
            for person in people:
                person.post(f"/groups/{group}/join")
            # Making the room is two entries, each joining one; what came after the filling would be its end.
            until(partial(complete, admin, group, 2 + len(people)), "all in the room")
            fill(stack, group, [person.id for person in people[1:]], entries)
        with sync_playwright() as playwright, launch(playwright) as browser, context(browser) as here:
            window = Window(here, stack.url, people[0]).sign_in()
            for name, entries in rooms.items():
                measure(window, name, entries)
            assert window.troubles == [], window.troubles


if __name__ == "__main__":
    main()
