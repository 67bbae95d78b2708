"""The parts of a report, whatever form it is shown in: key figures, charts with their numbers, tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

from reports.analyse.keys import REST, bucket_key, id_key
from reports.analyse.measure import Layer, Measured, Point, Ranked, Ranking
from reports.analyse.period import Period
from reports.analyse.scope import BUDGET, NOW, PREVIOUS, YEAR_BEFORE, Scope
from reports.charts.columns import Column, Columns
from reports.charts.form import Form, Slot
from reports.charts.look import item
from reports.charts.palette import DARK, LIGHT
from reports.charts.ranking import Bar, Ranks
from reports.charts.stacked import Part
from reports.words import PLAIN, Words

T = TypeVar("T")
Value = Decimal | None
Cell = str | int | Decimal | date | None
COMPARED = {YEAR_BEFORE: "Year before", PREVIOUS: "Previous period", BUDGET: "Budget"}
AGAINST = {
    YEAR_BEFORE: ", {change} against the year before",
    PREVIOUS: ", {change} against the previous period",
    BUDGET: ", {change} against the budget",
}
UNCOVERED = {
    YEAR_BEFORE: "There is nothing to compare with: the year before is not wholly in the source.",
    PREVIOUS: "There is nothing to compare with: the previous period is not wholly in the source.",
    BUDGET: "There is nothing to compare with: the budget does not cover the whole period.",
}


def change(now: Value, before: Value) -> Value:
    """In percent, to a tenth; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    return ((now - before) / abs(before) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)


def each(measured: Measured[Any], value: Callable[[Any], Value]) -> dict[str, Value]:
    """A number of the measure of each span."""
    return {name: value(found) for name, found in measured.total.items()}


@dataclass(frozen=True)
class Kpi:
    """
    Args:
        unit: a currency, "%", "count", "days", or what is counted.
        values: of the report's spans by name; one that can't be compared with is missing or None.
        better: "higher", "lower", or None where neither is.
    """

    id: str
    label: str
    unit: str
    values: Mapping[str, Value]
    definition: str
    better: str | None = None


@dataclass(frozen=True)
class Table:
    """Cells are of their column's kind: text, money, percent, number or date.

    Args:
        keys: for each row the key of what it tells of: a point of the chart whose table this is, or one more.
        value: the column whose numbers the facts behind a row add up to.
        foot: what all rows come to, those not shown included.
        sums: the rows that are sums of rows before them.
        many: how many rows there would be.
    """

    id: str
    title: str
    columns: list[tuple[str, str, str]]
    rows: list[list[Cell]]
    keys: list[str | None] = field(default_factory=list)
    value: str | None = None
    foot: list[Cell] | None = None
    sums: list[int] = field(default_factory=list)
    many: int | None = None


@dataclass(frozen=True)
class Chart:
    """`description` says in a sentence what there is to see; it is the text alternative."""

    id: str
    title: str
    description: str
    form: Form
    table_id: str


@dataclass(frozen=True)
class Sheet:
    title: list[str]
    kpis: list[Kpi]
    charts: list[Chart]
    tables: list[Table]
    notes: list[str]


class Said(str):
    """A title that is in the reader's language already, or a name of the source."""


def shown(value: Cell, kind: str) -> str | int | None:
    """A cell as the contract has it."""
    if isinstance(value, Decimal):
        return text(value, kind)
    return value.isoformat() if isinstance(value, date) else value


def text(value: Decimal, kind: str) -> str:
    """The number as the contract has it: money in cents, all else as exact as it is."""
    if kind == "money":
        return str(value.quantize(Decimal("0.01"), ROUND_HALF_UP))
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if kind == "number" and "." in plain else plain


class Writer:
    """Writes one report: its words, and what its scope says of every number in it."""

    def __init__(self, scope: Scope, words: Words) -> None:
        self.scope, self.words = scope, words
        self.monthly = scope.period.unit == "month"
        self.money = scope.currency
        self.compared = words(COMPARED[scope.compare])

    # --- key figures -------------------------------------------------------------------------------

    def kpi(
        self,
        id: str,
        label: str,
        unit: str,
        values: Mapping[str, Value],
        definition: str,
        better: str | None = None,
        **said: str | int,
    ) -> Kpi:
        """
        Args:
            said: what the label's own words name.
        """
        return Kpi(id, self.words(label, **said), unit, values, definition, better)

    def show_kpi(self, kpi: Kpi) -> dict[str, Any]:
        kind = "money" if kpi.unit == self.money else "percent" if kpi.unit == "%" else "number"
        now = kpi.values.get(NOW)
        comparisons = []
        for name, label in COMPARED.items():
            before = kpi.values.get(name)
            if before is None:
                continue
            points = kpi.unit == "%"
            difference = None if now is None else now - before
            moved = difference if points else change(now, before)
            comparisons.append(
                {
                    "id": name,
                    "label": self.words(label),
                    "value": text(before, kind),
                    "change": None if difference is None else text(difference, kind),
                    "change_pct": None if moved is None else str(moved),
                    # The change of a percentage is a difference in points, not a percentage of it.
                    "change_unit": "points" if points else "%",
                }
            )
        return {
            "id": kpi.id,
            "label": kpi.label,
            "value": None if now is None else text(now, kind),
            "unit": kpi.unit,
            "unit_label": None if kind != "number" or kpi.unit in PLAIN else self.words.term(kpi.unit),
            "comparison": next((c for c in comparisons if c["id"] == self.scope.compare), None),
            "comparisons": comparisons,
            "better": kpi.better,
            "definition": kpi.definition,
        }

    # --- time --------------------------------------------------------------------------------------

    def label(self, period: Period, *, year: bool = False) -> str:
        """A month's name, or a day's."""
        if not self.monthly:
            return self.words.day(period.start) if year else str(period.start.day)
        return self.words.month(period.start, year=year)

    def slot(self, period: Period, *, partial: bool = False) -> Slot:
        name = self.label(period, year=True) + (f" ({self.words('so far')})" if partial else "")
        era = str(period.start.year) if self.monthly else self.words.month(period.start)
        return Slot(bucket_key(period, self.scope.period.unit), self.label(period), name, era, partial)

    def slots(self, points: Iterable[Point[Any]]) -> list[Slot]:
        return [self.slot(point.period, partial=point.partial) for point in points]

    @property
    def by_time(self) -> tuple[str, str, str]:
        """The first column of a table by month or day."""
        return ("period", "Month" if self.monthly else "Day", "text")

    def title_by_time(self, monthly: str, daily: str, **values: str) -> str:
        return self.words(monthly if self.monthly else daily, **values)

    # --- comparisons -------------------------------------------------------------------------------

    def versus(self, label: str, kind: str = "money") -> list[tuple[str, str, str]]:
        """The columns of a value, of what it is compared with, and of the change."""
        return [
            ("value", label, kind),
            (self.scope.compare, COMPARED[self.scope.compare], kind),
            ("change", "Change", "percent"),
        ]

    def against(self, now: Value, before: Value) -> str:
        """The end of a sentence: how the value has changed."""
        changed = self.words.change(now, before)
        return self.words(AGAINST[self.scope.compare], change=changed) if changed else ""

    def columns(
        self,
        id: str,
        title: str,
        measured: Measured[T],
        value: Any,
        unit: str,
        name: str,
        table_id: str,
        mark: tuple[str, list[Value]] | None = None,
        said: str | None = None,
        before: Value = None,
    ) -> Chart:
        """A measure by month beside what it is compared with, and what is said of it.

        Args:
            value: the number of a measure.
            mark: name and values of a tick across each column, which is the line where that is compared with.
            said: what is said of it instead of the whole and the highest.
            before: what the whole is compared with, where that is no span of the measure.
        """
        words, points = self.words, measured.points
        lines = [None if p.other is None else value(p.other) for p in points]
        marks = mark[1] if mark else [None] * len(points)
        if self.scope.compare == BUDGET:
            lines, marks = marks, lines
        data = [
            Column(slot, None if p.now is None else value(p.now), line, tick)
            for p, slot, line, tick in zip(points, self.slots(points), lines, marks, strict=True)
        ]
        form = Columns(unit, data, name, other=self.compared, mark=mark[0] if mark else "")
        if said is not None:
            return Chart(id, title, said, form, table_id)
        whole = value(measured.now)
        said = words(
            "{name} {span}: {total}",
            name=name,
            span=words.span(self.scope.period.start, self.scope.known.end),
            total=words.brief(whole or 0, unit),
        )
        if before is None and (other := measured.total.get(self.scope.compare)) is not None:
            before = value(other)
        said += self.against(whole, before)
        best = max((c for c in data if c.value is not None), key=lambda c: c.value or 0, default=None)
        if best is not None and best.value is not None:
            said += words(
                ". Highest: {best}, {value}.", best=best.slot.name, value=words.brief(best.value, unit)
            )
        return Chart(id, title, said, form, table_id)

    # --- rankings ----------------------------------------------------------------------------------

    def ranked_name(self, ranked: Ranked[Any]) -> str:
        if ranked.key is None and ranked.name is None:
            return self.words("without a name")
        return ranked.name or ""

    def ranked_key(self, ranked: Ranked[Any], found: Ranking[Any]) -> str:
        return REST if ranked is found.rest else id_key(ranked.key)

    def ranks(
        self,
        id: str,
        title: str,
        found: Ranking[T],
        unit: str,
        name: str,
        whole: str | None = None,
        note: Any = None,
        warn: tuple[str, Any] | None = None,
    ) -> Chart:
        """The first of a ranking, and what is said of them.

        Args:
            whole: what the values are parts of, as the sentence about their share has it.
            note: what to write beside a value, instead of its change.
            warn: name and value of the part that calls for action.
        """
        words = self.words

        def bar(ranked: Ranked[T]) -> Bar:
            changed = words.change(ranked.value, ranked.other)
            beside = note(ranked) if note else changed or (words("new") if ranked.other == 0 else "")
            return Bar(
                self.ranked_key(ranked, found),
                self.ranked_name(ranked),
                ranked.value,
                ranked.other,
                beside,
                "" if ranked.share is None else words.percent(ranked.share),
                warn[1](ranked) if warn else None,
            )

        form = Ranks(
            unit, [bar(r) for r in found.top], name, other=self.compared, warn=warn[0] if warn else ""
        )
        first = found.top[0]
        said = words(
            "{name} comes first with {value}",
            name=self.ranked_name(first),
            value=words.brief(first.value, unit),
        )
        top = found.top[: form.shown]
        shares = [ranked.share for ranked in top if ranked.share is not None]
        if whole and len(shares) == len(top) < found.total:
            said += words(
                "; the {count} largest of {total} make up {share} of {whole}",
                count=len(top),
                total=found.total,
                share=words.percent(min(sum(shares, Decimal(0)), Decimal(100))),
                whole=whole,
            )
        return Chart(id, title, said + words("."), form, id)

    def ranked_rows(
        self, found: Ranking[T], lead: Any, tail: Any, *, share: bool = True
    ) -> tuple[list[list[Cell]], list[str | None]]:
        """The rows of a ranking's table, and their keys.

        Args:
            lead: cells before the name; `tail`: cells after the share.
        """
        every = [*found.top, *([found.rest] if found.rest else [])]
        rows: list[list[Cell]] = []
        for ranked in every:
            name = self.words("All others") if ranked is found.rest else self.ranked_name(ranked)
            compared = [ranked.value, ranked.other, change(ranked.value, ranked.other)]
            rows.append([*lead(ranked), name, *compared, *([ranked.share] if share else []), *tail(ranked)])
        return rows, [self.ranked_key(ranked, found) for ranked in every]

    def parts(
        self,
        found: list[Layer],
        points: list[Point[Any]],
        unnamed: str,
        names: Mapping[str, str] | None = None,
    ) -> list[Part]:
        """The parts of columns over time.

        Args:
            points: the months (or days); of one that nothing is known of, the parts have no value.
            unnamed: what a part without a name is called.
            names: what is written for the words of the source.
        """

        def name(layer: Layer) -> str:
            text = "All others" if layer.key == REST else layer.name or unnamed
            return self.words.term((names or {}).get(text, text))

        return [
            Part(
                layer.key,
                name(layer),
                [
                    layer.values.get(slot.key, Decimal(0)) if point.now is not None else None
                    for slot, point in zip(self.slots(points), points, strict=True)
                ],
                "rest" if layer.key == REST else "",
            )
            for layer in found
        ]

    # --- the whole ---------------------------------------------------------------------------------

    def table(
        self,
        id: str,
        title: str,
        columns: Sequence[tuple[str, str, str]],
        rows: list[list[Cell]],
        **more: Any,
    ) -> Table:
        return Table(id, title, list(columns), rows, **more)

    def show_table(self, table: Table) -> dict[str, Any]:
        kinds = [kind for _, _, kind in table.columns]

        def cells(row: Sequence[Cell]) -> list[str | int | None]:
            return [shown(cell, kind) for cell, kind in zip(row, kinds, strict=True)]

        return {
            "id": table.id,
            "title": table.title,
            "columns": [self.show_column(*column) for column in table.columns],
            "rows": [cells(row) for row in table.rows],
            "keys": table.keys or [None] * len(table.rows),
            "value": table.value,
            "foot": None if table.foot is None else cells(table.foot),
            "sums": table.sums,
            "total_rows": len(table.rows) if table.many is None else table.many,
        }

    def show_column(self, id: str, label: str, kind: str) -> dict[str, Any]:
        said = label if isinstance(label, Said) else self.words(label)
        body = {"id": id, "label": str(said), "kind": kind}
        return {**body, "currency": self.money} if kind == "money" else body

    def notes(self, *, empty: str | None, covered: bool, rate: str | None) -> list[str]:
        """What a reader must know to read the numbers right.

        Args:
            empty: what is said where there is nothing in the period.
            covered: whether what it is compared with is wholly in the source.
            rate: how money was converted, where it had to be.
        """
        words, scope, found = self.words, self.scope, []
        if empty:
            found.append(empty)
        if scope.known.end < scope.period.end:
            found.append(
                words("The period is not over; it is counted up to {day}.", day=words.day(scope.known.end))
            )
        if not empty and not covered:
            found.append(words(UNCOVERED[scope.compare]))
        if scope.rates.converted and rate:
            found.append(words(rate, others=", ".join(scope.rates.converted), currency=scope.currency))
        return found

    def show(self, sheet: Sheet, filtered: bool) -> dict[str, Any]:
        """The content of a report as it is kept."""
        scope, words = self.scope, self.words
        names = [company.name for company in scope.companies] if filtered else []
        return {
            "title": " · ".join([*sheet.title, *names, words.span(scope.period.start, scope.period.end)]),
            "kpis": [self.show_kpi(kpi) for kpi in sheet.kpis],
            "charts": [self.show_chart(chart) for chart in sheet.charts],
            "tables": [self.show_table(table) for table in sheet.tables],
            "notes": sheet.notes,
        }

    def show_chart(self, chart: Chart) -> dict[str, Any]:
        unit = chart.form.unit
        kind = "money" if unit == self.money else "percent" if unit == "%" else "number"
        return {
            "id": chart.id,
            "title": chart.title,
            "description": chart.description,
            "table_id": chart.table_id,
            "unit": unit,
            "points": [
                {
                    "key": point.key,
                    "label": point.label,
                    "series": point.series,
                    "value": None if point.value is None else text(point.value, kind),
                }
                for point in chart.form.points()
            ],
            "figure": item(chart.form.draw(self.words, LIGHT), LIGHT),
            "figure_dark": item(chart.form.draw(self.words, DARK), DARK),
        }
