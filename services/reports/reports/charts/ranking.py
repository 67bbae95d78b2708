"""A ranking: a name, its value, and a bar beneath them, which keeps long names readable on a phone."""

from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import numpy as np

from reports.charts.look import Palette, bare, hover, labels, legend
from reports.words import Words

ROW = 46
NAME_CELLS = 26


@dataclass(frozen=True)
class Bar:
    name: str
    value: float
    other: float | None
    note: str
    card: str


def short_name(name: str, cells: int = NAME_CELLS) -> str:
    """The name cut to a width; Chinese characters take two cells."""
    width = 0
    for n, character in enumerate(name):
        width += 2 if east_asian_width(character) in "WF" else 1
        if width > cells:
            return name[: max(n - 1, 1)].rstrip() + "…"
    return name


def ranking(data: list[Bar], words: Words, palette: Palette, *, names: tuple[str, str]) -> Any:
    """Bars from the largest down; a tick across each bar marks `other` (the year before).

    Args:
        names: of the bars and of the ticks, for the legend.
    """
    values = [b.value for b in data]
    others = [b.other for b in data if b.other is not None]
    low = min([*values, *others, 0.0])
    high = max([*values, *others, 0.0]) or 1.0
    margin = (high - low) * 0.01
    rows = np.arange(len(data), dtype=float)
    plot = bare(
        ROW * len(data) + 28, (low - (margin if low < 0 else 0), high + margin), (len(data) - 0.75, -0.85)
    )
    plot.axis.visible = False
    plot.grid.visible = False
    plot.hbar(
        y=rows, left=low, right=high, height=0.3, fill_color=palette.grid, fill_alpha=0.55, line_color=None
    )
    bars = plot.hbar(
        y=rows, left=0, right=np.array(values), height=0.3, fill_color=palette.main, line_color=None
    )
    entries = [(names[0], [bars])]
    places = [n for n, b in enumerate(data) if b.other is not None]
    if places:
        x, y = np.array([data[n].other for n in places], dtype=float), rows[places]
        # Twice: a wide stroke of paper parts the tick from a bar of any colour.
        plot.segment(x0=x, x1=x, y0=y - 0.22, y1=y + 0.22, line_color=palette.paper, line_width=6)
        tick = plot.segment(x0=x, x1=x, y0=y - 0.22, y1=y + 0.22, line_color=palette.other, line_width=3)
        entries.append((names[1], [tick]))
    legend(plot, entries)
    start = np.full(len(data), low)
    plot.text(
        x=start,
        y=rows - 0.42,
        text=[short_name(b.name) for b in data],
        text_baseline="middle",
        **labels(palette, 13),
    )
    plot.text(
        x=np.full(len(data), high),
        y=rows - 0.42,
        text=[f"{words.short(b.value)}  {b.note}".rstrip() for b in data],
        text_align="right",
        text_baseline="middle",
        **labels(palette, 13, bold=True),
    )
    catch = plot.hbar(
        y="y",
        left=low,
        right=high,
        height=1,
        fill_alpha=0,
        line_alpha=0,
        source={"y": rows - 0.2, "card": [b.card for b in data]},
    )
    hover(plot, palette, catch, "mouse")
    return plot
