"""A waterfall lying on its side: from the first sum, by what is added and taken away, to the last."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from reports.charts.form import Point
from reports.charts.frame import Lying
from reports.charts.look import legend
from reports.charts.palette import Palette
from reports.words import Words


@dataclass(frozen=True)
class Step:
    """`sum` stands on zero and says what the steps before it come to."""

    key: str
    name: str
    value: Decimal
    sum: bool = False
    note: str = ""


@dataclass(frozen=True)
class Waterfall:
    """
    Args:
        names: of sums, of what is added, of what is taken away.
    """

    unit: str
    steps: list[Step]
    names: tuple[str, str, str]

    def points(self) -> list[Point]:
        return [Point(s.key, s.name, self.names[0 if s.sum else 1], s.value) for s in self.steps]

    def _card(self, step: Step, words: Words) -> str:
        return "\n".join(filter(None, (step.name, words.full(step.value, self.unit), step.note)))

    def draw(self, words: Words, palette: Palette) -> Any:
        start, end, level = [], [], 0.0
        for step in self.steps:
            start.append(0.0 if step.sum else level)
            level = float(step.value) if step.sum else level + float(step.value)
            end.append(level)
        covered = [*start, *end]
        frame = Lying(len(self.steps), min(covered), max(covered) or 1.0, palette)
        plot, y = frame.plot, frame.y
        left, right = np.array(start), np.array(end)
        kinds = np.array([0 if s.sum else 1 if s.value >= 0 else 2 for s in self.steps])
        entries = []
        for kind, colour in enumerate((palette.main, palette.series[2], palette.other)):
            at = kinds == kind
            if at.any():
                look = {"height": 0.3, "fill_color": colour, "line_color": None}
                entries.append(
                    (self.names[kind], [plot.hbar(y=y[at], left=left[at], right=right[at], **look)])
                )
        legend(plot, entries)
        told = [f"{words.tag(s.value, self.unit)}  {s.note}".rstrip() for s in self.steps]
        frame.tell([s.name for s in self.steps], told)
        return frame.touch([self._card(s, words) for s in self.steps], [s.key for s in self.steps])
