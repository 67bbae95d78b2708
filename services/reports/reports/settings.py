"""All settings of the reports service and its worker."""

from pathlib import Path

from kit.config import Settings
from pydantic import Field


class ReportsSettings(Settings):
    SOURCES_FILE: Path = Field(
        description="YAML of the sources: {name: {kind, uri, title, schedule, timezone, ...}}."
    )
    KINDS_FOLDER: Path = Field(
        default=Path(__file__).parent.parent / "sources",
        description="Holds a folder of queries for each kind of source.",
    )
    LEASE_SECONDS: float = Field(
        default=15.0, gt=0, description="A job whose worker was silent this long is taken by another."
    )
    JOB_ATTEMPTS: int = Field(
        default=3, ge=1, description="Workers that may die of a job before it has failed."
    )
    POLL_SECONDS: float = Field(
        default=2.0, gt=0, description="How often jobs are sought without being woken."
    )
    BATCH_ROWS: int = Field(default=5000, ge=1, description="Rows read from a replica at a time.")
    STATEMENT_SECONDS: int = Field(default=600, ge=1, description="Longest a query on a replica may take.")
    OVERLAP_MINUTES: int = Field(
        default=60,
        ge=0,
        description="How far behind the watermark to read again; longer than the ERP's transactions.",
    )
    WHOLE_READ_HOURS: int = Field(
        default=24, ge=0, description="Read everything again when the last time is longer ago."
    )
    HOOK_WINDOW_SECONDS: int = Field(
        default=300, ge=1, description="How far the time of a signed call may be from ours."
    )
    HOOK_CALLS_PER_MINUTE: int = Field(default=30, ge=1, description="Signed calls of one source.")
    LATE_SECONDS: int = Field(
        default=120, ge=1, description="A run this long after its time says that it is late."
    )
    LOOK_SECONDS: int = Field(
        default=30, ge=1, description="How long a query may run that looks whether a trigger fires."
    )
    SUBSCRIPTION_MINUTES: int = Field(
        default=15, ge=1, description="How near to each other the times of a subscription may be."
    )
    AUDIT_KEPT_DAYS: int = Field(
        default=400, ge=90, description="How long it is kept who read what, and what was alerted."
    )
    MOST_SUBSCRIPTIONS: int = Field(default=100, ge=1, description="Subscriptions a person may have.")
    MOST_OPEN_REPORTS: int = Field(
        default=20, ge=1, description="Reports of one person in the queue at once."
    )
    FILES_URL: str = Field(
        default="file:///var/lib/bchat/files",
        description="Where files of reports are, the same as for the gateway: a folder or s3://bucket/prefix.",
    )
    FILE_SECONDS: float = Field(default=60.0, gt=0, description="Longest the drawing of a file may take.")
    FILE_MEMORY_MB: int = Field(
        default=640, ge=256, description="Most memory the drawing of a file may take."
    )
    MOST_OPEN_FILES: int = Field(default=20, ge=1, description="Files of one person in the queue at once.")
    FILES_KEPT_DAYS: int = Field(
        default=7, ge=1, description="How long a file is kept that nobody asks for; it can be made again."
    )
    REPORTS_KEPT_DAYS: int = Field(
        default=400, ge=0, description="How long a report to oneself is kept after it was made; 0 for good."
    )
    ROOM_REPORTS_KEPT_DAYS: int = Field(
        default=0, ge=0, description="The same of reports in rooms, where people talk about them; 0 for good."
    )
    LOADS_KEPT_DAYS: int = Field(
        default=90, ge=1, description="How long a load is remembered; the newest always."
    )
