"""The demo company: years of believable trade written into an ERP database, its books in balance to the cent.

    python company.py create --uri postgresql://user:password@host:port/database [--seed 7] [--reader role]
    python company.py check  --uri ...

`create` makes the database when it is missing and does nothing when the company is already in it (--again
begins it anew). It trades from 1 January two years back up to yesterday; today belongs to player.py, which
goes on with the same code. `--reader` names a role that may then read the canonical views (schema rpt) and
nothing else; it is made with READER_PASSWORD from the environment when it is missing. The same seed and day
give the same company.
"""

from __future__ import annotations

import argparse
import heapq
import io
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import psycopg2
from kestrel import (
    ACCOUNTS,
    BIKES,
    OVERHEADS,
    RATES,
    REVENUE,
    SEASONS,
    SEGMENTS,
    Assignment,
    Party,
    assignments,
    parties,
    plan,
    products,
    timesheets,
)
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extensions import make_dsn, parse_dsn

ID, NAME = "KES", "Kestrel Cycles"
# Parents first: the order in which rows can be copied without breaking a reference.
TABLES = (
    *(
        "company",
        "party",
        "product",
        "account",
        "fx_rate",
        "assignment",
        "orders",
        "order_line",
        "order_event",
    ),
    *("delivery", "stock_move", "production", "production_event", "move", "move_line", "invoice"),
    *("invoice_line", "open_item", "settlement", "budget", "timesheet"),
)
ORDERS_A_DAY = 8.2
VAT = 0.21
CLOSED_DAYS = {(1, 1), (12, 25), (12, 26)}


@dataclass
class Line:
    id: int
    product: int
    left: int  # not yet delivered
    price: int  # of one, in cents of the order's currency


@dataclass
class Order:
    id: int
    no: str
    side: str
    party: Party
    promised: date
    lines: list[Line]


@dataclass
class Item:
    """An open amount of a customer (positive: owed to us) or a supplier (positive: owed by us)."""

    id: int
    side: str
    party: Party
    due: date
    amount: int
    amount_doc: int


@dataclass
class Job:
    id: int
    product: int
    qty: int
    ends: date
    started: bool = False


class Company:
    """The state of the company on a day, and what can happen in it. Rows pile up until they are flushed."""

    def __init__(self, seed: str, start: date, until: date) -> None:
        rng = Random(f"{seed} founding")  # noqa: S311 - a demo company, not a secret
        self.seed, self.start = seed, start
        self.today = start - timedelta(days=1)  # the last day that was begun
        self.now: datetime | None = None  # set while trading live; else documents get a time of their day
        self.products = {product.id: product for product in products()}
        self.by_code = {product.code: product for product in self.products.values()}
        self.parties = {party.id: party for party in parties(rng, start)}
        self.by_name = {party.name: party for party in self.parties.values()}
        self.customers = [party for party in self.parties.values() if party.segment != "Supplier"]
        self.weights = [party.weight for party in self.customers]
        self.people = assignments(rng, start, until)
        self.rng = Random(seed)  # noqa: S311
        self.rows: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
        self.ids: Counter[str] = Counter()
        self.stock: Counter[int] = Counter()
        self.coming: Counter[int] = Counter()  # ordered or in production
        self.balance: Counter[str] = Counter()
        self.result: Counter[tuple[int, str]] = Counter()  # profit and loss accounts by year
        self.sold: Counter[tuple[int, int]] = Counter()  # revenue by month, for what depends on it
        self.orders: dict[int, Order] = {}
        self.quotes: dict[int, Order] = {}
        self.items: dict[int, Item] = {}
        self.jobs: dict[int, Job] = {}
        self.rates = dict(RATES)
        self.plan: list[tuple[date, int, str, int]] = []

    # what the rest is made of

    def id(self, table: str) -> int:
        self.ids[table] += 1
        return self.ids[table]

    def no(self, prefix: str, day: date) -> str:
        return f"{prefix}{day:%y}-{self.id(prefix):05}"

    def at(self) -> datetime:
        """When a row is entered. Never before rows already written: readers go by it to find what is new."""
        spread = timedelta(hours=7, seconds=self.rng.randrange(9 * 3600))
        return self.now or datetime.combine(self.today, time(), UTC) + spread

    def later(self, day: date, what: str, key: int) -> None:
        heapq.heappush(self.plan, (workday(day), self.id("event"), what, key))

    def rate(self, currency: str) -> float:
        return self.rates.get(currency, 1.0)

    def post(
        self, day: date, journal: str, text: str, lines: Iterable[tuple[str, int, Party | None, int | None]],
        no: str | None = None, closing: bool = False,
    ) -> tuple[int, list[int]]:  # fmt: skip
        """One move: (account, cents debit, party, cents in the party's own currency); it must sum to zero."""
        kept = [line for line in lines if line[1]]
        if sum(line[1] for line in kept):
            raise ValueError(f"{text} does not balance: {kept}")
        move = self.id("move")
        row = (move, no or self.no("J", day), day, journal, closing, text, self.at())
        self.rows["move"].append(row)
        ids = []
        for account, amount, party, amount_doc in kept:
            ids.append(self.id("move_line"))
            foreign = party is not None and amount_doc is not None
            currency = party.currency if party and foreign else "EUR"
            self.rows["move_line"].append(
                (
                    ids[-1],
                    move,
                    account,
                    party and party.id,
                    amount,
                    currency,
                    amount_doc if foreign else amount,
                )
            )
            self.balance[account] += amount
            if account >= "4" and not closing:
                self.result[day.year, account] += amount
        return move, ids

    def invoice(
        self, side: str, party: Party, day: date, lines: list[tuple[int | None, int | None, str, int, int]],
        extra: Iterable[tuple[str, int, Party | None, int | None]] = (),
    ) -> Item | None:  # fmt: skip
        """lines: (order line, product, account, quantity, net in document cents); `extra` goes with it."""
        sign = 1 if side == "ar" else -1  # a sale credits the revenue, a purchase debits the cost
        rate, net = self.rate(party.currency), 0
        booked: list[tuple[str, int, Party | None, int | None]] = []
        id, no = self.id("invoice"), self.no("INV" if side == "ar" else "BILL", day)
        net_doc = sum(line[4] for line in lines)
        for order_line, product, account, qty, line_doc in lines:
            cents = round(line_doc * rate)
            net += cents
            booked.append((account, -sign * cents, party, -sign * line_doc))
            self.rows["invoice_line"].append(
                (self.id("invoice_line"), id, order_line, product, account, qty, cents, line_doc)
            )
        vat = round(net_doc * VAT) if party.country == "NL" else 0
        booked.append(("1700", -sign * vat, None, None))
        gross, gross_doc = net + vat, net_doc + vat
        account = "1300" if side == "ar" else "1600"
        move, ids = self.post(
            day, "sale" if side == "ar" else "purchase", f"{no} {party.name}",
            [(account, sign * gross, party, sign * gross_doc), *booked, *extra], no,
        )  # fmt: skip
        self.rows["invoice"].append((id, side, no, day, party.id, party.currency, move))
        if not gross:
            return None
        due = day + timedelta(days=party.terms)
        item = Item(ids[0], side, party, due, gross, gross_doc)
        kind = "invoice" if gross > 0 else "credit_note"
        self.rows["open_item"].append(
            (item.id, side, party.id, no, kind, day, due, gross, party.currency, gross_doc)
        )
        self.items[item.id] = item
        self.later(self.pays_on(item), "pay", item.id)
        return item

    def pays_on(self, item: Item) -> date:
        if item.side == "ap":  # mostly on the day, now and then some days late
            late: float = Random(f"{self.seed} {item.id}").choices((0, 4, 11), (84, 11, 5))[0]  # noqa: S311
        else:
            late = self.rng.gauss(item.party.late, 4) if item.amount > 0 else 0
        return max(self.today, item.due + timedelta(days=round(late)))

    # what customers do

    def demand(self, category: str, day: date) -> float:
        return demand(category, day, self.start)

    def basket(self, party: Party, day: date) -> dict[int, int]:
        _, bike_lines, bikes, other_lines, _, wish = SEGMENTS[party.segment]
        basket: dict[int, int] = {}
        for wanted, (least, most), many in ((True, bike_lines, bikes), (False, other_lines, (2, 20))):
            choice = [
                product
                for product in self.products.values()
                if product.price
                and (product.category in BIKES) == wanted
                and (wish is None or product.category in wish)
            ]
            weights = [product.popularity * self.demand(product.category, day) for product in choice]
            for product in (
                self.rng.choices(choice, weights, k=self.rng.randint(least, most)) if choice else ()
            ):
                most_of = (1, 4) if product.kind == "service" else many
                basket[product.id] = self.rng.randint(*most_of)
        return basket

    def order(self, day: date, party: Party | None = None) -> Order | None:
        party = party or self.rng.choices(self.customers, self.weights)[0]
        basket = self.basket(party, day)
        if not basket or (party.broke and day > party.broke):
            return None
        raised = 0.94 * 1.013 ** (day.year - self.start.year)  # the price list of the year
        off = 1 - SEGMENTS[party.segment][4]
        wanted = [
            (product, qty, round(self.products[product].price * raised * off / self.rate(party.currency)))
            for product, qty in basket.items()
        ]
        promised = workday(day + timedelta(days=self.rng.randint(6, 21)))
        order = self.write_order("sale", day, party, wanted, promised)
        if self.rng.random() < 0.24:
            self.quotes[order.id] = order
            self.later(day + timedelta(days=self.rng.randint(3, 30)), "decide", order.id)
        else:
            self.confirm(order, day)
        return order

    def write_order(
        self, side: str, day: date, party: Party, wanted: list[tuple[int, int, int]], promised: date
    ) -> Order:
        """wanted: (product, quantity, price of one in document cents)."""
        order = Order(
            self.id("orders"), self.no({"sale": "SO", "purchase": "PO"}[side], day), side, party, promised, []
        )
        sellers = [
            a.employee for a in self.people if a.job == "Account manager" and a.start <= day <= (a.end or day)
        ]
        owner = sellers[party.id % len(sellers)] if side == "sale" else None
        self.rows["orders"].append(
            (order.id, side, order.no, day, party.id, party.currency, promised, owner, self.at())
        )
        for product, qty, price in wanted:
            line = Line(self.id("order_line"), product, qty, price)
            cost = self.products[product].cost * qty if side == "sale" else None
            self.rows["order_line"].append(
                (
                    line.id,
                    order.id,
                    product,
                    qty,
                    round(price * qty * self.rate(party.currency)),
                    price * qty,
                    cost,
                )
            )
            order.lines.append(line)
        return order

    def confirm(self, order: Order, day: date) -> None:
        self.rows["order_event"].append((order.id, "confirmed", self.at()))
        self.orders[order.id] = order
        if order.side == "purchase":
            late = self.rng.choices((0, 4, 11), (78, 15, 7))[0]
            return self.later(order.promised + timedelta(days=late), "receive", order.id)
        if self.rng.random() < 0.03:
            return self.later(day + timedelta(days=2), "cancel", order.id)
        self.later(order.promised - timedelta(days=self.rng.randint(0, 5)), "deliver", order.id)

    def decide(self, key: int, day: date) -> None:
        order = self.quotes.pop(key)
        if self.rng.random() < 0.62:
            self.confirm(order, day)
        else:
            self.rows["order_event"].append((order.id, "cancelled", self.at()))

    def cancel(self, key: int, day: date) -> None:
        self.rows["order_event"].append((self.orders.pop(key).id, "cancelled", self.at()))

    def deliver(self, key: int, day: date) -> None:
        """Ships and invoices what is there; the rest follows as a back order."""
        order = self.orders[key]
        self.ship(order, day, [(line, min(line.left, self.at_hand(line))) for line in order.lines])
        if any(line.left for line in order.lines):
            self.later(day + timedelta(days=3), "deliver", key)
            return
        del self.orders[key]
        if self.rng.random() < 0.05:
            self.later(day + timedelta(days=self.rng.randint(6, 25)), "give_back", key)
            self.orders[key] = order

    def at_hand(self, line: Line) -> int:
        return (
            line.left if self.products[line.product].kind == "service" else max(0, self.stock[line.product])
        )

    def ship(self, order: Order, day: date, quantities: list[tuple[Line, int]]) -> Item | None:
        lines: list[tuple[int | None, int | None, str, int, int]] = []
        moved: Counter[str] = Counter()
        at = self.at()
        for line, qty in quantities:
            if not qty:
                continue
            product = self.products[line.product]
            line.left -= qty
            self.rows["delivery"].append((line.id, day, qty, 0, at))
            if product.kind == "goods":
                self.move_stock(line.product, day, -qty)
                moved["7000" if product.parts else "7010"] += product.cost * qty
                moved[product.inventory] -= product.cost * qty
            account = REVENUE.get(product.category, "8000")
            lines.append((line.id, line.product, account, qty, line.price * qty))
            self.sold[day.year, day.month] += round(line.price * qty * self.rate(order.party.currency))
        if not lines:
            return None
        return self.invoice("ar", order.party, day, lines, [(a, n, None, None) for a, n in moved.items()])

    def give_back(self, key: int, day: date) -> None:
        """Some of a delivered line comes back: order, delivery and invoice with negative quantities."""
        order = self.orders.pop(key)
        goods = [row for row in order.lines if self.products[row.product].kind == "goods"]
        if goods:
            line = self.rng.choice(goods)
            wanted = [(line.product, -self.rng.randint(1, 2), line.price)]
            back = self.write_order("sale", day, order.party, wanted, day)
            self.rows["order_event"].append((back.id, "confirmed", self.at()))
            self.ship(back, day, [(row, row.left) for row in back.lines])

    def pay(self, key: int, day: date, part: float = 1) -> None:
        item = self.items[key]
        if item.side == "ar" and item.party.broke and day > item.party.broke:
            return
        if part == 1 and item.side == "ar" and item.amount > 500000 and self.rng.random() < 0.05:
            part = 0.5
        doc = item.amount_doc if part == 1 else round(item.amount_doc * part)
        cleared = item.amount if part == 1 else round(item.amount * part)
        paid = round(doc * self.rate(item.party.currency))
        sign, account = (1, "1300") if item.side == "ar" else (-1, "1600")
        text = f"{'Payment of' if item.side == 'ar' else 'Paid to'} {item.party.name}"
        self.post(
            day, "bank", text,
            [("1100", sign * paid, None, None), (account, -sign * cleared, item.party, -sign * doc),
             ("9010", sign * (cleared - paid), None, None)],
        )  # fmt: skip
        self.rows["settlement"].append((item.id, day, cleared, doc))
        item.amount -= cleared
        item.amount_doc -= doc
        if item.amount or item.amount_doc:
            self.later(day + timedelta(days=self.rng.randint(20, 40)), "pay", key)
        else:
            del self.items[key]

    # what the company does

    def move_stock(self, product: int, day: date, qty: int) -> None:
        self.stock[product] += qty
        self.rows["stock_move"].append((product, day, qty))

    def weekly(self, product: int, day: date) -> float:
        """How many a week sales expects of a product: what planning goes by."""
        found = self.products[product]
        return (
            found.popularity * self.demand(found.category, day) * (2.4 if found.category in BIKES else 10.5)
        )

    def missing(self, day: date) -> Counter[int]:
        """Ordered by customers, not yet delivered."""
        due: Counter[int] = Counter()
        for order in self.orders.values():
            if order.side == "sale" and order.promised <= day + timedelta(days=28):
                for line in order.lines:
                    due[line.product] += line.left
        return due

    def plan_week(self, day: date) -> None:
        missing = self.missing(day)
        use: Counter[int] = Counter()  # components a week
        ask: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        ahead = day + timedelta(days=30)
        for product in self.products.values():
            if product.kind == "service" or product.category == "Components":
                continue
            weekly = self.weekly(product.id, ahead)
            for part in product.parts:
                use[part] += round(weekly * 100)
            cover = 5 if product.parts else 7
            short = weekly * cover + missing[product.id] - self.stock[product.id] - self.coming[product.id]
            if short > weekly:
                qty = max(5, -(-round(short) // 5) * 5)
                if product.parts:
                    self.launch(product.id, qty, day)
                else:
                    ask[product.supplier].append((product.id, qty))
        for job in self.jobs.values():
            if not job.started:
                for part in self.products[job.product].parts:
                    missing[part] += job.qty
        for part, weekly_use in use.items():
            short = weekly_use * 7 / 100 + missing[part] - self.stock[part] - self.coming[part]
            if short > weekly_use / 100:
                ask[self.products[part].supplier].append((part, -(-round(short) // 10) * 10))
        for supplier, wanted in ask.items():
            self.purchase(day, self.by_name[supplier], wanted)

    def purchase(self, day: date, supplier: Party, wanted: list[tuple[int, int]]) -> None:
        dearer = 1 + 0.02 * (day.year - self.start.year) + self.rng.gauss(0, 0.015)
        rate = self.rate(supplier.currency)
        priced = [(p, qty, round(self.products[p].cost * dearer / rate)) for p, qty in wanted]
        promised = workday(day + timedelta(days=self.rng.randint(10, 24)))
        for product, qty in wanted:
            self.coming[product] += qty
        self.confirm(self.write_order("purchase", day, supplier, priced, promised), day)

    def receive(self, key: int, day: date) -> None:
        order = self.orders.pop(key)
        lines: list[tuple[int | None, int | None, str, int, int]] = []
        variance, value = 0, Counter[str]()
        at = self.at()
        for line in order.lines:
            product = self.products[line.product]
            bad = round(line.left * self.rng.uniform(0.01, 0.08)) if self.rng.random() < 0.07 else 0
            good = line.left - bad
            self.rows["delivery"].append((line.id, day, line.left, bad, at))
            self.coming[line.product] -= line.left
            self.move_stock(line.product, day, good)
            doc = line.price * good
            lines.append((line.id, line.product, product.inventory, good, doc))
            # Stock is kept at standard cost; what the invoice differs goes to the result.
            difference = round(doc * self.rate(order.party.currency)) - product.cost * good
            variance += difference
            value[product.inventory] -= difference
            line.left = 0
        extra: list[tuple[str, int, Party | None, int | None]] = [
            (a, n, None, None) for a, n in value.items()
        ]
        self.invoice("ap", order.party, day, lines, [*extra, ("7050", variance, None, None)])

    def launch(self, product: int, qty: int, day: date) -> None:
        begins = workday(day + timedelta(days=self.rng.randint(1, 6)))
        job = Job(
            self.id("production"), product, qty, workday(begins + timedelta(days=self.rng.randint(3, 8)))
        )
        self.rows["production"].append((job.id, self.no("WO", day), product, qty, begins, job.ends))
        self.jobs[job.id] = job
        self.coming[product] += qty
        self.later(begins, "begin", job.id)

    def begin(self, key: int, day: date) -> None:
        job = self.jobs[key]
        parts = Counter(self.products[job.product].parts)
        if any(self.stock[part] < n * job.qty for part, n in parts.items()):
            return self.later(day + timedelta(days=3), "begin", key)
        job.started = True
        for part, n in parts.items():
            self.move_stock(part, day, -n * job.qty)
        self.rows["production_event"].append((key, "started", day, 0, 0, 0))
        slips = self.rng.choices((-1, 0, 2, 5), (20, 50, 20, 10))[0]
        # Components leave the store when the work begins; until it ends they are work in progress among the
        # finished bicycles, so the end of a month never catches them between two accounts.
        material = sum(self.products[part].cost * n for part, n in parts.items()) * job.qty
        self.post(
            day,
            "stock",
            f"Issue to production {key}",
            [("1510", material, None, None), ("1500", -material, None, None)],
        )
        self.later(max(day, job.ends + timedelta(days=slips)), "finish", key)

    def finish(self, key: int, day: date) -> None:
        job = self.jobs.pop(key)
        product = self.products[job.product]
        share = self.rng.choices((0.0, 0.02, 0.09), (55, 38, 7))[0]
        scrap = min(job.qty, round(job.qty * share + self.rng.random() * (share > 0)))
        good = job.qty - scrap
        material, labour = product.cost - product.labour, product.labour * good
        self.move_stock(job.product, day, good)
        self.coming[job.product] -= job.qty
        self.rows["production_event"].append((key, "finished", day, good, scrap, material * job.qty + labour))
        self.post(
            day, "stock", f"Production {key}, {good} {product.name}",
            [("1510", labour - material * scrap, None, None), ("4090", -labour, None, None),
             ("7060", material * scrap, None, None)],
        )  # fmt: skip

    def month(self, day: date) -> None:
        """What comes round every month, each on its day."""
        wages = sum(a.cost for a in self.people if a.start <= day <= (a.end or day))
        freight = round(self.sold[day.year, day.month] * 0.024)
        for account, supplier, amount in OVERHEADS:
            peak = 1.8 if account == "4300" and day.month in (2, 3, 9) else 1
            net = round(
                (amount or freight)
                * peak
                * self.rng.uniform(0.94, 1.08)
                * 1.025 ** (day.year - self.start.year)
            )
            self.invoice("ap", self.by_name[supplier], day, [(None, None, account, 1, net)])
        gross, social = round(wages * 0.8), wages - round(wages * 0.8)
        held = round(gross * 0.31)
        loan = -self.balance["0800"]
        # Last month's wage tax goes out before this month's comes in.
        self.settle(day, "1710", "Wage tax")
        self.settle(day, "1700", "Value added tax")
        for journal, text, lines in (
            ("general", "Wages", [("4000", gross), ("4010", social), ("1710", -held - social)]),
            ("general", "Depreciation", [("4700", 2350000), ("0290", -2350000)]),
            ("bank", "Loan", [("9000", round(loan * 0.042 / 12)), ("0800", min(loan, 1000000))]),
        ):
            rest = -sum(amount for _, amount in lines)
            self.post(
                day,
                journal,
                f"{text} {day:%B %Y}",
                [*((a, n, None, None) for a, n in lines), ("1100", rest, None, None)],
            )
        if day.month % 3 == 0:
            self.post(
                day,
                "bank",
                "Corporate income tax",
                [("9500", 6500000, None, None), ("1100", -6500000, None, None)],
            )
            spare = self.balance["1100"] - 150000000
            if spare > 0:
                self.post(
                    day, "bank", "To savings", [("1110", spare, None, None), ("1100", -spare, None, None)]
                )
        short = 40000000 - self.balance["1100"]
        if short > 0 and self.balance["1110"] > 0:
            back = min(short, self.balance["1110"])
            self.post(day, "bank", "From savings", [("1100", back, None, None), ("1110", -back, None, None)])

    def settle(self, day: date, account: str, text: str) -> None:
        owed = self.balance[account]
        self.post(
            day, "bank", f"{text} {day:%B %Y}", [(account, -owed, None, None), ("1100", owed, None, None)]
        )

    def close(self, year: int) -> None:
        """The year's closing move: profit and loss to equity. Reports leave it out of the year's result."""
        lines = [
            (account, -n, None, None) for (y, account), n in sorted(self.result.items()) if y == year and n
        ]
        profit = -sum(line[1] for line in lines)
        self.post(
            date(year, 12, 31),
            "general",
            f"Closing of {year}",
            [*lines, ("0510", profit, None, None)],
            closing=True,
        )

    # time

    def open(self) -> None:
        """The first day: stocks, machines, debts and the owners' money."""
        day = self.start
        self.rows["company"].append((ID, NAME, "EUR", self.seed, day, self.today))
        self.rows["account"] += ACCOUNTS
        self.rows["party"] += [(p.id, p.name, p.segment, p.country) for p in self.parties.values()]
        self.rows["product"] += [
            (p.id, p.code, p.name, p.category, "unit", p.kind, p.cost) for p in self.products.values()
        ]
        self.rows["assignment"] += self.people
        value: Counter[str] = Counter()
        for product in self.products.values():
            if product.kind == "goods":
                weeks = 5 if product.category != "Components" else 0
                qty = round(self.weekly(product.id, day + timedelta(days=30)) * weeks) if weeks else 450
                self.move_stock(product.id, day, qty)
                value[product.inventory] += qty * product.cost
        opening = {
            **value,
            "0200": 210000000,
            "0210": 64000000,
            "1100": 120000000,
            "0800": -120000000,
            "0500": -150000000,
        }
        opening["0510"] = -sum(opening.values())
        self.post(day, "general", "Opening balance", [(a, n, None, None) for a, n in sorted(opening.items())])

    def begin_day(self, day: date) -> None:
        """What the calendar brings; the documents of the day are left to `due` and `order`."""
        self.today = day
        for currency, rate in self.rates.items():
            self.rates[currency] = round(
                rate * (1 + self.rng.gauss(0, 0.0035)) + (RATES[currency] - rate) * 0.01, 5
            )
            self.rows["fx_rate"].append((currency, day, self.rates[currency]))
        if day.weekday() == 0:
            self.plan_week(day)
            if day > self.start:
                week = day - timedelta(days=7)
                self.rows["timesheet"] += timesheets(self.seed, self.people, week, CLOSED_DAYS)
        if (day.month, day.day) == (1, 1):
            self.rows["budget"] += plan(day.year, day.year - self.start.year)
        if day.month == 1 and day.day == 31 and day.year > self.start.year:
            self.close(day.year - 1)
        if (day + timedelta(days=1)).day == 1:
            self.month(day)

    def due(self, day: date, ahead: int = 0) -> bool:
        """Lets the next planned thing happen, if it is planned for that day or so many days after it."""
        if not self.plan or self.plan[0][0] > day + timedelta(days=ahead):
            return False
        _, _, what, key = heapq.heappop(self.plan)
        steps = (self.decide, self.cancel, self.deliver, self.give_back, self.pay, self.receive, self.begin)
        {step.__name__: step for step in (*steps, self.finish)}[what](key, day)
        return True

    def trade(self, until: date) -> None:
        """All days after the last begun, up to and with `until`."""
        while self.today < until:
            day = self.today + timedelta(days=1)
            self.begin_day(day)
            while self.due(day):
                pass
            if day == workday(day):
                average = ORDERS_A_DAY * self.demand("Parts", day)
                for _ in range(max(0, round(self.rng.gauss(average, average**0.5)))):
                    self.order(day)

    # the database

    def write(self, cursor: Cursor) -> None:
        """Writes what happened since the last time; the caller's transaction makes it one."""
        for table in TABLES:
            if rows := self.rows.pop(table, None):
                text = io.StringIO("".join("\t".join(map(copied, row)) + "\n" for row in rows))
                cursor.copy_expert(f"copy erp.{table} from stdin", text)
        cursor.execute("update erp.company set today = %s", (self.today,))

    @classmethod
    def load(cls, db: Connection) -> Company:
        """The company as its books say it stands, ready to go on. What is still to happen is planned anew."""

        def read(query: str) -> list[tuple[Any, ...]]:
            with db.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()

        [(seed, start, today)] = read("select seed, started, today from erp.company")
        self = cls(seed, start, start)
        self.today = today
        self.rng.seed(f"{seed} {today}")
        self.people = [
            Assignment(*row) for row in read("select * from erp.assignment order by 1, start_date")
        ]
        for table in ("orders", "order_line", "production", "move", "move_line", "invoice", "invoice_line"):
            [(self.ids[table],)] = read(f"select coalesce(max(id), 0) from erp.{table}")  # noqa: S608
        for table in ("orders", "production", "move", "invoice"):
            for prefix, last in read(  # the running part of the numbers, as 42 in SO26-00042
                "select left(no, position('-' in no) - 3), max(split_part(no, '-', 2)::int) "  # noqa: S608
                f"from erp.{table} group by 1"
            ):
                self.ids[prefix] = max(self.ids[prefix], last)
        rates = "select distinct on (currency) currency, rate from erp.fx_rate order by currency, date desc"
        self.rates |= {currency: float(rate) for currency, rate in read(rates)}
        self.stock = Counter(dict(read("select product_id, sum(qty)::int from erp.stock_move group by 1")))
        self.balance = Counter(
            dict(read("select account_id, sum(amount)::bigint from erp.move_line group by 1"))
        )
        for year, account, amount in read(
            """select extract(year from m.date)::int, account_id, sum(amount)::bigint from erp.move_line l
            join erp.move m on m.id = move_id where account_id >= '4' and not is_closing group by 1, 2"""
        ):
            self.result[year, account] = amount
        for year, month, amount in read(
            """select extract(year from date)::int, extract(month from date)::int, sum(net)::bigint
            from erp.invoice i join erp.invoice_line on invoice_id = i.id where side = 'ar' group by 1, 2"""
        ):
            self.sold[year, month] = amount
        for id, no, side, party, promised, confirmed, line, product, left, price in read(
            """select o.id, o.no, o.side, o.party_id, o.promised_date, c.order_id, l.id, l.product_id,
                l.qty - coalesce(d.qty, 0), l.net_doc / l.qty
            from erp.orders o join erp.order_line l on l.order_id = o.id
            left join erp.order_event c on c.order_id = o.id and c.kind = 'confirmed'
            left join (select line_id, sum(qty)::int as qty from erp.delivery group by 1) d
                on d.line_id = l.id
            where l.qty <> coalesce(d.qty, 0) and not exists
                (select from erp.order_event where order_id = o.id and kind = 'cancelled') order by l.id"""
        ):
            held = self.orders if confirmed else self.quotes
            if id not in held:
                held[id] = Order(id, no, side, self.parties[party], promised, [])
                step = "decide" if not confirmed else "deliver" if side == "sale" else "receive"
                self.later(max(today, promised - timedelta(days=self.rng.randint(0, 5))), step, id)
            held[id].lines.append(Line(line, product, left, price))
            if side == "purchase":
                self.coming[product] += left
        for id, side, party, due, amount, doc in read(
            """select id, side, party_id, due_date, i.amount - coalesce(s.amount, 0)::bigint,
                amount_doc - coalesce(s.doc, 0)::bigint
            from erp.open_item i left join (select item_id, sum(amount) as amount, sum(amount_doc) as doc
                from erp.settlement group by 1) s on s.item_id = i.id
            where i.amount <> coalesce(s.amount, 0) order by id"""
        ):
            self.items[id] = Item(id, side, self.parties[party], due, amount, doc)
            self.later(self.pays_on(self.items[id]), "pay", id)
        for id, product, qty, begins, ends, started in read(
            """select p.id, product_id, qty, planned_start, planned_end, s.order_id is not null
            from erp.production p
            left join erp.production_event s on s.order_id = p.id and s.kind = 'started'
            left join erp.production_event f on f.order_id = p.id and f.kind = 'finished'
            where f.order_id is null order by p.id"""
        ):
            self.jobs[id] = Job(id, product, qty, ends, started)
            self.coming[product] += qty
            self.later(max(today, ends if started else begins), "finish" if started else "begin", id)
        return self


@cache
def demand(category: str, day: date, start: date) -> float:
    months, growth = SEASONS[category]
    this, following = months[day.month - 1], months[day.month % 12]
    years: float = (day - start).days / 365
    return (this + (following - this) * (day.day - 1) / 30) * float((1 + growth) ** years)


def workday(day: date) -> date:
    while day.weekday() > 4 or (day.month, day.day) in CLOSED_DAYS:
        day += timedelta(days=1)
    return day


def copied(value: object) -> str:
    return "\\N" if value is None else str(value)


def connect(uri: str) -> Connection:
    """uri may be SQLAlchemy's spelling too (postgresql+psycopg2://)."""
    return psycopg2.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", uri))


def create(uri: str, seed: str, until: date, reader: str | None = None, again: bool = False) -> bool:
    """True when the company was made, False when it was there."""
    make_database(uri)
    db = connect(uri)
    try:
        with db, db.cursor() as cursor:
            cursor.execute(
                "select to_regclass('erp.company') is not null and to_regclass('rpt.fx_rate') is not null"
            )
            there = cursor.fetchone() == (True,)
            if not there or again:
                cursor.execute("drop schema if exists rpt cascade; drop schema if exists erp cascade")
                cursor.execute((Path(__file__).parent / "schema.sql").read_text())
                company = Company(seed, date(until.year - 2, 1, 1), until)
                company.open()
                company.trade(until)
                company.write(cursor)
            if reader:
                let_read(cursor, reader)
        if not there or again:
            db.autocommit = True
            with db.cursor() as cursor:
                cursor.execute("analyze")
        return not there or again
    finally:
        db.close()


def make_database(uri: str) -> None:
    dsn = parse_dsn(re.sub(r"^postgresql\+\w+:", "postgresql:", uri))
    server = psycopg2.connect(make_dsn(**{**dsn, "dbname": "postgres"}))
    try:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute("select from pg_database where datname = %s", (dsn["dbname"],))
            if not cursor.rowcount:
                cursor.execute(sql.SQL("create database {}").format(sql.Identifier(dsn["dbname"])))
    finally:
        server.close()


def let_read(cursor: Cursor, reader: str) -> None:
    cursor.execute("select from pg_roles where rolname = %s", (reader,))
    role = sql.Identifier(reader)
    if not cursor.rowcount:
        password = os.environ.get("READER_PASSWORD") or None
        cursor.execute(
            sql.SQL(
                "create role {0} login password {1}; alter role {0} set default_transaction_read_only = on"
            ).format(role, sql.Literal(password))
        )
    cursor.execute(
        sql.SQL("grant usage on schema rpt to {0}; grant select on all tables in schema rpt to {0}").format(
            role
        )
    )


# name, a query that counts or lists what is wrong, empty when all is well
CHECKS = (
    ("every move sums to zero", "select move_id from erp.move_line group by 1 having sum(amount) <> 0"),
    ("the books sum to zero", "select sum(amount) from rpt.gl_line having sum(amount) <> 0"),
    *(
        (
            f"open items equal the {subtype} accounts",
            f"""select sum(i.amount) - coalesce((select sum(s.amount) from rpt.settlement s
                join rpt.open_item using (item_id) where side = '{side}'), 0) - (select {sign} sum(l.amount)
                from rpt.gl_line l join rpt.account a using (account_id) where a.subtype = '{subtype}')
            from rpt.open_item i where side = '{side}'""",  # noqa: S608
        )
        for side, subtype, sign in (("ar", "receivable", ""), ("ap", "payable", "-"))
    ),
    (
        "stock at cost and work in progress equal the inventory accounts",
        """select (select sum(m.qty * p.cost) from erp.stock_move m join erp.product p on p.id = product_id)
            + (select coalesce(sum(l.amount), 0) from erp.move_line l join erp.move m on m.id = move_id
               where m.description like 'Issue to production %' and account_id = '1510'
               and not exists (select from erp.production_event where kind = 'finished'
                   and order_id = split_part(m.description, ' ', 4)::int))
            - (select sum(amount) from erp.move_line join erp.account a on a.id = account_id
               where a.subtype = 'inventory')""",
    ),
    (
        "invoices equal the revenue accounts",
        """select sum(net_amount) + (select sum(l.amount) from rpt.gl_line l join rpt.account a
            using (account_id) where a.subtype = 'revenue' and not is_closing)
            from rpt.invoice_line where side = 'ar'""",
    ),
    ("no stock below nothing", "select product_id from erp.stock_move group by 1 having sum(qty) < 0"),
    (
        "the cash accounts are never overdrawn",
        """select date from (select date, sum(sum(amount)) over (order by date) as cash from rpt.gl_line
            join rpt.account using (account_id) where subtype = 'cash' group by date) days where cash < 0""",
    ),
    (
        "nothing is delivered beyond the order",
        "select line_id from rpt.order_line where abs(fulfilled_qty) > abs(qty)",
    ),
    (
        "no date is in the future",
        """select date from rpt.gl_line where date > now()::date union select date from rpt.order_line
            where date > now()::date
            union select now()::date where (select max(changed_at) from rpt.gl_line) > now()""",
    ),
    (
        "every month of the books has a budget",
        """select date_trunc('month', date) from rpt.gl_line where date_trunc('month', date)::date not in
            (select month from rpt.budget)""",
    ),
    (
        "nobody works more than a week has",
        "select employee_id from rpt.hr_time group by employee_id, date having sum(hours) > 40",
    ),
    ("every account has a class", "select account_id from rpt.account where class is null"),
)  # fmt: skip
FIGURES = """select extract(year from date)::int as year,
    -sum(amount) filter (where subtype = 'revenue') as revenue,
    -sum(amount) filter (where subtype in ('revenue', 'cogs')) as gross_profit,
    -sum(amount) filter (where class in ('income', 'expense')) as profit,
    count(distinct move_id) as moves
    from rpt.gl_line join rpt.account using (account_id) where not is_closing group by 1 order by 1"""


def check(uri: str) -> list[str]:
    """The names of the checks that failed; prints each, and what the company earned."""
    db = connect(uri)
    failed = []
    try:
        with db, db.cursor() as cursor:
            for name, query in CHECKS:
                cursor.execute(query)
                wrong = [row for row in cursor.fetchall() if row[0]]
                print("no" if wrong else "ok", name, wrong[:3] or "")
                if wrong:
                    failed.append(name)
            cursor.execute(FIGURES)
            for year, revenue, gross, profit, moves in cursor.fetchall():
                print(
                    f"{year}: revenue {revenue:,.2f}, gross {gross:,.2f}, profit {profit:,.2f}, {moves} moves"
                )
        return failed
    finally:
        db.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("create", "check"))
    uri = os.environ.get("ERP_DATABASE_URI")
    parser.add_argument(
        "--uri", default=uri, required=not uri, help="the ERP's database; else ERP_DATABASE_URI"
    )
    parser.add_argument("--seed", default="7")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=datetime.now(UTC).date() - timedelta(days=1)
    )
    parser.add_argument("--reader", help="role that may read the canonical views")
    parser.add_argument("--again", action="store_true", help="begin the company anew")
    args = parser.parse_args()
    if args.what == "check":
        return 1 if check(args.uri) else 0
    made = create(args.uri, args.seed, args.until, args.reader, args.again)
    print(f"{NAME} {f'has been founded and has traded up to {args.until}' if made else 'is there already'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
