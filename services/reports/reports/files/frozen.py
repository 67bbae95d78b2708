"""A frozen report, read for writing it down: its numbers as decimals, and their texts in its language."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from kit.clock import parse

from reports.words import PLAIN, Words

NOTHING = "–"
Cell = str | Decimal | date | None


class Frozen:
    """
    Args:
        body: as `press.frozen` makes it.
    """

    def __init__(self, body: dict[str, Any]) -> None:
        self.type: str = body["type"]
        self.title: str = body["title"]
        self.locale: str = body["locale"]
        self.kpis: list[dict[str, Any]] = body["kpis"] or []
        self.charts: list[dict[str, Any]] = body["charts"] or []
        self.tables: list[dict[str, Any]] = body["tables"] or []
        self.notes: list[str] = body["notes"] or []
        self._body = body

    @cached_property
    def currency(self) -> str:
        """The report's; empty where it has no money."""
        columns = [c["currency"] for table in self.tables for c in table["columns"] if "currency" in c]
        return next(iter([*columns, *(kpi["unit"] for kpi in self.kpis if self.is_money(kpi))]), "")

    @cached_property
    def words(self) -> Words:
        return Words(self.locale, self.currency)

    @property
    def as_of(self) -> datetime | None:
        """In the time zone of the source."""
        text = self._body.get("as_of")
        return parse(text).astimezone(ZoneInfo(self._body["zone"])) if text else None

    @property
    def made_at(self) -> datetime:
        return parse(self._body["finished_at"]).replace(microsecond=0)

    @property
    def source(self) -> str:
        return str(self._body["source"])

    @property
    def stale(self) -> bool:
        return bool(self._body["stale"])

    def said_as_of(self) -> str:
        """As of Nov 23, 2026, 08:00 CET · The house"""
        time = self.as_of
        if time is None or time.tzinfo is None:
            return self.source
        return f"{self.words('As of {time}', time=self.words.moment(time, time.tzinfo))} · {self.source}"

    # --- key figures -------------------------------------------------------------------------------

    @staticmethod
    def is_money(kpi: dict[str, Any]) -> bool:
        """Only what is counted in words has a label for its unit."""
        return kpi["unit_label"] is None and kpi["unit"] not in (*PLAIN, "%")

    @staticmethod
    def unit(kpi: dict[str, Any]) -> str:
        """As people read it; nothing where it goes without saying."""
        return kpi["unit_label"] or ("" if kpi["unit"] in PLAIN else kpi["unit"])

    def quantity(self, kpi: dict[str, Any], value: str | None) -> str:
        """The value of a key figure, or one it is compared with, with all its digits and its unit."""
        if value is None:
            return NOTHING
        return self.words.full(Decimal(value), "count" if kpi["unit"] in PLAIN else kpi["unit"])

    def brief(self, kpi: dict[str, Any]) -> str:
        """As its tile has it: large amounts short."""
        value = kpi["value"]
        if value is None:
            return NOTHING
        large = abs(Decimal(value)) >= 100_000 and (self.is_money(kpi) or kpi["unit"] in PLAIN)
        shorter: Callable[..., str] = self.words.brief if large else self.words.full
        return shorter(Decimal(value), "count" if kpi["unit"] in PLAIN else kpi["unit"])

    def moved(self, comparison: dict[str, Any]) -> str | None:
        """How it has changed: +12%, or +1.2 points where it is a percentage itself."""
        if comparison["change_pct"] is None:
            return None
        part = Decimal(comparison["change_pct"])
        if comparison["change_unit"] == "points":
            return self.words("{change} points", change=self.words.signed(part).removesuffix("%"))
        return self.words.signed(part)

    def good(self, kpi: dict[str, Any], comparison: dict[str, Any]) -> bool | None:
        """Whether the change is one for the better; None where neither is."""
        part = comparison["change_pct"]
        if kpi["better"] is None or part is None or not Decimal(part):
            return None
        return bool((Decimal(part) > 0) == (kpi["better"] == "higher"))

    # --- tables ------------------------------------------------------------------------------------

    def heading(self, column: dict[str, Any]) -> str:
        """With the unit of its numbers, which the cells then need not repeat."""
        unit = {"money": column.get("currency"), "percent": "%"}.get(column["kind"])
        return f"{column['label']} ({unit})" if unit and unit not in column["label"] else column["label"]

    def cell(self, column: dict[str, Any], value: str | int | None) -> Cell:
        """What a cell holds: a number, a day or a text."""
        if value is None:
            return None
        if column["kind"] in ("money", "percent", "number"):
            return Decimal(value)
        return date.fromisoformat(str(value)) if column["kind"] == "date" else str(value)

    def text(self, column: dict[str, Any], value: str | int | None) -> str:
        """A cell as people read it."""
        cell = self.cell(column, value)
        if isinstance(cell, Decimal):
            form = {"money": "#,##0.00", "percent": "#,##0.0#########"}.get(
                column["kind"], "#,##0.##########"
            )
            return format_decimal(cell, format=form, locale=self.words.locale).replace("-", "−")
        if isinstance(cell, date):
            return self.words.day(cell)
        return cell if cell is not None else ""

    def cut(self, table: dict[str, Any]) -> str | None:
        """What is said of a table that holds not all its rows."""
        shown, all_rows = len(table["rows"]), table["total_rows"]
        if shown >= all_rows:
            return None
        return self.words("The first {count} of {total} rows.", count=shown, total=all_rows)
