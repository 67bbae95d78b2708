"""Tables of groups, and the rules that need no other row."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

import sqlalchemy as sa
from kit import clock
from kit.db import Id, kit_tables
from kit.event import new_id
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from groups.recurrence import Series, zone

Catalogue = Literal["chat", "business", "task"]
Visibility = Literal["open", "invite"]
Role = Literal["owner", "coordinator", "staff", "guest"]
TaskState = Literal["open", "in_progress", "blocked", "done", "cancelled"]
TO_BE_DONE = ("open", "in_progress", "blocked")
ReportType = Literal[
    "sales",
    "purchasing",
    "production",
    "receivables",
    "payables",
    "ledger",
    "financial",
    "human_resources",
]
# What clocks show, in whatever zone: PostgreSQL must not take it for a time in UTC.
Wall = Annotated[datetime, mapped_column(sa.DateTime())]


# The last time that all who read it can hold.
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)
NOT_MUTED = {"muted": False, "muted_until": None}


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name
        datetime: sa.DateTime(timezone=True),
        str: sa.Text,
        Catalogue: sa.Text,
        Visibility: sa.Text,
        Role: sa.Text,
        ReportType: sa.Text,
        TaskState: sa.Text,
        bytes: sa.LargeBinary,
    }


kit_tables(Base.metadata)


class Group(Base):
    """A group. Whoever changes it or its members holds the lock of this row and raises `version`."""

    __tablename__ = "groups"
    __table_args__ = (
        sa.CheckConstraint("(catalogue = 'business') = (type IS NOT NULL)", name="groups_type"),
        sa.CheckConstraint("(catalogue = 'task') = (target_end IS NOT NULL)", name="groups_target_end"),
        sa.CheckConstraint("(catalogue = 'task') = (state IS NOT NULL)", name="groups_state"),
        sa.CheckConstraint(f"state IN {get_args(TaskState)}", name="groups_known_state"),
        sa.CheckConstraint("catalogue = 'task' OR assignee_id IS NULL", name="groups_assignee"),
        sa.Index("groups_to_remind", "remind_at", postgresql_where=sa.text("remind_at IS NOT NULL")),
        sa.Index("groups_by_change", "changed_at", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    description: Mapped[str]
    catalogue: Mapped[Catalogue]
    type: Mapped[ReportType | None]
    visibility: Mapped[Visibility]
    target_end: Mapped[datetime | None]
    state: Mapped[TaskState | None]
    assignee_id: Mapped[Id | None]
    # When the clock looks at this task next: whoever changes the task lets it look at once.
    remind_at: Mapped[datetime | None]
    owner_id: Mapped[Id]
    member_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    def touch(self) -> None:
        """Marks one change: each event of a group has a version of its own, so readers can order them."""
        self.version += 1
        self.changed_at = clock.now()

    @property
    def to_be_done(self) -> bool:
        """Whether it is a task with work left."""
        return self.state in TO_BE_DONE and self.ended_at is None

    @property
    def overdue(self) -> bool:
        """Whether it should have been done by now."""
        return self.to_be_done and self.target_end is not None and self.target_end <= clock.now()

    def as_task(self) -> dict[str, Any]:
        """What is to be done until when, and by whom."""
        return {
            "state": self.state,
            "assignee_id": self.assignee_id,
            "target_end": self.target_end and clock.rfc3339(self.target_end),
        }

    def as_dict(self) -> dict[str, Any]:
        """The group as everybody who sees it sees it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "catalogue": self.catalogue,
            "type": self.type,
            "visibility": self.visibility,
            **self.as_task(),
            "overdue": self.overdue,
            "owner_id": self.owner_id,
            "member_count": self.member_count,
            "created_at": clock.rfc3339(self.created_at),
            "ended_at": self.ended_at and clock.rfc3339(self.ended_at),
            "version": self.version,
        }

    def shown(self, member: "Member | None") -> dict[str, Any]:
        """The group as one person sees it, who is this member or none."""
        return {
            **self.as_dict(),
            "my_role": member.role if member else None,
            **(member.mute if member else NOT_MUTED),
        }


class Member(Base):
    """Somebody in a group."""

    __tablename__ = "members"
    __table_args__ = (
        # The database refuses what no code path should try: two owners.
        sa.Index("members_one_owner", "group_id", unique=True, postgresql_where=sa.text("role = 'owner'")),
        sa.CheckConstraint("role IN ('owner', 'coordinator', 'staff', 'guest')", name="members_role"),
    )

    group_id: Mapped[Id] = mapped_column(sa.ForeignKey("groups.id"), primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True, index=True)
    role: Mapped[Role]
    joined_at: Mapped[datetime] = mapped_column(default=clock.now)
    # `FOR_GOOD` until they say otherwise.
    muted_until: Mapped[datetime | None]

    @property
    def mute(self) -> dict[str, Any]:
        """Whether they want no alerts of the group now, and until when; for good has no end."""
        if self.muted_until is None or self.muted_until <= clock.now():
            return NOT_MUTED
        ends = None if self.muted_until == FOR_GOOD else clock.rfc3339(self.muted_until)
        return {"muted": True, "muted_until": ends}


class Invite(Base):
    """An invitation link, known only by its token's SHA-256 and changed under its group's lock."""

    __tablename__ = "invites"
    __table_args__ = (
        # The database refuses what no code path should try: a use too many.
        sa.CheckConstraint("uses BETWEEN 0 AND max_uses", name="invites_uses"),
        sa.CheckConstraint("role IN ('coordinator', 'staff', 'guest')", name="invites_role"),
        sa.Index("invites_by_group", "group_id", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    group_id: Mapped[Id] = mapped_column(sa.ForeignKey("groups.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    role: Mapped[Role]
    max_uses: Mapped[int]
    uses: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[Id]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]

    @property
    def usable(self) -> bool:
        return self.revoked_at is None and self.uses < self.max_uses and clock.now() < self.expires_at

    def as_dict(self) -> dict[str, Any]:
        """The invitation as those who may invite see it: without its token."""
        return {
            "id": self.id,
            "role": self.role,
            "max_uses": self.max_uses,
            "uses": self.uses,
            "created_by": self.created_by,
            "created_at": clock.rfc3339(self.created_at),
            "expires_at": clock.rfc3339(self.expires_at),
        }


class InviteUse(Base):
    """Somebody who comes in by an invitation. Until `joined_at` a place is kept for a person whom auth is
    being asked to make; the clock ends what a crash left so."""

    __tablename__ = "invite_uses"
    __table_args__ = (
        sa.Index(
            "invite_uses_key", "invite_id", "key", unique=True, postgresql_where=sa.text("key IS NOT NULL")
        ),
        sa.Index("invite_uses_open", "reserved_at", postgresql_where=sa.text("joined_at IS NULL")),
    )

    invite_id: Mapped[Id] = mapped_column(sa.ForeignKey("invites.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    # Of a person who is not signed in yet: their Idempotency-Key, and the account they asked for.
    key: Mapped[str | None]
    username: Mapped[str | None]
    reserved_at: Mapped[datetime] = mapped_column(default=clock.now)
    joined_at: Mapped[datetime | None]


class Person(Base):
    """What groups needs of people: our copy, kept by listening to auth."""

    __tablename__ = "people"

    id: Mapped[Id] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    kind: Mapped[str]
    active: Mapped[bool]
    version: Mapped[int]


class Appointment(Base):
    """When a group meets: wall times in a time zone, once or again and again by a rule.

    `last` and `latest` have no value where the rule has no end; `earliest` and `latest` hold all its
    occurrences, moved ones too. Whoever changes it holds the lock of its group.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        sa.CheckConstraint("starts < ends", name="appointments_span"),
        sa.Index("appointments_of_group", "group_id", "starts", "id"),
        sa.Index("appointments_near", "next_near_at", postgresql_where=sa.text("next_near_at IS NOT NULL")),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    group_id: Mapped[Id] = mapped_column(sa.ForeignKey("groups.id"))
    made_by: Mapped[Id]
    title: Mapped[str]
    description: Mapped[str]
    place: Mapped[str]
    timezone: Mapped[str]
    all_day: Mapped[bool]
    starts: Mapped[Wall]
    ends: Mapped[Wall]
    rrule: Mapped[str | None]
    last: Mapped[Wall | None]
    earliest: Mapped[Wall]
    latest: Mapped[Wall | None]
    remind_minutes: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer))
    next_near_at: Mapped[datetime | None]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    version: Mapped[int] = mapped_column(default=1)

    def series(self, changed: "list[ChangedOccurrence]") -> Series:
        """All its times.

        Args:
            changed: those of its occurrences that are not where the rule says.
        """
        return Series(
            self.starts,
            self.ends,
            zone(self.timezone),
            self.rrule,
            self.last,
            {c.occurrence: (c.starts, c.ends) if c.starts and c.ends else None for c in changed},
        )

    def local(self, time: datetime) -> str:
        """A wall time as people of its zone write it; only the day for what lasts all day."""
        return time.date().isoformat() if self.all_day else time.isoformat()


class ChangedOccurrence(Base):
    """One time of a series that was moved, or (without times) cancelled, by where it was."""

    __tablename__ = "changed_occurrences"
    __table_args__ = (
        sa.CheckConstraint("(starts IS NULL) = (ends IS NULL)", name="changed_occurrences_span"),
    )

    appointment_id: Mapped[Id] = mapped_column(
        sa.ForeignKey("appointments.id", ondelete="CASCADE"), primary_key=True
    )
    occurrence: Mapped[Wall] = mapped_column(primary_key=True)
    starts: Mapped[Wall | None]
    ends: Mapped[Wall | None]


class Reminder(Base):
    """What was said to be near, so that it is said once: the occurrence by when it starts."""

    __tablename__ = "appointment_reminders"

    appointment_id: Mapped[Id] = mapped_column(
        sa.ForeignKey("appointments.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[datetime] = mapped_column(primary_key=True)
    minutes: Mapped[int] = mapped_column(primary_key=True)


class CalendarToken(Base):
    """The address at which calendar applications read somebody's calendar: hashed, since it opens it."""

    __tablename__ = "calendar_tokens"

    user_id: Mapped[Id] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    read_at: Mapped[datetime | None]
    window_ends: Mapped[datetime] = mapped_column(default=clock.now)
    reads: Mapped[int] = mapped_column(default=0)
