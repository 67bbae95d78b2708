"""Tables for programs that calculate: CSV and XLSX.

Names of customers and products come from outside, and a spreadsheet runs what looks like a formula. In CSV
such a text gets an apostrophe before it; in XLSX it is a text whatever it looks like, and says so
(quotePrefix), so that it stays one when somebody edits the cell. Numbers stay numbers.
"""

import io
from csv import writer
from datetime import UTC, date
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from reports.files.frozen import Cell, Frozen

# What begins a formula in some spreadsheet, in some language's input, or after it is stripped.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "−", "＠", "|", "%")
BOM = "\ufeff"  # without it Excel reads UTF-8 as whatever the machine's code page is
NUMBERS = {"money": "#,##0.00", "percent": "0.0%", "number": "#,##0.######", "date": "yyyy-mm-dd"}
MOST_WIDTH, LEAST_WIDTH = 60, 9  # of a column, in characters


def csv(report: Frozen, table: str) -> bytes:
    """A table by RFC 4180, in UTF-8 with a byte order mark; numbers exact, with a point and nothing else."""
    found = next(part for part in report.tables if part["id"] == table)
    columns = found["columns"]
    out = io.StringIO(newline="")
    lines = writer(out, lineterminator="\r\n")
    lines.writerow(_harmless(report.heading(column)) for column in columns)
    for row in (*found["rows"], *([found["foot"]] if found["foot"] else [])):
        lines.writerow(_plain(report.cell(column, value)) for column, value in zip(columns, row, strict=True))
    return (BOM + out.getvalue()).encode()


def _plain(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, date):
        return cell.isoformat()
    return _harmless(cell or "")


def _harmless(text: str) -> str:
    return f"'{text}" if text.lstrip(" ").startswith(DANGEROUS) else text


class _Book:
    """A workbook, and the formats its cells share."""

    def __init__(self, out: io.BytesIO) -> None:
        # No guessing: what is a text is not made a number, a formula or a link by what it looks like.
        guesses = ("strings_to_numbers", "strings_to_formulas", "strings_to_urls")
        self.book = xlsxwriter.Workbook(out, {"in_memory": True, **dict.fromkeys(guesses, False)})
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        self._names: set[str] = set()

    def sheet(self, title: str) -> Worksheet:
        """A sheet; its name is as much of the title as may be one."""
        name = "".join(" " if c in "[]:*?/\\" or not c.isprintable() else c for c in title).strip(" '") or "–"
        found, n = name[:31], 1
        while found.lower() in self._names or found.lower() == "history":
            n += 1
            found = f"{name[:27]} ({n})"
        self._names.add(found.lower())
        return self.book.add_worksheet(found)

    def write(
        self, sheet: Worksheet, row: int, column: int, cell: Cell, kind: str = "text", **look: Any
    ) -> None:
        if isinstance(cell, Decimal):
            number = cell / 100 if kind == "percent" else cell
            if Decimal(repr(float(number))) == number:
                sheet.write_number(row, column, float(number), self.format(num_format=NUMBERS[kind], **look))
                return
            # More digits than a cell's number holds: better a text than another number.
            cell, look = f"{cell:f}", {"align": "right", **look}
        if isinstance(cell, date):
            sheet.write_datetime(row, column, cell, self.format(num_format=NUMBERS["date"], **look))
        elif cell is not None:
            quoted = {"quote_prefix": True} if cell.startswith(DANGEROUS) else {}
            sheet.write_string(row, column, cell, self.format(**quoted, **look))

    def format(self, **look: Any) -> Format:
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format({"valign": "top", **look})
        return self._formats[key]


def xlsx(report: Frozen) -> bytes:
    """A workbook: a summary with the key figures, what they mean and the notes; then a sheet a table."""
    out = io.BytesIO()
    book = _Book(out)
    made_at = report.made_at.astimezone(UTC).replace(tzinfo=None)
    book.book.set_properties({"title": report.title, "subject": report.source, "created": made_at})
    _summary(report, book)
    for table in report.tables:
        _table(report, table, book)
    book.book.close()
    return out.getvalue()


def _summary(report: Frozen, book: _Book) -> None:
    words = report.words
    sheet = book.sheet(words("Summary"))
    bold: dict[str, Any] = {"bold": True}
    book.write(sheet, 0, 0, report.title, bold=True, font_size=14)
    book.write(sheet, 1, 0, report.said_as_of())
    compared = list({c["id"]: c["label"] for kpi in report.kpis for c in kpi["comparisons"]}.items())
    change = words("Change")
    heads = [words("Key figure"), words("Unit"), words("Value")]
    heads += [head for _, label in compared for head in (label, change)] + [words("What it means")]
    row = 3
    for n, head in enumerate(heads):
        book.write(sheet, row, n, head, **bold, bottom=1, text_wrap=True)
    for kpi in report.kpis:
        row += 1
        kind = "percent" if kpi["unit"] == "%" else "money" if report.is_money(kpi) else "number"
        book.write(sheet, row, 0, kpi["label"], **bold)
        book.write(sheet, row, 1, report.unit(kpi))
        book.write(sheet, row, 2, _number(kpi["value"]), kind)
        found = {c["id"]: c for c in kpi["comparisons"]}
        for n, (id, _) in enumerate(compared):
            if comparison := found.get(id):
                book.write(sheet, row, 3 + 2 * n, _number(comparison["value"]), kind)
                # The change of a percentage is in points: it is no percentage itself, and not shown as one.
                points = comparison["change_unit"] == "points"
                moved = _number(comparison["change_pct"])
                book.write(sheet, row, 4 + 2 * n, moved, "number" if points else "percent")
        book.write(sheet, row, len(heads) - 1, kpi["definition"], text_wrap=True)
    row += 2
    for chart in report.charts:
        book.write(sheet, row, 0, chart["title"], **bold)
        book.write(sheet, row, 1, chart["description"])
        row += 1
    cut = [f"{table['title']}: {said}" for table in report.tables if (said := report.cut(table))]
    for n, note in enumerate((*report.notes, *cut)):
        book.write(sheet, row + n + 1, 0, note)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, len(heads) - 2, 15)
    sheet.set_column(len(heads) - 1, len(heads) - 1, 70)
    sheet.freeze_panes(4, 1)
    _on_paper(sheet)


def _table(report: Frozen, table: dict[str, Any], book: _Book) -> None:
    sheet, columns = book.sheet(table["title"]), table["columns"]
    rows = [*table["rows"], *([table["foot"]] if table["foot"] else [])]
    sums = {*table["sums"], *([len(table["rows"])] if table["foot"] else [])}
    for n, column in enumerate(columns):
        align = "left" if column["kind"] == "text" else "right"
        heading = report.heading(column)
        book.write(sheet, 0, n, heading, bold=True, bottom=1, text_wrap=True, align=align)
        texts = [report.text(column, row[n]) for row in rows]
        widest = max((_cells(text) for text in texts), default=0)
        sheet.set_column(n, n, min(max(widest, min(_cells(heading), 16), LEAST_WIDTH) + 2, MOST_WIDTH))
        for m, row in enumerate(rows):
            look: dict[str, Any] = {"bold": True} if m in sums else {}
            if m == len(table["rows"]):
                look["top"] = 1
            book.write(sheet, m + 1, n, report.cell(column, row[n]), column["kind"], **look)
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    _on_paper(sheet)


def _on_paper(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _cells(text: str) -> int:
    return len(text) + sum(ord(c) > 0x2E7F for c in text)
