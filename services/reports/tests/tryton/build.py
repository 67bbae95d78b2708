"""Builds a company in Tryton with Tryton's own client library, and asks Tryton itself what is true of it.

Runs in Tryton's environment, not ours, with TRYTOND_DATABASE_URI set; build.py DATABASE prints the truth as
JSON. The dates are fixed, so much the same company comes out whatever the day.
"""

# ruff: noqa: N806, N817  proteus hands out classes, and amounts are written often

import json
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP
from decimal import Decimal as D
from random import Random

from proteus import Model, Wizard, config
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company
from trytond.modules.currency.tests.tools import get_currency

TODAY = date(2025, 6, 20)
CENT = D("0.01")
RATES = {  # units for one EUR, from a day on
    "EUR": [(date(2020, 1, 1), "1")],
    "USD": [(date(2023, 12, 1), "1.0837"), (date(2024, 7, 15), "1.1122"), (date(2025, 2, 1), "1.0411")],
    "GBP": [(date(2023, 12, 1), "0.8612"), (date(2024, 10, 3), "0.8339")],
}
SOLD = ("confirmed", "processing", "done")
rng = Random(8)


def rows(model, domain, *names):
    """Those fields of all of them in one go: of a record each is read by itself, and each line of a ledger
    then reckons the whole ledger anew."""
    settings = config.get_config()
    return settings.get_proxy(model).search_read(domain, 0, None, None, list(names), settings.context)


class Company:
    """One company with its chart, years, tax and the documents a person would enter."""

    def __init__(self, name, currency):
        party = Model.get("party.party")(name=name)
        party.save()
        User = Model.get("res.user")
        create_company(party=party, currency=currency)
        self.company = next(c for c in Model.get("company.company").find() if c.party.name == name)
        self.company.cancel_invoice_out = True
        self.company.save()
        user = User(config.get_config().user)
        if self.company not in user.companies:
            user.companies.append(self.company)
        user.company = self.company
        employee = Model.get("company.employee")(company=self.company, start_date=date(2023, 9, 1))
        employee.party = Model.get("party.party")(name=f"Salesperson of {name}")
        employee.party.save()
        employee.save()
        user.employees.append(employee)
        user.employee = employee
        user.save()
        self.employee = employee
        self.invoiced = date(2024, 1, 1)
        self.enter()
        create_chart(self.company)
        # Differences of exchange are booked on the real day.
        for year in range(2024, datetime.now(UTC).year + 1):
            span = (date(year, 1, 1), date(year, 12, 31))
            fiscal = create_fiscalyear(self.company, span)
            fiscal.start_date, fiscal.end_date = span
            set_fiscalyear_invoice_sequences(fiscal).click("create_period")
        self.accounts = get_accounts(self.company)
        settings = Model.get("account.configuration")(1)
        settings.currency_exchange_credit_account = self.accounts["revenue"]
        settings.currency_exchange_debit_account = self.accounts["expense"]
        settings.save()
        self.tax = create_tax(D("0.10"), self.company)
        self.tax.save()
        journal, *_ = Model.get("account.journal").find([("type", "=", "cash")])
        self.cash = Model.get("account.invoice.payment.method")(
            name="Cash", company=self.company, journal=journal,
            credit_account=self.accounts["cash"], debit_account=self.accounts["cash"],
        )  # fmt: skip
        self.cash.save()
        self.category = Model.get("product.category")(name=f"Accounts of {name}", accounting=True)
        self.category.account_expense = self.accounts["expense"]
        self.category.account_revenue = self.accounts["revenue"]
        self.category.customer_taxes.append(self.tax)
        self.category.save()
        self.term = Model.get("account.invoice.payment_term")(name=f"30 days, {name}")
        line = self.term.lines.new(type="remainder")
        line.relativedeltas.new(days=30)
        self.term.save()

    @classmethod
    def again(cls, name):
        """The company that was built before."""
        it = cls.__new__(cls)
        it.company = next(c for c in Model.get("company.company").find() if c.party.name == name)
        it.employee, *_ = Model.get("company.employee").find([("company", "=", it.company.id)])
        user = Model.get("res.user")(config.get_config().user)
        user.company, user.employee = it.company, it.employee
        user.save()
        it.enter()
        it.invoiced = TODAY
        it.accounts = get_accounts(it.company)
        it.cash, *_ = Model.get("account.invoice.payment.method").find([("company", "=", it.company.id)])
        it.term, *_ = Model.get("account.invoice.payment_term").find([("name", "=", f"30 days, {name}")])
        return it

    def enter(self):
        """Everything after this is seen and done as a user of this company."""
        conf = config.get_config()
        conf._context = Model.get("res.user").get_preferences(True, {})

    def product(self, name, price, cost, category, *, service=False, uom="Unit"):
        unit, *_ = Model.get("product.uom").find([("name", "=", uom)])
        template = Model.get("product.template")(
            name=name, default_uom=unit, type="service" if service else "goods", list_price=D(price),
            salable=True, purchasable=True, account_category=self.category,
        )  # fmt: skip
        template.purchase_uom = template.sale_uom = unit
        template.producible = not service
        if category:
            template.categories.append(Model.get("product.category")(category.id))
        template.save()
        (product,) = template.products
        product.cost_price = D(cost)
        product.code = name.split()[0][:3].upper()
        product.save()
        return product

    def draft(self, day, customer, lines, currency=None):
        """lines: (product, quantity, unit price or None for the list's)."""
        sale = Model.get("sale.sale")(party=customer, sale_date=day, payment_term=self.term)
        sale.shipping_date = day + timedelta(days=10)
        sale.invoice_method = "order"
        if currency:
            sale.currency = currency
        for product, quantity, price in lines:
            line = sale.lines.new()
            line.product = product
            line.quantity = quantity
            if price:
                line.unit_price = D(price)
        note = sale.lines.new(type="comment")
        note.description = "Handle with care"
        sale.save()
        return sale

    def confirm(self, sales):
        Sale = Model.get("sale.sale")
        for step in ("quote", "confirm"):
            Sale.click(sales, step)
        for sale in sales:
            sale.reload()

    def ship(self, sales, part=()):
        """Sends what was sold and takes back what came back; of those in `part` only a half."""
        Shipment = Model.get("stock.shipment.out")
        going = []
        for sale in sales:
            for shipment in sale.shipments:
                shipment.effective_date = sale.sale_date + timedelta(days=rng.randint(2, 14))
                for move in shipment.inventory_moves if sale in part else ():
                    move.quantity = float(int(move.quantity / 2))
                shipment.save()
                going.append(shipment)
            for shipment in sale.shipment_returns:
                shipment.effective_date = sale.sale_date + timedelta(days=3)
                shipment.save()
                for step in ("receive", "do"):
                    shipment.click(step)
        for step in ("assign_force", "pick", "pack", "do"):
            Shipment.click(going, step)

    def post(self, invoices):
        """Tryton numbers invoices in the order of their dates."""
        for invoice in sorted(invoices, key=lambda i: i.invoice_date):
            self.invoiced = invoice.invoice_date = max(invoice.invoice_date, self.invoiced)
            invoice.save()
        Model.get("account.invoice").click(invoices, "post")

    def bill(self, sales):
        found = []
        for sale in sales:
            sale.reload()
            for invoice in sale.invoices:
                invoice.invoice_date = sale.sale_date + timedelta(days=1)
                found.append(invoice)
        self.post(found)
        return found

    def pay(self, invoice, day, part=None):
        pay = invoice.click("pay")
        pay.form.payment_method = self.cash
        pay.form.date = day
        if part:
            pay.form.amount = (pay.form.amount * D(part)).quantize(CENT)
        pay.execute("choice")
        if part:
            pay.form.type = "partial"
            pay.execute("pay")

    def close(self, year):
        """The year's closing move, in a period of its own, and then nothing more is booked in it."""
        self.enter()
        fiscal, *_ = Model.get("account.fiscalyear").find(
            [("company", "=", self.company.id), ("start_date", "=", date(year, 1, 1))]
        )
        Period, Journal = Model.get("account.period"), Model.get("account.journal")
        last = Period(name=f"Closing {year}", fiscalyear=fiscal, type="adjustment")
        last.start_date = last.end_date = date(year, 12, 31)
        last.save()
        journal = Journal(name="Closing", code="CLOSE", type="situation")
        journal.save()
        equity, *_ = Model.get("account.account").find(
            [("company", "=", self.company.id), ("type.name", "ilike", "%equity%")]
        )
        wizard = Wizard("account.fiscalyear.balance_non_deferral")
        wizard.form.fiscalyear, wizard.form.journal, wizard.form.period = fiscal, journal, last
        wizard.form.credit_account = wizard.form.debit_account = equity
        wizard.execute("balance")
        (move,) = Model.get("account.move").find([("period", "=", last.id)])
        move.click("post")
        fiscal.click("close")

    def truth(self, today=TODAY):
        """What Tryton answers, by its reports and by sums over its objects."""
        self.enter()
        Sale = Model.get("sale.sale")
        days = {"from_date": date(2024, 1, 1), "to_date": today, "period": "month"}
        with config.get_config().set_context(company=self.company.id, **days):
            months = {
                str(r.date): [str(r.revenue), r.number]
                for r in Model.get("sale.reporting.main.time_series").find()
            }
            customers = {r.customer.name: str(r.revenue) for r in Model.get("sale.reporting.customer").find()}
            products = {
                r.product.rec_name: str(r.revenue) for r in Model.get("sale.reporting.product").find()
            }
            (total,) = Model.get("sale.reporting.main").find()
        sales = Sale.find([("company", "=", self.company.id)])
        states = Counter(sale.state for sale in sales)
        book = defaultdict(D)
        for sale in sales:
            if sale.state in ("confirmed", "processing"):
                for line in sale.lines:
                    if left := self.left(line):
                        amount = self.company_currency(sale, line.unit_price * D(str(left)))
                        promised = sale.shipping_date or line.shipping_date
                        book[str(promised.replace(day=1))] += amount
        posted = [("move.state", "=", "posted"), ("move.company", "=", self.company.id)]
        balances = defaultdict(D)
        for line in rows("account.move.line", posted, "account.code", "debit", "credit"):
            balances[line["account."]["code"]] += line["debit"] - line["credit"]
        invoices = Model.get("account.invoice").find(
            [("state", "in", ["posted", "paid"]), ("company", "=", self.company.id)]
        )
        moments = [date(2024, 12, 31), date(2025, 3, 31), today]
        return {
            "ageing": {str(day): self.ageing(day) for day in moments},
            "trial_balance": {year: self.trial_balance(year, today) for year in (2024, 2025)},
            "income": {"2024": self.income(2024, 12), "2025": self.income(2025, today.month)},
            "balance_sheet": {
                str(day): self.statement("balance", date=day, cumulate=True) for day in moments
            },
            "cash": {f"2025-{month:02}": self.cash_flow(month) for month in range(1, today.month + 1)},
            "production": self.produced(),
            "stock": self.stocked(),
            "headcount": {str(day): self.headcount(day) for day in moments},
            "hours": str(sum(line.duration.total_seconds() for line in self.all("timesheet.line")) / 3600),
            "company": str(self.company.id),
            "currency": self.company.currency.code,
            "today": str(today),
            "revenue": str(total.revenue),
            "orders": total.number,
            "months": months,
            "customers": customers,
            "products": products,
            "states": dict(states),
            "documents": {
                f"{s.number} {s.currency.code}": str(s.untaxed_amount) for s in sales if s.state in SOLD
            },
            "book": {month: str(value) for month, value in book.items()},
            "balances": {code: str(value) for code, value in balances.items() if value},
            **{
                side: {
                    row["name"]: str(row[side]) for row in rows("party.party", [], "name", side) if row[side]
                }
                for side in ("receivable", "payable")
            },
            "invoiced": {
                # Numbers begin anew every year.
                kind: {
                    f"{i.invoice_date.year} {i.number} {i.currency.code}": str(i.untaxed_amount)
                    for i in invoices
                    if i.type == kind
                }
                for kind in ("out", "in")
            },
        }

    def all(self, model):
        return Model.get(model).find([("company", "=", self.company.id)])

    def asked(self, **context):
        """Tryton's reports take what they are about from the context."""
        return config.get_config().set_context(company=self.company.id, posted=True, **context)

    def ageing(self, day):
        found = {}
        for side, kind in (("ar", "customer"), ("ap", "supplier")):
            with self.asked(type=kind, date=day, term1=30, term2=60, term3=90, unit="day"):
                columns = ("term0", "term1", "term2", "term3", "balance")
                found[side] = {
                    row["party."]["name"]: [str(row[column].quantize(CENT)) for column in columns]
                    for row in rows("account.aged_balance", [], "party.name", *columns)
                }
        return found

    def fiscal_year(self, year):
        found, *_ = Model.get("account.fiscalyear").find(
            [("company", "=", self.company.id), ("start_date", "=", date(year, 1, 1))]
        )
        return found

    def trial_balance(self, year, today):
        """What was there, what came and went, and what is there, by account."""
        days = {"from_date": date(year, 1, 1), "to_date": min(today, date(year, 12, 31))}
        with self.asked(fiscalyear=self.fiscal_year(year).id, **days):
            columns = ("start_balance", "debit", "credit", "end_balance")
            found = {
                row["account."]["code"]: [str(row[column].quantize(CENT)) for column in columns]
                for row in rows("account.general_ledger.account", [], "account.code", *columns)
            }
        return {code: row for code, row in found.items() if any(map(D, row))}

    def income(self, year, month):
        fiscal = self.fiscal_year(year)
        months = [p for p in fiscal.periods if p.type == "standard"]
        first, last = months[0], months[month - 1]
        return self.statement("income", fiscalyear=fiscal.id, start_period=first.id, end_period=last.id)

    def statement(self, kind, **context):
        """What is on each line of a statement itself; credit less debit unless it is called assets."""
        columns = ("name", "statement", "amount", "assets", "childs")
        with self.asked(**context):
            lines = rows("account.account.type", [("company", "=", self.company.id)], *columns)
        signed = {line["id"]: line["amount"] * (-1 if line["assets"] else 1) for line in lines}
        found = defaultdict(D)
        for line in lines:
            if line["statement"] == kind:
                found[line["name"]] += signed[line["id"]] - sum(signed[child] for child in line["childs"])
        return {name: str(amount.quantize(CENT)) for name, amount in found.items() if amount}

    def cash_flow(self, month):
        last = (date(2025, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        days = {"from_date": last.replace(day=1), "to_date": last}
        with self.asked(fiscalyear=self.fiscal_year(2025).id, **days):
            of_cash = [("id", "=", self.accounts["cash"].id)]
            found = rows("account.general_ledger.account", of_cash, "debit", "credit")
        return [str(sum((row[name] for row in found), D(0)).quantize(CENT)) for name in ("debit", "credit")]

    def produced(self):
        found = defaultdict(lambda: [0.0, 0.0])
        for order in self.all("production"):
            for move in order.outputs:
                if move.state == "done" and move.product == order.product:
                    key = f"{order.effective_date:%Y-%m} {order.product.template.name}"
                    found[key][move.to_location.type == "lost_found"] += move.quantity
        return dict(found)

    def stocked(self):
        """What lies in the warehouse, and what it is worth."""
        places = [
            getattr(warehouse, f"{kind}_location").id
            for warehouse in Model.get("stock.location").find([("type", "=", "warehouse")])
            for kind in ("storage", "input", "output")
        ]
        with self.asked(locations=places):
            return {
                product.template.name: [
                    str(D(str(product.quantity)).quantize(CENT)),
                    str(product.cost_value.quantize(CENT)),
                ]
                for product in Model.get("product.product").find([("type", "=", "goods")])
                if product.quantity
            }

    def headcount(self, day):
        with self.asked(active_test=False):
            return sum(
                (e.start_date or date.min) <= day <= (e.end_date or date.max)
                for e in self.all("company.employee")
            )

    def left(self, line):
        """What is still to be delivered: by stock moves, or, where nothing moves, by invoices."""
        if line.type != "line" or not line.quantity:
            return 0
        if line.product.type == "service":
            return line.quantity - sum(
                i.quantity for i in line.invoice_lines if i.invoice.state in ("posted", "paid")
            )
        sign = 1 if line.quantity > 0 else -1
        return line.quantity - sign * sum(move.quantity for move in line.moves if move.state == "done")

    def company_currency(self, sale, amount):
        """Rounded as Tryton's reports are; its documents round halves to the even cent."""

        def rate(currency):
            return max((r for r in currency.rates if r.date <= sale.sale_date), key=lambda r: r.date).rate

        if sale.currency == self.company.currency:
            return amount.quantize(CENT, ROUND_HALF_UP)
        return (amount * rate(self.company.currency) / rate(sale.currency)).quantize(CENT, ROUND_HALF_UP)


def currencies():
    found = {}
    for code, rates in RATES.items():
        found[code] = get_currency(code)
        for rate in list(found[code].rates):
            rate.delete()
        found[code] = Model.get("currency.currency")(found[code].id)
        for day, value in rates:
            found[code].rates.new(date=day, rate=D(value))
        found[code].save()
    return found


def customers():
    Category, Party = Model.get("party.category"), Model.get("party.party")
    segments = {}
    for name in ("Shops", "Restaurants"):
        segments[name] = Category(name=name)
        segments[name].save()
    Country, found = Model.get("country.country"), {}
    for name, country, segment in (
        ("Alder Grocers", "AT", "Shops"), ("Birch & Co", "BE", "Shops"), ("Cedar Kitchen", "DE", None),
        ("Dogwood Diner", "US", "Restaurants"), ("Elm Inn", "GB", "Restaurants"),
        ("Fir Foods", "FR", "Shops"), ("Gorse Growers", "IT", None),
    ):  # fmt: skip
        party = Party(name=name)
        if segment:
            party.categories.append(Category(segments[segment].id))
        address, *_ = party.addresses
        land = Country(name=country, code=country)
        land.save()
        address.country = land
        party.save()
        found[name.split()[0]] = party
    return found


def year_of_trade(it, party, money):
    Category = Model.get("product.category")
    herbs, tools = Category(name="Herbs"), Category(name="Tools")
    herbs.save()
    tools.save()
    fennel = it.product("Fennel seed", "7.1250", "3.2", herbs, uom="Kilogram")
    saffron = it.product("Saffron threads", "89.90", "51.3333", herbs)
    mortar = it.product("Mortar and pestle", "24.50", "11", tools)
    mill = it.product("Mill, hand driven", "139", "64.20", tools)
    tin = it.product("Tin, small", "1.37", "0.41", None)
    course = it.product("Tasting course", "180", "0", None, service=True)
    goods = (fennel, saffron, mortar, mill, tin)
    by = {"Dogwood": money["USD"], "Elm": money["GBP"]}
    sales, day = [], date(2024, 1, 9)
    while day < date(2025, 6, 10):
        name, count = rng.choice([n for n in party if n != "Gorse"]), len(sales)
        lines = []
        for product in rng.sample(goods, rng.randint(1, 3)):
            quantity = rng.choice((1.25, 12.5, 7.33)) if product == fennel else float(rng.randint(2, 40))
            lines.append((product, quantity, "6.8125" if product == fennel and count % 4 == 0 else None))
        if count % 6 == 2:
            lines.append((course, 1.0, None))
        sales.append(it.draft(day, party[name], lines, by.get(name)))
        day += timedelta(days=rng.randint(16, 32))
    sales.append(it.draft(date(2025, 6, 18), party["Birch"], [(tin, 250.0, "1.3125"), (mortar, 6.0, None)]))
    returned = it.draft(date(2025, 2, 10), party["Alder"], [(mortar, 10.0, None), (saffron, 3.0, None)])
    credited = it.draft(date(2025, 4, 14), party["Fir"], [(mill, 2.0, None)])
    sales += [returned, credited]
    # What must not be counted, however large.
    it.draft(date(2025, 3, 3), party["Alder"], [(mill, 9000.0, None)])
    it.draft(date(2025, 3, 4), party["Birch"], [(mill, 7000.0, None)]).click("quote")
    it.draft(date(2025, 3, 5), party["Cedar"], [(mill, 8000.0, None)]).click("cancel")
    it.confirm(sales)
    it.ship(
        [s for n, s in enumerate(sales) if n % 9 != 5 and s.sale_date < date(2025, 6, 15)], part=sales[3::9]
    )
    invoices = it.bill([s for n, s in enumerate(sales) if n % 7 != 4])
    for n, invoice in enumerate(invoices):
        if n % 3 == 0 and invoice.party.name != "Fir Foods":
            it.pay(invoice, min(TODAY, invoice.invoice_date + timedelta(days=25 + n)))
        elif n % 6 == 1:
            it.pay(invoice, min(TODAY, invoice.invoice_date + timedelta(days=40)), part="0.4")

    Invoice = Model.get("account.invoice")
    for step in (None, "cancel"):
        stray = Invoice(type="out", party=party["Fir"], invoice_date=date(2025, 4, 1), payment_term=it.term)
        line = stray.lines.new(product=mill, quantity=5000.0)
        line.unit_price = D("139")
        stray.save()
        if step:
            stray.click(step)

    # A return through Tryton's wizard, received and credited, and a credit note of its own.
    wizard = Wizard("sale.return_sale", [returned])
    wizard.execute("return_")
    (back,) = Model.get("sale.sale").find(
        [("state", "=", "draft"), ("origin", "=", f"sale.sale,{returned.id}")]
    )
    back.sale_date = back.shipping_date = date(2025, 2, 24)
    for line in [line for line in back.lines if line.product == mortar]:
        line.quantity = -4.0
    back.save()
    it.confirm([back])
    it.ship([back])
    it.bill([back])
    credited.reload()
    wizard = Wizard("account.invoice.credit", credited.invoices)
    wizard.form.with_refund = False
    wizard.execute("credit")
    (credit,) = Invoice.find(
        [("state", "=", "draft"), ("party", "=", party["Fir"].id), ("untaxed_amount", "<", 0)]
    )
    credit.invoice_date = date(2025, 4, 20)
    it.post([credit])

    Purchase = Model.get("purchase.purchase")
    for when, quantity in ((date(2024, 11, 5), 40.0), (date(2025, 5, 27), 25.0)):
        purchase = Purchase(
            party=party["Gorse"], purchase_date=when, payment_term=it.term, invoice_method="order"
        )
        line = purchase.lines.new(product=saffron, quantity=quantity)
        line.unit_price = D("50.1")
        purchase.save()
        for click in ("quote", "confirm"):
            purchase.click(click)
        purchase.reload()
        for invoice in purchase.invoices:
            invoice.invoice_date = when + timedelta(days=3)
        it.post(purchase.invoices)
    move = purchase.moves[0]
    receipt = Model.get("stock.shipment.in")(supplier=party["Gorse"], effective_date=date(2025, 6, 2))
    receipt.incoming_moves.append(Model.get("stock.move")(move.id))
    receipt.save()
    receipt.click("receive")
    receipt.click("do")

    Location = Model.get("stock.location")
    lost, *_ = Location.find([("type", "=", "lost_found")])
    warehouse, *_ = Location.find([("type", "=", "warehouse")])
    warehouse.waste_locations.append(Location(lost.id))
    warehouse.save()
    production = Model.get("production")(
        product=mill, quantity=5.0, planned_start_date=date(2025, 5, 19), planned_date=date(2025, 5, 20)
    )
    production.effective_start_date = date(2025, 5, 19)
    production.inputs.new(product=mortar, quantity=5.0)
    production.save()
    for click in ("wait", "assign_force", "run"):
        production.click(click)
    for quantity, to in ((4.0, None), (1.0, lost)):
        out = production.outputs.new(product=mill, quantity=quantity)
        if to:
            out.to_location = Location(to.id)
        else:
            out.unit_price, out.currency = D(0), it.company.currency
    production.effective_date = date(2025, 5, 22)
    production.click("do")
    people(it)


def people(it):
    """Who came and went, and the hours of one."""
    Employee, Party = Model.get("company.employee"), Model.get("party.party")
    for name, start, end in (
        ("Iris Inula", date(2024, 2, 1), date(2025, 2, 28)),
        ("Lars Lovage", date(2025, 3, 31), None),
    ):
        party = Party(name=name)
        party.save()
        Employee(company=it.company, party=party, start_date=start, end_date=end).save()
    work = Model.get("timesheet.work")(name="Packing")
    work.save()
    for day, hours in ((date(2025, 6, 2), 7.5), (date(2025, 6, 3), 4.25)):
        line = Model.get("timesheet.line")(company=it.company, employee=it.employee, date=day, work=work)
        line.duration = timedelta(hours=hours)
        line.save()


def build(money):
    first = Company("Fennel and Sons", money["EUR"])
    party = customers()
    year_of_trade(first, party, money)
    second = Company("Fennel Overseas", money["USD"])
    thyme = second.product("Thyme, dried", "4.20", "1.1", None)
    abroad = [
        second.draft(date(2025, 1, 8), party["Dogwood"], [(thyme, 800.0, None)]),
        second.draft(date(2025, 5, 8), party["Elm"], [(thyme, 90.0, None)], money["GBP"]),
    ]
    second.confirm(abroad)
    second.bill(abroad)
    answers = [second.truth()]
    first = Company.again("Fennel and Sons")
    first.close(2024)
    return [first.truth(), *answers]


def main():
    conf = config.set_trytond(database=sys.argv[1])
    conf.skip_warning = True
    json.dump(build(currencies()), sys.stdout)


if __name__ == "__main__":
    main()
