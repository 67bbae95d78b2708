"""A report as it is kept, small and by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from reports.charts.columns import Column, Columns
from reports.charts.form import Slot
from reports.charts.look import item
from reports.charts.palette import DARK, LIGHT
from reports.words import Words

AT = datetime(2026, 10, 31, 7, 0, tzinfo=UTC)
LABELS = ("Jan", "Feb", "Mar")
SLOTS = [Slot(f"2026-{n:02}", label, f"{label} 2026") for n, label in enumerate(LABELS, 1)]
VALUES = [Decimal("100.00"), Decimal("-1234567.89"), None]


def content() -> dict[str, Any]:
    """A small report as it is kept."""
    columns = [Column(slot, value) for slot, value in zip(SLOTS, VALUES, strict=True)]
    words, form = Words("en", "EUR"), Columns("EUR", columns, "Revenue")
    figures = {
        "figure": item(form.draw(words, LIGHT), LIGHT),
        "figure_dark": item(form.draw(words, DARK), DARK),
    }
    before = {"id": "year_before", "label": "Year before", "value": "-1000000.00", "change": "-234467.89"}
    before |= {"change_pct": "-23.4", "change_unit": "%"}
    kpi = {"id": "revenue", "label": "Revenue", "value": "-1234467.89", "unit": "EUR", "unit_label": None}
    kpi |= {"comparison": before, "comparisons": [before], "better": "higher", "definition": "What was sold."}
    heads = [("period", "Month", "text"), ("value", "Revenue", "money"), ("due", "Due", "date")]
    table = {
        "id": "revenue",
        "title": "Revenue by month",
        "columns": [
            {"id": id, "label": label, "kind": kind, **({"currency": "EUR"} if kind == "money" else {})}
            for id, label, kind in heads
        ],
        "rows": [
            ["=1+1", "100.00", "2026-01-31"],
            ["Feb 2026", "-1234567.89", None],
            ["Mar 2026", None, None],
        ],
        "keys": [None] * 3,
        "value": "value",
        "foot": ["Total", "-1234467.89", None],
        "sums": [],
        "total_rows": 40,
    }
    return {
        "title": "Sales · Jan – Dec 2026",
        "kpis": [kpi],
        "charts": [
            {
                "id": "revenue",
                "title": "Revenue by month",
                "description": "Revenue 2026: −€1.2M.",
                "table_id": "revenue",
                "unit": "EUR",
                "points": [],
                **figures,
            }
        ],
        "tables": [table],
        "notes": ["The period is not over."],
    }
