"""The sales report."""

from reports.analyse.measure import part
from reports.analyse.sales import Sales
from reports.sheets.coming import coming_chart, coming_table
from reports.sheets.orders import (
    RATE,
    by_time,
    order_figures,
    ranked_table,
)
from reports.sheets.sheet import Sheet, Writer, each


def sheet(sales: Sales, writer: Writer) -> Sheet:
    words, total = writer.words, sales.ordered.now
    margin = words("Revenue less the cost of what was sold, as a part of revenue.")
    if total.net and total.costed is not None and total.costed != total.net:
        covered = words.percent(part(total.costed, total.net) or 0)
        margin += " " + words("The cost of {share} of the revenue is known.", share=covered)
    charts, revenue = [], writer.title_by_time("Revenue by month", "Revenue by day")
    if total.net is not None:
        name, whole = words("Revenue"), words("the revenue")
        charts = [
            writer.columns("revenue", revenue, sales.ordered, lambda s: s.net, writer.money, name, "revenue"),
            writer.ranks("customers", words("Top customers"), sales.customers, writer.money, name, whole),
            writer.ranks("products", words("Top products"), sales.products, writer.money, name, whole),
        ]
    book = words("Order book by promised month")
    if sales.book:
        said = "{total} is ordered and not yet delivered"
        charts.append(
            coming_chart(
                writer,
                sales.book,
                "order_book",
                book,
                writer.money,
                words("To deliver"),
                said,
                "orders",
            )
        )
    ordered = sales.ordered
    return Sheet(
        title=[words("Sales")],
        kpis=[
            *order_figures(
                writer,
                ordered,
                "Revenue",
                "Net amount of confirmed and completed orders by order date; returns count as negative.",
            ),
            writer.kpi(
                "gross_margin", "Gross margin", "%", each(ordered, lambda s: s.margin), margin, "higher"
            ),
            writer.kpi(
                "backlog",
                "Order book",
                writer.money,
                sales.backlog,
                words("Ordered and not yet delivered, whatever the period; in the past by delivery dates."),
            ),
            writer.kpi(
                "on_time",
                "On time in full",
                "%",
                each(sales.kept, lambda k: k.punctual),
                words(
                    "Order lines delivered completely by the promised day, as a part of those promised for"
                    " the period."
                ),
                "higher",
            ),
            writer.kpi(
                "conversion",
                "Conversion",
                "%",
                each(ordered, lambda s: s.conversion),
                words(
                    "Confirmed and completed orders, as a part of all orders and offers dated in the period;"
                    " open offers count as not won yet."
                ),
                "higher",
            ),
        ],
        charts=charts,
        tables=[
            by_time(writer, ordered, "revenue", revenue, "Revenue", margin=True),
            ranked_table(
                writer,
                sales.customers,
                ordered,
                "customers",
                "Top customers",
                "Customer",
                "Revenue",
                products=False,
                margin=True,
            ),
            ranked_table(
                writer,
                sales.products,
                ordered,
                "products",
                "Top products",
                "Product",
                "Revenue",
                products=True,
                margin=True,
            ),
            coming_table(
                writer, sales.book, "order_book", book, "Promised", ("To deliver", "money"), "Orders"
            ),
        ],
        notes=writer.notes(
            empty=words("There are no orders in this period.") if total.net is None else None,
            covered=sales.scope.compare in ordered.total,
            rate=RATE,
        ),
    )
