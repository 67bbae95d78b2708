"""Rooms, their members as we heard of them, and the one timeline of each room."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from kit.db import Id, kit_tables
from sqlalchemy import ARRAY, BigInteger, DateTime, Index, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Who is mentioned by mentioning everyone.
EVERYONE = "00000000-0000-0000-0000-000000000000"


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
    __table_args__ = (
        Index("members_rooms", "user_id", "group_id", postgresql_where=sa.text("role IS NOT NULL")),
    )


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
        # What is not counted as unread: few, so that counting them costs a message nothing.
        Index("entries_quiet", "group_id", "seq", postgresql_where=sa.text("kind IN ('edit', 'delete')")),
        {"postgresql_partition_by": "HASH (group_id)"},
    )


class Version(Base):
    """A text that an edit, the entry `edit_seq`, has replaced; `at` is when it was written."""

    __tablename__ = "versions"
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    edit_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    text: Mapped[str] = mapped_column(Text)


class Mention(Base):
    """Who is named in an entry, to be counted while unread; EVERYONE stands for every member."""

    __tablename__ = "mentions"
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class Attachment(Base):
    """A photo or file; its bytes lie in the store under keys that follow from its id.

    The row is there before its bytes and goes after them, so the store holds nothing that no row names.
    `coming` until the bytes are there, `kept`, and `going` once nobody may have it any more.
    """

    __tablename__ = "attachments"
    id: Mapped[Id] = mapped_column(primary_key=True)
    owner_id: Mapped[Id]
    state: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str | None] = mapped_column(String(10))
    content_type: Mapped[str | None] = mapped_column(String(100))
    name: Mapped[str | None] = mapped_column(String(255))
    size: Mapped[int | None] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    thumbnail_size: Mapped[int | None] = mapped_column(BigInteger)
    # The room and the entry it was sent in.
    group_id: Mapped[Id | None]
    seq: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("attachments_unsent", "owner_id", "at", postgresql_where=sa.text("group_id IS NULL")),
        Index("attachments_going", "at", postgresql_where=sa.text("state = 'going'")),
    )


class Findable(Base):
    """What search looks through: the text of a message as it is compared, and its grams (chat/search.py)."""

    __tablename__ = "findable"
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    text: Mapped[str] = mapped_column(Text)
    grams: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    __table_args__ = (
        # New grams wait in a list that ChatService.tidy_search puts away; no sender does so on the way.
        Index(
            "findable_grams",
            "grams",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 16384},
        ),
        {"postgresql_partition_by": "HASH (group_id)"},
    )


kit_tables(Base.metadata)
