"""The charts of the sales report."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reports.analyse.sales import Ranked, Ranking, Sales
from reports.analyse.sheet import point_label, promised_label
from reports.charts.columns import Column, columns
from reports.charts.look import Palette
from reports.charts.ranking import Bar, ranking
from reports.words import Words

TOP = 10


@dataclass(frozen=True)
class Chart:
    """`description` says in a sentence what there is to see; it is the text alternative."""

    id: str
    title: str
    description: str
    table_id: str
    plot: Any


def charts(sales: Sales, words: Words, palette: Palette) -> list[Chart]:
    """What there is to draw: a chart without numbers is left out, not drawn empty."""
    found = []
    if sales.total.revenue is not None:
        found.append(_revenue(sales, words, palette))
        found.append(_ranking("customers", words("Top customers"), sales.customers, words, palette))
        found.append(_ranking("products", words("Top products"), sales.products, words, palette))
    if sales.book:
        found.append(_book(sales, words, palette))
    return found


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _revenue(sales: Sales, words: Words, palette: Palette) -> Chart:
    monthly = sales.period.unit == "month"
    data = []
    for point in sales.points:
        now, before = point.now.revenue, point.before.revenue
        card = [point_label(point, words, year=True)]
        if now is not None:
            card.append(f"{words.money(now)} {words('so far') if point.partial else ''}".rstrip())
        if before is not None:
            card.append(
                f"{words('Year before')}: {words.money(before)}  {words.change(now, before)}".rstrip()
            )
        data.append(
            Column(
                point_label(point, words),
                _float(now),
                _float(before),
                "\n".join(card),
                "partial" if point.partial else "whole",
                str(point.period.start.year) if monthly else words.month(point.period.start),
            )
        )
    best = max(sales.points, key=lambda p: p.now.revenue or Decimal(0))
    total = sales.total.revenue or Decimal(0)
    change = words.change(total, sales.before.revenue)
    text = words(
        "Revenue {span}: {total}",
        span=words.span(sales.period.start, sales.until),
        total=words.short_money(total),
    )
    text += words(", {change} against the year before", change=change) if change else ""
    text += words(
        ". Highest: {best}, {value}.",
        best=point_label(best, words, year=True),
        value=words.short_money(best.now.revenue or 0),
    )
    return Chart(
        "revenue",
        words("Revenue by month") if monthly else words("Revenue by day"),
        text,
        "revenue",
        columns(data, words, palette, names=(words("Revenue"), words("Year before"), words("So far"))),
    )


def _ranking(id: str, title: str, found: Ranking, words: Words, palette: Palette) -> Chart:
    top = found.top[:TOP]

    def bar(ranked: Ranked) -> Bar:
        now = ranked.now.revenue or Decimal(0)
        name = ranked.name or words("without a name")
        change = words.change(now, ranked.before)
        note = change or (words("new") if ranked.before == 0 else "")
        share = "" if ranked.share is None else f" · {words.percent(ranked.share)}"
        card = [name, words.money(now) + share]
        if ranked.before is not None:
            card.append(f"{words('Year before')}: {words.money(ranked.before)}  {change}".rstrip())
        return Bar(name, float(now), _float(ranked.before), note, "\n".join(card))

    text = words(
        "{name} comes first with {value}",
        name=top[0].name or words("without a name"),
        value=words.short_money(top[0].now.revenue or 0),
    )
    shares = [ranked.share for ranked in top if ranked.share is not None]
    if len(shares) == len(top):
        text += words(
            "; the {count} largest of {total} make up {share} of the revenue",
            count=len(top),
            total=found.total,
            share=words.percent(min(sum(shares, Decimal(0)), Decimal(100))),
        )
    return Chart(
        id,
        title,
        text + words("."),
        id,
        ranking([bar(r) for r in top], words, palette, names=(words("Revenue"), words("Year before"))),
    )


def _book(sales: Sales, words: Words, palette: Palette) -> Chart:
    total = sum((slot.value for slot in sales.book), Decimal(0))
    overdue = sales.book[0].value
    data = [
        Column(
            words("Late") if slot.when == "overdue" else promised_label(slot, words).replace(" ", "\n"),
            float(slot.value),
            None,
            f"{promised_label(slot, words, year=True)}\n{words.money(slot.value)}\n"
            + words("{count} orders", count=slot.orders),
            "warn" if slot.when == "overdue" else "whole",
        )
        for slot in sales.book
    ]
    text = words("{total} is ordered and not yet delivered", total=words.short_money(total))
    if overdue > 0 and total > 0:
        text += words(
            "; {overdue} of it ({share}) is overdue",
            overdue=words.short_money(overdue),
            share=words.percent((overdue / total * 100).quantize(Decimal("0.1"))),
        )
    return Chart(
        "order_book",
        words("Order book by promised month"),
        text + words("."),
        "order_book",
        columns(data, words, palette, label_all=True, height=230),
    )
