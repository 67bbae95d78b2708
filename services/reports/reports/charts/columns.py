"""Columns over time, with another series as a line: a month beside the same month a year before."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.models import LinearAxis, Span

from reports.charts.look import Palette, bare, hover, labels, legend, scale, ticks
from reports.words import Words

CROWDED = 14  # more columns than this leave no room for dots and second labels on a phone


@dataclass(frozen=True)
class Column:
    """`tone` is "whole", "partial" (still running) or "warn"; a value of None leaves a gap.

    `era` is what columns have in common (a year); it is written where it begins.
    """

    label: str
    value: float | None
    other: float | None
    card: str
    tone: str = "whole"
    era: str = ""


def columns(
    data: list[Column],
    words: Words,
    palette: Palette,
    *,
    names: tuple[str, str, str] | None = None,
    label_all: bool = False,
    height: int = 280,
) -> Any:
    """Columns, and where `names` are given (columns, line, running column) a line and a legend.

    Args:
        label_all: write every column's value over it; else only the largest and the last whole one.
    """
    values = [c.value for c in data if c.value is not None]
    crowded = len(data) > CROWDED
    all_values = values + [c.other for c in data if c.other is not None and names]
    steps = scale(min(all_values, default=0), max(all_values, default=0))
    top = max([*all_values, 0]) * 1.14 or steps[-1]  # room for the label of the tallest
    bottom = min([*all_values, 0]) * 1.14
    plot = bare(height, (-0.6, len(data) - 0.4), (bottom, top))
    ticks(plot.xaxis, {float(n): c.label for n, c in enumerate(data)})
    if eras := _eras(data):
        # An axis of its own: thinned out with the months, a year could be the label that is left out.
        plot.add_layout(LinearAxis(major_label_standoff=0), "below")
        ticks(plot.below[-1], eras)
    if label_all:  # the labels say it; the scale would say it twice
        plot.yaxis.visible = False
        plot.ygrid.visible = False
    else:
        ticks(plot.yaxis, {m: words.short_money(m) for m in steps if bottom <= m <= top})
    plot.add_layout(Span(location=0, dimension="width", line_color=palette.muted, line_width=1))

    looks: dict[str, dict[str, Any]] = {
        "whole": {"fill_color": palette.main, "line_color": palette.main},
        "partial": {
            "fill_color": palette.main,
            "fill_alpha": 0.22,
            "line_color": palette.main,
            "line_dash": "dashed",
        },
        "warn": {"fill_color": palette.warn, "line_color": palette.warn},
    }
    shown: dict[str, Any] = {}
    for tone, look in looks.items():
        places = [n for n, c in enumerate(data) if c.tone == tone and c.value is not None]
        if places:
            shown[tone] = plot.vbar(
                x=np.array(places, dtype=float),
                top=np.array([data[n].value for n in places], dtype=float),
                width=0.66,
                **look,
            )
    if names:
        places = [n for n, c in enumerate(data) if c.other is not None]
        entries = [(names[0], [shown["whole"]])] if "whole" in shown else []
        if "partial" in shown:
            entries.append((names[2], [shown["partial"]]))
        if places:
            # NaN breaks the line where nothing is known.
            other = np.array([np.nan if c.other is None else c.other for c in data], dtype=float)
            x = np.arange(len(data), dtype=float)
            line = plot.line(x=x, y=other, line_color=palette.other, line_width=2.5)
            marks = [line]
            if not crowded:
                dot = {"fill_color": palette.paper, "line_color": palette.other, "line_width": 2}
                marks.append(plot.scatter(x=x, y=other, size=7, **dot))
            entries.append((names[1], marks))
        legend(plot, entries)
    told = [n for n, c in enumerate(data) if c.value]
    if not label_all and told:
        whole = [n for n in told if data[n].tone == "whole"] or told
        largest = max(told, key=lambda n: data[n].value or 0)
        told = [largest] if crowded else sorted({largest, whole[-1]})
    plot.text(
        x=np.array(told, dtype=float),
        y=np.array([max(data[n].value or 0, 0) for n in told], dtype=float),
        text=[words.short(data[n].value or 0) for n in told],
        text_align="center",
        text_baseline="bottom",
        y_offset=-4,
        **labels(palette, 11 if label_all else 12, bold=True),
    )
    # What the pointer meets: the full height of each column, so that small ones can be met too.
    catch = plot.vbar(
        x="x",
        bottom=bottom,
        top=top,
        width=1,
        fill_alpha=0,
        line_alpha=0,
        source={"x": np.arange(len(data), dtype=float), "card": [c.card for c in data]},
    )
    hover(plot, palette, catch, "mouse")
    return plot


def _eras(data: list[Column]) -> dict[float, str]:
    begins = {float(n): c.era for n, c in enumerate(data) if c.era and (n == 0 or data[n - 1].era != c.era)}
    places = sorted(begins)
    # The first is cut short by the period; without room before the next it goes.
    if len(places) > 1 and places[1] < 3:
        del begins[places[0]]
    return begins
