"""What is still to come, by when it is due: overdue, the next weeks or months, later, or undated."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from reports.analyse.measure import ZERO
from reports.analyse.period import add_months

OVERDUE, LATER, UNDATED = "overdue", "later", "undated"


@dataclass(frozen=True)
class Due:
    """`key` is one of the words, or names the week or month that begins at `start`."""

    key: str
    unit: Literal["week", "month"]
    start: date | None
    value: Decimal
    many: int


@dataclass(frozen=True)
class Coming:
    """
    Args:
        day: when something is due.
        shown: so many weeks or months are shown one by one, from today's on.
    """

    day: sa.ColumnElement[Any]
    today: date
    unit: Literal["week", "month"]
    shown: int

    @property
    def starts(self) -> list[date]:
        if self.unit == "month":
            return [add_months(self.today, n) for n in range(self.shown)]
        monday = self.today - timedelta(self.today.weekday())
        return [monday + timedelta(7 * n) for n in range(self.shown)]

    @property
    def until(self) -> date:
        """The first day that is later."""
        last = self.starts[-1]
        return add_months(last, 1) if self.unit == "month" else last + timedelta(7)

    def name(self, start: date) -> str:
        return f"{start:%Y-%m}" if self.unit == "month" else str(start)

    @property
    def key(self) -> sa.ColumnElement[str]:
        written = "YYYY-MM" if self.unit == "month" else "YYYY-MM-DD"
        return sa.case(
            (self.day.is_(None), UNDATED),
            (self.day < self.today, OVERDUE),
            (self.day >= self.until, LATER),
            else_=sa.func.to_char(sa.func.date_trunc(self.unit, self.day), written),
        )

    def read(
        self,
        tx: Session,
        value: sa.ColumnElement[Any],
        count: sa.ColumnElement[Any],
        where: sa.ColumnElement[bool],
    ) -> list[Due]:
        """What comes when; nothing if there is nothing to come.

        Args:
            count: an aggregate, `value` is summed.
        """
        rows = tx.execute(
            sa.select(self.key.label("key"), sa.func.sum(value).label("value"), count.label("many"))
            .where(where)
            .group_by(sa.text("1"))
        )
        found = {row.key: row for row in rows}
        if not found:
            return []
        slots: list[tuple[str, date | None]] = [(OVERDUE, None)]
        slots += [(self.name(start), start) for start in self.starts]
        slots += [(key, None) for key in (LATER, UNDATED) if key in found]
        return [
            Due(key, self.unit, start, found[key].value, found[key].many)
            if key in found
            else Due(key, self.unit, start, ZERO, 0)
            for key, start in slots
        ]
