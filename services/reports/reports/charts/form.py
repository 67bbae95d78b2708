"""What every form of chart is: numbers with words, drawn by a pure function, whose points have keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import numpy as np

from reports.charts.palette import Palette
from reports.words import Words

Value = Decimal | None


@dataclass(frozen=True)
class Point:
    """A bar, a part of one, or a place on a line. `key` names it within its chart, for good."""

    key: str
    label: str
    series: str
    value: Value


@dataclass(frozen=True)
class Slot:
    """A place along time: its `label` below the chart, its whole `name`, and the `era` (a year) it is in."""

    key: str
    label: str
    name: str
    era: str = ""
    partial: bool = False


class Form(Protocol):
    """`unit` is a currency, "%", "count", or what is counted."""

    @property
    def unit(self) -> str: ...

    def points(self) -> list[Point]:
        """What can be pointed at; of a mark without a value there is none."""
        ...

    def draw(self, words: Words, palette: Palette) -> Any:
        """A figure of Bokeh."""
        ...


def plain(values: Iterable[Value]) -> np.ndarray[Any, Any]:
    """As numbers to draw; what isn't known breaks a line and leaves a gap."""
    return np.array([np.nan if value is None else float(value) for value in values], dtype=float)


def known(*values: Iterable[Value]) -> list[float]:
    return [float(value) for some in values for value in some if value is not None]
