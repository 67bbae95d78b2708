"""Figures: pure functions of numbers, drawn whatever they are."""

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import combinations
from math import dist

import orjson
import pytest
from reports.charts.columns import Column, Columns
from reports.charts.flows import Flow, Flows
from reports.charts.form import Form, Slot
from reports.charts.frame import short_name
from reports.charts.lines import Line, Lines
from reports.charts.look import NARROW, item, scale
from reports.charts.palette import DARK, LIGHT, Palette, cells
from reports.charts.ranking import Bar, Ranks
from reports.charts.sides import Block, Sides
from reports.charts.stacked import Part, Stacked
from reports.charts.waterfall import Step, Waterfall
from reports.words import Words, known_locale

from .figures import objects

Values = list[Decimal | None]
EN = Words("en", "EUR")
CASES: dict[str, Values] = {
    "nothing known": [None, None],
    "one": [Decimal("1234567.89")],
    "zero": [Decimal(0)],
    "negative": [Decimal(-5), Decimal("-12345.67")],
    "gaps": [Decimal(1), None, Decimal(-3), Decimal("0.01")],
    "years": [Decimal(n * 1000) for n in range(36)],
}


def slots(count: int) -> list[Slot]:
    return [
        Slot(f"2026-{n:02}", str(n), f"Month {n}", str(2025 + n // 12), partial=n == count - 1)
        for n in range(count)
    ]


def columns(values: Values) -> Form:
    data = [
        Column(s, v, v, v, warn=not n)
        for n, (s, v) in enumerate(zip(slots(len(values)), values, strict=True))
    ]
    return Columns("EUR", data, "Revenue", other="Year before", mark="Budget")


def ranks(values: Values) -> Form:
    bars = [Bar(f"id:{n}", "A name " * n, v or Decimal(0), v, "+1%", "3%", v) for n, v in enumerate(values)]
    return Ranks("EUR", bars, "Revenue", other="Year before", warn="Overdue")


def stacked(values: Values) -> Form:
    parts = [Part("id:a", "A", values), Part("rest", "All others", values, "rest")]
    return Stacked("EUR", slots(len(values)), parts, "Sum", ("Planned", values))


def lines(values: Values) -> Form:
    return Lines("%", slots(len(values)), [Line("id:a", "A", values), Line("id:b", "B", values)])


def flows(values: Values) -> Form:
    data = [Flow(s, v and abs(v), v and abs(v)) for s, v in zip(slots(len(values)), values, strict=True)]
    return Flows("count", data, "In", "Out", "Net")


def waterfall(values: Values) -> Form:
    steps = [Step(f"s{n}", "Step", v or Decimal(0), n % 2 == 0) for n, v in enumerate(values)]
    return Waterfall("EUR", steps, ("Result", "Income", "Cost"))


def sides(values: Values) -> Form:
    ours, theirs = (
        [Block(f"{side}{n}", "Capital and reserves", v or Decimal(0)) for n, v in enumerate(values)]
        for side in ("a", "l")
    )
    return Sides("EUR", (("Assets", ours), ("Liabilities", theirs)))


FORMS = (columns, ranks, stacked, lines, flows, waterfall, sides)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
def test_any_numbers_are_drawn_and_every_mark_has_a_key(form: Callable[[Values], Form], case: str) -> None:
    chart = form(CASES[case])
    keys = [point.key for point in chart.points()]
    assert len(keys) == len(set(keys))
    assert all(point.value is not None for point in chart.points())
    body = orjson.dumps(item(chart.draw(EN, LIGHT), LIGHT)).decode()  # as it is kept
    assert "NaN" not in body.replace('{"type":"number","value":"nan"}', "")
    [marks] = [
        node for node in objects(json.loads(body)) if node.get("attributes", {}).get("name") == "points"
    ]
    data = dict(marks["attributes"]["data"]["entries"])
    assert set(data["key"]) - {""} <= set(keys)
    assert {"TapTool", "HoverTool"} <= {node["name"] for node in objects(json.loads(body))}


def test_what_is_not_known_is_no_bar_and_zero_is_a_point() -> None:
    chart = columns([None, Decimal(0), Decimal(3)])
    assert [(point.key, point.value) for point in chart.points()] == [("2026-01", 0), ("2026-02", 3)]
    parts = stacked([Decimal(2), None]).points()
    assert [(point.key, point.value) for point in parts] == [
        ("2026-00", 4),
        ("2026-00|id:a", 2),
        ("2026-00|rest", 2),
    ]


def _simulated(colour: str, eye: tuple[tuple[float, ...], ...] | None) -> tuple[float, float, float]:
    """CIELAB of a colour as an eye sees it (Machado, Oliveira and Fernandes 2009)."""

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    rgb = [linear(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5)]
    if eye:
        rgb = [min(1.0, max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True)))) for row in eye]
    xyz = (
        (0.4124 * rgb[0] + 0.3576 * rgb[1] + 0.1805 * rgb[2]) / 0.9505,
        0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2],
        (0.0193 * rgb[0] + 0.1192 * rgb[1] + 0.9505 * rgb[2]) / 1.089,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


EYES = {
    "all": None,
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
@pytest.mark.parametrize("eye", EYES)
def test_colours_of_series_are_told_apart_by_every_eye(palette: Palette, eye: str) -> None:
    seen = {c: _simulated(c, EYES[eye]) for c in (*palette.series, palette.rest)}
    pairs = {(a, b): dist(seen[a], seen[b]) for a, b in combinations(seen, 2)}
    assert min(pairs.values()) > 20, min(pairs, key=lambda pair: pairs[pair])


def test_a_legend_fits_a_phone_and_its_figure_grows_by_it() -> None:
    parts = [Part(f"id:{n}", f"Group number {n}", [Decimal(1)]) for n in range(5)]
    plot = Stacked("EUR", slots(1), parts, "Sum").draw(EN, LIGHT)
    legend = plot.above[0]
    widest = max(cells(str(entry.label.value)) for entry in legend.items)
    assert legend.ncols * widest * 6 < NARROW
    assert plot.height > 300


def test_numbers_are_short_where_they_are_labels() -> None:
    en, zh = Words("en", "EUR"), Words("zh-TW", "TWD")
    numbers = (0, 7, 4849, 58_321, 999_999, 1_234_567, -1500)
    assert [en.short(n) for n in numbers] == ["0", "7", "4.8K", "58K", "1M", "1.2M", "−1.5K"]
    assert zh.short(4838.7) == "4839"
    assert zh.short(258_000) == "26萬"
    assert zh.short(12_000) == "1.2萬"
    assert en.change(90, 100) == "−10%"
    assert en.change(1, 0) == en.change(None, 5) == ""
    assert (en.signed(0.04), en.signed(-12.34), en.signed(3.21)) == ("±0%", "−12%", "+3.2%")
    assert en.full(1234.5, "days") == "1,234.5 days"
    assert zh.full(3, "days") == "3 天"
    assert en.full(7, "{box}") == "7 {box}"
    assert en.brief(12.34, "%") == "12.3%"


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
