"""Positions and shares, and our copy of who is in which group."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.db import Id, kit_tables
from kit.event import new_id
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

RUNNING = sa.text("ended_at IS NULL")


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name
        datetime: sa.DateTime(timezone=True),
        str: sa.Text,
        dict[str, Any]: JSONB,
    }


kit_tables(Base.metadata)


class Room(Base):
    """A group, as far as we heard of it; who shares a position locks it against its end."""

    __tablename__ = "rooms"

    group_id: Mapped[Id] = mapped_column(primary_key=True)
    ended: Mapped[bool] = mapped_column(server_default=sa.text("false"))


class Member(Base):
    """Our copy of a membership; `version` is the group's when it was so.

    Who has left has a row without a role: a late "joined" cannot bring them back.
    """

    __tablename__ = "members"

    group_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    role: Mapped[str | None]
    version: Mapped[int] = mapped_column(sa.BigInteger)


class Position(Base):
    """A position that somebody sent into a room, under the sender's own id. Kept for a while, for who
    sends it again; what stays is the room's entry."""

    __tablename__ = "positions"

    group_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    feature: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(index=True)


class Share(Base):
    """Somebody's position in a room, live until its end: only the last point of it is ever kept."""

    __tablename__ = "shares"
    __table_args__ = (
        # One a person and room, whatever the code does.
        sa.Index("shares_running", "group_id", "user_id", unique=True, postgresql_where=RUNNING),
        sa.Index("shares_of_a_person", "user_id", postgresql_where=RUNNING),
        sa.Index("shares_of_a_session", "session_id", postgresql_where=RUNNING),
        sa.Index("shares_by_end", "ends_at", postgresql_where=RUNNING),
        sa.Index("shares_ended", "ended_at"),
        sa.CheckConstraint("ended_at IS NULL OR geometry IS NULL", name="shares_forgotten"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    group_id: Mapped[Id]
    user_id: Mapped[Id]
    session_id: Mapped[Id | None]
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    geometry: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    accuracy_m: Mapped[float | None]
    recorded_at: Mapped[datetime | None]

    def shown(self) -> dict[str, Any]:
        """The share as members see it; a higher version of it is newer."""
        return {
            "id": self.id,
            "group_id": self.group_id,
            "user_id": self.user_id,
            "started_at": clock.rfc3339(self.started_at),
            "ends_at": clock.rfc3339(self.ends_at),
            "ended_at": self.ended_at and clock.rfc3339(self.ended_at),
            "end_reason": self.end_reason,
            "version": self.version,
        }

    def feature(self) -> dict[str, Any]:
        """The last point, under the id of the share."""
        assert self.recorded_at
        return {
            "type": "Feature",
            "id": self.id,
            "geometry": self.geometry,
            "properties": {
                "user_id": self.user_id,
                "accuracy_m": self.accuracy_m,
                "recorded_at": clock.rfc3339(self.recorded_at),
                "ends_at": clock.rfc3339(self.ends_at),
            },
        }
