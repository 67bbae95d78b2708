"""Columns over time, with another series as a line: a month beside the same month a year before."""

from dataclasses import dataclass
from typing import Any

from reports.charts.form import Point, Slot, Value, known, plain
from reports.charts.frame import Upright
from reports.charts.look import legend
from reports.charts.palette import Palette
from reports.words import Words

CROWDED = 14  # more columns than this leave no room for dots and second labels on a phone


@dataclass(frozen=True)
class Column:
    """`warn` sets a column apart that calls for action; a value of None leaves a gap.

    `other` is on the line, `mark` a tick across the column (a budget), `note` more words on its card.
    """

    slot: Slot
    value: Value
    other: Value = None
    mark: Value = None
    warn: bool = False
    note: str = ""


@dataclass(frozen=True)
class Columns:
    """
    Args:
        name: of the columns.
        other: name of the line, if there is to be one.
        mark: name of the ticks.
        told: every column's value is written over it, and no scale beside it.
    """

    unit: str
    data: list[Column]
    name: str
    other: str = ""
    mark: str = ""
    told: bool = False
    height: int = 280

    def points(self) -> list[Point]:
        return [Point(c.slot.key, c.slot.name, self.name, c.value) for c in self.data if c.value is not None]

    def _card(self, column: Column, words: Words) -> str:
        lines = [column.slot.name]
        if column.value is not None:
            lines.append(words.full(column.value, self.unit))
        for name, value in ((self.other, column.other), (self.mark, column.mark)):
            if value is not None:
                change = words.change(column.value, value) if self.unit != "%" else ""
                lines.append(f"{name}: {words.full(value, self.unit)}  {change}".rstrip())
        return "\n".join([*lines, *([column.note] if column.note else [])])

    def draw(self, words: Words, palette: Palette) -> Any:
        data, crowded = self.data, len(self.data) > CROWDED
        values, others, marks = [[getattr(c, n) for c in data] for n in ("value", "other", "mark")]
        slots, covered = [c.slot for c in data], known(values, others, marks)
        frame = Upright(slots, covered, self.unit, self.height, words, palette, told=self.told)
        plot, x = frame.plot, frame.x
        # Filled so, a reader knows without the legend that the month still runs.
        running = {"fill_color": palette.main, "fill_alpha": 0.22, "line_color": palette.main}
        entries = []
        for look, name, chosen in (
            ({"color": palette.main}, self.name, [not c.warn and not c.slot.partial for c in data]),
            ({**running, "line_dash": "dashed"}, words("So far"), [c.slot.partial for c in data]),
            ({"color": palette.warn}, "", [c.warn for c in data]),
        ):
            places = [n for n, value in enumerate(values) if chosen[n] and value]
            if places:
                bars = plot.vbar(x=x[places], top=plain(values)[places], width=0.66, **look)
                entries += [(name, [bars])] if name else []
        if known(others):
            y = plain(others)
            drawn = [plot.line(x=x, y=y, line_color=palette.other, line_width=2.5)]
            if not crowded:
                dot = {"fill_color": palette.paper, "line_color": palette.other, "line_width": 2}
                drawn.append(plot.scatter(x=x, y=y, size=7, **dot))
            entries.append((self.other, drawn))
        if any(marks):
            places = [n for n, mark in enumerate(marks) if mark]
            y = plain(marks)[places]
            ends = {"x0": x[places] - 0.38, "x1": x[places] + 0.38, "y0": y, "y1": y}
            # Twice: a wide stroke of paper parts the tick from a column of any colour.
            plot.segment(**ends, line_color=palette.paper, line_width=5)
            entries.append((self.mark, [plot.segment(**ends, line_color=palette.ink, line_width=2.5)]))
        if len(entries) > 1:
            legend(plot, entries)
        told = {n: float(value) for n, value in enumerate(values) if value}
        if not self.told and told:
            # The largest, and the last that is over.
            largest = max(told, key=lambda n: told[n])
            over = [n for n in told if not slots[n].partial] or list(told)
            told = {n: told[n] for n in sorted({largest} if crowded else {largest, over[-1]})}
        frame.tell(told, plain(others), plain(marks), size=11 if self.told else 12)
        return frame.touch([self._card(c, words) for c in data], self.points())
