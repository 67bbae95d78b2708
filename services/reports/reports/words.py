"""How numbers, months and the words of a report are written, in the requester's language."""

from datetime import date, datetime, tzinfo
from decimal import Decimal
from math import floor, log10

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
)

from reports.analyse.period import month_end
from reports.catalogue import CATALOGUE

LOCALES = ("en", "zh-Hant", "zh-Hans")
PLAIN = ("count", "ratio")  # units that go without saying
Number = Decimal | float | int
_ALIASES = {
    "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant",
    "zh-mo": "zh-Hant",
    "zh": "zh-Hans",
    "zh-cn": "zh-Hans",
    "zh-sg": "zh-Hans",
}


def known_locale(asked: str | None) -> str:
    """The closest locale we write in; English where there is none."""
    text = (asked or "en").replace("_", "-").lower()
    for name in LOCALES:
        if text == name.lower() or text.startswith(f"{name.lower()}-"):
            return name
    return _ALIASES.get(text, _ALIASES.get(text.split("-")[0], "en"))


class Words:
    """One language and one currency."""

    def __init__(self, locale: str, currency: str) -> None:
        self.locale = Locale.parse(known_locale(locale), sep="-")
        self.currency = currency
        self._texts = CATALOGUE.get(known_locale(locale), {})

    def __call__(self, text: str, **values: str | int) -> str:
        """The sentence in this language; English is the key."""
        return self._texts.get(text, text).format(**values)

    def count(self, number: int, many: str) -> str:
        """3 orders, 1 order"""
        return self(f"{{count}} {many.removesuffix('s') if number == 1 else many}", count=number)

    def short(self, number: Number) -> str:
        """1.2M, 58K: two or three digits, for labels."""
        value, digits = self._shortened(number)
        return _minus(format_compact_decimal(value, locale=self.locale, fraction_digits=digits))

    def short_money(self, number: Number) -> str:
        """€1.2M"""
        value, digits = self._shortened(number)
        return _minus(
            format_compact_currency(value, self.currency, locale=self.locale, fraction_digits=digits)
        )

    def full(self, number: Number, unit: str) -> str:
        """With its unit and all its digits: €1,234,567.80, 12.3%, 14.5 days, 1,204."""
        if unit == self.currency:
            return self.money(number)
        if unit == "%":
            return self.percent(number)
        plain = _minus(format_decimal(number, format="#,##0.##", locale=self.locale))
        return plain if unit == "count" else f"{plain} {self.term(unit)}"

    def brief(self, number: Number, unit: str) -> str:
        """Short, with its unit: for sentences."""
        if unit in (self.currency, "%", "count"):
            return self.step(number, unit)
        return f"{self.short(number)} {self.term(unit)}"

    def step(self, number: Number, unit: str) -> str:
        """For scales: money and percent say what they are, all else the chart says."""
        return self.short_money(number) if unit == self.currency else self.tag(number, unit)

    def term(self, text: str) -> str:
        """A word of the source, in this language if it is one of ours."""
        return self._texts.get(text, text)

    def tag(self, number: Number, unit: str) -> str:
        """Shortest: for marks whose unit the chart says already."""
        return self.percent(number) if unit == "%" else self.short(number)

    def _shortened(self, number: Number) -> tuple[float, int]:
        # Rounded first: else 999 999 would be written 1000K.
        value = float(f"{number:.4g}")
        size, step = abs(value), 4 if self.locale.language == "zh" else 3
        shown = size / 10 ** (step * floor(log10(size) / step)) if size >= 1 else size
        return value, 0 if shown >= 9.95 or shown == int(shown) else 1

    def money(self, number: Number) -> str:
        """€1,234,567.80"""
        return _minus(format_currency(number, self.currency, locale=self.locale))

    def percent(self, number: Number) -> str:
        """12.3%"""
        return _minus(f"{format_decimal(number, format='#,##0.#', locale=self.locale)}%")

    def change(self, now: Number | None, before: Number | None) -> str:
        """+12%, or nothing where there is nothing to compare with."""
        if now is None or not before:
            return ""
        return self.signed((float(now) - float(before)) / abs(float(before)) * 100)

    def signed(self, part: Number) -> str:
        """+12%, −3.4%"""
        value = float(part)
        few = "#,##0" if abs(value) >= 9.95 else "#,##0.#"
        sign = "±" if abs(value) < 0.05 else "+" if value > 0 else "−"
        return f"{sign}{format_decimal(abs(value), format=few, locale=self.locale)}%"

    def month(self, day: date, *, year: bool = False) -> str:
        """Nov, or Nov 2026"""
        if not year:
            return str(format_date(day, "LLL", self.locale))
        return str(format_skeleton("yMMM", day, locale=self.locale))

    def day(self, day: date) -> str:
        """Nov 23, 2026"""
        return str(format_date(day, "medium", self.locale))

    def day_short(self, day: date) -> str:
        """Nov 23"""
        return str(format_skeleton("MMMd", day, locale=self.locale))

    def moment(self, time: datetime, zone: tzinfo) -> str:
        """Nov 23, 2026, 08:00 CET"""
        local = time.astimezone(zone)
        return f"{self.day(local.date())}, {local:%H:%M} {local.tzname()}"

    def span(self, start: date, end: date) -> str:
        """Nov 2025 – Oct 2026 for whole months, else with the days."""
        whole = start.day == 1 and end == month_end(end)
        text = str(format_interval(start, end, "yMMM" if whole else "yMMMd", locale=self.locale))
        return text.replace("\u2009", " ")


def _minus(text: str) -> str:
    return text.replace("-", "−")
