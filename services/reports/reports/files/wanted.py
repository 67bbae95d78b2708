"""Which file of a report is wanted: its form, and what else can be chosen.

All that can be chosen are short lists, so a report has only so many files however much is asked.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Wanted(BaseModel):
    """One file. Defaults are filled in, so that the same file has one `name`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def name(self) -> str:
        return "-".join(str(value) for value in self.model_dump(exclude_none=True).values())


class Picture(Wanted):
    """A chart, or without one the whole report as a card; `width` is in CSS pixels."""

    width: Literal[360, 480, 720, 960, 1280] = 720
    theme: Literal["light", "dark"] = "light"
    chart: str | None = None


class Drawing(Picture):
    form: Literal["svg"]


class Pixels(Picture):
    """`scale` is how many pixels of the file make one of CSS."""

    form: Literal["png"]
    scale: Literal[1, 2, 3] = 2


class Paper(Wanted):
    form: Literal["pdf"]
    paper: Literal["a4", "letter"] = "a4"


class Rows(Wanted):
    """A table; the first unless said."""

    form: Literal["csv"]
    table: str | None = None


class Workbook(Wanted):
    form: Literal["xlsx"]


CONTENT_TYPES = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
File = Drawing | Pixels | Paper | Rows | Workbook
