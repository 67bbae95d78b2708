"""Facts, and the jobs that make them, draw from them and make files of it; who may see what, as we heard."""

from datetime import date, datetime
from typing import Any

from kit.db import Id, kit_tables
from kit.event import new_id
from sqlalchemy import JSON, BigInteger, DateTime, Float, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from reports.acquire.canonical import fact_tables
from reports.schedule import Schedule, WorkingDays


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        # As text: Bokeh reads a figure in the order it was written, and jsonb would change it.
        list[Any]: JSON(none_as_null=True),
    }


kit_tables(Base.metadata)
FACTS = fact_tables(Base.metadata)


class Job:
    """A row that is its own job: `queued`, `running` under a lease, then `ready` or `failed`.

    A worker holds a job while `leased_until` is ahead; `lease` is its token. One that was killed stops
    extending, and the job is taken again.
    """

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    status: Mapped[str] = mapped_column(default="queued")
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    lease: Mapped[Id | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]
    trace: Mapped[dict[str, Any] | None]


class Load(Job, Base):
    """One acquisition of a source."""

    __tablename__ = "loads"
    source: Mapped[str]
    requested_by: Mapped[Id | None]
    scheduled_at: Mapped[datetime | None]
    as_of: Mapped[datetime | None]
    whole: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    rows: Mapped[dict[str, Any] | None]
    changed: Mapped[dict[str, Any] | None]
    checks: Mapped[list[Any] | None]
    __table_args__ = (
        UniqueConstraint("source", "scheduled_at", name="loads_once"),
        # A second load of a source while one is under way would only wait for it.
        Index(
            "loads_one_at_a_time",
            "source",
            unique=True,
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
        Index("loads_newest", "source", "created_at"),
    )


class HookCall(Base):
    """A signed call of a source, kept while it could be said again, and the load it got."""

    __tablename__ = "hook_calls"
    source: Mapped[str] = mapped_column(primary_key=True)
    signature: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    load_id: Mapped[Id]
    __table_args__ = (Index("hook_calls_newest", "source", "at"),)


class Report(Job, Base):
    """One report: asked for, made, and then frozen with its numbers, figures and the load they came from.

    One of a subscription is its own run: `run` says why it was made (`reason`, `missed`, `alert_id`,
    `as_is`), `delivery` to how many it was sent, and from how many it was withheld, and why.
    """

    __tablename__ = "reports"
    type: Mapped[str]
    title: Mapped[str]
    source: Mapped[str]
    period: Mapped[dict[str, Any]]
    filters: Mapped[dict[str, Any]]
    locale: Mapped[str]
    requested_by: Mapped[Id]
    group_id: Mapped[Id | None]
    subscription_id: Mapped[Id | None]
    scheduled_at: Mapped[datetime | None]
    as_of: Mapped[datetime | None]
    run: Mapped[dict[str, Any] | None]
    delivery: Mapped[dict[str, Any] | None]
    recompute_of: Mapped[Id | None]
    progress: Mapped[float] = mapped_column(Float, default=0.0, server_default="0")
    load_id: Mapped[Id | None]
    kpis: Mapped[list[Any] | None]
    charts: Mapped[list[Any] | None]
    tables: Mapped[list[Any] | None]
    notes: Mapped[list[Any] | None]
    stale: Mapped[dict[str, Any] | None]
    __table_args__ = (
        # Two replicas that find the same run due make one report of it.
        UniqueConstraint("subscription_id", "scheduled_at", name="reports_once"),
        Index("reports_mine", "requested_by", "id"),
        Index("reports_runs", "subscription_id", "id"),
        Index("reports_open", "id", postgresql_where=text("status IN ('queued', 'running')")),
        Index("reports_ended", "finished_at"),
    )

    def day(self, read: date) -> date:
        """The day it is of: when its facts were read, or later, when an alert found something."""
        found = (self.run or {}).get("day")
        return max(read, date.fromisoformat(found)) if found else read


class ReportFile(Job, Base):
    """A report as a file, made once and kept while it is asked for. Its bytes can always be made again.

    `name` says which: the form with what else was asked (`files/wanted.py`).
    """

    __tablename__ = "report_files"
    report_id: Mapped[Id]
    name: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    asked_by: Mapped[Id | None]
    asked_at: Mapped[datetime]
    size: Mapped[int | None]
    etag: Mapped[str | None]
    __table_args__ = (
        # Who asks while it is being made waits for the same one.
        UniqueConstraint("report_id", "name", name="report_files_once"),
        Index("report_files_open", "created_at", postgresql_where=text("status IN ('queued', 'running')")),
        Index("report_files_idle", "asked_at"),
    )

    @property
    def key(self) -> str:
        """Where its bytes are in the store."""
        return f"reports/{self.report_id}/{self.name}"


class Subscription(Base):
    """Which report goes to whom, and when. It outlives its owner's rights: its runs then fail and say so.

    It has a schedule (`cron`, `timezone`, `working_days`, `await_load`) or a `trigger`. With a trigger,
    `state` is what it knows, `looked_at` the end of the last load that it has seen, and `next_run_at` when it
    looks again without one, because the day has changed.
    """

    __tablename__ = "subscriptions"
    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[Id]
    type: Mapped[str]
    source: Mapped[str | None]
    period: Mapped[dict[str, Any]]
    filters: Mapped[dict[str, Any]]
    locale: Mapped[str]
    group_id: Mapped[Id | None]
    cron: Mapped[str | None]
    timezone: Mapped[str | None]
    working_days: Mapped[dict[str, Any] | None]
    await_load: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    trigger: Mapped[dict[str, Any] | None]
    escalation: Mapped[list[Any] | None]
    state: Mapped[dict[str, Any] | None]
    looked_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    next_run_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        Index("subscriptions_mine", "owner_id", "id"),
        Index("subscriptions_due", "next_run_at", postgresql_where=text("active")),
        Index("subscriptions_watching", "source", postgresql_where=text("active AND trigger IS NOT NULL")),
        Index("subscriptions_awaiting", "next_run_at", postgresql_where=text("active AND await_load")),
    )

    @property
    def schedule(self) -> Schedule | None:
        """When it runs; None for one that waits for its trigger."""
        if self.cron is None or self.timezone is None:
            return None
        return Schedule(
            cron=self.cron,
            timezone=self.timezone,
            working_days=None if self.working_days is None else WorkingDays(**self.working_days),
            await_load=self.await_load,
        )


_FIRING = text("state = 'firing'")


class Alert(Base):
    """What a trigger found: `firing` until somebody acknowledges it or it has recovered.

    `items` are the first of the things it is about, `more` how many there are beside them. `step` counts the
    steps of the escalation that were taken, `told` whom they told. `party_id` is the customer whose rows it
    is about, where it is about one's only.
    """

    __tablename__ = "alerts"
    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    subscription_id: Mapped[Id]
    owner_id: Mapped[Id]
    group_id: Mapped[Id | None]
    type: Mapped[str]
    source: Mapped[str | None]
    party_id: Mapped[str | None]
    kind: Mapped[str]
    state: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    locale: Mapped[str]
    kpi: Mapped[dict[str, Any] | None]
    items: Mapped[list[Any]]
    more: Mapped[int] = mapped_column(Integer)
    as_of: Mapped[datetime | None]
    report_id: Mapped[Id | None]
    raised_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[Id | None]
    recovered_at: Mapped[datetime | None]
    step: Mapped[int] = mapped_column(Integer)
    escalate_at: Mapped[datetime | None]
    told: Mapped[list[Any]]
    __table_args__ = (
        Index("alerts_of", "subscription_id", "id"),
        Index("alerts_mine", "owner_id", "id"),
        Index("alerts_of_room", "group_id", "id"),
        Index("alerts_to_escalate", "escalate_at", postgresql_where=_FIRING),
    )


class Thing(Base):
    """A thing that a subscription has told of, so that it tells of it once; `alert_id` is none for what was
    there before it looked for the first time."""

    __tablename__ = "things"
    subscription_id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    alert_id: Mapped[Id | None]
    at: Mapped[datetime]
    __table_args__ = (Index("things_oldest", "at"),)


class Customer(Base):
    """The party of a source that a customer's account stands for: they see its rows, and no others."""

    __tablename__ = "customers"
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str]
    set_by: Mapped[Id]
    set_at: Mapped[datetime]


class Reader(Base):
    """To whom a report was sent, and who has opened it."""

    __tablename__ = "readers"
    report_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    last_opened_at: Mapped[datetime | None]
    opened: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    at: Mapped[datetime]
    __table_args__ = (Index("readers_oldest", "at"),)


class Person(Base):
    """Our copy of a person's rights. Version 0 is what their own token said, before auth said anything."""

    __tablename__ = "people"
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str]
    permissions: Mapped[list[Any]]
    active: Mapped[bool]
    version: Mapped[int] = mapped_column(BigInteger)


class Room(Base):
    """A group we know, and whether it has ended; an end is for good, so it needs no version."""

    __tablename__ = "rooms"
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    ended: Mapped[bool]


class Member(Base):
    """Our copy of a membership as of the group's `version`; no role means known not to be a member."""

    __tablename__ = "members"
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    role: Mapped[str | None]
    version: Mapped[int] = mapped_column(BigInteger)
