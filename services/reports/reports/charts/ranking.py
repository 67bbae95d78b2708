"""A ranking: a name, its value, and a bar beneath them, which keeps long names readable on a phone."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from reports.charts.form import Point, Value, known, plain
from reports.charts.frame import Lying
from reports.charts.look import legend
from reports.charts.palette import Palette
from reports.words import Words


@dataclass(frozen=True)
class Bar:
    """`note` is written beside the value, `more` on the card only; `warn` is what calls for action of it."""

    key: str
    name: str
    value: Decimal
    other: Value = None
    note: str = ""
    more: str = ""
    warn: Value = None


@dataclass(frozen=True)
class Ranks:
    """Bars from the largest down.

    Args:
        shown: so many are drawn; all can be pointed at.
        other: name of the ticks across the bars (the year before).
        warn: name of the part of a bar that calls for action.
    """

    unit: str
    data: list[Bar]
    name: str
    other: str = ""
    warn: str = ""
    shown: int = 10

    def points(self) -> list[Point]:
        return [Point(b.key, b.name, self.name, b.value) for b in self.data]

    def _card(self, bar: Bar, words: Words) -> str:
        lines = [bar.name, words.full(bar.value, self.unit) + (f" · {bar.more}" if bar.more else "")]
        if bar.warn is not None:
            lines.append(f"{self.warn}: {words.full(bar.warn, self.unit)}")
        if bar.other is not None:
            change = words.change(bar.value, bar.other)
            lines.append(f"{self.other}: {words.full(bar.other, self.unit)}  {change}".rstrip())
        return "\n".join(lines)

    def draw(self, words: Words, palette: Palette) -> Any:
        data = self.data[: self.shown]
        values, others = [b.value for b in data], [b.other for b in data]
        covered = [*known(values, others), 0.0]
        frame = Lying(len(data), min(covered), max(covered) or 1.0, palette)
        plot, y = frame.plot, frame.y
        bars = {"y": y, "height": 0.3, "left": 0, "line_color": None}
        entries = [(self.name, [plot.hbar(right=plain(values), fill_color=palette.main, **bars)])]
        if any(b.warn for b in data):
            parts = np.nan_to_num(plain(b.warn for b in data))
            entries.append((self.warn, [plot.hbar(right=parts, fill_color=palette.warn, **bars)]))
        if any(others):
            places = [n for n, other in enumerate(others) if other]
            x = plain(others)[places]
            ends = {"x0": x, "x1": x, "y0": y[places] - 0.22, "y1": y[places] + 0.22}
            # Twice: a wide stroke of paper parts the tick from a bar of any colour.
            plot.segment(**ends, line_color=palette.paper, line_width=6)
            entries.append((self.other, [plot.segment(**ends, line_color=palette.other, line_width=3)]))
        legend(plot, entries)
        told = [f"{words.tag(b.value, self.unit)}  {b.note}".rstrip() for b in data]
        frame.tell([b.name for b in data], told)
        return frame.touch([self._card(b, words) for b in data], [b.key for b in data])
