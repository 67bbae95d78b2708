"""Rooms, their members as we heard of them, and the one timeline of each room."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from kit.db import Id, kit_tables
from sqlalchemy import BigInteger, DateTime, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase): ...


class Room(Base):
    """Its row is the lock under which a seq is allotted: last_seq counts entries, 1..n without a hole."""

    __tablename__ = "rooms"
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    ended: Mapped[bool] = mapped_column(server_default=sa.text("false"))


class Member(Base):
    """Our copy of a membership; `version` is the group's when it was so.

    Somebody known not to be a member has a row without a role: a late "joined" cannot bring back who left,
    and groups is asked about a stranger only once.
    """

    __tablename__ = "members"
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    role: Mapped[str | None] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(BigInteger)
    read_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    # Whether the group may be seen though one is no member: else it looks unknown to them. Null: to be asked.
    visible: Mapped[bool | None]


class Entry(Base):
    """`body` holds what a kind has beyond text. Partitioned, because this table grows for ever."""

    __tablename__ = "entries"
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    sender_id: Mapped[Id | None]
    client_id: Mapped[Id | None]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    text: Mapped[str | None] = mapped_column(Text)
    reply_to: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    __table_args__ = (
        Index(
            "entries_client_id",
            "group_id",
            "sender_id",
            "client_id",
            unique=True,
            postgresql_where=sa.text("client_id IS NOT NULL"),
        ),
        {"postgresql_partition_by": "HASH (group_id)"},
    )


kit_tables(Base.metadata)
