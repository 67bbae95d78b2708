"""What the sheets of sales and purchasing have in common."""

from decimal import Decimal

from reports.analyse.keys import bucket_key
from reports.analyse.measure import Measured, Ranking
from reports.analyse.orders import Sum
from reports.sheets.sheet import Cell, Kpi, Table, Writer, change, each

RATE = "Converted from {others} to {currency} at the rate of each order's date."


def whole(ordered: Measured[Sum], writer: Writer) -> Decimal | None:
    """What the whole is compared with."""
    other = ordered.total.get(writer.scope.compare)
    return None if other is None else other.net


def order_figures(writer: Writer, ordered: Measured[Sum], name: str, definition: str) -> list[Kpi]:
    """The amount, the number of orders, and their average."""
    words = writer.words
    return [
        writer.kpi(
            name.lower(),
            name,
            writer.money,
            each(ordered, lambda s: s.net),
            words(definition),
            better="higher" if name == "Revenue" else None,
        ),
        writer.kpi(
            "orders",
            "Orders",
            "count",
            each(ordered, lambda s: s.count),
            words("Confirmed and completed orders by order date."),
        ),
        writer.kpi(
            "average_order",
            "Average order",
            writer.money,
            each(ordered, lambda s: s.average),
            words("{name} divided by the number of orders.", name=words(name)),
        ),
    ]


def by_time(
    writer: Writer, ordered: Measured[Sum], id: str, title: str, label: str, *, margin: bool
) -> Table:
    rows: list[list[Cell]] = []
    for p, slot in zip(ordered.points, writer.slots(ordered.points), strict=True):
        now, other = (None if s is None else s.net for s in (p.now, p.other))
        counted = None if p.now is None else p.now.orders
        tail = [p.now.margin if p.now else None] if margin else []
        rows.append([slot.name, now, other, change(now, other), counted, *tail])
    total, before = ordered.now, whole(ordered, writer)
    foot: list[Cell] = [writer.words("Total"), total.net, before, change(total.net, before), total.orders]
    columns = [writer.by_time, *writer.versus(label), ("orders", "Orders", "number")]
    return writer.table(
        id,
        title,
        [*columns, *([("margin", "Gross margin", "percent")] if margin else [])],
        rows,
        keys=[bucket_key(p.period, writer.scope.period.unit) for p in ordered.points],
        foot=[*foot, *([total.margin] if margin else [])] if total.net is not None else None,
    )


def ranked_table(
    writer: Writer,
    found: Ranking[Sum],
    ordered: Measured[Sum],
    id: str,
    title: str,
    name: str,
    label: str,
    *,
    products: bool,
    margin: bool,
) -> Table:
    """The table of customers, suppliers or products."""
    counted = ("quantity", "Quantity", "number") if products else ("orders", "Orders", "number")
    rows, keys = writer.ranked_rows(
        found,
        lambda r: [r.code] if products else [],
        lambda r: [
            r.now.qty if products else r.now.orders or None,
            *([r.now.margin] if margin else []),
        ],
    )
    total, before = ordered.now, whole(ordered, writer)
    lead = [None, writer.words("Total")] if products else [writer.words("Total")]
    tail = [None if products else total.orders, *([total.margin] if margin else [])]
    return writer.table(
        id,
        writer.words(title),
        [
            *([("code", "Code", "text")] if products else []),
            (name.lower(), name, "text"),
            *writer.versus(label),
            ("share", "Share", "percent"),
            counted,
            *([("margin", "Gross margin", "percent")] if margin else []),
        ],
        rows,
        keys=keys,
        foot=[*lead, total.net, before, change(total.net, before), Decimal(100), *tail] if rows else None,
        many=found.total,
    )
