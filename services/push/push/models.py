"""What there is to be told, to whom, on which devices; and our copies of people and memberships."""

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from kit import clock
from kit.db import Id, kit_tables
from kit.event import new_id
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

State = Literal["asked", "trying", "sent", "acknowledged", "dropped", "dead", "left", "withdrawn"]
LEFT = sa.text("state = 'left'")
ASKED = sa.text("state = 'asked'")
WAITING = sa.text("state IN ('asked', 'trying')")


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name
        datetime: sa.DateTime(timezone=True),
        str: sa.Text,
        int: sa.BigInteger,
        list[str]: ARRAY(sa.Text),
        dict[str, Any]: JSONB,
    }


kit_tables(Base.metadata)


class Person(Base):
    """Our copy of a person. What others see of them and what only they see come in events of their own."""

    __tablename__ = "people"

    id: Mapped[Id] = mapped_column(primary_key=True)
    display_name: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str] = mapped_column(server_default="customer")
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    seen_version: Mapped[int] = mapped_column(server_default="0")
    permissions: Mapped[list[str]] = mapped_column(server_default="{}")
    locale: Mapped[str] = mapped_column(server_default="en")
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    settings: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    own_version: Mapped[int] = mapped_column(server_default="0")


class Room(Base):
    """A group's name."""

    __tablename__ = "rooms"

    group_id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]


class Member(Base):
    """Our copy of a membership; `version` is the group's when it was so.

    Who has left has a row without a role: a late "joined" cannot bring them back. The role is the one they
    joined with: here only whether there is one counts.
    """

    __tablename__ = "members"
    __table_args__ = (sa.Index("members_of_user", "user_id", "group_id"),)

    group_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    role: Mapped[str | None]
    version: Mapped[int]
    muted_until: Mapped[datetime | None]
    mute_version: Mapped[int] = mapped_column(server_default="0")


class Mark(Base):
    """How far somebody has read a room, had it on the screen of a device in use, and received it."""

    __tablename__ = "marks"

    user_id: Mapped[Id] = mapped_column(primary_key=True)
    group_id: Mapped[Id] = mapped_column(primary_key=True)
    read_seq: Mapped[int] = mapped_column(server_default="0")
    shown_seq: Mapped[int] = mapped_column(server_default="0")
    received_seq: Mapped[int] = mapped_column(server_default="0")


class Device(Base):
    """Where to push: an address that is one device's, in one signed-in session.

    `device_id` is the client's own name for it, `address` its FCM token or the endpoint of Web Push.
    """

    __tablename__ = "devices"
    __table_args__ = (sa.UniqueConstraint("user_id", "device_id", name="devices_of_user"),)

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[Id]
    device_id: Mapped[str]
    session_id: Mapped[Id] = mapped_column(index=True)
    platform: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    address_digest: Mapped[bytes] = mapped_column(sa.LargeBinary, unique=True)
    keys: Mapped[dict[str, Any] | None]
    registered_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def has_to_show(self) -> bool:
        """A browser lets a page be pushed to only as long as each push shows something."""
        return self.channel == "web_push" or self.platform == "web"


class EndedSession(Base):
    """A session that is over, for as long as an access token of it may still be shown."""

    __tablename__ = "ended_sessions"

    id: Mapped[Id] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


class Notice(Base):
    """Something to be told of: an entry of a room, or what happened outside of rooms.

    Notices of one topic are one notification on a device. Of a room's topic `seq` is the entry's.
    """

    __tablename__ = "notices"

    topic: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    group_id: Mapped[Id | None]
    actor_id: Mapped[Id | None]
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    gone: Mapped[bool] = mapped_column(server_default=sa.false())


class Telling(Base):
    """That somebody is to be told of a topic, from a notice on; `due_at` is empty once that is done."""

    __tablename__ = "tellings"
    __table_args__ = (
        sa.Index("tellings_due", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
        sa.Index("tellings_told", "told_at", postgresql_where=sa.text("due_at IS NULL")),
        sa.Index("tellings_standing", "topic", postgresql_where=sa.text("stands")),
    )

    user_id: Mapped[Id] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    since_seq: Mapped[int]
    due_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    told_seq: Mapped[int] = mapped_column(server_default="0")
    # Pushes since the person last answered one: by reading, or a device by its receipt.
    unanswered: Mapped[int] = mapped_column(server_default="0")
    # Whether what they were told stands on a device, as far as we know.
    stands: Mapped[bool] = mapped_column(server_default=sa.false())


class Delivery(Base):
    """One push to one device, from the asking to its receipt.

    `trying` is noted before it is sent: a worker that is killed then has left us unsure whether it was.

    One with no `upto_seq` tells nothing: it takes away what stands on the device and is over. `left` is one
    that a browser has to wait for; it goes along with what the device is told next. `withdrawn` is done.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.Index("deliveries_asked", "device_id", "topic", unique=True, postgresql_where=ASKED),
        sa.Index("deliveries_of_topic", "topic", "user_id"),
        sa.Index("deliveries_waiting", "asked_at", postgresql_where=WAITING),
        sa.Index("deliveries_left", "device_id", postgresql_where=LEFT),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    secret: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[Id]
    device_id: Mapped[Id | None] = mapped_column(sa.ForeignKey("devices.id", ondelete="SET NULL"), index=True)
    channel: Mapped[str]
    topic: Mapped[str]
    since_seq: Mapped[int]
    upto_seq: Mapped[int]
    state: Mapped[State] = mapped_column(sa.Text, default="asked")
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    unsure: Mapped[int] = mapped_column(default=0)
    trying_at: Mapped[datetime | None]
    asked_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]


class Brake(Base):
    """A push service has had too many from us: nobody sends to it before `until`."""

    __tablename__ = "brakes"

    service: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


def room_topic(group_id: str) -> str:
    """What all entries of a room are told as."""
    return f"room:{group_id}"
