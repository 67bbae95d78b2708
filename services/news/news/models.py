"""Tables of news, and the rules that need no other row."""

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from kit import clock
from kit.db import Id, kit_tables
from kit.event import new_id
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Audience = Literal["everyone", "staff", "groups"]
Status = Literal["draft", "planned", "released", "expired", "withdrawn"]


SUMMARY_CHARACTERS = 240


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name
        datetime: sa.DateTime(timezone=True),
        str: sa.Text,
        Audience: sa.Text,
        Status: sa.Text,
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(sa.Uuid(as_uuid=False)),
    }


kit_tables(Base.metadata)


class Article(Base):
    """An article. Whoever changes it holds the lock of this row and raises `version`.

    `body` is what was written, `html` and `text` are made of it: for readers, and for what they search.
    `at` is its place in lists: when it was made, will be released, or was.
    """

    __tablename__ = "articles"
    __table_args__ = (
        sa.CheckConstraint("(audience = 'groups') = (cardinality(group_ids) > 0)", name="articles_groups"),
        sa.CheckConstraint("status <> 'planned' OR publish_at IS NOT NULL", name="articles_planned_at"),
        sa.Index("articles_by_time", "status", "at", "id"),
        sa.Index("articles_planned", "publish_at", postgresql_where=sa.text("status = 'planned'")),
        sa.Index("articles_expiring", "expires_at", postgresql_where=sa.text("status = 'released'")),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    author_id: Mapped[Id]
    title: Mapped[str]
    body: Mapped[str]
    html: Mapped[str]
    text: Mapped[str]
    audience: Mapped[Audience]
    group_ids: Mapped[list[str]]
    must_read: Mapped[bool]
    status: Mapped[Status]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    publish_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[Id | None]
    version: Mapped[int] = mapped_column(default=1)
    # A mark of an older version than this no longer counts: it is to be read again.
    read_from: Mapped[int] = mapped_column(default=1)
    picture: Mapped[dict[str, Any] | None]

    @property
    def summary(self) -> str:
        """The beginning of its text."""
        most = SUMMARY_CHARACTERS
        return self.text if len(self.text) <= most else self.text[: most - 1].rstrip() + "…"

    @property
    def over(self) -> bool:
        """Whether its time has come to go; the clock makes it `expired` soon after."""
        return self.expires_at is not None and self.expires_at <= clock.now()

    @property
    def heard_by(self) -> list[str]:
        """The audience, as events name it."""
        return [f"group:{g}" for g in self.group_ids] if self.audience == "groups" else [self.audience]

    def as_dict(self) -> dict[str, Any]:
        """The article as everybody who reads it sees it, without its text."""
        return {
            "id": self.id,
            "title": self.title,
            "summary": self.summary,
            "author_id": self.author_id,
            "audience": self.audience,
            "must_read": self.must_read,
            "picture": self.picture and {name: self.picture[name] for name in ("width", "height", "etag")},
            "released_at": self.released_at and clock.rfc3339(self.released_at),
            "changed_at": self.changed_at and clock.rfc3339(self.changed_at),
            "expires_at": self.expires_at and clock.rfc3339(self.expires_at),
            "version": self.version,
        }


class ReadMark(Base):
    """Somebody has read an article, as it was in that version."""

    __tablename__ = "read_marks"

    # The person first: what somebody has not read is asked for with every list.
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    article_id: Mapped[Id] = mapped_column(sa.ForeignKey("articles.id"), primary_key=True, index=True)
    version: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=clock.now)


class Room(Base):
    """A group we know, and whether it has ended; an end is for good, so it needs no version."""

    __tablename__ = "rooms"

    group_id: Mapped[Id] = mapped_column(primary_key=True)
    ended: Mapped[bool]


class Member(Base):
    """Our copy of a membership as of the group's `version`; no role means known not to be a member."""

    __tablename__ = "members"

    group_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True, index=True)
    role: Mapped[str | None]
    version: Mapped[int] = mapped_column(sa.BigInteger)


class Person(Base):
    """What news needs of people: our copy, kept by listening to auth."""

    __tablename__ = "people"

    id: Mapped[Id] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    kind: Mapped[str]
    active: Mapped[bool]
    version: Mapped[int]
