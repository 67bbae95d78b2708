"""What is still to come, as a chart and a table."""

from decimal import Decimal

from reports.analyse.coming import LATER, OVERDUE, UNDATED, Due
from reports.analyse.measure import ZERO, part
from reports.charts.columns import Column, Columns
from reports.charts.form import Slot
from reports.sheets.sheet import Chart, Table, Writer

NAMES = {OVERDUE: "Overdue", LATER: "Later", UNDATED: "No date"}
SHORT = {**NAMES, OVERDUE: "Late"}


def _name(due: Due, writer: Writer) -> str:
    if due.start is None:
        return writer.words(NAMES[due.key])
    if due.unit == "month":
        return writer.words.month(due.start, year=True)
    return writer.words("Week of {day}", day=writer.words.day(due.start))


def _label(due: Due, writer: Writer) -> str:
    if due.start is None:
        return writer.words(SHORT[due.key]).replace(" ", "\n")
    if due.unit == "month":
        return writer.words.month(due.start)
    return writer.words.day_short(due.start).replace(" ", "\n")


def coming_chart(
    writer: Writer, due: list[Due], id: str, title: str, unit: str, name: str, said: str, counted: str
) -> Chart:
    """
    Args:
        name: of what is to come.
        said: the sentence about its `total`.
        counted: what is counted in a slot, in the plural.
    """
    words = writer.words
    total, overdue = sum((slot.value for slot in due), ZERO), due[0].value
    data = [
        Column(
            Slot(slot.key, _label(slot, writer), _name(slot, writer)),
            slot.value,
            warn=slot.key == OVERDUE,
            note=words.count(slot.many, counted),
        )
        for slot in due
    ]
    text = words(said, total=words.brief(total, unit))
    if overdue > 0 and total > 0:
        text += words(
            "; {overdue} of it ({share}) is overdue",
            overdue=words.brief(overdue, unit),
            share=words.percent(part(overdue, total) or ZERO),
        )
    form = Columns(unit, data, name, told=True, height=230)
    return Chart(id, title, text + words("."), form, id)


def coming_table(
    writer: Writer, due: list[Due], id: str, title: str, when: str, value: tuple[str, str], counted: str
) -> Table:
    """
    Args:
        when: title of the first column.
        value: title and kind of the second.
        counted: title of the third.
    """
    total = sum((slot.value for slot in due), Decimal(0))
    return writer.table(
        id,
        title,
        [("when", when, "text"), ("value", *value), ("count", counted, "number")],
        [[_name(slot, writer), slot.value, slot.many] for slot in due],
        keys=[slot.key for slot in due],
        foot=[writer.words("Total"), total, None] if due else None,
    )
