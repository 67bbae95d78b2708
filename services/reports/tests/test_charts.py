"""Figures: what a browser needs of them, whatever the numbers."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from reports.analyse import sheet
from reports.analyse.sales import Sales
from reports.catalogue import CATALOGUE
from reports.charts.look import DARK, LIGHT, Palette, item, scale
from reports.charts.ranking import short_name
from reports.charts.sales import Chart, charts
from reports.words import LOCALES, Words, known_locale

Sold = Callable[..., dict[str, Any]]


@pytest.fixture
def sales(acquired: Any, erp: Any, sold: Sold) -> Sales:
    """Numbers with everything in them: returns, gaps, late orders, names that are too long."""
    erp.company()
    erp.put(
        "party",
        {
            "party_id": "p1",
            "name": "臺灣精密工業股份有限公司第二營業處臺中分處",
            "segment": None,
            "country": None,
        },
    )
    erp.lines(
        sold("0", "2024-12-05", "10"),
        *(sold(f"a{n}", f"2025-{n:02}-10", f"{n}111.11", party_id=f"c{n}") for n in range(1, 13)),
        *(sold(f"b{n}", f"2026-{n:02}-10", f"{n}099.99") for n in range(1, 11)),
        *(sold(f"p{n}", "2026-01-10", "10", promised_date=date(2026, n, 28)) for n in range(1, 13)),
        sold("r", "2026-10-11", "-50000", qty=-1, party_id="c1"),
        sold("u", "2026-10-12", "1", promised_date=None),
        sold("l", "2026-10-12", "1", promised_date=date(2028, 1, 1)),
    )
    acquired.load()
    found: Sales = acquired.sales("this_year", today="2026-10-20")
    return found


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from objects(part)


def drawn(sales: Sales, palette: Palette, locale: str = "en") -> list[tuple[Chart, str]]:
    found = charts(sales, Words(locale, sales.currency), palette)
    return [(chart, json.dumps(item(chart.plot, palette))) for chart in found]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
@pytest.mark.parametrize("locale", LOCALES)
def test_a_figure_needs_no_eval_and_is_as_wide_as_its_place(
    sales: Sales, palette: Palette, locale: str
) -> None:
    found = drawn(sales, palette, locale)
    assert [chart.id for chart, _ in found] == ["revenue", "customers", "products", "order_book"]
    for chart, body in found:
        names = {node["name"] for node in objects(json.loads(body))}
        assert not {name for name in names if "CustomJS" in name}
        figure = next(node for node in objects(json.loads(body)) if node["name"] == "Figure")
        assert figure["attributes"]["sizing_mode"] == "stretch_width"
        assert figure["attributes"].get("title", {}).get("attributes", {}).get("text") is None
        assert len(body) < 25_000
        assert len(chart.description) > 10


def test_light_and_dark_differ_in_colours_only(sales: Sales) -> None:
    for (_, light), (_, dark) in zip(drawn(sales, LIGHT), drawn(sales, DARK), strict=True):
        assert LIGHT.main in light or LIGHT.warn in light
        assert LIGHT.main not in dark
        assert len(list(objects(json.loads(light)))) == len(list(objects(json.loads(dark))))


def test_the_description_says_what_there_is_to_see(sales: Sales) -> None:
    said = {chart.id: chart.description for chart, _ in drawn(sales, LIGHT)}
    assert said["revenue"].startswith("Revenue Jan 1 – Oct 20, 2026: €6.1K, −89% against the year before.")
    assert "Highest: Sep 2026, €9.1K." in said["revenue"]
    assert said["order_book"].endswith("is overdue.")


def test_without_numbers_nothing_is_drawn(acquired: Any, erp: Any) -> None:
    erp.company()
    acquired.load()
    empty = acquired.sales("2026")
    assert charts(empty, Words("en", "EUR"), LIGHT) == []
    assert all(t["rows"] == [] for t in sheet.tables(empty, Words("en", "EUR")) if t["id"] != "revenue")


@pytest.mark.parametrize("locale", ["zh-Hant", "zh-Hans"])
def test_every_word_has_its_translation(sales: Sales, locale: str) -> None:
    missing = []

    class Noted(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            if key not in self:
                missing.append(key)
            return super().get(key, default)

    words = Words(locale, "EUR")
    words._texts = Noted(CATALOGUE[locale])
    charts(sales, words, LIGHT)
    sheet.kpis(sales, words)
    sheet.tables(sales, words)
    sheet.notes(sales, words)
    assert missing == []
    for english, text in CATALOGUE[locale].items():
        assert set(_fields(english)) == set(_fields(text))


def _fields(text: str) -> list[str]:
    return [part.partition("}")[0] for part in text.split("{")[1:]]


def test_numbers_are_short_where_they_are_labels() -> None:
    en, zh = Words("en", "EUR"), Words("zh-TW", "TWD")
    numbers = (0, 7, 4849, 58_321, 999_999, 1_234_567, -1500)
    assert [en.short(n) for n in numbers] == ["0", "7", "4.8K", "58K", "1M", "1.2M", "−1.5K"]
    assert zh.short(4838.7) == "4839"
    assert zh.short(258_000) == "26萬"
    assert zh.short(12_000) == "1.2萬"
    assert en.change(90, 100) == "−10%"
    assert en.change(1, 0) == en.change(None, 5) == ""


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("zh-TW", "zh-Hant"),
        ("zh_Hant_HK", "zh-Hant"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("en-GB", "en"),
        ("de", "en"),
        (None, "en"),
        ("", "en"),
    ],
)
def test_a_language_leads_to_the_closest_we_write_in(asked: str | None, known: str) -> None:
    assert known_locale(asked) == known


def test_scales_are_round_and_cover_the_numbers() -> None:
    assert scale(0, 443_000) == [0, 100_000, 200_000, 300_000, 400_000, 500_000]
    assert scale(-50, 10)[0] <= -50
    assert scale(0, 0) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_long_names_are_cut_by_what_they_take_on_paper() -> None:
    assert short_name("Alder") == "Alder"
    assert short_name("x" * 40) == "x" * 25 + "…"
    assert short_name("臺" * 20) == "臺" * 12 + "…"
