"""A small company by chance, with something in every view: its books balance, and so do its open items."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

START, END = date(2024, 3, 5), date(2026, 10, 20)
ACCOUNTS = (
    ("cash", "asset", "cash"),
    ("till", "asset", "cash"),
    ("ar", "asset", "receivable"),
    ("stock", "asset", "inventory"),
    ("plant", "asset", "fixed_asset"),
    ("ap", "liability", "payable"),
    ("vat", "liability", "tax"),
    ("loan", "liability", "finance"),
    ("owed", "liability", None),
    ("capital", "equity", None),
    ("sales", "income", "revenue"),
    ("gains", "income", None),
    ("goods", "expense", "cogs"),
    ("wages", "expense", "personnel"),
    ("rent", "expense", None),
    ("wear", "expense", "depreciation"),
    ("interest", "expense", "finance"),
    ("income tax", "expense", "tax"),
)


class Chance:
    """Puts a company's facts, drawn from a seed, beside those that are there already."""

    def __init__(self, facts: Any, seed: int, id: str = "1", currency: str = "EUR", fiscal: int = 1) -> None:
        self.facts, self.rng = facts, Random(f"{seed} {id}")
        self.id, self.currency, self.fiscal = id, currency, fiscal

    def day(self) -> date:
        return START + timedelta(self.rng.randrange((END - START).days + 1))

    def money(self, most: int = 200_000) -> Decimal:
        return Decimal(self.rng.randrange(1, most)) / 100

    def put(self, view: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            self.facts.put(view, *rows)

    def fill(self) -> None:
        self.facts.company(self.id, self.currency, f"Company {self.id}", self.fiscal)
        self.put("account", [self._account(*account) for account in ACCOUNTS])
        self.put("order_line", [self._order(n) for n in range(30)])
        self.put("gl_line", self._books())
        self._items()
        self.put("production", [self._production(n) for n in range(20)])
        self.put("employment", [row for n in range(9) for row in self._jobs(n)])
        self.put("hr_time", [self._hours(n) for n in range(40)])
        self.put("budget", self._budget())

    def _account(self, name: str, kind: str, subtype: str | None) -> dict[str, Any]:
        return {
            "account_id": f"{self.id}/{name}",
            "company_id": self.id,
            "code": f"{len(name)}{name}",
            "name": name.title(),
            "statement_line": kind,
            "class": kind,
            "subtype": subtype,
        }

    def _order(self, n: int) -> dict[str, Any]:
        rng, day = self.rng, self.day()
        qty = Decimal(rng.choice((-2, 1, 3, 10)))
        state = rng.choice(("quote", "confirmed", "confirmed", "done", "done", "cancelled"))
        came = day + timedelta(rng.randrange(40)) if state == "done" and rng.random() < 0.9 else None
        return {
            "side": rng.choice(("sale", "purchase")),
            "line_id": f"{self.id}/{n}",
            "order_id": f"{self.id}/o{n // 2}",
            "order_no": f"O{n // 2}",
            "company_id": self.id,
            "date": day,
            "party_id": rng.choice(("p1", "p2", "p3", None)),
            "product_id": rng.choice(("a", "b", None)),
            "state": state,
            "qty": qty,
            "net_amount": self.money() * qty,
            "currency": self.currency,
            "net_amount_currency": None,
            "cost_amount": rng.choice((None, self.money(5000))),
            "promised_date": rng.choice((None, day + timedelta(rng.randrange(60)))),
            "delivered_date": came,
            "fulfilled_qty": qty if came else rng.choice((None, Decimal(0), qty / 2)),
            "rejected_qty": rng.choice((None, Decimal(0), Decimal(1))),
            "owner_id": None,
            "changed_at": datetime(2026, 1, 1, tzinfo=UTC),
        }

    def _line(
        self, move: int, n: int, day: date, account: str, amount: Decimal, **more: Any
    ) -> dict[str, Any]:
        return {
            "line_id": f"{self.id}/{move}/{n}",
            "company_id": self.id,
            "move_id": f"{self.id}/{move}",
            "doc_no": f"J{move}",
            "date": day,
            "account_id": f"{self.id}/{account}",
            "party_id": None,
            "amount": amount,
            "currency": self.currency,
            "amount_currency": amount,
            "journal_type": "general",
            "is_closing": False,
            "description": f"Move {move}",
            "changed_at": datetime(2026, 1, 1, tzinfo=UTC),
            **more,
        }

    def _books(self) -> list[dict[str, Any]]:
        rng, names, rows = self.rng, [name for name, _, _ in ACCOUNTS], []
        for move in range(60):
            day, journal = self.day(), rng.choice(("sale", "bank", "general", None))
            amounts = [self.money() * rng.choice((1, -1)) for _ in range(rng.randrange(1, 3))]
            for n, amount in enumerate([*amounts, -sum(amounts, Decimal(0))]):
                rows.append(self._line(move, n, day, rng.choice(names), amount, journal_type=journal))
        if rng.random() < 0.7:  # the fiscal year that ended in 2025 is closed
            until = date(2025, 12, 31) if self.fiscal == 1 else date(2025, self.fiscal, 1) - timedelta(1)
            results = {f"{self.id}/{name}" for name, kind, _ in ACCOUNTS if kind in ("income", "expense")}
            sums: dict[str, Decimal] = {}
            for row in rows:
                if row["date"] <= until and row["account_id"] in results:
                    sums[row["account_id"]] = sums.get(row["account_id"], Decimal(0)) + row["amount"]
            closing = [(id.partition("/")[2], -amount) for id, amount in sums.items()]
            closing.append(("capital", sum(sums.values(), Decimal(0))))
            rows += [
                self._line(99, n, until, account, amount, is_closing=True)
                for n, (account, amount) in enumerate(closing)
            ]
        return rows

    def _items(self) -> None:
        rng, items, settled = self.rng, [], []
        for n in range(25):
            day, sign = self.day(), rng.choice((1, 1, 1, -1))
            amount = self.money() * sign
            items.append(
                {
                    "item_id": f"{self.id}/{n}",
                    "company_id": self.id,
                    "side": rng.choice(("ar", "ap")),
                    "party_id": rng.choice(("p1", "p2", None)),
                    "doc_no": f"D{n}",
                    "doc_type": "invoice" if sign > 0 else rng.choice(("credit_note", "payment")),
                    "doc_date": day,
                    "due_date": rng.choice((None, day + timedelta(rng.randrange(90)))),
                    "amount": amount,
                    "currency": self.currency,
                    "amount_currency": amount,
                }
            )
            left = amount
            for part in rng.choice(((), (1,), (3, 1), (2,))):
                paid = left if part == 1 else (left / part).quantize(Decimal("0.01"))
                left -= paid
                on = day + timedelta(rng.randrange(-5, 120))
                settled.append(
                    {"item_id": f"{self.id}/{n}", "date": on, "amount": paid, "amount_currency": paid}
                )
        self.put("open_item", items)
        self.put("settlement", settled)

    def _production(self, n: int) -> dict[str, Any]:
        rng, begins = self.rng, self.day()
        state = rng.choice(("planned", "released", "in_progress", "done", "done", "done", "cancelled"))
        ends = begins + timedelta(rng.randrange(1, 30))
        done = state == "done"
        return {
            "order_id": f"{self.id}/{n}",
            "order_no": f"W{n}",
            "company_id": self.id,
            "product_id": rng.choice(("a", "b", "c")),
            "state": state,
            "planned_qty": Decimal(rng.randrange(1, 50)),
            "good_qty": Decimal(rng.randrange(0, 50)) if done else None,
            "scrap_qty": Decimal(rng.randrange(0, 5)) if done else None,
            "planned_start": begins,
            "planned_end": rng.choice((None, ends)),
            "actual_start": begins if state in ("done", "in_progress") else None,
            "actual_end": ends + timedelta(rng.randrange(-1, 3)) if done else None,
            "actual_cost": rng.choice((None, self.money())) if done else None,
        }

    def _jobs(self, n: int) -> list[dict[str, Any]]:
        rng, begins, rows = self.rng, self.day(), []
        for part in range(rng.randrange(1, 4)):
            ends = begins + timedelta(rng.randrange(20, 400))
            rows.append(
                {
                    "employee_id": f"{self.id}/{n}",
                    "company_id": self.id,
                    "name": f"Person {n}",
                    "department": rng.choice(("Works", "Office", None)),
                    "job": rng.choice(("Maker", "Clerk")),
                    "gender": rng.choice(("f", "m", None)),
                    "start_date": begins,
                    "end_date": None if part == 2 or rng.random() < 0.3 else ends,
                    "monthly_cost": rng.choice((None, self.money(600_000))),
                }
            )
            if rows[-1]["end_date"] is None:
                break
            begins = ends + timedelta(rng.choice((1, 1, 30)))
        return rows

    def _hours(self, n: int) -> dict[str, Any]:
        return {
            "employee_id": f"{self.id}/{n % 9}",
            "company_id": self.id,
            "date": self.day(),
            "kind": self.rng.choice(("work", "work", "sick", "holiday")),
            "hours": Decimal(self.rng.randrange(1, 9)),
        }

    def _budget(self) -> list[dict[str, Any]]:
        return [
            {
                "company_id": self.id,
                "account_id": f"{self.id}/{account}",
                "month": date(2025 + month // 12, month % 12 + 1, 1),
                "scenario": "Plan",
                "amount": self.money() * sign,
            }
            for account, sign in (("sales", -1), ("rent", 1))
            for month in range(24)
        ]


def common(facts: Any) -> None:
    """Parties and products of all companies, and rates of exchange: dollars in euros, euros in pounds."""
    facts.put(
        "party",
        {"party_id": "p1", "name": "Alder", "segment": "Shops", "country": "AT"},
        {"party_id": "p2", "name": "Birch", "segment": "Diners", "country": "BE"},
        {"party_id": "p3", "name": "Cedar {x}", "segment": None, "country": None},
    )
    facts.put(
        "product",
        {"product_id": "a", "code": "A1", "name": "Mill", "category": "Tools", "uom": "pc", "kind": "goods"},
        {"product_id": "b", "code": "B1", "name": "Pan", "category": None, "uom": "pc", "kind": "goods"},
        {"product_id": "c", "code": "C1", "name": "Basil", "category": "Herbs", "uom": "kg", "kind": "goods"},
    )


def rates(facts: Any) -> None:
    facts.put(
        "fx_rate",
        *(
            {"currency": currency, "date": day, "rate": Decimal(rate), "company_id": "1"}
            for currency, day, rate in (
                ("USD", date(2024, 1, 1), "0.91357"),
                ("USD", date(2025, 6, 15), "0.87"),
                ("USD", date(2026, 10, 1), "0.9333"),
                ("GBP", date(2023, 12, 31), "1.1551"),
                ("GBP", date(2026, 2, 2), "1.2"),
            )
        ),
    )
