"""A frozen figure of Bokeh, drawn as SVG: the same marks, labels and colours as on the screen, no browser.

It reads what `charts` put into a figure, no more: bars, lines, dots, ticks, texts, axes, a legend.
"""

import gzip
from array import array
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import isnan
from typing import Any

from reports.charts.palette import cells

DTYPES = {"float64": "d", "float32": "f", "int64": "q", "int32": "i", "int16": "h", "int8": "b", "uint8": "B"}
DASHES = {"solid": (), "dashed": (6,), "dotted": (2, 4)}
LETTER, BOLD = 0.56, 1.06  # width of a Latin letter in parts of the font's size, and how much bold is wider
LINE = 1.25  # height of a line of text in parts of the font's size
DESCENT, MIDDLE = 0.22, 0.36  # from where a text stands to its baseline, for its bottom and its middle
APART = 6  # pixels between two labels of an axis
ENTRY, ROW = 22, 24  # of a legend: the mark before the words, and the height of a row
RIGHT = 10  # the last label of an axis reaches over its end


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """In pixels, about: who shows a drawing may have another font."""

    def ems(line: str) -> float:
        wide = cells(line) - len(line)  # letters that are as wide as they are high
        return wide + (len(line) - wide) * LETTER

    return max(map(ems, text.split("\n"))) * size * (BOLD if bold else 1)


def text_at(
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    colour: str,
    align: str = "left",
    bold: bool = False,
) -> str:
    """A text whose first line stands on y."""
    anchor = {"center": ' text-anchor="middle"', "right": ' text-anchor="end"'}.get(align, "")
    weight = ' font-weight="bold"' if bold else ""
    lines = text.split("\n")
    look = f'font-size="{_n(size)}" fill="{colour}"{anchor}{weight}'
    return "".join(
        f'<text x="{_n(x)}" y="{_n(y + n * size * LINE)}" {look}>{plain(line)}</text>'
        for n, line in enumerate(lines)
    )


def plain(text: str) -> str:
    """As XML may hold it: without control characters."""
    kept = "".join(c for c in text if c.isprintable())
    return escape(kept).replace("  ", "\u00a0 ")  # two spaces would be one


@dataclass(frozen=True)
class Drawn:
    """Marks of SVG, and the height they need in pixels."""

    marks: str
    height: float


def draw(figure: dict[str, Any], width: float, height: float | None = None) -> Drawn:
    """
    Args:
        figure: a `json_item` of Bokeh, made by `charts`.
        width: in pixels.
        height: in pixels; as high as on the screen unless said.
    """
    return _Figure(figure).draw(width, height)


class _Figure:
    def __init__(self, item: dict[str, Any]) -> None:
        self.models = {node["id"]: node for node in _objects(item["doc"]["roots"])}
        self.plot = self._attributes({"id": item["root_id"]})

    def _attributes(self, ref: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.models[ref["id"]].get("attributes", {})
        return found

    def draw(self, width: float, height: float | None) -> Drawn:
        plot = self.plot
        legend = [self._legend(ref, width) for ref in plot.get("above", ())]
        top = sum(drawn.height for drawn in legend)
        sides = [_Axis(self, ref) for ref in plot["left"]]
        below = [_Axis(self, ref) for ref in plot["below"]]
        total = plot["height"] if height is None else height
        self.left = max((axis.width for axis in sides), default=0.0)
        self.right = width - (RIGHT if any(axis.visible for axis in below) else 0)
        self.top, self.bottom = top + 4, total - sum(axis.height for axis in below)
        self.xs, self.ys = (self._range(plot[name]) for name in ("x_range", "y_range"))
        out = [drawn.marks for drawn in legend]
        out += [mark for ref in plot["center"] for mark in self._behind(ref)]
        for ref in plot["renderers"]:
            out += self._glyph(ref)
        for axis in sides:
            out += axis.beside()
        level = self.bottom
        for axis in below:
            out += axis.under(level)
            level += axis.height
        return Drawn("".join(out), total)

    def _range(self, ref: Any) -> tuple[float, float]:
        body = self._attributes(ref)
        return float(body.get("start", 0)), float(body.get("end", 1))

    def x(self, value: float) -> float:
        start, end = self.xs
        return self.left + (value - start) / (end - start) * (self.right - self.left)

    def y(self, value: float) -> float:
        start, end = self.ys
        return self.bottom - (value - start) / (end - start) * (self.bottom - self.top)

    def _behind(self, ref: Any) -> Iterator[str]:
        """Lines of the grid, and those that are drawn across."""
        body, kind = self._attributes(ref), self.models[ref["id"]]["name"]
        if kind == "Span":
            yield _line(self.left, self.y(body["location"]), self.right, None, body["line_color"], 1)
        elif kind == "Grid" and body.get("dimension") and body.get("visible", True):
            for tick in _Axis(self, body["axis"]).ticks:
                if min(self.ys) <= tick <= max(self.ys):
                    yield _line(self.left, self.y(tick), self.right, None, body["grid_line_color"], 1)

    # --- marks -------------------------------------------------------------------------------------

    def _glyph(self, ref: Any) -> list[str]:
        body = self._attributes(ref)
        if "glyph" not in body:
            return list(self._behind(ref))
        name = self.models[body["glyph"]["id"]]["name"]
        marks = list(_Marks(self, body))
        drawn: list[str] = getattr(self, f"_{name.lower()}")(marks)
        return drawn

    def _vbar(self, marks: list["_Mark"]) -> list[str]:
        found = []
        for mark in marks:
            x, half = mark["x"], mark["width"] / 2
            found.append(
                _bar(
                    self.x(x - half), self.y(mark["top"]), self.x(x + half), self.y(mark("bottom", 0.0)), mark
                )
            )
        return found

    def _hbar(self, marks: list["_Mark"]) -> list[str]:
        found = []
        for mark in marks:
            y, half = mark["y"], mark["height"] / 2
            found.append(
                _bar(
                    self.x(mark("left", 0.0)), self.y(y - half), self.x(mark["right"]), self.y(y + half), mark
                )
            )
        return found

    def _line(self, marks: list["_Mark"]) -> list[str]:
        paths: list[list[str]] = [[]]
        for mark in marks:
            if isnan(mark["y"]):
                paths.append([])
            else:
                paths[-1].append(f"{_n(self.x(mark['x']))},{_n(self.y(mark['y']))}")
        lines = [" ".join(path) for path in paths if len(path) > 1]
        return [
            f'<polyline points="{line}" fill="none" stroke-linejoin="round"{_stroke(marks[0])}/>'
            for line in lines
        ]

    def _scatter(self, marks: list["_Mark"]) -> list[str]:
        return [
            f'<circle cx="{_n(self.x(mark["x"]))}" cy="{_n(self.y(mark["y"]))}" r="{_n(mark["size"] / 2)}"'
            f"{_fill(mark)}{_stroke(mark)}/>"
            for mark in marks
            if not isnan(mark["y"])
        ]

    def _segment(self, marks: list["_Mark"]) -> list[str]:
        return [
            _line(
                self.x(mark["x0"]),
                self.y(mark["y0"]),
                self.x(mark["x1"]),
                self.y(mark["y1"]),
                mark["line_color"],
                mark("line_width", 1),
            )
            for mark in marks
        ]

    def _text(self, marks: list["_Mark"]) -> list[str]:
        found = []
        for mark in marks:
            size, text = float(mark["text_font_size"].removesuffix("px")), str(mark["text"])
            x, y = self.x(mark["x"]) + mark("x_offset", 0), self.y(mark["y"]) + mark("y_offset", 0)
            over = (len(text.split("\n")) - 1) * size * LINE
            middle = mark("text_baseline", "bottom") == "middle"
            y += MIDDLE * size - over / 2 if middle else -DESCENT * size - over
            align, bold = mark("text_align", "left"), mark("text_font_style", "normal") == "bold"
            wide = width_of(text, size, bold=bold)
            if align == "center":  # of the outermost columns a long label would be cut off
                x = min(max(x, wide / 2), self.right + RIGHT - wide / 2)
            found.append(text_at(x, y, text, size=size, colour=mark["text_color"], align=align, bold=bold))
        return found

    # --- the legend --------------------------------------------------------------------------------

    def _legend(self, ref: Any, width: float) -> Drawn:
        """Its entries side by side, in as many rows as it takes."""
        body, out = self._attributes(ref), []
        size = float(body["label_text_font_size"].removesuffix("px"))
        x, row = 0.0, 0
        for item in body["items"]:
            entry = self._attributes(item)
            label = str(_value(entry["label"]))
            wide = ENTRY + width_of(label, size) + 18
            if x and x + wide > width:
                x, row = 0.0, row + 1
            y = row * ROW + ROW / 2
            for renderer in entry["renderers"]:
                out.append(self._sample(renderer, x, y))
            colour = body["label_text_color"]
            out.append(text_at(x + ENTRY, y + MIDDLE * size, label, size=size, colour=colour))
            x += wide
        return Drawn("".join(out), (row + 1) * ROW + 6)

    def _sample(self, ref: Any, x: float, y: float) -> str:
        """A mark as the legend shows it."""
        body = self._attributes(ref)
        name, mark = self.models[body["glyph"]["id"]]["name"], next(iter(_Marks(self, body)))
        if name in ("VBar", "HBar"):
            return _bar(x + 1, y - 6, x + 15, y + 6, mark)
        if name == "Scatter":
            look = f"{_fill(mark)}{_stroke(mark)}"
            return f'<circle cx="{_n(x + 8)}" cy="{_n(y)}" r="{_n(mark["size"] / 2)}"{look}/>'
        return f'<path d="M{_n(x)} {_n(y)}h16"{_stroke(mark)}/>'


class _Axis:
    def __init__(self, figure: _Figure, ref: Any) -> None:
        body = figure._attributes(ref)
        self.figure = figure
        self.ticks = [float(t) for t in figure._attributes(body["ticker"]).get("ticks", ())]
        labels = body.get("major_label_overrides") or {"entries": []}
        self.labels = {float(place): str(text) for place, text in labels["entries"]}
        self.visible = body.get("visible", True) and bool(self.labels)
        self.size = float(body["major_label_text_font_size"].removesuffix("px"))
        self.standoff, self.colour = float(body["major_label_standoff"]), body["major_label_text_color"]

    @property
    def width(self) -> float:
        if not self.visible:
            return 0.0
        # Digits are wider than letters.
        return max(width_of(text, self.size) for text in self.labels.values()) * 1.12 + self.standoff

    @property
    def height(self) -> float:
        if not self.visible:
            return 0.0
        lines = max(text.count("\n") + 1 for text in self.labels.values())
        return lines * self.size * LINE + self.standoff + 2

    def beside(self) -> Iterator[str]:
        if self.visible:
            for place, text in self.labels.items():
                y = self.figure.y(place) + MIDDLE * self.size
                x = self.figure.left - self.standoff
                yield text_at(x, y, text, size=self.size, colour=self.colour, align="right")

    def under(self, level: float) -> Iterator[str]:
        """The labels that don't touch the one before them."""
        free = float("-inf")
        if self.visible:
            for place, text in sorted(self.labels.items()):
                x, half = self.figure.x(place), width_of(text, self.size) / 2
                if x - half >= free:
                    free = x + half + APART
                    y = level + self.standoff + self.size
                    yield text_at(x, y, text, size=self.size, colour=self.colour, align="center")


class _Mark:
    """One mark of a glyph: what a name of the glyph has for it."""

    def __init__(self, glyph: dict[str, Any], data: dict[str, Sequence[Any]], n: int) -> None:
        self.glyph, self.data, self.n = glyph, data, n

    def __call__(self, name: str, default: Any) -> Any:
        return self[name] if name in self.glyph else default

    def __getitem__(self, name: str) -> Any:
        spec = self.glyph[name]
        if isinstance(spec, dict) and spec.get("type") == "field":
            return self.data[spec["field"]][self.n]
        return _value(spec)


class _Marks:
    """The marks of a renderer that can be seen."""

    def __init__(self, figure: _Figure, renderer: dict[str, Any]) -> None:
        self.glyph = figure._attributes(renderer["glyph"])
        entries = figure._attributes(renderer["data_source"])["data"]["entries"]
        self.data = {name: _column(values) for name, values in entries}

    def __iter__(self) -> Iterator[_Mark]:
        unseen = all(_value(self.glyph.get(name, 1)) == 0 for name in ("fill_alpha", "line_alpha"))
        count = 0 if unseen else max((len(column) for column in self.data.values()), default=0)
        return (_Mark(self.glyph, self.data, n) for n in range(count))


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Each model of a figure where it stands in full."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _objects(part)


def _value(spec: Any) -> Any:
    if isinstance(spec, dict) and spec.get("type") in ("value", "number"):
        return float(spec["value"]) if spec["type"] == "number" else spec["value"]
    return spec


def _column(values: Any) -> Sequence[Any]:
    """A column of numbers as Bokeh packs it, or a list as it is."""
    if isinstance(values, dict) and values["type"] == "ndarray":
        packed = b64decode(values["array"]["data"])
        found = array(
            DTYPES[values["dtype"]], gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
        )
        if values["order"] == "big":
            found.byteswap()
        return found
    return [_value(value) for value in values]


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _bar(x0: float, y0: float, x1: float, y1: float, mark: _Mark) -> str:
    if any(map(isnan, (x0, y0, x1, y1))):
        return ""
    left, top, wide, high = min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)
    place = f'x="{_n(left)}" y="{_n(top)}" width="{_n(wide)}" height="{_n(high)}"'
    return f"<rect {place}{_fill(mark)}{_stroke(mark)}/>"


def _line(x0: float, y0: float, x1: float, y1: float | None, colour: str, width: float) -> str:
    end = y0 if y1 is None else y1
    return f'<path d="M{_n(x0)} {_n(y0)}L{_n(x1)} {_n(end)}" stroke="{colour}" stroke-width="{_n(width)}"/>'


def _fill(mark: _Mark) -> str:
    alpha = float(mark("fill_alpha", 1))
    return f' fill="{mark("fill_color", None) or "none"}"' + (
        f' fill-opacity="{_n(alpha)}"' if alpha < 1 else ""
    )


def _stroke(mark: _Mark) -> str:
    if not (colour := mark("line_color", None)):
        return ""
    dash = mark("line_dash", ())
    dash = DASHES[dash] if isinstance(dash, str) else dash
    dashed = f' stroke-dasharray="{" ".join(map(_n, dash))}"' if dash else ""
    return f' stroke="{colour}" stroke-width="{_n(mark("line_width", 1))}"{dashed}'
