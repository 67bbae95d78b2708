"""What groups says, and what it hears. Each event of a group has a version of its own."""

from typing import Any, Self

from kit import clock
from kit.event import Heard, Said
from pydantic import BaseModel, ConfigDict

from groups.models import Catalogue, Group, ReportType, Role, Visibility

_GROUP = "019ad8c6-0f70-7000-8000-00000000000a"
_MEI = "019ad8c6-0f70-7000-8000-000000000001"
_TOM = "019ad8c6-0f70-7000-8000-000000000002"
_AT = "2026-11-22T17:26:03.120Z"


class GroupNow(BaseModel):
    """The group as it is after the event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    description: str
    catalogue: Catalogue
    type: ReportType | None
    visibility: Visibility
    target_end: str | None
    owner_id: str
    member_count: int
    created_at: str
    ended_at: str | None
    version: int


class _OfGroup(Said):
    group_id: str
    by: str
    version: int
    at: str

    @property
    def subject(self) -> str:
        return self.group_id

    @classmethod
    def of(cls, group: Group, by: str, **more: Any) -> Self:
        """The event about this group as it is now.

        Args:
            by: who did it.
            more: the other fields of the event.
        """
        values = {
            "group_id": group.id,
            "by": by,
            "version": group.version,
            "at": clock.rfc3339(group.changed_at),
        }
        if "group" in cls.model_fields:
            values["group"] = group.as_dict()
        return cls.model_validate(values | more)

    @classmethod
    def example(cls) -> Self:
        group = Group(
            id=_GROUP,
            name="Sales Asia",
            description="",
            catalogue="business",
            type="sales",
            visibility="open",
            owner_id=_MEI,
            member_count=2,
            created_at=clock.parse(_AT),
            changed_at=clock.parse(_AT),
            version=3,
        )
        return cls.of(group, _MEI, **cls._more())

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {}


class _WithGroup(_OfGroup):
    group: GroupNow

    def _also_staff(self) -> list[str]:
        return ["staff"] if self.group.visibility == "open" else []


class GroupCreated(_WithGroup, type="groups.group_created"):
    """A group exists. Its owner's `member_joined` follows in the same transaction."""

    @property
    def audience(self) -> list[str]:
        return [f"user:{self.by}", *self._also_staff()]


class _ToMembers(_WithGroup):
    @property
    def audience(self) -> list[str]:
        return [f"group:{self.group_id}", *self._also_staff()]


class GroupChanged(_ToMembers, type="groups.group_changed"):
    """The owner edited the group."""

    changed: list[str]

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {"changed": ["name"]}


class GroupEnded(_ToMembers, type="groups.group_ended"):
    """The group can be read and no longer changed."""


class _OfMember(_WithGroup):
    user_id: str

    @property
    def audience(self) -> list[str]:
        return [f"group:{self.group_id}", f"user:{self.user_id}", *self._also_staff()]


class MemberJoined(_OfMember, type="groups.member_joined"):
    """Somebody is in the group from now on."""

    role: Role

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {"user_id": _TOM, "role": "staff"}


class MemberLeft(_OfMember, type="groups.member_left"):
    """Somebody is no longer in the group; `removed` says that the owner did it."""

    removed: bool

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {"user_id": _TOM, "removed": False}


class MemberRoleChanged(_OfGroup, type="groups.member_role_changed"):
    """A member has another role. Handing a group over says two: the old owner's first."""

    user_id: str
    role: Role

    @property
    def audience(self) -> list[str]:
        return [f"group:{self.group_id}", f"user:{self.user_id}"]

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {"user_id": _TOM, "role": "coordinator"}


class PersonHeard(BaseModel):
    id: str
    display_name: str
    kind: str
    active: bool
    version: int


class UserCreated(Heard, type="auth.user_created"):
    user: PersonHeard


class UserChanged(Heard, type="auth.user_changed"):
    user: PersonHeard
