"""What came and what went: columns up and down from zero, and a line for what was left of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.charts.form import Point, Slot, Value, known, plain
from reports.charts.frame import Upright
from reports.charts.look import legend
from reports.charts.palette import Palette
from reports.words import Words


@dataclass(frozen=True)
class Flow:
    """`came` and `went` are both positive."""

    slot: Slot
    came: Value
    went: Value

    @property
    def net(self) -> Value:
        return None if self.came is None or self.went is None else self.came - self.went


@dataclass(frozen=True)
class Flows:
    unit: str
    data: list[Flow]
    came: str
    went: str
    net: str
    height: int = 300

    def points(self) -> list[Point]:
        return [
            Point(f.slot.key + key, f.slot.name, name, value)
            for f in self.data
            for key, name, value in (
                ("", self.net, f.net),
                ("|in", self.came, f.came),
                ("|out", self.went, f.went),
            )
            if value is not None
        ]

    def _card(self, flow: Flow, words: Words) -> str:
        lines = [flow.slot.name]
        for name, value in ((self.came, flow.came), (self.went, flow.went), (self.net, flow.net)):
            if value is not None:
                lines.append(f"{name}: {words.full(value, self.unit)}")
        return "\n".join(lines)

    def draw(self, words: Words, palette: Palette) -> Any:
        up, down = plain(f.came for f in self.data), -plain(f.went for f in self.data)
        covered = [*known(f.came for f in self.data), *(-v for v in known(f.went for f in self.data))]
        slots = [f.slot for f in self.data]
        frame = Upright(slots, covered, self.unit, self.height, words, palette, mirrored=True)
        plot, x = frame.plot, frame.x
        alpha = np.array([0.45 if slot.partial else 1.0 for slot in slots])
        entries = []
        for name, top, colour in ((self.came, up, palette.main), (self.went, down, palette.rest)):
            look = {"fill_color": colour, "fill_alpha": alpha, "line_color": None}
            entries.append((name, [plot.vbar(x=x, top=top, width=0.62, **look)]))
        y = plain(f.net for f in self.data)
        plot.line(x=x, y=y, line_color=palette.paper, line_width=5)
        line = plot.line(x=x, y=y, line_color=palette.ink, line_width=2)
        dots = plot.scatter(x=x, y=y, size=7, fill_color=palette.paper, line_color=palette.ink, line_width=2)
        legend(plot, [*entries, (self.net, [line, dots])])
        return frame.touch([self._card(f, words) for f in self.data], self.points())
