"""All forms of a report say the same numbers as the frozen report, and nothing in them can run."""

import csv
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from datetime import date
from decimal import Decimal
from itertools import cycle
from typing import Any

import openpyxl
import orjson
import pypdfium2
import pytest
from kit.clock import rfc3339
from reports.catalogue import CATALOGUE
from reports.charts.columns import Column, Columns
from reports.charts.form import Slot
from reports.charts.look import item
from reports.charts.palette import DARK, LIGHT
from reports.files.figure import draw
from reports.files.frozen import Frozen
from reports.files.paper import pdf
from reports.files.pictures import png, svg
from reports.files.tables import csv as csv_of
from reports.files.tables import xlsx
from reports.words import LOCALES, Words

from .chance import Chance, common
from .figures import objects
from .kept import AT, content
from .test_every import TYPES, YEAR

SVG = "{http://www.w3.org/2000/svg}"


def frozen(body: dict[str, Any], locale: str = "en", **more: Any) -> Frozen:
    fixed = {
        "type": "sales",
        "locale": locale,
        "stale": None,
        "as_of": rfc3339(AT),
        "finished_at": rfc3339(AT),
    }
    # As the worker hands it over: through JSON.
    return Frozen(orjson.loads(orjson.dumps({**fixed, "source": "The house", "zone": "UTC", **body, **more})))


def squeezed(text: str) -> str:
    """Without white space, which comes and goes with the breaks of lines."""
    return "".join(text.split())


def texts_of(drawing: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(drawing).iter(f"{SVG}text")]


def pages_of(content: bytes) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(content)]


def lines_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def number(value: Any) -> Decimal:
    return Decimal(str(value))


def same_in_csv(report: Frozen) -> None:
    for table in report.tables:
        head, *rows = lines_of(csv_of(report, table["id"]))
        assert head == [report.heading(column) for column in table["columns"]]
        kept = [*table["rows"], *([table["foot"]] if table["foot"] else [])]
        assert rows == [["" if cell is None else str(cell) for cell in row] for row in kept]


def same_in_xlsx(report: Frozen) -> None:
    summary, *sheets = openpyxl.load_workbook(io.BytesIO(xlsx(report)))
    said = {row[0].value: [cell.value for cell in row] for row in summary.iter_rows()}
    for kpi in report.kpis:
        told = [cell for cell in said[kpi["label"]][2:-1] if cell is not None]
        size = 100 if kpi["unit"] == "%" else 1
        kept = [kpi["value"], *(value for c in kpi["comparisons"] for value in (c["value"], c["change_pct"]))]
        sizes = [size, *(part for c in kpi["comparisons"] for part in (size, 1 if size == 100 else 100))]
        wanted = [Decimal(v) / part for v, part in zip(kept, sizes, strict=True) if v is not None]
        assert [number(cell) for cell in told] == wanted, kpi["id"]
        assert said[kpi["label"]][-1] == kpi["definition"]
    for note in report.notes:
        assert note in said
    assert [sheet.freeze_panes for sheet in sheets] == ["B2"] * len(report.tables)
    for sheet, table in zip(sheets, report.tables, strict=True):
        kept = [*table["rows"], *([table["foot"]] if table["foot"] else [])]
        assert sheet.max_row == len(kept) + 1
        for n, row in enumerate(kept):
            for m, (column, cell) in enumerate(zip(table["columns"], row, strict=True)):
                found = sheet.cell(n + 2, m + 1)
                assert found.data_type != "f"
                if cell is None:
                    assert found.value is None
                elif column["kind"] == "percent":
                    assert number(found.value) == Decimal(cell) / 100
                    assert found.number_format == "0.0%"
                elif column["kind"] in ("money", "number"):
                    assert number(found.value) == Decimal(cell)
                elif column["kind"] == "date":
                    assert found.value.date() == date.fromisoformat(cell)
                else:
                    assert found.value == cell


def same_on_paper(report: Frozen) -> None:
    document = pypdfium2.PdfDocument(made := pdf(report, "a4"))
    text = squeezed("".join(pages_of(made)))
    assert document.get_metadata_value("Title") == report.title
    assert b"/StructTreeRoot" in made
    assert b"pdfuaid" in made
    for kpi in report.kpis:
        for said in (kpi["label"], report.quantity(kpi, kpi["value"]), kpi["definition"]):
            assert squeezed(said) in text
        for comparison in kpi["comparisons"]:
            value = report.quantity(kpi, comparison["value"])
            moved = report.moved(comparison) or ""
            assert squeezed(f"{moved}{comparison['label']}{value}") in text
    for table in report.tables:
        for row in (*table["rows"], *([table["foot"]] if table["foot"] else [])):
            cells = [report.text(column, cell) for column, cell in zip(table["columns"], row, strict=True)]
            assert squeezed("".join(cells)) in text, (table["id"], cells)
    for said in (*report.notes, report.said_as_of(), *(chart["description"] for chart in report.charts)):
        assert squeezed(said) in text


def same_in_drawings(report: Frozen) -> None:
    card = svg(report)
    told = ET.fromstring(card).findtext(f"{SVG}desc") or ""
    for kpi in report.kpis[:4]:
        assert report.brief(kpi) in texts_of(card)
        assert f"{kpi['label']}: {report.quantity(kpi, kpi['value'])}" in told
    every: list[str] = []
    for chart in report.charts:
        drawn = [squeezed(text) for text in texts_of(svg(report, chart=chart["id"]))]
        labels = [
            text
            for node in objects(chart["figure"])
            if node["name"] == "ColumnDataSource"
            for name, values in node["attributes"]["data"]["entries"]
            if name == "text"
            for text in values
        ]
        every += labels
        for label in labels:
            for line in label.split("\n"):
                assert squeezed(line) in drawn, (chart["id"], line)
    assert every or not report.charts


# Each report in one of the languages, and one report in all.
@pytest.mark.parametrize(
    ("type", "locale"),
    sorted({*zip(TYPES, cycle(LOCALES)), *(("receivables", locale) for locale in LOCALES)}),
)
def test_every_form_says_what_the_report_says(facts: Any, type: str, locale: str) -> None:
    common(facts)
    Chance(facts, 7).fill()
    shown = facts.report(type, YEAR, locale=locale, today="2026-10-20")
    report = frozen(shown.writer.show(shown.sheet, filtered=False), locale, type=type)
    assert report.currency == "EUR"
    same_in_csv(report)
    same_in_xlsx(report)
    same_on_paper(report)
    same_in_drawings(report)


@pytest.mark.parametrize("type", TYPES)
def test_a_report_without_numbers_has_all_forms(facts: Any, type: str) -> None:
    facts.company()
    shown = facts.report(type, "2026")
    report = frozen(shown.writer.show(shown.sheet, filtered=False), type=type)
    same_in_csv(report)
    same_in_xlsx(report)
    same_on_paper(report)
    same_in_drawings(report)


def test_every_word_of_the_forms_has_its_translation() -> None:
    said = set()

    class Noting(Words):
        def __call__(self, text: str, **values: str | int) -> str:
            said.add(text)
            return super().__call__(text, **values)

    body = content()
    body["kpis"][0]["comparisons"][0]["change_unit"] = "points"
    report = frozen(body, "zh-Hant")
    report.words = Noting("zh-Hant", "EUR")
    pdf(report, "letter")
    xlsx(report)
    svg(report)
    assert len(said) > 8
    assert said <= CATALOGUE["zh-Hant"].keys()


# --- what a text may not do --------------------------------------------------------------------------

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "|cmd",
    "%0",
]
HARMLESS = ["Alder", "1 = 1", "a-b", "7", "2026-01-01", "1,234.50", "O'Brien", '"quoted", twice']


def named(text: str) -> Frozen:
    body = content()
    body["tables"][0]["rows"][0][0] = text
    return frozen(body)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_none(text: str) -> None:
    report = named(text)
    [_, [cell, amount, day], *_] = lines_of(csv_of(report, "revenue"))
    assert (cell, amount, day) == (f"'{text}", "100.00", "2026-01-31")
    book = openpyxl.load_workbook(io.BytesIO(xlsx(report)))
    found = book["Revenue by month"]["A2"]
    assert (found.data_type, found.value.replace("_x000D_", "\r")) == ("s", text)
    assert found.quotePrefix == (not text.startswith(" "))
    # Numbers stay numbers, those below zero too.
    assert book["Revenue by month"]["B3"].value == -1234567.89
    assert lines_of(csv_of(report, "revenue"))[2][1] == "-1234567.89"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_are_as_they_were(text: str) -> None:
    report = named(text)
    assert lines_of(csv_of(report, "revenue"))[1][0] == text
    found = openpyxl.load_workbook(io.BytesIO(xlsx(report)))["Revenue by month"]["A2"]
    assert (found.data_type, found.value, bool(found.quotePrefix)) == ("s", text, False)


def test_a_table_is_by_rfc_4180() -> None:
    content = csv_of(named('a "b", c\nd'), "revenue")
    assert content.startswith(b"\xef\xbb\xbfMonth,Revenue (EUR),Due\r\n")
    assert b'"a ""b"", c\nd",100.00,2026-01-31\r\n' in content


def test_more_digits_than_a_cell_holds_are_a_text() -> None:
    body = content()
    body["tables"][0]["rows"][0][1] = "12345678901234567.89"
    found = openpyxl.load_workbook(io.BytesIO(xlsx(frozen(body))))["Revenue by month"]["B2"]
    assert (found.data_type, found.value) == ("s", "12345678901234567.89")
    assert lines_of(csv_of(frozen(body), "revenue"))[1][1] == "12345678901234567.89"


def test_sheets_have_names_that_may_be() -> None:
    body = content()
    tables = [
        {**body["tables"][0], "title": title} for title in ("a/b:c*?[d]", "x" * 40, "X" * 40, "", "History")
    ]
    names = openpyxl.load_workbook(io.BytesIO(xlsx(frozen({**body, "tables": tables})))).sheetnames
    assert names == ["Summary", "a b c   d", "x" * 31, "X" * 27 + " (2)", "–", "History (2)"]


HOSTILE = [
    "<script>alert(1)</script>",
    "]]>&amp;<!-- \"' ",
    '#import "@preview/x:1.0.0" #read("/etc/passwd") *bold* $x$ `raw` \\ // @ref <label>',
    "a\x00b\x0bc\ud7ff\u200b\u202e",
    "Ж العربية ไทย עברית हिन्दी 한국어 😀 \U0001f9ff",
    "x" * 400,
    "臺" * 200,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_a_form_or_runs_in_it(text: str) -> None:
    body = content()
    body["title"] = body["charts"][0]["title"] = body["charts"][0]["description"] = text
    body["kpis"][0] |= {"label": text, "definition": text}
    body["tables"][0]["rows"][0][0] = body["tables"][0]["columns"][0]["label"] = text
    report = frozen(body, source=text, notes=[text])
    for drawing in (svg(report), svg(report, chart="revenue", theme="dark")):
        names = {node.tag.removeprefix(SVG) for node in ET.fromstring(drawing).iter()}
        assert names <= {"svg", "title", "desc", "rect", "g", "text", "tspan", "path", "polyline", "circle"}
    assert png(report).startswith(b"\x89PNG")
    pages = pages_of(pdf(report, "a4"))
    if text.startswith("#"):
        assert squeezed(text) in squeezed("".join(pages))
    assert lines_of(csv_of(report, "revenue"))[1][0].removeprefix("'") == text
    with zipfile.ZipFile(io.BytesIO(xlsx(report))) as book:
        assert not [name for name in book.namelist() if "rels" in name and b"External" in book.read(name)]


# --- how it looks ------------------------------------------------------------------------------------


def test_bars_are_as_high_as_their_numbers() -> None:
    values = [Decimal(25), Decimal(100), Decimal(-50), None]
    slots = [Slot(f"2026-{n}", str(n), str(n)) for n in range(4)]
    columns = [Column(slot, value) for slot, value in zip(slots, values, strict=True)]
    plot = Columns("count", columns, "Orders").draw(Words("en", "EUR"), LIGHT)
    drawn = draw(item(plot, LIGHT), 600)
    bars = re.findall(
        rf'<rect x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)" fill="{LIGHT.main}"', drawn.marks
    )
    heights = [float(height) for _, _, height in bars]
    assert len(bars) == 3
    assert heights[1] / heights[0] == pytest.approx(4, rel=0.01)
    assert heights[2] / heights[0] == pytest.approx(2, rel=0.01)
    # What is below zero begins where the others end.
    zero = float(bars[0][1]) + heights[0]
    assert float(bars[2][1]) == pytest.approx(zero, abs=0.02)
    assert [float(x) for x, _, _ in bars] == sorted(float(x) for x, _, _ in bars)


@pytest.mark.parametrize("width", [360, 480, 720, 960, 1280])
def test_no_label_of_a_card_leaves_it(width: int) -> None:
    body = content()
    body["kpis"] = [{**body["kpis"][0], "id": str(n), "label": f"A long label {n}" * 3} for n in range(9)]
    report = frozen(body)
    picture = ET.fromstring(svg(report, width=width))
    assert (picture.get("width"), picture.get("height")) == (str(width), str(width // 2))
    for node in picture.iterfind(f"{SVG}text"):
        assert 0 <= float(node.get("x", -1)) <= width
        assert 0 <= float(node.get("y", -1)) <= width / 2
    made = png(report, width=width, scale=1)
    assert [int.from_bytes(made[n : n + 4], "big") for n in (16, 20)] == [width, width // 2]


def test_light_and_dark_are_the_same_but_for_colours() -> None:
    report = frozen(content())
    for chart in (None, "revenue"):
        light, dark = (svg(report, theme=theme, chart=chart) for theme in ("light", "dark"))
        assert LIGHT.ink not in dark
        assert re.sub("#[0-9a-f]{6}", "", light) == re.sub("#[0-9a-f]{6}", "", dark)
        assert DARK.paper in dark


def test_a_long_table_goes_on_with_its_head_on_every_page() -> None:
    body = content()
    table = body["tables"][0]
    table["rows"] = [[f"Row {n}", f"{n}.00", None] for n in range(200)]
    pages = pages_of(pdf(frozen(body), "letter"))
    assert len(pages) > 3
    with_rows = [page for page in pages if re.search(r"Row \d", page)]
    assert all("Revenue (EUR)" in page for page in with_rows)
    for n, page in enumerate(pages, 1):
        assert f"Page {n} of {len(pages)}" in page
    assert "Total" in with_rows[-1]
    assert not [page for page in with_rows[:-1] if "Total" in page]


def test_a_report_of_old_facts_says_so() -> None:
    told = "As of Oct 31, 2026, 07:00 UTC; the load of Oct 31, 2026, 09:00 UTC failed: no route"
    report = frozen({**content(), "notes": [told]}, stale={"reason": "no route", "failed_at": rfc3339(AT)})
    assert report.stale
    assert told in " ".join("".join(pages_of(pdf(report, "a4"))).split())


def test_what_is_not_shown_of_a_table_is_said() -> None:
    report = frozen(content())
    told = "The first 3 of 40 rows."
    assert told in "".join(pages_of(pdf(report, "a4")))
    summary = openpyxl.load_workbook(io.BytesIO(xlsx(report))).worksheets[0]
    assert f"Revenue by month: {told}" in [row[0].value for row in summary.iter_rows()]


def test_the_same_report_is_the_same_file_at_any_time() -> None:
    report = frozen(content())
    assert pdf(report, "a4") == pdf(report, "a4")
    assert xlsx(report) == xlsx(report)
    assert png(report) == png(report)
