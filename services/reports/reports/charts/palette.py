"""The colours and the font of charts, and how much room a text takes, without what draws them."""

from dataclasses import dataclass
from unicodedata import east_asian_width

FONT = '"Inter", "Noto Sans", "Noto Sans TC", "Noto Sans SC", system-ui, "DejaVu Sans", sans-serif'


@dataclass(frozen=True)
class Palette:
    """Told apart with any colour vision: `main` and `other` differ in lightness as well as in hue, and so do
    those of `series`, which begin with them; `rest` is what all others are.

    `paper` is what lies behind the chart (halos of labels), never painted as its background.
    """

    name: str
    paper: str
    ink: str
    muted: str
    grid: str
    main: str
    other: str
    warn: str
    more: tuple[str, str, str]
    rest: str

    @property
    def series(self) -> tuple[str, ...]:
        return (self.main, self.other, *self.more)


LIGHT = Palette(
    name="light",
    paper="#ffffff",
    ink="#17212b",
    muted="#586472",
    grid="#e4e8ec",
    main="#0b68c4",
    other="#e08a00",
    warn="#b83a1b",
    more=("#22c373", "#3d1452", "#9b274e"),
    rest="#a3adb8",
)
DARK = Palette(
    name="dark",
    paper="#12181f",
    ink="#e9eef3",
    muted="#9fabb8",
    grid="#2b343e",
    main="#4d9fee",
    other="#f5b544",
    warn="#ff8a65",
    more=("#6ce5a8", "#8c59a6", "#e0b8d3"),
    rest="#5d6a77",
)


def cells(text: str) -> int:
    """The width of a text; Chinese characters take two cells."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
