"""Pictures of a report, as SVG and from that as PNG: one of its charts, or all of it as a card."""

from typing import Any

import typst

from reports.charts.palette import DARK, LIGHT, Palette
from reports.files.figure import draw, plain, text_at, width_of
from reports.files.frozen import Frozen

MARGIN = 20
TILES, BELOW_TILES = 86, 158  # pixels from the top of a card to its figures, and to what is below one row
TILE, TILE_HEIGHT = 168, 72  # pixels that a key figure needs
LEAST_CHART = 130  # a chart that is lower can't be read
PAGE = """
#set page(width: {width}pt, height: {height}pt, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%)
"""


def fonts(locale: str) -> list[str]:
    """Those of a language, the best first; Chinese characters differ between its two scripts."""
    script = "SC" if locale == "zh-Hans" else "TC"
    return ["Inter", f"Noto Sans CJK {script}"]


def png(
    report: Frozen, *, width: int = 720, theme: str = "light", scale: int = 1, chart: str | None = None
) -> bytes:
    """
    Args:
        width: in pixels of CSS; a card is half as high.
        scale: how many pixels of the picture make one of CSS.
    """
    drawn, height = _picture(report, width, theme, chart)
    page = PAGE.format(width=width, height=height).encode()
    # A point is a pixel of CSS here.
    made = typst.compile(page, format="png", ppi=72.0 * scale, sys_inputs={"svg": drawn})
    assert isinstance(made, bytes)
    return made


def svg(report: Frozen, *, width: int = 720, theme: str = "light", chart: str | None = None) -> str:
    return _picture(report, width, theme, chart)[0]


def _picture(report: Frozen, width: int, theme: str, chart: str | None) -> tuple[str, int]:
    palette = DARK if theme == "dark" else LIGHT
    if chart is None:
        return _card(report, palette, width), width // 2
    return _chart(report, palette, width, chart)


def figure_of(chart: dict[str, Any], palette: Palette) -> dict[str, Any]:
    found: dict[str, Any] = chart["figure_dark" if palette is DARK else "figure"]
    return found


def framed(
    report: Frozen, marks: str, width: float, height: float, title: str, told: str, paper: str = ""
) -> str:
    """Marks as a whole document.

    Args:
        told: what there is to see, for who can't.
        paper: colour of the background, if there is to be one.
    """
    ground = f'<rect width="{width:g}" height="{height:g}" fill="{paper}"/>' if paper else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" role="img" lang="{report.locale}" aria-labelledby="title told"'
        f' font-family="{", ".join([*fonts(report.locale), "system-ui", "sans-serif"])}">'
        f'<title id="title">{plain(title)}</title><desc id="told">{plain(told)}</desc>{ground}{marks}</svg>'
    )


def _chart(report: Frozen, palette: Palette, width: int, id: str) -> tuple[str, int]:
    chart = next(chart for chart in report.charts if chart["id"] == id)
    wide = width - 2 * MARGIN
    # Marks are labelled shortly: what they are amounts of is said once.
    under = [report.title, *([report.currency] if chart["unit"] == report.currency else [])]
    head = [
        text_at(MARGIN, 34, _cut(chart["title"], 17, wide), size=17, colour=palette.ink, bold=True),
        text_at(MARGIN, 55, _cut(" · ".join(under), 12, wide), size=12, colour=palette.muted),
    ]
    drawn = draw(figure_of(chart, palette), wide)
    marks = f'{"".join(head)}<g transform="translate({MARGIN} 72)">{drawn.marks}</g>'
    height = round(72 + drawn.height + 38)
    marks += text_at(MARGIN, height - 14, _cut(report.said_as_of(), 11, wide), size=11, colour=palette.muted)
    return framed(report, marks, width, height, chart["title"], chart["description"], palette.paper), height


def _card(report: Frozen, palette: Palette, width: int) -> str:
    """The title, as many key figures as there is room for, and below them the first chart."""
    height, wide = width // 2, width - 2 * MARGIN
    marks = text_at(MARGIN, 36, _cut(report.title, 18, wide), size=18, colour=palette.ink, bold=True)
    marks += text_at(MARGIN, 57, _cut(report.said_as_of(), 12, wide), size=12, colour=palette.muted)
    side_by_side = max(2, wide // TILE)
    left = height - BELOW_TILES - 8
    # Where there is no room for a chart, there may be some for more figures.
    rows = 1 if left >= LEAST_CHART else max(1, (height - TILES + 12) // TILE_HEIGHT)
    tiles = report.kpis[: side_by_side * rows]
    step = wide / max(min(side_by_side, len(tiles)), 1)
    for n, kpi in enumerate(tiles):
        row, column = divmod(n, side_by_side)
        place = MARGIN + column * step, TILES + row * TILE_HEIGHT
        marks += _tile(report, kpi, palette, *place, step - 12)
    if report.charts and left >= LEAST_CHART:
        drawn = draw(figure_of(report.charts[0], palette), wide, left)
        marks += f'<g transform="translate({MARGIN} {BELOW_TILES})">{drawn.marks}</g>'
    elif left >= LEAST_CHART:
        for n, note in enumerate(report.notes[:3]):
            line = BELOW_TILES + 32 + n * 20
            marks += text_at(MARGIN, line, _cut(note, 13, wide), size=13, colour=palette.muted)
    told = "; ".join(f"{kpi['label']}: {report.quantity(kpi, kpi['value'])}" for kpi in tiles)
    return framed(report, marks, width, height, report.title, told, palette.paper)


def _tile(report: Frozen, kpi: dict[str, Any], palette: Palette, x: float, y: float, wide: float) -> str:
    marks = text_at(x, y, _cut(kpi["label"], 12, wide), size=12, colour=palette.muted)
    value = report.brief(kpi)
    size = min(24.0, 24.0 * wide / max(width_of(value, 24, bold=True), 1))
    marks += text_at(x, y + 28, value, size=size, colour=palette.ink, bold=True)
    comparison = kpi["comparison"]
    if comparison and (moved := report.moved(comparison)):
        good = report.good(kpi, comparison)
        colour = palette.muted if good is None else palette.main if good else palette.warn
        label = _cut(comparison["label"], 11, wide - width_of(f"{moved} ", 11, bold=True))
        marks += (
            f'<text x="{x:g}" y="{y + 47:g}" font-size="11" fill="{palette.muted}">'
            f'<tspan font-weight="bold" fill="{colour}">{plain(moved)}</tspan> {plain(label)}</text>'
        )
    return marks


def _cut(text: str, size: float, wide: float) -> str:
    """As much of the text as there is room for."""
    if width_of(text, size) <= wide:
        return text
    kept = next((n for n in range(len(text), 0, -1) if width_of(f"{text[:n]}…", size) <= wide), 0)
    return f"{text[:kept].rstrip()}…" if kept else ""
