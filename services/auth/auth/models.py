"""Tables of auth, and the rules that need no other row."""

import unicodedata
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from kit import clock
from kit.db import Id, kit_tables
from kit.event import new_id
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

Kind = Literal["staff", "customer"]

REPORT_TYPES = (
    "sales",
    "purchasing",
    "production",
    "receivables",
    "payables",
    "ledger",
    "financial",
    "human_resources",
)
ADMINISTRATOR = "administrator"
# Each with the sentence that administrators read beside it.
PERMISSIONS = {
    ADMINISTRATOR: "Makes and changes people, and may do everything that a permission allows.",
    "news:publish": "Publishes, changes and withdraws news.",
    **{
        f"reports:{type}": f"Sees reports of {type.replace('_', ' ')}, and subscribes to them."
        for type in REPORT_TYPES
    },
}


def username_key(username: str) -> str:
    """What makes two usernames the same: neither case nor the way a letter is composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name
        datetime: sa.DateTime(timezone=True),
        str: sa.Text,
        list[str]: ARRAY(sa.Text),
        dict[str, Any]: JSONB,
        bytes: sa.LargeBinary,
    }


kit_tables(Base.metadata)


class User(Base):
    """A person who may sign in."""

    __tablename__ = "users"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('staff', 'customer')", name="users_kind"),
        sa.Index("users_rights", "rights_at", postgresql_where=sa.text("rights_at IS NOT NULL")),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    display_name: Mapped[str] = mapped_column()
    sort_name: Mapped[str] = column_property(sa.func.lower(display_name))
    kind: Mapped[str]
    permissions: Mapped[list[str]]
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="UTC")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    active: Mapped[bool] = mapped_column(default=True)
    avatar_id: Mapped[Id | None]
    avatar_type: Mapped[str | None]
    avatar_size: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # When kind, permissions or `active` were changed last: older tokens tell older rights.
    rights_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    def as_public(self) -> dict[str, Any]:
        """What anyone who may see this person sees."""
        return {
            "id": self.id,
            "username": self.username,
            "display_name": self.display_name,
            "kind": self.kind,
            # The address changes with the picture, so that the picture may be kept.
            "avatar_url": self.avatar_id and f"/api/v1/users/{self.id}/avatar?v={self.avatar_id}",
        }

    def as_user(self) -> dict[str, Any]:
        """What the person and administrators see."""
        return self.as_public() | {
            "permissions": self.permissions,
            "locale": self.locale,
            "timezone": self.timezone,
            "active": self.active,
            "created_at": clock.rfc3339(self.created_at),
            "version": self.version,
        }


class UserSession(Base):
    """One sign-in on one device, until it ends."""

    __tablename__ = "sessions"
    __table_args__ = (
        sa.Index("sessions_open", "user_id", postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("sessions_idle", "expires_at", postgresql_where=sa.text("ended_at IS NULL")),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[Id] = mapped_column(sa.ForeignKey("users.id"))
    remembered: Mapped[bool]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime] = mapped_column(default=clock.now, server_default=sa.func.now())
    expires_at: Mapped[datetime]
    # The refresh token used last. Only tokens that followed from it may be used next.
    last_used: Mapped[bytes | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    end_reason: Mapped[str | None]


class RefreshToken(Base):
    """A refresh token, known only by its SHA-256."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[Id] = mapped_column(sa.ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    follows: Mapped[bytes | None]
    made_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    used_at: Mapped[datetime | None]


class LoginAttempts(Base):
    """Failed logins of one account, one address or the pair of them, in the present window."""

    __tablename__ = "login_attempts"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    window_ends: Mapped[datetime] = mapped_column(index=True)


class Membership(Base):
    """Who shares a group with whom: our copy, kept by listening to groups.

    A row stays when the person has left, so that an older event that comes late can't bring them back.
    """

    __tablename__ = "memberships"

    user_id: Mapped[Id] = mapped_column(primary_key=True)
    group_id: Mapped[Id] = mapped_column(primary_key=True, index=True)
    member: Mapped[bool]
    version: Mapped[int]
