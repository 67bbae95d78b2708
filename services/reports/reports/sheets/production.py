"""The production report."""

from reports.analyse.measure import ZERO
from reports.analyse.production import Production
from reports.charts.stacked import Stacked
from reports.sheets.coming import coming_chart, coming_table
from reports.sheets.sheet import Cell, Chart, Kpi, Sheet, Table, Writer, change, each

PIECES = {"", "unit", "units", "pc", "pcs", "piece", "pieces", "ea", "each", "nos"}
RATE = "Costs are converted from {others} to {currency} at the rate of the day an order was finished."


def sheet(made: Production, writer: Writer) -> Sheet:
    words, unit = writer.words, "count" if made.uom.lower() in PIECES else made.uom
    charts = []
    nothing = made.made.now.good is None
    if not nothing:
        charts = [_output(made, writer, unit)]
        if made.scrap.top:
            charts.append(
                writer.ranks(
                    "scrap",
                    words("Scrap by product"),
                    made.scrap,
                    unit,
                    words("Scrap"),
                    words("the scrap"),
                    note=lambda r: "" if r.now.rate is None else f"· {words.percent(r.now.rate)}",
                )
            )
        charts.insert(
            1,
            writer.ranks(
                "products",
                words("Top products made"),
                made.products,
                unit,
                words("Good quantity"),
                words("the output"),
            ),
        )
    due = words("Open production orders by planned end")
    if made.due:
        charts.append(
            coming_chart(
                writer,
                made.due,
                "due",
                due,
                unit,
                words("To make"),
                "{total} are still to be made",
                "orders",
            )
        )
    notes = writer.notes(
        empty=words("No production order was finished in this period.") if nothing else None,
        covered=made.scope.compare in made.made.total,
        rate=RATE,
    )
    if made.others:
        named = ", ".join(other or words("without a unit") for other in made.others)
        counted = words.term(made.uom) if made.uom else words("without a unit")
        notes.append(
            words("Only what is counted in: {uom}. Not added are: {others}.", uom=counted, others=named)
        )
    return Sheet(
        title=[words("Production")],
        kpis=_kpis(made, writer, unit),
        charts=charts,
        tables=[
            _months(made, writer),
            _products(made, writer),
            _scrap(made, writer),
            coming_table(writer, made.due, "due", due, "Planned end", ("To make", "number"), "Orders"),
        ],
        notes=notes,
    )


def _kpis(made: Production, writer: Writer, unit: str) -> list[Kpi]:
    words, measured = writer.words, made.made
    return [
        writer.kpi(
            "output",
            "Output",
            unit,
            each(measured, lambda m: m.good),
            words("Good quantity of the orders finished in the period."),
            "higher",
        ),
        writer.kpi(
            "yield",
            "Yield",
            "%",
            each(measured, lambda m: m.yields),
            words("Good quantity as a part of good and scrap."),
            "higher",
        ),
        writer.kpi(
            "attainment",
            "Plan attainment",
            "%",
            each(measured, lambda m: m.attainment),
            words("Good quantity as a part of the quantity planned for the orders finished in the period."),
            "higher",
        ),
        writer.kpi(
            "on_time",
            "Finished on time",
            "%",
            each(measured, lambda m: m.punctual),
            words("Orders finished by their planned day, as a part of all finished in the period."),
            "higher",
        ),
        writer.kpi(
            "in_the_works",
            "Work in progress",
            "count",
            made.works,
            words(
                "Orders begun and not finished on {day}, whatever the period.",
                day=words.day(made.scope.today),
            ),
        ),
        writer.kpi(
            "cycle_time",
            "Cycle time",
            "days",
            each(measured, lambda m: m.days),
            words("Days from the start of an order to its end, on average."),
            "lower",
        ),
        writer.kpi(
            "unit_cost",
            "Unit cost",
            writer.money,
            each(measured, lambda m: m.unit_cost),
            words("Cost of the finished orders divided by their good quantity."),
            "lower",
        ),
    ]


def _output(made: Production, writer: Writer, unit: str) -> Chart:
    words, points = writer.words, made.made.points
    slots = writer.slots(points)

    parts = writer.parts(made.groups, points, "without a group")
    planned = (words("Planned"), [p.now for p in made.planned.points])
    form = Stacked(unit, slots, parts, words("Good quantity"), planned)
    total, plan = made.made.now.good or ZERO, made.planned.now
    said = words(
        "Good output {span}: {total}",
        span=words.span(made.scope.period.start, made.scope.known.end),
        total=words.full(total, unit),
    )
    if plan:
        said += words(", {plan} planned", plan=words.full(plan, unit))
    title = writer.title_by_time("Output by month and product group", "Output by day and product group")
    return Chart("output", title, said + words("."), form, "output")


def _months(made: Production, writer: Writer) -> Table:
    rows: list[list[Cell]] = []
    points = zip(made.made.points, made.planned.points, writer.slots(made.made.points), strict=True)
    for p, planned, slot in points:
        if p.now is None:
            rows.append([slot.name, *[None] * 7])
            continue
        other = p.other.good if p.other else None
        compared = [p.now.good, other, change(p.now.good, other)]
        rows.append([slot.name, *compared, planned.now, p.now.scrap, p.now.yields, p.now.unit_cost])
    total = made.made.now
    before = made.made.total.get(writer.scope.compare)
    other = before.good if before else None
    foot: list[Cell] = [writer.words("Total"), total.good, other, change(total.good, other)]
    foot += [made.planned.now, total.scrap, total.yields, total.unit_cost]
    title = writer.title_by_time("Output by month and product group", "Output by day and product group")
    return writer.table(
        "output",
        title,
        [
            writer.by_time,
            *writer.versus("Good quantity", "number"),
            ("planned", "Planned", "number"),
            ("scrap", "Scrap", "number"),
            ("yield", "Yield", "percent"),
            ("unit_cost", "Unit cost", "money"),
        ],
        rows,
        keys=[slot.key for slot in writer.slots(made.made.points)],
        foot=foot if total.good is not None else None,
    )


def _products(made: Production, writer: Writer) -> Table:
    rows, keys = writer.ranked_rows(
        made.products,
        lambda r: [r.code],
        lambda r: [r.now.scrap, r.now.yields, r.now.unit_cost, r.now.orders or None],
    )
    return writer.table(
        "products",
        writer.words("Top products made"),
        [
            ("code", "Code", "text"),
            ("product", "Product", "text"),
            *writer.versus("Good quantity", "number"),
            ("share", "Share", "percent"),
            ("scrap", "Scrap", "number"),
            ("yield", "Yield", "percent"),
            ("unit_cost", "Unit cost", "money"),
            ("orders", "Orders", "number"),
        ],
        rows,
        keys=keys,
        many=made.products.total,
    )


def _scrap(made: Production, writer: Writer) -> Table:
    rows, keys = writer.ranked_rows(made.scrap, lambda r: [r.code], lambda r: [r.now.rate])
    return writer.table(
        "scrap",
        writer.words("Scrap by product"),
        [
            ("code", "Code", "text"),
            ("product", "Product", "text"),
            *writer.versus("Scrap", "number"),
            ("share", "Share", "percent"),
            ("rate", "Scrap rate", "percent"),
        ],
        rows,
        keys=keys,
        many=made.scrap.total,
    )
