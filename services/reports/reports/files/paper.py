"""A report on paper: a tagged PDF with sharp drawings and tables that go on over pages."""

import sys
from pathlib import Path
from typing import Any, Literal

import orjson
import typst

from reports.charts.palette import LIGHT, cells
from reports.files.figure import draw
from reports.files.frozen import Frozen
from reports.files.pictures import figure_of, fonts, framed

TEMPLATE = Path(__file__).with_name("report.typ")
PAPERS = {"a4": "a4", "letter": "us-letter"}
CHART_WIDTH = 640  # pixels that a chart is drawn in, and then made as wide as the paper lets it be
LONGEST = 18  # cells of a key figure that fit at full size


def pdf(report: Frozen, paper: str) -> bytes:
    """By PDF/UA-1 where every letter has a font; else tagged all the same."""
    inputs = {"report": orjson.dumps(_said(report, paper)).decode()}
    page = TEMPLATE.read_bytes()
    standard: Literal["ua-1"] | None
    for standard in ("ua-1", None):
        try:
            made, warnings = typst.compile_with_warnings(
                page, format="pdf", sys_inputs=inputs, pdf_standards=standard, timestamp=report.made_at
            )
        except typst.TypstError:
            if standard is None:
                raise
        else:
            break
    for warning in warnings:
        sys.stderr.write(f"{warning.message}\n")  # such as a font that is not there
    assert isinstance(made, bytes)
    return made


def _said(report: Frozen, paper: str) -> dict[str, Any]:
    words, language = report.words, report.locale.split("-")
    return {
        "title": report.title,
        "source": report.source,
        "type": report.type,
        "as_of": report.said_as_of(),
        "footer": f"{report.title} · {report.said_as_of()}",
        "pages": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
        "lang": language[0],
        "script": language[1].lower() if len(language) > 1 else "latn",
        "fonts": fonts(report.locale),
        "paper": PAPERS[paper],
        "colours": [LIGHT.ink, LIGHT.muted, LIGHT.grid, LIGHT.main, LIGHT.warn],
        "stale": report.stale,
        "notes": report.notes,
        "kpis": [_kpi(report, kpi) for kpi in report.kpis],
        "parts": _parts(report),
        "meaning": words("What the figures mean"),
        "meanings": [(kpi["label"], kpi["definition"]) for kpi in report.kpis if kpi["definition"]],
    }


def _kpi(report: Frozen, kpi: dict[str, Any]) -> dict[str, Any]:
    value = report.quantity(kpi, kpi["value"])
    return {
        "label": kpi["label"],
        "value": value,
        "size": 13 * min(1.0, LONGEST / max(cells(value), 1)),
        "compared": [
            {
                "label": comparison["label"],
                "value": report.quantity(kpi, comparison["value"]),
                "moved": report.moved(comparison) or "",
                "good": report.good(kpi, comparison),
            }
            for comparison in kpi["comparisons"]
        ],
    }


def _parts(report: Frozen) -> list[dict[str, Any]]:
    """Each chart with the table behind it, and the tables that none is drawn of."""
    tables = {table["id"]: table for table in report.tables}
    parts = []
    for chart in report.charts:
        table = tables.pop(chart["table_id"], None)
        parts.append(
            {"title": chart["title"], "chart": _chart(report, chart), "table": _table(report, table)}
        )
    return parts + [{"title": t["title"], "chart": None, "table": _table(report, t)} for t in tables.values()]


def _chart(report: Frozen, chart: dict[str, Any]) -> dict[str, str]:
    drawn = draw(figure_of(chart, LIGHT), CHART_WIDTH)
    svg = framed(report, drawn.marks, CHART_WIDTH, drawn.height, chart["title"], chart["description"])
    return {"told": chart["description"], "svg": svg}


def _table(report: Frozen, table: dict[str, Any] | None) -> dict[str, Any] | None:
    if table is None:
        return None
    columns = table["columns"]

    def texts(row: list[Any]) -> list[str]:
        return [report.text(column, value) for column, value in zip(columns, row, strict=True)]

    rows = [texts(row) for row in table["rows"]]
    # The column that takes what room the others leave: the text with the longest words.
    sizes = {
        n: max((cells(row[n]) for row in rows), default=0)
        for n, column in enumerate(columns)
        if column["kind"] == "text"
    }
    return {
        "columns": [{"heading": report.heading(c), "text": c["kind"] == "text"} for c in columns],
        "rows": rows,
        "sums": table["sums"],
        "foot": texts(table["foot"]) if table["foot"] else None,
        "cut": report.cut(table),
        "widest": max(sizes, key=lambda n: sizes[n], default=None),
    }
