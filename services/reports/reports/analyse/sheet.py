"""The sales report's numbers as the contract has them: KPIs with their definitions, and tables."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from reports.analyse.sales import Point, Promised, Ranked, Ranking, Sales
from reports.words import Words

Row = list[Any]


def point_label(point: Point, words: Words, *, year: bool = False) -> str:
    """A month's name, or a day's."""
    if point.period.start == point.period.end:
        return words.day(point.period.start) if year else str(point.period.start.day)
    return words.month(point.period.start, year=year)


def promised_label(slot: Promised, words: Words, *, year: bool = False) -> str:
    if slot.month:
        return words.month(slot.month, year=year)
    return words({"overdue": "Overdue", "later": "Later", "undated": "No date"}[slot.when])


def _change(now: Decimal | None, before: Decimal | None) -> str | None:
    if now is None or not before:
        return None
    return str(((now - before) / abs(before) * 100).quantize(Decimal("0.1")))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _money(value: Decimal | None) -> str | None:
    return None if value is None else str(value.quantize(Decimal("0.01"), ROUND_HALF_UP))


def kpis(sales: Sales, words: Words) -> list[dict[str, Any]]:
    """Each with its comparison to the same days a year before; a value that isn't known is None."""

    def kpi(
        id: str,
        label: str,
        unit: str,
        now: str | None,
        before: str | None,
        change: str | None,
        definition: str,
    ) -> dict[str, Any]:
        comparison = None
        if before is not None:
            comparison = {
                "label": words("Year before"),
                "value": before,
                "change_pct": change,
                # The change of a percentage is a difference in points, not a percentage of it.
                "change_unit": "points" if unit == "%" else "%",
            }
        return {
            "id": id,
            "label": words(label),
            "value": now,
            "unit": unit,
            "comparison": comparison,
            "definition": definition,
        }

    def money(id: str, label: str, now: Decimal | None, before: Decimal | None, text: str) -> dict[str, Any]:
        return kpi(id, label, sales.currency, _money(now), _money(before), _change(now, before), text)

    total, before = sales.total, sales.before
    now_orders = total.orders if total.revenue is not None else None
    old_orders = before.orders if before.revenue is not None else None
    points = None
    if total.margin is not None and before.margin is not None:
        points = str(total.margin - before.margin)
    margin = words("Revenue less the cost of what was sold, as a part of revenue.")
    if total.revenue and total.costed is not None and total.costed != total.revenue:
        covered = (total.costed / total.revenue * 100).quantize(Decimal("0.1"))
        margin += " " + words("The cost of {share} of the revenue is known.", share=words.percent(covered))
    return [
        money(
            "revenue",
            "Revenue",
            total.revenue,
            before.revenue,
            words("Net amount of confirmed and completed orders by order date; returns count as negative."),
        ),
        kpi(
            "orders",
            "Orders",
            "count",
            None if now_orders is None else str(now_orders),
            None if old_orders is None else str(old_orders),
            _change(
                None if now_orders is None else Decimal(now_orders),
                None if old_orders is None else Decimal(old_orders),
            ),
            words("Confirmed and completed orders by order date."),
        ),
        money(
            "average_order",
            "Average order",
            total.average,
            before.average,
            words("Revenue divided by the number of orders."),
        ),
        kpi("gross_margin", "Gross margin", "%", _text(total.margin), _text(before.margin), points, margin),
        money(
            "backlog",
            "Order book",
            sales.backlog,
            sales.backlog_before,
            words("Ordered and not yet delivered, whatever the period; a year before by delivery dates."),
        ),
    ]


def tables(sales: Sales, words: Words) -> list[dict[str, Any]]:
    def column(id: str, label: str, kind: str) -> dict[str, Any]:
        body = {"id": id, "label": words(label), "kind": kind}
        return {**body, "currency": sales.currency} if kind == "money" else body

    def table(
        id: str, title: str, columns: list[dict[str, Any]], rows: list[Row], total: int
    ) -> dict[str, Any]:
        return {"id": id, "title": words(title), "columns": columns, "rows": rows, "total_rows": total}

    revenue = [
        column("revenue", "Revenue", "money"),
        column("year_before", "Year before", "money"),
        column("change", "Change", "percent"),
    ]
    monthly = sales.period.unit == "month"
    months = [
        [
            point_label(p, words, year=True) + (f" ({words('so far')})" if p.partial else ""),
            _money(p.now.revenue),
            _money(p.before.revenue),
            _change(p.now.revenue, p.before.revenue),
            p.now.orders if p.now.revenue is not None else None,
            _text(p.now.margin),
        ]
        for p in sales.points
    ]
    counted = [column("orders", "Orders", "number"), column("margin", "Gross margin", "percent")]

    def ranked(found: Ranking, lead: Any, tail: Any) -> list[Row]:
        return [
            [
                *lead(r),
                _money(r.now.revenue),
                _money(r.before),
                _change(r.now.revenue, r.before),
                _text(r.share),
                *tail(r),
            ]
            for r in [*found.top, *([found.rest] if found.rest else [])]
        ]

    def name(r: Ranked, found: Ranking) -> str:
        return words("All others") if r is found.rest else r.name or words("without a name")

    share = column("share", "Share", "percent")
    return [
        table(
            "revenue",
            "Revenue by month" if monthly else "Revenue by day",
            [column("period", "Month" if monthly else "Day", "text"), *revenue, *counted],
            months,
            len(months),
        ),
        table(
            "customers",
            "Top customers",
            [column("customer", "Customer", "text"), *revenue, share, *counted],
            ranked(
                sales.customers,
                lambda r: [name(r, sales.customers)],
                lambda r: [r.now.orders or None, _text(r.now.margin)],
            ),
            sales.customers.total,
        ),
        table(
            "products",
            "Top products",
            [
                column("code", "Code", "text"),
                column("product", "Product", "text"),
                *revenue,
                share,
                column("quantity", "Quantity", "number"),
                column("margin", "Gross margin", "percent"),
            ],
            ranked(
                sales.products,
                lambda r: [r.code, name(r, sales.products)],
                lambda r: [_text(r.qty), _text(r.now.margin)],
            ),
            sales.products.total,
        ),
        table(
            "order_book",
            "Order book by promised month",
            [
                column("promised", "Promised", "text"),
                column("value", "To deliver", "money"),
                column("orders", "Orders", "number"),
            ],
            [[promised_label(s, words, year=True), _money(s.value), s.orders] for s in sales.book],
            len(sales.book),
        ),
    ]


def notes(sales: Sales, words: Words) -> list[str]:
    """What a reader must know to read the numbers right."""
    found = []
    if sales.total.revenue is None:
        found.append(words("There are no orders in this period."))
    if sales.until < sales.period.end:
        found.append(words("The period is not over; it is counted up to {day}.", day=words.day(sales.until)))
    if sales.total.revenue is not None and sales.before.revenue is None:
        found.append(words("There is nothing to compare with: the year before is not wholly in the source."))
    if sales.converted:
        found.append(
            words(
                "Converted from {others} to {currency} at the rate of each order's date.",
                others=", ".join(sales.converted),
                currency=sales.currency,
            )
        )
    return found
