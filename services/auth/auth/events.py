"""What auth says, and what it hears."""

from collections.abc import Iterable
from typing import Any, Literal, Self

from kit.event import Heard, Said
from pydantic import BaseModel, ConfigDict, PrivateAttr

from auth.fields import PersonSettings, QuietHours
from auth.models import User

_ID = "019ad8c6-0f70-7000-8000-000000000001"
_SESSION = "019ad8c6-0f70-7000-8000-000000000002"
EndReason = Literal["logout", "token_reused", "password_changed", "deactivated", "expired"]


class PublicUser(BaseModel):
    """A person as anyone who may see them sees them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    username: str
    display_name: str
    kind: Literal["staff", "customer"]
    avatar_url: str | None
    active: bool
    version: int


class OwnUser(PublicUser):
    """A person as they see themselves."""

    permissions: list[str]
    locale: str
    timezone: str
    created_at: str
    settings: PersonSettings


_MEI: dict[str, Any] = {
    "id": _ID,
    "username": "mei",
    "display_name": "Mei Lin",
    "kind": "staff",
    "avatar_url": None,
    "active": True,
    "version": 1,
}


class _AboutUser(Said):
    user: PublicUser
    # Customers learn only of people in their groups, so the audience can't be told from the fields.
    _others: tuple[str, ...] = PrivateAttr(())

    @classmethod
    def of(cls, user: User, others: Iterable[str] = ()) -> Self:
        """The event about this person, for all who may see them.

        Args:
            others: the part of the audience that the person doesn't tell.
        """
        event = cls(user=PublicUser(**user.as_public(), active=user.active, version=user.version))
        event._others = tuple(others)
        return event

    @property
    def subject(self) -> str:
        return self.user.id

    @property
    def audience(self) -> list[str]:
        return ["staff", f"user:{self.user.id}", *self._others]

    @classmethod
    def example(cls) -> Self:
        return cls(user=PublicUser(**_MEI))


class UserCreated(_AboutUser, type="auth.user_created"):
    """A person may sign in from now on."""


class UserChanged(_AboutUser, type="auth.user_changed"):
    """What others see of a person has changed."""


class UserIntroduced(_AboutUser, type="auth.user_introduced"):
    """Customers may see a person whom they could not see before: they are in a group together now."""

    @property
    def audience(self) -> list[str]:
        return [*self._others]


class SettingsChanged(Said, type="auth.settings_changed"):
    """What only the person sees of themselves has changed, or the person is new."""

    user: OwnUser

    @property
    def subject(self) -> str:
        return self.user.id

    @property
    def audience(self) -> list[str]:
        return [f"user:{self.user.id}"]

    @classmethod
    def example(cls) -> Self:
        return cls(
            user=OwnUser(
                **_MEI,
                permissions=["reports:sales"],
                locale="zh-Hant",
                timezone="Asia/Taipei",
                created_at="2026-11-22T17:26:03.120Z",
                settings=PersonSettings(quiet_hours=QuietHours(start="22:00", end="07:00")),
            )
        )


class PermissionsChanged(Said, type="auth.permissions_changed"):
    """What a person may do has changed; only services hear it, to keep copies."""

    user_id: str
    kind: Literal["staff", "customer"]
    permissions: list[str]
    active: bool
    version: int

    @property
    def subject(self) -> str:
        return self.user_id

    @classmethod
    def of(cls, user: User) -> Self:
        return cls.model_validate(
            {
                "user_id": user.id,
                "kind": user.kind,
                "permissions": user.permissions,
                "active": user.active,
                "version": user.version,
            }
        )

    @classmethod
    def example(cls) -> Self:
        return cls(user_id=_ID, kind="staff", permissions=["reports:sales"], active=True, version=2)


class SessionEnded(Said, type="auth.session_ended"):
    """A session is over: its sockets close, its tokens are dead."""

    session_id: str
    user_id: str
    reason: EndReason

    @property
    def subject(self) -> str:
        return self.session_id

    @property
    def audience(self) -> list[str]:
        return [f"user:{self.user_id}"]

    @classmethod
    def example(cls) -> Self:
        return cls(session_id=_SESSION, user_id=_ID, reason="logout")


class UserErased(Said, type="auth.user_erased"):
    """A person is to be forgotten: whatever names them goes, and their id stays where something hangs on it.

    `by` is the administrator who asked for it. It may be said again.
    """

    user_id: str
    by: str

    @property
    def subject(self) -> str:
        return self.user_id

    @classmethod
    def example(cls) -> Self:
        return cls(user_id=_ID, by=_SESSION)


class MemberJoined(Heard, type="groups.member_joined"):
    group_id: str
    user_id: str
    version: int


class MemberLeft(Heard, type="groups.member_left"):
    group_id: str
    user_id: str
    version: int
