"""The two frames that marks stand in: columns along time, and rows with their names above them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.models import LinearAxis

from reports.charts.form import Point, Slot
from reports.charts.look import bare, labels, scale, ticks, touch, zero
from reports.charts.palette import Palette, cells
from reports.words import Words

ROW = 46
NAME_CELLS = 26
UNSEEN = {"fill_alpha": 0, "line_alpha": 0}


def short_name(name: str, most: int = NAME_CELLS) -> str:
    """The name cut to a width; Chinese characters take two cells."""
    if cells(name) <= most:
        return name
    kept = next(n for n in range(len(name), 0, -1) if cells(name[:n]) < most)
    return name[:kept].rstrip() + "…"


class Upright:
    """Columns along time, on a scale that covers the values and zero.

    Args:
        told: no scale; every column says its value.
        mirrored: what is below zero is no negative number.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        values: Sequence[float],
        unit: str,
        height: int,
        words: Words,
        palette: Palette,
        *,
        told: bool = False,
        mirrored: bool = False,
    ) -> None:
        self.slots, self.palette, self.words, self.unit = slots, palette, words, unit
        values = [float(value) for value in values]  # those of numpy are no JSON
        steps = scale(min(values, default=0), max(values, default=0))
        self.top = max([*values, 0]) * 1.14 or steps[-1]  # room for the label of the tallest
        self.bottom = min([*values, 0]) * 1.14
        self.x = np.arange(len(slots), dtype=float)
        self.plot: Any = bare(height, (-0.6, len(slots) - 0.4), (self.bottom, self.top))
        ticks(self.plot.xaxis, {float(n): slot.label for n, slot in enumerate(slots)})
        if begins := _eras(slots):
            # An axis of its own: thinned out with the months, a year could be the label that is left out.
            self.plot.add_layout(LinearAxis(major_label_standoff=0), "below")
            ticks(self.plot.below[-1], begins)
        if told:  # the labels say it; the scale would say it twice
            self.plot.yaxis.visible = False
            self.plot.ygrid.visible = False
        else:
            seen = (step for step in steps if self.bottom <= step <= self.top)
            texts = {step: words.step(abs(step) if mirrored else step, unit) for step in seen}
            ticks(self.plot.yaxis, texts)
        zero(self.plot, palette)

    def tell(self, values: dict[int, float], *lines: np.ndarray[Any, Any], size: int = 12) -> None:
        """Writes values over their columns, and over lines that would run through the words."""
        near = (self.top - self.bottom) * 0.12
        places = []
        for n, value in values.items():
            place = max(value, 0.0)
            for line in sorted(float(line[n]) for line in lines if not np.isnan(line[n])):
                place = line if 0 < line - place < near else place
            places.append(place)
        self.plot.text(
            x=np.array(list(values), dtype=float),
            y=np.array(places),
            text=[self.words.tag(value, self.unit) for value in values.values()],
            text_align="center",
            text_baseline="bottom",
            y_offset=-4,
            **labels(self.palette, size, bold=True),
        )

    def touch(self, cards: list[str], points: Sequence[Point], tapped: Any | None = None) -> Any:
        """The full height of each column can be met, so that small ones can be met too; one that nothing is
        known of has no key."""
        known = {point.key for point in points}
        keys = [slot.key if slot.key in known else "" for slot in self.slots]
        source = {"x": self.x, "card": cards, "key": keys}
        span = {"bottom": self.bottom, "top": self.top}
        columns = self.plot.vbar(x="x", width=1, **span, **UNSEEN, source=source)
        touch(self.plot, self.palette, columns, tapped)
        return self.plot


def _eras(slots: Sequence[Slot]) -> dict[float, str]:
    begins = {
        float(n): slot.era
        for n, slot in enumerate(slots)
        if slot.era and (n == 0 or slots[n - 1].era != slot.era)
    }
    places = sorted(begins)
    # The first is cut short by the period; without room before the next it goes.
    if len(places) > 1 and places[1] < 3:
        del begins[places[0]]
    return begins


class Lying:
    """Rows from the top down, each with its name and its value above a track."""

    def __init__(self, count: int, low: float, high: float, palette: Palette) -> None:
        self.low, self.high, self.palette = low, high, palette
        margin = (high - low) * 0.01
        self.y = np.arange(count, dtype=float)
        x = (low - (margin if low < 0 else 0), high + margin)
        self.plot: Any = bare(ROW * count + 28, x, (count - 0.75, -0.85))
        self.plot.axis.visible = False
        self.plot.grid.visible = False
        track = {"fill_color": palette.grid, "fill_alpha": 0.55, "line_color": None}
        self.plot.hbar(y=self.y, left=low, right=high, height=0.3, **track)

    def tell(self, names: list[str], values: list[str]) -> None:
        for place, align, texts in ((self.low, "left", names), (self.high, "right", values)):
            self.plot.text(
                x=np.full(len(texts), place),
                y=self.y - 0.42,
                text=texts if align == "right" else [short_name(name) for name in texts],
                text_align=align,
                text_baseline="middle",
                **labels(self.palette, 13, bold=align == "right"),
            )

    def touch(self, cards: list[str], keys: list[str]) -> Any:
        source = {"y": self.y - 0.2, "card": cards, "key": keys}
        span = {"left": self.low, "right": self.high}
        touch(self.plot, self.palette, self.plot.hbar(y="y", height=1, **span, **UNSEEN, source=source))
        return self.plot
