"""Files of reports as they are kept: asked for, queued, made once, forgotten when nobody asks any more."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from kit.clock import now
from kit.db import Transaction
from kit.fields import checked
from kit.store import Store
from pydantic import BaseModel, Field

from reports import jobs
from reports.errors import file_not_made, part_not_found, too_many_files
from reports.files.wanted import CONTENT_TYPES, File, Picture, Rows
from reports.models import Report, ReportFile

AGAIN_SECONDS = 60  # after a file could not be made, until it is tried again
TOUCH_HOURS = 6  # who asks often need not write each time
CLEAR_AT_ONCE = 200
MOST_NAME = 120  # characters of a file's name, which some systems end at 255 bytes


class _Asked(BaseModel):
    file: File = Field(discriminator="form")


def wanted(report: Report, asked: dict[str, Any]) -> File:
    """The file that is asked for.

    Raises:
        Invalid: there is no such form, size or paper.
        NotFound: the report has no such chart or table.
    """
    file = checked(_Asked, "invalid_file", {"file": asked}).file
    if isinstance(file, Picture) and file.chart is not None:
        _known("chart", file.chart, report.charts)
    if isinstance(file, Rows):
        first = (report.tables or [{"id": None}])[0]["id"]
        file = file.model_copy(update={"table": file.table or first})
        _known("table", file.table, report.tables)
    return file


def _known(what: str, id: str | None, parts: list[Any] | None) -> None:
    if id not in {part["id"] for part in parts or ()}:
        raise part_not_found(what)


def ask(tx: Transaction, report: Report, file: File, asked_by: str | None, most: int) -> ReportFile:
    """The row of a file, queued if there is none yet.

    Args:
        asked_by: None where no person asks.
        most: files that may be queued for one person.

    Raises:
        TooMany, Unavailable
    """
    here = ReportFile.report_id == report.id, ReportFile.name == file.name
    row = tx.scalars(sa.select(ReportFile).where(*here)).first()
    if row is None:
        mine = ReportFile.status.in_(jobs.OPEN), ReportFile.asked_by == asked_by
        if asked_by and (tx.scalar(sa.select(sa.func.count()).where(*mine)) or 0) >= most:
            raise too_many_files(most)
        values = {"report_id": report.id, "name": file.name, "wanted": file.model_dump(exclude_none=True)}
        jobs.add(tx, ReportFile, **values, asked_by=asked_by, asked_at=now())
        row = tx.scalars(sa.select(ReportFile).where(*here)).one()
    if row.status == "failed":
        if row.finished_at and row.finished_at > now() - timedelta(seconds=AGAIN_SECONDS):
            raise file_not_made()
        row = again(tx, row)
    if row.asked_at < now() - timedelta(hours=TOUCH_HOURS):
        row.asked_at = now()
    return row


def again(tx: Transaction, row: ReportFile) -> ReportFile:
    """Queues what failed, or whose bytes are lost, once more; who comes second finds it queued."""
    ended = (
        ReportFile.id == row.id,
        ReportFile.status == row.status,
        ReportFile.finished_at == row.finished_at,
    )
    tx.execute(
        sa.update(ReportFile)
        .where(*ended)
        .values(status="queued", attempts=0, error=None, finished_at=None, started_at=None, created_at=now())
        .execution_options(synchronize_session=False)
    )
    jobs.wake(tx)
    return tx.get_one(ReportFile, row.id, populate_existing=True)


def show(row: ReportFile, report: Report, file: File) -> dict[str, Any]:
    """What the gateway needs to stream it; only the status while it is being made."""
    if row.status != "ready":
        return {"status": "queued"}
    return {
        "status": "ready",
        "key": row.key,
        "size": row.size,
        "etag": row.etag,
        "content_type": CONTENT_TYPES[file.form],
        "name": saved_as(report, file),
    }


def saved_as(report: Report, file: File) -> str:
    """What the file is called where it is saved: by the report, and by the part it is of."""
    parts, id = (report.charts, file.chart) if isinstance(file, Picture) else (report.tables, None)
    id = file.table if isinstance(file, Rows) else id
    title = next((part["title"] for part in parts or () if part["id"] == id), None)
    name = " · ".join([report.title, *([title] if title else [])])
    kept = "".join("-" if c in '/\\:*?"<>|' else c for c in name if c.isprintable())
    return f"{kept[:MOST_NAME].strip(' .')}.{file.form}"


def clear(tx: Transaction, files: Store, *conditions: sa.ColumnElement[bool]) -> int:
    """Forgets up to `CLEAR_AT_ONCE` files with their bytes; how many that were.

    The bytes go first: a row without them is made again, bytes without a row would stay for good.
    """
    query = sa.select(ReportFile).where(*conditions).limit(CLEAR_AT_ONCE)
    rows = tx.scalars(query.with_for_update(skip_locked=True)).all()
    files.delete(*(row.key for row in rows))
    tx.execute(sa.delete(ReportFile).where(ReportFile.id.in_([row.id for row in rows])))
    return len(rows)


def clear_idle(tx: Transaction, files: Store, days: int) -> int:
    """Forgets files that nobody asked for in so many days."""
    return clear(tx, files, ReportFile.asked_at < now() - timedelta(days=days))


def clear_reports(tx: Transaction, files: Store, days: int, *, in_rooms: bool) -> int:
    """Forgets up to `CLEAR_AT_ONCE` reports that ended so many days ago, and their files; how many."""
    old = sa.select(Report.id).where(Report.finished_at < now() - timedelta(days=days))
    old = old.where(Report.group_id.is_not(None) if in_rooms else Report.group_id.is_(None))
    ids = tx.scalars(old.limit(CLEAR_AT_ONCE).with_for_update(skip_locked=True)).all()
    while clear(tx, files, ReportFile.report_id.in_(ids)):
        continue
    tx.execute(sa.delete(Report).where(Report.id.in_(ids)))
    return len(ids)
