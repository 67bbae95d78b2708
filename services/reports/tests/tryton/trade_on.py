"""Has the company that build.py built go on, by Tryton's own client library.

Runs in Tryton's environment: trade_on.py DATABASE takes the next step for each line it is told, and prints
what is then true.
"""

# ruff: noqa: N806  proteus hands out classes

import json
import sys
from datetime import date

from build import Company, D
from proteus import Model, config

TODAY = date(2025, 8, 31)


def trade_on(it):
    """What a company does next: sells, ships, bills, is paid, corrects what it did, buys and makes more."""
    Invoice, Sale = Model.get("account.invoice"), Model.get("sale.sale")
    party = {p.name.split()[0]: p for p in Model.get("party.party").find()}
    thing = {t.name.split()[0]: t.products[0] for t in Model.get("product.template").find()}
    pounds, *_ = Model.get("currency.currency").find([("code", "=", "GBP")])
    unpaid = Invoice.find([("state", "=", "posted"), ("type", "=", "out"), ("company", "=", it.company.id)])
    for invoice, part in zip(unpaid[:3], (None, "0.5", None), strict=True):
        it.pay(invoice, date(2025, 7, 3), part=part)
    sales = [
        it.draft(
            date(2025, 7, 7), party["Alder"], [(thing["Saffron"], 3.0, None), (thing["Tasting"], 1.0, None)]
        ),
        it.draft(date(2025, 7, 9), party["Elm"], [(thing["Mortar"], 11.0, "23.335")], pounds),
        it.draft(
            date(2025, 8, 4), party["Cedar"], [(thing["Fennel"], 7.33, None), (thing["Mill,"], 2.0, None)]
        ),
    ]
    # One of long ago is taken up again, and another thrown away.
    quotation, *_ = Sale.find([("state", "=", "quotation"), ("company", "=", it.company.id)])
    quotation.click("draft")
    for line in [line for line in quotation.lines if line.type == "line"]:
        line.quantity = 1.0
    quotation.sale_date, quotation.shipping_date = date(2025, 7, 1), date(2025, 7, 11)
    quotation.save()
    dropped, *_ = Sale.find([("state", "=", "cancelled"), ("company", "=", it.company.id)])
    dropped.delete()
    it.confirm([*sales, quotation])
    it.ship(sales[:2])
    it.pay(it.bill(sales)[0], date(2025, 8, 20))
    purchase = Model.get("purchase.purchase")(
        party=party["Gorse"], purchase_date=date(2025, 7, 21), payment_term=it.term, invoice_method="order"
    )
    line = purchase.lines.new(product=thing["Mill,"], quantity=6.0)
    line.unit_price = D("66.05")
    purchase.save()
    for click in ("quote", "confirm"):
        purchase.click(click)
    purchase.reload()
    for invoice in purchase.invoices:
        invoice.invoice_date = date(2025, 7, 25)
    it.post(purchase.invoices)
    leaving, *_ = Model.get("company.employee").find([("party.name", "=", "Lars Lovage")])
    leaving.end_date = date(2025, 7, 31)
    leaving.save()


def cancel(it):
    """An invoice that was posted, and an order that was confirmed."""
    unpaid = Model.get("account.invoice").find(
        [("state", "=", "posted"), ("type", "=", "out"), ("company", "=", it.company.id)]
    )
    whole = next(i for i in unpaid if i.amount_to_pay == i.total_amount and i.total_amount > 0)
    whole.click("cancel")
    Sale = Model.get("sale.sale")
    ordered = Sale.find([("state", "=", "confirmed"), ("company", "=", it.company.id)])
    for sale in ordered[:1]:
        sale.click("cancel")


def main():
    conf = config.set_trytond(database=sys.argv[1])
    conf.skip_warning = True
    it = Company.again("Fennel and Sons")
    for step in (trade_on, cancel):
        sys.stdin.readline()
        step(it)
        sys.stdout.write(json.dumps(it.truth(TODAY)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
