"""Keeps the demo alive: trades in the demo company's ERP and talks about it in the rooms, until SIGTERM.

Takes ERP_DATABASE_URI, BCHAT_URL and BCHAT_PEOPLE_PASSWORD from the environment. It begins briskly, with
something every few seconds, and slows down to a few things an hour, so that a demo left running overnight
stays believable.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg2
from api import Away, Person, Refused
from company import Company, Order, connect
from people import CUSTOMER, FLOOR, PEOPLE, ROOMS, SALES, SHOP
from psycopg2.extensions import connection as Connection  # noqa: N812

log = logging.getLogger("player")
FIRST_PAUSE, SLOWER, LONGEST_PAUSE = 4.0, 1.02, 300.0
ORDERS = 0.3  # the share of steps that are new orders
AHEAD = 4  # days: a planned delivery or payment may come so much earlier
LOCK = 0x6B657374  # one player at a time: the books have one writer
Line = tuple[str, str, str]  # room, username, text
# From the gate in Zwolle along the A28 to the customer's door: longitude, latitude.
ROAD = (
    *((6.0944, 52.508), (6.1312, 52.5702), (6.1935, 52.692), (6.3221, 52.6998), (6.476, 52.724)),
    *((6.5003, 52.8526), (6.5465, 52.9183), (6.5625, 52.9967), (6.5817, 53.1106), (6.5665, 53.2194)),
)
TOUR = 3 * len(ROAD)  # steps: the way there, and the rest until the next one


class Trader:
    """Trades; what is worth telling comes out as a few lines of talk."""

    def __init__(self, uri: str, rng: Random) -> None:
        self.uri, self.rng = uri, rng
        self.db: Connection | None = None
        self.company: Company | None = None
        self.count = 0

    def step(self) -> list[Line]:
        """One thing more, committed. What failed is rolled back and read again from the books."""
        try:
            company, db = self._open()
            today = datetime.now(UTC).date()
            if company.today < today:
                company.now = None
                company.trade(today - timedelta(days=1))
                company.begin_day(today)
            company.now = datetime.now(UTC)
            told = list(self._order(company)) if self.rng.random() < ORDERS else list(self._next(company))
            with db, db.cursor() as cursor:
                company.write(cursor)
        except BaseException:
            self.close()
            raise
        return told

    def close(self) -> None:
        if self.db:
            self.db.close()
        self.db = self.company = None

    def _open(self) -> tuple[Company, Connection]:
        if not self.db or not self.company:
            self.db = connect(self.uri)
            self.db.autocommit = True
            with self.db.cursor() as cursor:
                cursor.execute("select pg_try_advisory_lock(%s)", (LOCK,))
                if cursor.fetchone() != (True,):
                    raise psycopg2.OperationalError("another player is trading")
                cursor.execute(
                    "select count(*) from erp.orders where date = (now() at time zone 'UTC')::date"
                )
                [self.count] = cursor.fetchone() or (0,)
            self.db.autocommit = False
            self.company = Company.load(self.db)
            self.db.rollback()  # the reading's transaction need not stay open
        return self.company, self.db

    def _order(self, company: Company) -> Iterator[Line]:
        if not (order := company.order(company.today)):
            return
        self.count += 1
        most = max(order.lines, key=lambda line: line.left * line.price)
        product = company.products[most.product]
        if order.id in company.quotes:
            yield FLOOR.name, "sofie", f"{order.party.name} asks for a quote: {most.left} × {product.name}."
            return
        yield FLOOR.name, "sofie", self.rng.choice((
            f"New order {order.no}: {order.party.name} takes {most.left} × {product.name}.",
            f"{order.party.name} ({order.party.country}) has ordered, {most.left} × {product.name} among it.",
        ))  # fmt: skip
        here = company.stock[most.product]
        if product.kind == "goods" and here >= most.left:
            yield FLOOR.name, "omar", f"{here} of them on the shelf, no problem for {order.promised:%d %B}."
        elif product.parts:
            yield FLOOR.name, "omar", f"Only {max(0, here)} {product.name} here."
            yield (
                FLOOR.name,
                "jan",
                f"I know, {company.coming[most.product]} are in production. We make the date.",
            )
        if self.count % 6 == 0:
            yield (
                SALES.name,
                "marieke",
                f"That was order number {self.count} of today. The next report shows it.",
            )
            yield SALES.name, "eva", "And it should end up above the same month of last year."

    def _next(self, company: Company) -> Iterator[Line]:
        if not company.plan:
            return
        _, _, what, key = company.plan[0]
        order, item, job = company.orders.get(key), company.items.get(key), company.jobs.get(key)
        if what == "deliver" and order:
            yield from self._leaves(order)
        elif what == "pay" and item and item.side == "ar" and item.amount > 500000:
            late = (company.today - item.due).days
            yield FLOOR.name, "eva", f"{item.party.name} has paid {item.amount / 100:,.2f} EUR."
            if late > 10:
                yield FLOOR.name, "marieke", f"{late} days late, but it is in. Thank you, Eva."
        elif what == "finish" and job:
            yield (
                FLOOR.name,
                "jan",
                f"{job.qty} × {company.products[job.product].name} come off the line now.",
            )
        elif what == "receive" and order:
            yield FLOOR.name, "omar", f"Goods from {order.party.name} are at the gate ({order.no})."
        company.due(company.today, AHEAD)

    def _leaves(self, order: Order) -> Iterator[Line]:
        yield FLOOR.name, "omar", f"{order.no} for {order.party.name} is being packed."
        if order.party.name == SHOP:
            yield CUSTOMER.name, "omar", f"Your order {order.no} leaves us today."
            yield CUSTOMER.name, "nora", "Great, we have customers waiting for it."
        elif order.promised < datetime.now(UTC).date():
            yield FLOOR.name, "sofie", "It was promised earlier, I give them a call."

    def asked(self) -> list[Line]:
        """The customer asks after an order of hers, if she has one."""
        mine = [o for o in self.company.orders.values() if o.party.name == SHOP] if self.company else []
        if not mine:
            return []
        order = self.rng.choice(mine)
        bikes = sum(line.left for line in order.lines)
        return [
            (CUSTOMER.name, "nora", f"Hi, may I ask when {order.no} will be here?"),
            (CUSTOMER.name, "sofie", f"It is promised for {order.promised:%A %d %B}, {bikes} pieces in all."),
            (CUSTOMER.name, "nora", self.rng.choice(("Perfect, thank you.", "All right, that is in time."))),
        ]


class Lorry:
    """On the road to the customer, who follows it live in their room; at the door its driver says so."""

    def __init__(self, driver: Person) -> None:
        self.driver, self.step, self.share = driver, 0, ""

    def drive(self, room: str) -> None:
        """One step along the road, or of the rest."""
        self.step += 1
        if self.step > len(ROAD):
            self.step %= TOUR
            return
        here = {"type": "Feature", "geometry": {"type": "Point", "coordinates": ROAD[self.step - 1]}}
        if self.step == 1:
            self.share = self.driver.post(f"/groups/{room}/shares", minutes=120)["id"]
        self.driver.put(f"/shares/{self.share}/position", **here, properties={"accuracy_m": 15})
        if self.step == len(ROAD):
            self.driver.post(f"/groups/{room}/positions", **here)
            self.driver.delete(f"/shares/{self.share}")


class Talkers:
    """The demo's people, who say one line at a time."""

    def __init__(self, url: str, password: str, stop: threading.Event) -> None:
        self.people = {name: Person(url, name, password, stop) for name in PEOPLE}
        self.rooms: dict[str, str] = {}
        self.lines: deque[Line] = deque(maxlen=12)  # what could not be said in time is old news
        self.lorry = Lorry(self.people["omar"])

    def say_next(self) -> None:
        if not self.rooms:
            groups = self.people["marieke"].every("/groups")
            names = {room.name for room in ROOMS}
            self.rooms = {g["name"]: g["id"] for g in groups if g["name"] in names and not g["ended_at"]}
        if not self.lines:
            return
        room, who, text = self.lines.popleft()
        if room in self.rooms:
            try:
                self.people[who].say(self.rooms[room], text)
            except Refused as refused:  # ended, or made again, or somebody was taken out of it
                log.info("%s could not speak in %s: %s", who, room, refused)
                self.rooms = {}

    def drive(self) -> None:
        if room := self.rooms.get(CUSTOMER.name):
            try:
                self.lorry.drive(room)
            except Refused as refused:  # ended, or signed out
                log.info("The lorry could not be followed: %s", refused)
                self.lorry.step = 0


def play(trader: Trader, talkers: Talkers, stop: threading.Event, rng: Random) -> None:
    failures, steps = 0, 0
    while True:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * SLOWER ** max(steps, 3 * trader.count))
        if failures:
            pause = min(60.0, 2.0**failures)
        if stop.wait(pause * rng.uniform(0.6, 1.4)):
            return
        try:
            talkers.say_next()
            talkers.drive()
            # Trade when the last is told: the talk is about what just happened.
            if not talkers.lines:
                talkers.lines.extend(trader.step())
                if steps % 9 == 4:
                    talkers.lines.extend(trader.asked())
            failures, steps = 0, steps + 1
        except (Away, psycopg2.Error) as problem:
            failures += 1
            log.warning("waiting, then going on: %s", " ".join(str(problem).split()))


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    rng = Random()  # noqa: S311 - small talk
    trader = Trader(os.environ["ERP_DATABASE_URI"], rng)
    try:
        play(trader, Talkers(os.environ["BCHAT_URL"], os.environ["BCHAT_PEOPLE_PASSWORD"], stop), stop, rng)
    finally:
        trader.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
