"""What holds for all eight reports, whatever the numbers."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from reports.catalogue import CATALOGUE
from reports.charts.look import item
from reports.charts.palette import DARK, LIGHT
from reports.making import KINDS
from reports.words import LOCALES, Words

from .chance import Chance, common, rates
from .figures import objects

TYPES = list(KINDS)
YEAR = {"from": "2025-11-01", "to": "2026-10-31"}
ADDED = {"money", "number"}


@pytest.fixture
def whole(facts: Any) -> Any:
    """One company with something in every view."""
    common(facts)
    Chance(facts, 7).fill()
    return facts


@pytest.mark.parametrize("type", TYPES)
def test_a_company_without_facts_has_no_numbers_and_no_charts(facts: Any, type: str) -> None:
    facts.company()
    shown = facts.report(type, "2026")
    assert shown.sheet.charts == []
    assert [shown.writer.show_kpi(kpi)["value"] for kpi in shown.sheet.kpis] == [None] * len(shown.sheet.kpis)
    assert len(shown.notes) >= 1
    for table in map(shown.writer.show_table, shown.sheet.tables):
        assert table["foot"] is None
        cells = [cell for row in table["rows"] for cell in row[1:]]
        assert set(cells) <= {None}, table["id"]


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("locale", LOCALES)
def test_every_report_is_whole_and_says_what_it_means(whole: Any, type: str, locale: str) -> None:
    shown = whole.report(type, YEAR, locale=locale, today="2026-10-20")
    assert 2 <= len(shown.sheet.charts) <= 4
    ids = {table.id for table in shown.sheet.tables}
    for chart in shown.sheet.charts:
        assert chart.table_id in ids
        assert len(chart.description) > 5
        keys = [point.key for point in chart.form.points()]
        assert keys
        assert len(keys) == len(set(keys))
    for kpi in shown.sheet.kpis:
        assert kpi.label
        assert len(kpi.definition) > 5
    for table in map(shown.writer.show_table, shown.sheet.tables):
        assert len(table["keys"]) == len(table["rows"])
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
        if table["foot"] is not None:
            assert len(table["foot"]) == len(table["columns"])


class Noting(Words):
    """Words that note what they had no translation for; names of the source are no words."""

    def __init__(self, locale: str, currency: str) -> None:
        super().__init__(locale, currency)
        self.missing: set[str] = set()

    def __call__(self, text: str, **values: str | int) -> str:
        if text not in CATALOGUE["zh-Hant"].keys() & CATALOGUE["zh-Hans"].keys():
            self.missing.add(text)
        return super().__call__(text, **values)


@pytest.mark.parametrize("type", TYPES)
def test_every_word_has_its_translation(whole: Any, type: str) -> None:
    kind = KINDS[type]
    for compare in kind.filters.comparisons:
        shown = whole.report(type, YEAR, today="2026-10-20", compare=compare)
        words = shown.writer.words = Noting("zh-Hant", "EUR")
        words(kind.title)
        for table in kind.sheet(shown.numbers, shown.writer).tables:
            shown.writer.show_table(table)
        for chart in shown.sheet.charts:
            chart.form.draw(words, LIGHT)
            for _, title, _ in shown.detail(chart.id, next(iter(shown.points(chart.id)))).columns:
                words(title)
        assert words.missing == set()


def test_translations_name_the_same_things() -> None:
    def fields(text: str) -> set[str]:
        return {part.partition("}")[0] for part in text.split("{")[1:]}

    for locale in ("zh-Hant", "zh-Hans"):
        for english, text in CATALOGUE[locale].items():
            assert fields(english) == fields(text), english


@pytest.mark.parametrize("type", TYPES)
def test_figures_need_no_eval_and_differ_in_colours_only(whole: Any, type: str) -> None:
    shown = whole.report(type, YEAR, today="2026-10-20")
    for chart in shown.sheet.charts:
        drawn = {}
        for palette in (LIGHT, DARK):
            body = json.dumps(item(chart.form.draw(shown.writer.words, palette), palette))
            names = [node["name"] for node in objects(json.loads(body))]
            assert not [name for name in names if "CustomJS" in name]
            figure = next(node for node in objects(json.loads(body)) if node["name"] == "Figure")
            assert figure["attributes"]["sizing_mode"] == "stretch_width"
            assert len(body) < 30_000
            assert names.count("TapTool") == 1
            drawn[palette.name] = (sorted(names), body)
        assert drawn["light"][0] == drawn["dark"][0]
        assert LIGHT.ink not in drawn["dark"][1]
        # A second drawing is the same but for the ids of its parts: nothing is kept in between.
        assert sorted(drawn["light"][0]) == sorted(
            node["name"] for node in objects(item(chart.form.draw(shown.writer.words, LIGHT), LIGHT))
        )


def added(shown: Any) -> None:
    """Everything that adds up does: rows to their bars, bars and tables to their wholes."""
    for chart in shown.sheet.charts:
        points = list(shown.points(chart.id).items())
        for key, value in points[:: len(points) // 2 + 1] + points[-1:]:
            if chart.form.unit == "%":
                shown.behind(chart.id, key)
                continue
            if (total := shown.comes_to(chart.id, key)) is None:
                assert key == "difference"  # of translation, which is made of no rows
            else:
                assert total == value, (shown.type, chart.id, key)
    for table in shown.sheet.tables:
        if table.foot is None or (table.many or 0) > len(table.rows):
            continue
        for n, (id, _, kind) in enumerate(table.columns):
            whole = table.foot[n]
            # Averages, counts of what is in two rows, and comparisons with what is no part are no sums.
            sums = {"value", "opening", "debit", "credit", "closing", "closings", "open", "came", "went"}
            if kind in ADDED and id in sums and whole is not None and table.id != "headcount":
                parts = [row[n] for row in table.rows]
                assert sum(Decimal(part) for part in parts if part is not None) == whole, (table.id, id)


@pytest.mark.parametrize(
    ("seed", "period", "currency"),
    [
        (1, YEAR, "EUR"),
        (2, {"from": "2025-01-01", "to": "2025-12-31"}, "EUR"),
        (3, {"from": "2026-02-10", "to": "2026-03-05"}, "GBP"),
        (4, {"from": "2025-04-11", "to": "2026-02-03"}, "CHF"),
    ],
)
def test_rows_come_to_their_bars_and_parts_to_their_wholes(
    facts: Any, seed: int, period: dict[str, str], currency: str
) -> None:
    """Of one company; of two whose currencies have rates to the report's kept the other way round; and by way
    of a third currency."""
    common(facts)
    rates(facts)
    Chance(facts, seed, "1", "EUR").fill()
    if currency != "EUR":
        Chance(facts, seed, "2", "USD", fiscal=4).fill()
    if currency == "CHF":
        rate = {"currency": "CHF", "date": date(2024, 1, 1), "rate": Decimal("1.0671"), "company_id": "2"}
        facts.put("fx_rate", rate)
    for type in TYPES:
        added(facts.report(type, period, today="2026-10-20", currency=currency))
