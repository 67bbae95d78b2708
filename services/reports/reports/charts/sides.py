"""Two columns that must be equally high: what a company has, and where it comes from."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from reports.charts.form import Point
from reports.charts.frame import short_name
from reports.charts.look import bare, labels, ticks, touch, zero
from reports.charts.palette import Palette
from reports.words import Words

SEEN = 0.055  # a part below this share of the height has no room for its name


@dataclass(frozen=True)
class Block:
    key: str
    name: str
    value: Decimal


@dataclass(frozen=True)
class Sides:
    """
    Args:
        sides: the name of each column, and its blocks from the top.
    """

    unit: str
    sides: tuple[tuple[str, list[Block]], tuple[str, list[Block]]]
    height: int = 380

    def points(self) -> list[Point]:
        return [Point(b.key, b.name, name, b.value) for name, blocks in self.sides for b in blocks if b.value]

    def draw(self, words: Words, palette: Palette) -> Any:
        highs = [sum(max(float(b.value), 0) for b in blocks) for _, blocks in self.sides]
        lows = [sum(min(float(b.value), 0) for b in blocks) for _, blocks in self.sides]
        top, bottom = max(highs) or 1.0, min(lows)
        plot = bare(self.height, (-0.5, 1.5), (bottom * 1.02, top * 1.08))
        plot.yaxis.visible = False
        plot.ygrid.visible = False
        ticks(plot.xaxis, {float(n): name for n, (name, _) in enumerate(self.sides)})
        zero(plot, palette)
        # Colours of what liquid things are, and of whose money it is: dark ones first, as they lie.
        colours = ((palette.main,), (palette.other,))
        source: dict[str, list[Any]] = {
            name: [] for name in ("x", "y0", "y1", "card", "key", "alpha", "color")
        }
        texts: list[tuple[float, float, str]] = []
        for n, (_, blocks) in enumerate(self.sides):
            shown = [block for block in blocks if block.value]
            level, under = highs[n], 0.0
            for m, block in enumerate(shown):
                size = float(block.value)
                start = level - size if size >= 0 else under
                level, under = (start, under) if size >= 0 else (level, under + size)
                source["x"].append(float(n))
                source["y0"].append(start)
                source["y1"].append(start + size)
                source["card"].append(f"{block.name}\n{words.full(block.value, self.unit)}")
                source["key"].append(block.key)
                source["alpha"].append(0.85 - 0.6 * m / max(len(shown) - 1, 1))
                source["color"].append(colours[n][0])
                if (share := abs(size) / (top - bottom)) >= SEEN:
                    high = share >= 2 * SEEN
                    name, value = (
                        short_name(block.name, 24 if high else 15),
                        words.tag(block.value, self.unit),
                    )
                    texts.append((float(n), start + size / 2, ("\n" if high else "  ").join((name, value))))
        blocks_drawn = plot.vbar(
            x="x",
            bottom="y0",
            top="y1",
            width=0.94,
            fill_color="color",
            fill_alpha="alpha",
            line_color=palette.paper,
            line_width=2,
            source=source,
        )
        plot.text(
            x=np.array([x for x, _, _ in texts]),
            y=np.array([y for _, y, _ in texts]),
            text=[text for _, _, text in texts],
            text_align="center",
            text_baseline="middle",
            **labels(palette, 12, bold=True),
        )
        plot.text(
            x=np.array([0.0, 1.0]),
            y=np.array(highs),
            text=[words.brief(high + low, self.unit) for high, low in zip(highs, lows, strict=True)],
            text_align="center",
            text_baseline="bottom",
            y_offset=-4,
            **labels(palette, 13, bold=True),
        )
        touch(plot, palette, blocks_drawn)
        return plot
