"""The human resources report."""

from decimal import Decimal
from typing import Any

from reports.analyse.keys import id_key
from reports.analyse.measure import ZERO
from reports.analyse.people import Department, People, Staff
from reports.charts.columns import Column, Columns
from reports.charts.flows import Flow, Flows
from reports.charts.ranking import Bar, Ranks
from reports.charts.stacked import Part, Stacked
from reports.sheets.sheet import Cell, Chart, Kpi, Said, Sheet, Table, Value, Writer, change, each

RATE = "Costs are converted from {others} to {currency} at the closing rate of each day."
KINDS = {"sick": "Sick", "holiday": "Holiday", "leave": "Leave", "vacation": "Holiday"}
SHOWN = 50


def sheet(people: People, writer: Writer) -> Sheet:
    words, now = writer.words, people.now
    charts = []
    if now is not None:
        charts = [_headcount(people, writer), _moves(people, writer)]
        if any(d.key for d in people.departments):
            charts.append(_departments(people, writer))
    tables = [_by_time(people, writer)]
    tables += [
        _table(writer, people.departments, "departments", "Headcount by department", "Department", now),
        _table(writer, people.jobs, "jobs", "Headcount by job", "Job", now),
    ]
    notes = writer.notes(
        empty=words("Nobody is known to be employed in this period.") if now is None else None,
        covered=people.at(people.scope.spans[people.scope.compare].end) is not None,
        rate=RATE,
    )
    shown = [d.now for d in (*people.departments, *people.jobs)]
    if now and (people.few or any(staff.paid and staff.cost is None for staff in shown)):
        notes.append(words("Cost and absence of fewer than three people are not shown."))
    if people.hours is None:
        if not people.few:
            notes.append(words("Absence is not shown: the source has no times that tell it from work."))
    else:
        if people.hours.now.absence is not None:
            charts.append(_absence(people, writer))
        tables.append(_absence_table(people, writer))
    return Sheet(
        title=[words("Human resources")],
        kpis=_kpis(people, writer),
        charts=charts,
        tables=tables,
        notes=notes,
    )


def _kpis(people: People, writer: Writer) -> list[Kpi]:
    words, spans = writer.words, people.scope.spans
    staff = {name: found for name, span in spans.items() if (found := people.at(span.end))}
    day = words.day(people.scope.known.end)

    def of_staff(value: Any) -> dict[str, Value]:
        return {name: value(found) for name, found in staff.items()}

    known = people.moved if people.first else None
    hours = people.hours
    return [
        writer.kpi(
            "headcount",
            "Headcount",
            "count",
            of_staff(lambda s: s.count),
            words("People employed on {day}; each counts once.", day=day),
        ),
        writer.kpi(
            "turnover",
            "Turnover",
            "%",
            {name: people.turnover(name) for name in spans},
            words("Leavers as a part of the average headcount, brought to a whole year."),
            "lower",
        ),
        writer.kpi(
            "absence",
            "Absence",
            "%",
            each(hours, lambda h: h.absence) if hours else {},
            words("Hours of absence as a part of hours worked and absent; holidays are absence too."),
            "lower",
        ),
        writer.kpi(
            "cost",
            "Personnel cost per month",
            writer.money,
            of_staff(lambda s: s.cost),
            words("What those employed on {day} cost a month, as far as it is known.", day=day),
        ),
        writer.kpi(
            "cost_of_one",
            "Cost per head",
            writer.money,
            of_staff(lambda s: s.cost_of_one),
            words("Personnel cost per month divided by the number of those whose cost is known."),
        ),
        writer.kpi(
            "hired",
            "Hires",
            "count",
            each(known, lambda m: Decimal(m.hired)) if known else {},
            words("People whose employment began in the period; moves between departments don't count."),
        ),
        writer.kpi(
            "left",
            "Leavers",
            "count",
            each(known, lambda m: Decimal(m.left)) if known else {},
            words("People whose employment ended in the period; moves between departments don't count."),
        ),
        writer.kpi(
            "women",
            "Women",
            "%",
            of_staff(lambda s: s.share_of_women),
            words("Women as a part of those employed on {day} whose gender is known.", day=day),
        ),
    ]


def _headcount(people: People, writer: Writer) -> Chart:
    words, points = writer.words, people.points()
    data = [
        Column(slot, p.now.count if p.now else None, p.other.count if p.other else None)
        for p, slot in zip(points, writer.slots(points), strict=True)
    ]
    other = people.at(people.scope.spans[people.scope.compare].end)
    now = people.now
    said = words(
        "Headcount on {day}: {count}",
        count=now.heads if now else 0,
        day=words.day(people.scope.known.end),
    )
    said += writer.against(now.count if now else None, other.count if other else None)
    form = Columns("count", data, words("Headcount"), other=writer.compared)
    title = writer.title_by_time("Headcount at the end of each month", "Headcount at the end of each day")
    return Chart("headcount", title, said + words("."), form, "headcount")


def _moves(people: People, writer: Writer) -> Chart:
    words, points = writer.words, people.moved.points
    data = [
        Flow(slot, Decimal(p.now.hired) if p.now else None, Decimal(p.now.left) if p.now else None)
        for p, slot in zip(points, writer.slots(points), strict=True)
    ]
    total = people.moved.now
    said = words(
        "Hires {span}: {hired}, leavers: {left}.",
        hired=total.hired,
        left=total.left,
        span=words.span(people.scope.period.start, people.scope.known.end),
    )
    form = Flows("count", data, words("Hires"), words("Leavers"), words("Net"), height=250)
    return Chart("moves", words("Hires and leavers"), said, form, "headcount")


def _department_name(writer: Writer, department: Department, unnamed: str) -> str:
    return department.key or writer.words(unnamed)


def _departments(people: People, writer: Writer) -> Chart:
    words, found = writer.words, [d for d in people.departments if d.now.heads]
    data = [
        Bar(
            id_key(d.key),
            _department_name(writer, d, "without a department"),
            d.now.count,
            None if d.other is None else Decimal(d.other),
            f"{d.now.heads - d.other:+}".replace("-", "−") if d.other not in (None, d.now.heads) else "",
        )
        for d in found[:SHOWN]
    ]
    form = Ranks("count", data, words("Headcount"), other=writer.compared)
    said = words(
        "{name} is the largest of {count}: {heads} of {total}.",
        name=_department_name(writer, found[0], "without a department"),
        count=len(found),
        heads=found[0].now.heads,
        total=people.now.heads if people.now else 0,
    )
    return Chart("departments", words("Headcount by department"), said, form, "departments")


def _by_time(people: People, writer: Writer) -> Table:
    rows: list[list[Cell]] = []
    points = people.points()
    for p, moved, slot in zip(points, people.moved.points, writer.slots(points), strict=True):
        now, other = p.now, p.other
        heads = [now.heads if now else None, other.heads if other else None]
        changed = change(now.count if now else None, other.count if other else None)
        moves = [moved.now.hired, moved.now.left] if moved.now and now else [None, None]
        rows.append([slot.name, *heads, changed, *moves, now.cost if now else None])
    total = people.moved.now
    title = writer.title_by_time("Headcount at the end of each month", "Headcount at the end of each day")
    foot: list[Cell] = [writer.words("Total"), None, None, None, total.hired, total.left, None]
    return writer.table(
        "headcount",
        title,
        [
            writer.by_time,
            *writer.versus("Headcount", "number"),
            ("hired", "Hires", "number"),
            ("left", "Leavers", "number"),
            ("cost", "Personnel cost per month", "money"),
        ],
        rows,
        keys=[slot.key for slot in writer.slots(points)],
        foot=foot if people.now else None,
        value="value",
    )


def _table(
    writer: Writer, found: list[Department], id: str, title: str, column: str, now: Staff | None
) -> Table:
    words = writer.words
    rows: list[list[Cell]] = [
        [
            _department_name(writer, d, f"without a {column.lower()}"),
            d.now.heads,
            d.other,
            change(d.now.count, None if d.other is None else Decimal(d.other)),
            d.hired,
            d.left,
            d.now.share_of_women,
            d.now.cost,
        ]
        for d in found[:SHOWN]
    ]
    foot: list[Cell] = []
    if now:
        foot = [
            words("Total"),
            now.heads,
            None,
            None,
            sum(d.hired for d in found),
            sum(d.left for d in found),
        ]
        foot += [now.share_of_women, now.cost]
    return writer.table(
        id,
        words(title),
        [
            (id, column, "text"),
            *writer.versus("Headcount", "number"),
            ("hired", "Hires", "number"),
            ("left", "Leavers", "number"),
            ("women", "Women, %", "percent"),
            ("cost", "Personnel cost per month", "money"),
        ],
        rows,
        keys=[id_key(d.key) for d in found[:SHOWN]],
        foot=foot or None,
        many=len(found),
        value="value",
    )


def _absence_parts(people: People, writer: Writer) -> list[Part]:
    """The hours of each kind of absence, in percent of all hours."""
    assert people.hours
    points = people.hours.points
    found = writer.parts(people.kinds, points, "without a kind", KINDS)
    wholes = [p.now.whole if p.now else None for p in points]
    return [
        Part(
            part.key,
            part.name,
            [
                None if v is None or not whole else (v / whole * 100).quantize(Decimal("0.01"))
                for v, whole in zip(part.values, wholes, strict=True)
            ],
            part.tone,
        )
        for part in found
    ]


def _absence(people: People, writer: Writer) -> Chart:
    assert people.hours
    words, points, total = writer.words, people.hours.points, people.hours.now
    form = Stacked("%", writer.slots(points), _absence_parts(people, writer), words("Absence"), height=280)
    other = people.hours.total.get(people.scope.compare)
    said = words("{share} of all hours were absence", share=words.percent(total.absence or ZERO))
    if other is not None and other.absence is not None:
        said += words(", {before} before", before=words.percent(other.absence))
    return Chart("absence", _absence_title(writer), said + words("."), form, "absence")


def _absence_title(writer: Writer) -> str:
    return writer.title_by_time("Absence by month and kind", "Absence by day and kind")


def _absence_table(people: People, writer: Writer) -> Table:
    assert people.hours
    points = people.hours.points
    parts = _absence_parts(people, writer)
    rows: list[list[Cell]] = [
        [
            slot.name,
            *(part.values[n] for part in parts),
            p.now.absence if p.now else None,
            p.now.away if p.now else None,
            p.now.worked if p.now else None,
        ]
        for n, (p, slot) in enumerate(zip(points, writer.slots(points), strict=True))
    ]
    return writer.table(
        "absence",
        _absence_title(writer),
        [
            writer.by_time,
            *((part.key, Said(part.name), "percent") for part in parts),
            ("absence", "Absence, %", "percent"),
            ("away", "Hours absent", "number"),
            ("worked", "Hours worked", "number"),
        ],
        rows,
        keys=[slot.key for slot in writer.slots(points)],
    )
