"""What a very long room costs the client, beside a short one, on a phone and on a desk.

    python benchmarks/client_room.py [entries]

Starts a whole stack with servers of its own (a minute). What a room holds is first made as people make it:
photos, a file, positions, a report, changes of the task, an edit and a deletion. Then chat's table is filled
with copies of them between texts. In Chromium it does with each room what a person does: opens it, goes to
the first unread message, scrolls up through pages with the wheel or a finger, goes to a day of last year and
to the end, and opens it in a page that has only now been loaded.

A frame is late when more than 50 ms passed since the one before. Numbers move with the machine and its
neighbours: compare the lines of one run.
"""

import io
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Browser, CDPSession, FloatRect, Page, Response, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("tests/browser", "tests", "deploy/local")]

from client import Person, new_id, read_books, until  # noqa: E402
from kit.clock import now, rfc3339  # noqa: E402
from stack import Stack  # noqa: E402
from window import Window, context, launch  # noqa: E402

LONG = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
SHORT, UNREAD, DAYS, PAGES, LATE_MS = 2_000, 500, 400, 20, 50
CHANCE = random.Random(7)
WORDS = ["the", "lorry", "leaves", "on", "friday", "with", "twelve", "bicycles", "and", "aisle", "invoice"]
# Of a hundred entries; what is left are texts, every eighth of which answers another.
MIX = {"photo": 5, "file": 2, "position": 2, "task": 2, "edit": 1, "delete": 1, "report": 1}
FILL = sa.text("""
    INSERT INTO chat.entries (group_id, seq, id, kind, sender_id, client_id, at, text, reply_to, body)
    SELECT CAST(:group AS uuid), seq, gen_random_uuid(), kind, sender,
        CASE WHEN sender IS NOT NULL THEN gen_random_uuid() END,
        now() - make_interval(secs => (:last - seq) * :apart), text, reply_to, body
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS made (seq bigint, kind text, sender uuid, text text, reply_to bigint, body jsonb)
""")
MARKS = (
    "UPDATE chat.rooms SET last_seq = :last WHERE group_id = CAST(:group AS uuid)",
    "UPDATE chat.members SET read_seq = :last - :unread WHERE group_id = CAST(:group AS uuid)",
)
MADE = sa.text("""
    SELECT kind, CAST(sender_id AS text) AS sender, text, body FROM chat.entries
    WHERE group_id = CAST(:group AS uuid) ORDER BY seq
""")
WATCH = """() => {
    window.frames = [];
    let before = performance.now();
    const next = (at) => { window.frames.push(at - before); before = at; requestAnimationFrame(next); };
    requestAnimationFrame(next);
}"""

FRAME = "new Promise((done) => requestAnimationFrame(() => done()))"


class Cost(NamedTuple):
    """Milliseconds of what was done, entries of pages, milliseconds of frames; what is held in the end."""

    times: dict[str, float]
    pages: list[int]
    frames: list[float]
    megabytes: float
    nodes: int


def people_make(stack: Stack, admin: Person, name: str, people: list[Person]) -> str:
    """A room with one of each that is said in rooms."""
    ends = rfc3339(now().replace(year=now().year + 1))
    group: str = admin.post("/groups", {"name": name, "catalogue": "task", "target_end": ends})["id"]
    for person in people:
        person.post(f"/groups/{group}/join")
    ann = people[-1]

    def say(**more: Any) -> int:
        return int(ann.post(f"/groups/{group}/messages", {"client_id": new_id(), **more})["seq"])

    for number in range(8):
        say(attachment_ids=[ann.bring(picture(), f"photo-{number}.jpg")["id"]])
    say(text="The list", attachment_ids=[ann.bring(b"one, two", "list.txt")["id"]])
    for longitude in (6.16, 6.57):
        point = {"type": "Point", "coordinates": [longitude, 52.26]}
        made = {"accuracy_m": 12, "recorded_at": rfc3339(now())}
        ann.post(f"/groups/{group}/positions", {"type": "Feature", "geometry": point, "properties": made})
    ann.patch(f"/groups/{group}/messages/{say(text='Nine')}", {"text": "Ten"})
    ann.call("DELETE", f"/groups/{group}/messages/{say(text='Wrong room')}")
    for state in ("in_progress", "blocked"):
        admin.put(f"/groups/{group}/task", {"state": state})
    people[0].post("/reports", {"type": "sales", "period": {"name": "last_month"}, "group_id": group})
    until(lambda: MIX.keys() <= {entry["kind"] for entry in admin.timeline(group)}, "one of each", 180)
    return group


def picture() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((1280, 860), CHANCE.randrange(40, 90)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def fill(stack: Stack, group: str, senders: list[str], entries: int) -> None:
    """Up to so many entries in the room, over so many days; the last ones unread."""
    engine = sa.create_engine(stack.env["CHAT_DATABASE_URI"])
    with engine.begin() as tx:
        made: dict[str, list[dict[str, Any]]] = {}
        for row in tx.execute(MADE, {"group": group}).mappings():
            made.setdefault(row["kind"], []).append(dict(row))
        first = sum(len(rows) for rows in made.values()) + 1
        kinds = CHANCE.choices(
            [*MIX, "text"], [*MIX.values(), 100 - sum(MIX.values())], k=entries + 1 - first
        )
        rows = [entry(made, kind, first + n, senders) for n, kind in enumerate(kinds)]
        for row, change in pairwise(rows):
            if change["kind"] in ("edit", "delete"):
                row |= {"kind": "text", "sender": change["sender"], "text": "Changed", "reply_to": None}
                row["body"] = (
                    {"deleted": True} if change["kind"] == "delete" else {"edited_at": rfc3339(now())}
                )
                change["body"] = {"target_seq": row["seq"]}
        rows[-1] = entry(made, "text", entries, senders)
        apart = DAYS * 86_400 / entries
        for start in range(0, len(rows), 10_000):
            part = json.dumps(rows[start : start + 10_000])
            tx.execute(FILL, {"group": group, "rows": part, "last": entries, "apart": apart})
        for mark in MARKS:
            tx.execute(sa.text(mark), {"group": group, "last": entries, "unread": UNREAD})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
        tx.execute(sa.text("ANALYZE chat.entries"))
    engine.dispose()


def entry(made: dict[str, list[dict[str, Any]]], kind: str, seq: int, senders: list[str]) -> dict[str, Any]:
    """The next row: a copy of one that people have made, or a text."""
    if kind != "text":
        return {**CHANCE.choice(made[kind]), "seq": seq, "reply_to": None}
    words = " ".join(CHANCE.choices(WORDS, k=CHANCE.choice((2, 6, 14, 40))))
    answers = seq - 7 if CHANCE.random() < 1 / 8 else None
    said = {"sender": CHANCE.choice(senders), "text": f"No. {seq}: {words}", "reply_to": answers}
    return {"kind": kind, "seq": seq, "body": None, **said}


def took(act: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


@contextmanager
def asked(page: Page) -> Iterator[list[int]]:
    """How many entries came with each page of a room that was asked for meanwhile."""
    found: list[int] = []

    def hear(answer: Response) -> None:
        if re.search("/timeline.*before_seq", answer.url):
            found.append(len(answer.json()["items"]))

    page.on("response", hear)
    yield found
    page.remove_listener("response", hear)


def scroll(page: Page, tools: CDPSession, log: FloatRect, *, touch: bool) -> tuple[list[int], list[float]]:
    """Up, until so many pages have come: entries of each page, and milliseconds of each frame."""
    middle = log["x"] + log["width"] / 2
    top, bottom = log["y"] + 40, log["y"] + log["height"] - 60

    def turn() -> None:
        if not touch:
            page.mouse.wheel(0, -300)
            page.evaluate(FRAME)
            return
        for part in range(7):
            at = {"x": middle, "y": top + (bottom - top) * part / 6}
            kind = "touchMove" if part else "touchStart"
            tools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
            page.evaluate(FRAME)
        tools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    page.mouse.move(middle, (top + bottom) / 2)
    page.evaluate(WATCH)
    with asked(page) as pages:
        until(lambda: turn() or len(pages) >= PAGES, "scrolled through the pages", 300)
    return pages, sorted(page.evaluate("window.frames"))


def memory(page: Page, tools: CDPSession) -> tuple[float, int]:
    """Megabytes of JavaScript that are in use, and elements on the page."""
    tools.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    return told["JSHeapUsedSize"] / 1e6, page.evaluate("document.querySelectorAll('*').length")


def use(window: Window, name: str, entries: int, *, phone: bool) -> Cost:
    """The room, as a person does."""
    page = window.page
    tools = window.context.new_cdp_session(page)
    tools.send("Performance.enable")

    def shows(seq: int) -> None:
        expect(window.log.get_by_text(re.compile(f"^No. {seq}:")).first).to_be_visible()

    def first_unread() -> None:
        page.get_by_role("button", name="go to the first").click()
        expect(page.get_by_role("button", name="go to the first")).to_have_count(0)

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

    def load_it() -> None:
        page.goto(page.url.partition("?")[0])
        shows(entries)

    times = {"open": took(open_it), "first unread": took(first_unread)}
    box = window.log.bounding_box()
    assert box
    pages, frames = scroll(page, tools, box, touch=phone)
    held = memory(page, tools)
    day = page.evaluate(f"new Date(Date.now() - {DAYS // 2} * 86400000).toLocaleDateString('en-CA')")
    times["a day"] = took(a_day)
    times["the end"] = took(to_the_end)
    times["a new page"] = took(load_it)
    if phone:
        window.back()
    return Cost(times, pages, frames, *held)


def tell(entries: int, cost: Cost) -> None:
    late = sum(frame > LATE_MS for frame in cost.frames)
    half, most = (cost.frames[len(cost.frames) * part // 100] for part in (50, 95))
    print(f"{entries} entries:", ", ".join(f"{what} {ms:.0f} ms" for what, ms in cost.times.items()))
    print(
        f"  {len(cost.pages)} pages of {min(cost.pages)} to {max(cost.pages)} entries in {len(cost.frames)} "
        f"frames: {late} late, {late / len(cost.pages):.1f} a page; half under {half:.0f} ms, "
        f"95 of 100 under {most:.0f} ms, the longest {cost.frames[-1]:.0f} ms"
    )
    print(f"  then {cost.megabytes:.1f} MB of scripts and {cost.nodes} elements")


def walk(browser: Browser, stack: Stack, readers: list[Person], rooms: dict[str, int]) -> None:
    """Each reader has read nothing yet: one with a phone, and one at a desk."""
    for reader, phone in zip(readers, (True, False), strict=True):
        with context(browser, phone=phone) as here:
            window = Window(here, stack.url, reader).sign_in()
            print("on a phone" if phone else "on a desk", window.page.viewport_size)
            for name, entries in rooms.items():
                tell(entries, use(window, name, entries, phone=phone))
            assert window.troubles == [], window.troubles


def main() -> None:
    settings = {"RPC_SECONDS": "20"}  # whatever else the machine is doing
    with tempfile.TemporaryDirectory() as place, Stack(Path(place), company=True, settings=settings) as stack:
        admin = Person(stack.urls, stack.admin["username"], stack.admin["password"]).login()
        people = []
        for name in ("phone", "desk", "ann"):
            person = {"username": name, "password": f"correct horse {name}", "kind": "staff"}
            admin.post("/users", {**person, "permissions": ["reports:sales"]})
            people.append(Person(stack.urls, name, f"correct horse {name}").login())
        read_books(admin, 300)
        rooms = {f"Room of {entries}": entries for entries in (SHORT, LONG)}
        for name, entries in rooms.items():
            group = people_make(stack, admin, name, people)
            began = time.perf_counter()
            fill(stack, group, [person.id for person in people[2:]], entries)
            print(f"{name} was filled in {time.perf_counter() - began:.1f} s")
        with sync_playwright() as playwright, launch(playwright) as browser:
            walk(browser, stack, people[:2], rooms)


if __name__ == "__main__":
    main()
