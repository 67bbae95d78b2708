"""Columns over time made of parts, and where there is one a line for what was planned."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from reports.charts.form import Point, Slot, Value, known, plain
from reports.charts.frame import Upright
from reports.charts.look import legend
from reports.charts.palette import Palette
from reports.words import Words


@dataclass(frozen=True)
class Part:
    """A series: its value in each slot. `tone` is "rest" (all others), "warn", or the next colour."""

    key: str
    name: str
    values: list[Value]
    tone: str = ""


@dataclass(frozen=True)
class Stacked:
    """Parts lie on each other, the first below; negative ones hang under zero.

    Args:
        whole: name of the sum.
        line: what the columns are compared with, in each slot, and its name.
    """

    unit: str
    slots: list[Slot]
    parts: list[Part]
    whole: str
    line: tuple[str, list[Value]] | None = None
    height: int = 300

    def points(self) -> list[Point]:
        found = []
        for n, slot in enumerate(self.slots):
            parts = [(part, part.values[n]) for part in self.parts]
            values = [value for _, value in parts if value is not None]
            if values:
                found.append(Point(slot.key, slot.name, self.whole, sum(values, Decimal(0))))
            found += [
                Point(f"{slot.key}|{part.key}", slot.name, part.name, value) for part, value in parts if value
            ]
        return found

    def _card(self, n: int, words: Words) -> str:
        parts = [(part.values[n], part.name) for part in self.parts]
        told = [(value, name) for value, name in parts if value is not None]
        lines = [self.slots[n].name]
        if told:
            lines.append(f"{self.whole}: {words.full(sum(value for value, _ in told), self.unit)}")
        lines += [f"{name}: {words.full(value, self.unit)}" for value, name in reversed(told) if value]
        if self.line and (planned := self.line[1][n]) is not None:
            lines.append(f"{self.line[0]}: {words.full(planned, self.unit)}")
        return "\n".join(lines)

    def draw(self, words: Words, palette: Palette) -> Any:
        sizes = [np.nan_to_num(plain(part.values)) for part in self.parts]
        none = np.zeros(len(self.slots))
        up = sum((np.maximum(size, 0) for size in sizes), none)
        down = sum((np.minimum(size, 0) for size in sizes), none)
        planned = self.line[1] if self.line else []
        covered = [*up, *down, *known(planned)]
        frame = Upright(self.slots, covered, self.unit, self.height, words, palette)
        plot, x = frame.plot, frame.x
        above, below = none, none
        colours = iter(palette.series)
        alpha = np.array([0.45 if slot.partial else 1.0 for slot in self.slots])
        entries = []
        for part, size in zip(self.parts, sizes, strict=True):
            fixed = {"rest": palette.rest, "warn": palette.warn}.get(part.tone)
            start = np.where(size >= 0, above, below)
            look = {"fill_color": fixed or next(colours), "fill_alpha": alpha, "line_color": palette.paper}
            bars = plot.vbar(x=x, bottom=start, top=start + size, width=0.66, line_width=1, **look)
            above, below = above + np.maximum(size, 0), below + np.minimum(size, 0)
            entries.append((part.name, [bars]))
        if self.line and known(planned):
            line = plot.line(x=x, y=plain(planned), line_color=palette.ink, line_width=2)
            entries.append((self.line[0], [line]))
        legend(plot, entries)
        if told := [n for n, slot in enumerate(self.slots) if up[n] and not slot.partial]:
            told = sorted({max(told, key=lambda n: float(up[n])), told[-1]})
        lines = [plain(planned)] if planned else []
        frame.tell({n: float(up[n] + down[n]) for n in told}, *lines)
        return frame.touch([self._card(n, words) for n in range(len(self.slots))], self.points())
