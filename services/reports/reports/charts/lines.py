"""Lines over time, each named where it ends."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.charts.form import Point, Slot, Value, known, plain
from reports.charts.frame import UNSEEN, Upright
from reports.charts.look import labels, legend
from reports.charts.palette import Palette
from reports.words import Words

DASHES = ("solid", "solid", "dashed", "dotted")  # with any colour vision, and in print


@dataclass(frozen=True)
class Line:
    key: str
    name: str
    values: list[Value]


@dataclass(frozen=True)
class Lines:
    """At most as many lines as there are dashes; the first is the main one."""

    unit: str
    slots: list[Slot]
    lines: list[Line]
    height: int = 280

    def points(self) -> list[Point]:
        return [
            Point(f"{slot.key}|{line.key}", slot.name, line.name, line.values[n])
            for n, slot in enumerate(self.slots)
            for line in self.lines
            if line.values[n] is not None
        ]

    def _card(self, n: int, words: Words) -> str:
        values = [(line.name, line.values[n]) for line in self.lines]
        told = [f"{name}: {words.full(value, self.unit)}" for name, value in values if value is not None]
        return "\n".join([self.slots[n].name, *told])

    def draw(self, words: Words, palette: Palette) -> Any:
        covered = known(*(line.values for line in self.lines))
        frame = Upright(self.slots, covered, self.unit, self.height, words, palette)
        plot, x = frame.plot, frame.x
        entries, ends = [], []
        for line, colour, dash in zip(self.lines, palette.series, DASHES, strict=False):
            y = plain(line.values)
            drawn = plot.line(x=x, y=y, line_color=colour, line_width=2.5, line_dash=dash)
            dots = plot.scatter(x=x, y=y, size=5, fill_color=colour, line_color=None)
            entries.append((line.name, [drawn, dots]))
            if told := [n for n, value in enumerate(line.values) if value is not None]:
                ends.append((float(y[told[-1]]), told[-1], words.tag(line.values[told[-1]] or 0, self.unit)))
        # Lines that end close to each other have their values above each other.
        gap, free = (frame.top - frame.bottom) * 0.075, -np.inf
        for value, last, text in sorted(ends):
            free = max(value, free)
            plot.text(
                x=x[[last]],
                y=np.array([free]),
                text=[text],
                text_align="right",
                text_baseline="bottom",
                x_offset=6,
                y_offset=-6,
                **labels(palette, 12, bold=True),
            )
            free += gap
        legend(plot, entries)
        # A column has a place of each line: a tap is meant for the one it is on.
        places = [(n, line) for line in self.lines for n, v in enumerate(line.values) if v is not None]
        source = {
            "x": [float(n) for n, _ in places],
            "y": [float(line.values[n] or 0) for n, line in places],
            "key": [f"{self.slots[n].key}|{line.key}" for n, line in places],
        }
        tapped = plot.scatter(x="x", y="y", size=24, **UNSEEN, source=source)
        return frame.touch([self._card(n, words) for n in range(len(self.slots))], self.points(), tapped)
