"""The visual language: the bare figure every chart starts from, and how it is handed over.

Titles, legends in words and the text alternative are HTML of the client; a figure holds marks and labels.
No CustomJS anywhere: the page's content security policy allows no eval.
"""

from math import floor, log10
from typing import Any

from bokeh.core.properties import value
from bokeh.embed import json_item
from bokeh.models import FixedTicker, HoverTool, Legend, LegendItem, NoOverlap, Span, TapTool
from bokeh.plotting import figure
from bokeh.themes import Theme

from reports.charts.palette import FONT, Palette, cells

NARROW, ENTRY, CELL = 292, 34, 6.4  # pixels: a phone's plot, a legend's entry without its words, a cell


def theme(palette: Palette) -> Theme:
    axis = {
        "axis_line_color": None,
        "major_tick_line_color": None,
        "minor_tick_line_color": None,
        "major_label_text_color": palette.muted,
        "major_label_text_font": FONT,
        "major_label_text_font_size": "12px",
        "major_label_standoff": 8,
    }
    return Theme(
        json={
            "attrs": {
                "Plot": {
                    "background_fill_color": None,
                    "border_fill_color": None,
                    "outline_line_color": None,
                },
                "Axis": axis,
                "Grid": {"grid_line_color": palette.grid},
                "Legend": {
                    "label_text_color": palette.muted,
                    "label_text_font": FONT,
                    "label_text_font_size": "12px",
                },
            }
        }
    )


def bare(height: int, x: tuple[float, float], y: tuple[float, float]) -> Any:
    """A figure as wide as its container, that never takes the page's scrolling."""
    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        x_range=x,
        y_range=y,
        tools="",
        toolbar_location=None,
        min_border=0,
        lod_threshold=None,
    )
    plot.min_border_right = 8
    plot.xgrid.visible = False
    return plot


def ticks(axis: Any, labels: dict[float, str]) -> None:
    """Exactly these labels; those that would touch are left out at small widths."""
    axis.ticker = FixedTicker(ticks=list(labels), minor_ticks=[])
    axis.major_label_overrides = labels
    axis.major_label_policy = NoOverlap(min_distance=6)


def legend(plot: Any, items: list[tuple[str, list[Any]]]) -> None:
    """In as many columns as fit on a phone."""
    sizes = [ENTRY + CELL * cells(text) for text, _ in items]
    fitting = (n for n in range(len(items), 1, -1) if sum(max(sizes[k::n]) for k in range(n)) <= NARROW)
    columns = next(fitting, 1)
    plot.height += 26 * (-(-len(items) // columns) - 1)
    plot.add_layout(
        Legend(
            items=[LegendItem(label=value(text), renderers=marks) for text, marks in items],
            orientation="horizontal",
            ncols=columns,
            location="top_left",
            border_line_color=None,
            background_fill_color=None,
            padding=0,
            margin=0,
            spacing=10,
            glyph_width=16,
            glyph_height=16,
        ),
        "above",
    )


def labels(palette: Palette, size: int = 12, *, bold: bool = False, ink: str | None = None) -> dict[str, Any]:
    """Text marks: the page's font, with a halo so that a line behind stays out of the words."""
    return {
        "text_color": ink or palette.ink,
        "text_font": value(FONT),
        "text_font_size": f"{size}px",
        "text_font_style": "bold" if bold else "normal",
        "text_outline_color": None,
    }


def zero(plot: Any, palette: Palette, dimension: str = "width") -> None:
    plot.add_layout(Span(location=0, dimension=dimension, line_color=palette.muted, line_width=1))


def touch(plot: Any, palette: Palette, shown: Any, tapped: Any | None = None) -> None:
    """What the pointer meets: a card with the `card` text of what is `shown`, and a tap on what is `tapped`
    (the same, unless said) that selects its `key`.

    Clients find the marks that can be tapped as the model named `points`.
    """
    tapped = tapped or shown
    tapped.data_source.name = "points"
    style = (
        f"background:{palette.paper};color:{palette.ink};border:1px solid {palette.grid};border-radius:6px;"
        f"padding:8px 10px;margin:-6px -9px;font:12px/1.5 Inter,system-ui,sans-serif;white-space:pre-line"
    )
    card = f'<div style="{style}">@card</div>'
    plot.add_tools(
        HoverTool(renderers=[shown], tooltips=card, attachment="above"),
        TapTool(renderers=[tapped]),
    )


def scale(low: float, high: float, steps: int = 5) -> list[float]:
    """Round values that cover low..high and zero, about `steps` intervals."""
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = 1.0
    raw = (high - low) / steps
    size = 10 ** floor(log10(raw))
    step = next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= raw * 0.999)
    first, last = floor(low / step), -floor(-high / step)
    return [round(n * step, 10) for n in range(first, last + 1)]


def item(plot: Any, palette: Palette) -> dict[str, Any]:
    """The figure as Bokeh's `json_item`."""
    for renderer in plot.renderers:
        # Nothing can be selected or muted; without these copies of every mark a figure is a third smaller.
        renderer.nonselection_glyph = renderer.muted_glyph = None
    body: dict[str, Any] = json_item(plot, theme=theme(palette))
    return body
