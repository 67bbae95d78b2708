"""Tables of groups, and the rules that need no other row."""

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from kit import clock
from kit.db import Id, kit_tables
from kit.event import new_id
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Catalogue = Literal["chat", "business", "task"]
Visibility = Literal["open", "invite"]
Role = Literal["owner", "coordinator", "staff", "guest"]
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


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name
        datetime: sa.DateTime(timezone=True),
        str: sa.Text,
        Catalogue: sa.Text,
        Visibility: sa.Text,
        Role: sa.Text,
        ReportType: sa.Text,
    }


kit_tables(Base.metadata)


class Group(Base):
    """A group. Whoever changes it or its members holds the lock of this row and raises `version`."""

    __tablename__ = "groups"
    __table_args__ = (
        sa.CheckConstraint("(catalogue = 'business') = (type IS NOT NULL)", name="groups_type"),
        sa.CheckConstraint("(catalogue = 'task') = (target_end IS NOT NULL)", name="groups_target_end"),
        sa.Index("groups_by_change", "changed_at", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    description: Mapped[str]
    catalogue: Mapped[Catalogue]
    type: Mapped[ReportType | None]
    visibility: Mapped[Visibility]
    target_end: Mapped[datetime | None]
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

    def as_dict(self) -> dict[str, Any]:
        """The group as everybody who sees it sees it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "catalogue": self.catalogue,
            "type": self.type,
            "visibility": self.visibility,
            "target_end": self.target_end and clock.rfc3339(self.target_end),
            "owner_id": self.owner_id,
            "member_count": self.member_count,
            "created_at": clock.rfc3339(self.created_at),
            "ended_at": self.ended_at and clock.rfc3339(self.ended_at),
            "version": self.version,
        }

    def shown(self, my_role: str | None) -> dict[str, Any]:
        """The group as one person sees it."""
        return {**self.as_dict(), "my_role": my_role}


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


class Person(Base):
    """What groups needs of people: our copy, kept by listening to auth."""

    __tablename__ = "people"

    id: Mapped[Id] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    kind: Mapped[str]
    active: Mapped[bool]
    version: Mapped[int]
