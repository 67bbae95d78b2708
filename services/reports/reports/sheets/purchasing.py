"""The purchasing report."""

from reports.analyse.purchasing import Purchasing
from reports.analyse.scope import NOW
from reports.sheets.coming import coming_chart, coming_table
from reports.sheets.orders import (
    RATE,
    by_time,
    order_figures,
    ranked_table,
)
from reports.sheets.sheet import COMPARED, Cell, Sheet, Table, Writer, each


def sheet(bought: Purchasing, writer: Writer) -> Sheet:
    words, ordered, scope = writer.words, bought.ordered, bought.scope
    total, money = ordered.now, writer.money
    charts, spend = [], writer.title_by_time("Spend by month", "Spend by day")
    name, whole = words("Spend"), words("the spend")
    if total.net is not None:
        charts = [
            writer.columns("spend", spend, ordered, lambda s: s.net, money, name, "spend"),
            writer.ranks("suppliers", words("Top suppliers"), bought.suppliers, money, name, whole),
        ]
    if any(p.now and p.now.punctual is not None for p in bought.kept.points):
        kept = bought.kept.now
        said = words(
            "Lines promised for this period: {due}; {on_time} of them came completely and on time.",
            on_time=kept.on_time,
            due=kept.due,
        )
        charts.append(
            writer.columns(
                "deliveries",
                words("Delivered on time"),
                bought.kept,
                lambda k: k.punctual,
                "%",
                words("On time"),
                "deliveries",
                said=said,
            )
        )
    book = words("Open orders by promised month")
    if bought.book:
        said = "{total} is ordered and has not come yet"
        charts.append(
            coming_chart(writer, bought.book, "order_book", book, money, words("Outstanding"), said, "orders")
        )
    dearer = {NOW: bought.dearer.get(scope.compare)}
    return Sheet(
        title=[words("Purchasing")],
        kpis=[
            *order_figures(
                writer,
                ordered,
                "Spend",
                "Net amount of confirmed and completed purchase orders by order date; returns count as"
                " negative.",
            ),
            writer.kpi(
                "on_time",
                "Delivered on time",
                "%",
                each(bought.kept, lambda k: k.punctual),
                words(
                    "Order lines delivered completely by the promised day, as a part of those promised for"
                    " the period."
                ),
                "higher",
            ),
            writer.kpi(
                "rejects",
                "Rejected",
                "%",
                each(bought.came, lambda k: k.rejects),
                words("Value of rejected quantities, as a part of the value of all that came in the period."),
                "lower",
            ),
            writer.kpi(
                "lead_time",
                "Lead time",
                "days",
                each(bought.came, lambda k: k.waited),
                words("Days from the order to its last delivery, on average of the lines that came."),
                "lower",
            ),
            writer.kpi(
                "price_change",
                "Price change",
                "%",
                dearer,
                words(
                    "How much dearer the period's purchases were than the same quantities at each product's"
                    " average price of: {compared}. Only products bought in both count, without returns.",
                    compared=words(COMPARED[scope.compare]),
                ),
                "lower",
            ),
            writer.kpi(
                "backlog",
                "Open orders",
                money,
                bought.backlog,
                words("Ordered and not yet delivered, whatever the period; in the past by delivery dates."),
            ),
        ],
        charts=charts,
        tables=[
            by_time(writer, ordered, "spend", spend, "Spend", margin=False),
            ranked_table(
                writer,
                bought.suppliers,
                ordered,
                "suppliers",
                "Top suppliers",
                "Supplier",
                "Spend",
                products=False,
                margin=False,
            ),
            _delivery_table(bought, writer),
            coming_table(
                writer, bought.book, "order_book", book, "Promised", ("Outstanding", "money"), "Orders"
            ),
            ranked_table(
                writer,
                bought.products,
                ordered,
                "products",
                "Top products bought",
                "Product",
                "Spend",
                products=True,
                margin=False,
            ),
        ],
        notes=writer.notes(
            empty=words("There are no orders in this period.") if total.net is None else None,
            covered=scope.compare in ordered.total,
            rate=RATE,
        ),
    )


def _delivery_table(bought: Purchasing, writer: Writer) -> Table:
    slots = writer.slots(bought.kept.points)
    rows: list[list[Cell]] = []
    for slot, kept, came in zip(slots, bought.kept.points, bought.came.points, strict=True):
        due = None if kept.now is None else kept.now.due
        on_time = None if kept.now is None else kept.now.on_time
        rows.append(
            [
                slot.name,
                due,
                on_time,
                kept.now.punctual if kept.now else None,
                came.now.rejects if came.now else None,
                came.now.waited if came.now else None,
            ]
        )
    return writer.table(
        "deliveries",
        writer.words("Delivered on time"),
        [
            writer.by_time,
            ("due", "Lines due", "number"),
            ("on_time_lines", "On time", "number"),
            ("on_time", "On time, %", "percent"),
            ("rejected", "Rejected, %", "percent"),
            ("lead_time", "Lead time, days", "number"),
        ],
        rows,
        keys=[slot.key for slot in slots],
    )
