"""What groups says, and what it hears. Each event of a group has a version of its own."""

from typing import Any, ClassVar, Literal, Self

from kit import clock
from kit.event import Heard, Said
from pydantic import BaseModel, ConfigDict

from groups.models import Appointment, Catalogue, Group, Member, ReportType, Role, TaskState, Visibility

_GROUP = "019ad8c6-0f70-7000-8000-00000000000a"
_MEI = "019ad8c6-0f70-7000-8000-000000000001"
_TOM = "019ad8c6-0f70-7000-8000-000000000002"
_AT = "2026-11-22T17:26:03.120Z"
_END = "2099-12-24T17:00:00.000Z"
_EXAMPLE: dict[str, Any] = {
    "id": _GROUP,
    "name": "Sales Asia",
    "description": "",
    "visibility": "open",
    "owner_id": _MEI,
    "member_count": 2,
    "created_at": clock.parse(_AT),
    "changed_at": clock.parse(_AT),
    "version": 3,
}
_TASK = {"catalogue": "task", "state": "in_progress", "assignee_id": _TOM, "target_end": clock.parse(_END)}


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
    state: TaskState | None
    assignee_id: str | None
    overdue: bool
    owner_id: str
    member_count: int
    created_at: str
    ended_at: str | None
    version: int


class TaskNow(BaseModel):
    """What is to be done until when, and by whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: TaskState
    assignee_id: str | None
    target_end: str


class CalendarItem(BaseModel):
    """What stands in the members' calendars, as the socket's frame `calendar` shows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Literal["task", "appointment", "report"]
    group_id: str
    title: str
    start: str
    end: str | None
    timezone: str | None
    change: Literal["near", "moved", "overdue", "made", "withdrawn"]


class _AboutGroup(Said):
    group_id: str
    version: int
    at: str

    @property
    def subject(self) -> str:
        return self.group_id

    @classmethod
    def of(cls, group: Group, by: str | None = None, **more: Any) -> Self:
        """The event about this group as it is now.

        Args:
            by: who did it, unless the clock did.
            more: the other fields of the event.
        """
        values = {
            "group_id": group.id,
            "by": by,
            "version": group.version,
            "at": clock.rfc3339(group.changed_at),
            "group": group.as_dict(),
        }
        return cls.model_validate({n: v for n, v in values.items() if n in cls.model_fields} | more)

    @classmethod
    def example(cls) -> Self:
        return cls.of(Group(**_EXAMPLE, catalogue="business", type="sales"), _MEI, **cls._more())

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {}


class _OfGroup(_AboutGroup):
    by: str


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

    def _also_staff(self) -> list[str]:
        # Who loses sight of the group has to hear that, too.
        return ["staff"] if "visibility" in self.changed else super()._also_staff()

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {"changed": ["name"]}


class GroupEnded(_ToMembers, type="groups.group_ended"):
    """The group can be read and no longer changed."""


class TaskChanged(_ToMembers, type="groups.task_changed"):
    """A task's state, assignee or target is another; `item` is there for calendars where the target moved."""

    old: TaskNow
    new: TaskNow
    item: CalendarItem | None

    @classmethod
    def of_change(cls, group: Group, by: str, old: dict[str, Any]) -> Self:
        """
        Args:
            old: the group `as_task` before.
        """
        moved = old["target_end"] != group.as_task()["target_end"]
        item = _calendar_item(group, "moved") if moved else None
        return cls.of(group, by, old=old, new=group.as_task(), item=item)

    @classmethod
    def example(cls) -> Self:
        task = Group(**_EXAMPLE, **_TASK)
        return cls.of_change(task, _MEI, {"state": "open", "assignee_id": None, "target_end": _AT})


class TaskReminded(_AboutGroup, type="groups.task_reminded"):
    """A task's target is near, or has passed with the task not done."""

    group: GroupNow
    # Before the target; 0 is the target itself.
    minutes: int
    item: CalendarItem

    @property
    def audience(self) -> list[str]:
        return [f"group:{self.group_id}"]

    @classmethod
    def of_target(cls, group: Group, minutes: int) -> Self:
        return cls.of(group, minutes=minutes, item=_calendar_item(group, "near" if minutes else "overdue"))

    @classmethod
    def example(cls) -> Self:
        return cls.of_target(Group(**_EXAMPLE, **_TASK), 60)


def _calendar_item(group: Group, change: str) -> dict[str, Any]:
    return {
        "id": group.id,
        "kind": "task",
        "group_id": group.id,
        "title": group.name,
        "start": group.as_task()["target_end"],
        "end": None,
        "timezone": None,
        "change": change,
    }


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


class MemberMuted(Said, type="groups.member_muted"):
    """A member wants no alerts of the group, `muted_until` then or for good; or wants them again."""

    group_id: str
    user_id: str
    muted: bool
    muted_until: str | None
    version: int
    at: str

    @property
    def subject(self) -> str:
        return self.group_id

    @property
    def audience(self) -> list[str]:
        return [f"user:{self.user_id}"]

    @classmethod
    def of(cls, group: Group, member: Member, at: str) -> Self:
        return cls(group_id=group.id, user_id=member.user_id, **member.mute, version=group.version, at=at)

    @classmethod
    def example(cls) -> Self:
        return cls(group_id=_GROUP, user_id=_TOM, muted=True, muted_until=_END, version=4, at=_AT)


class AppointmentItem(CalendarItem):
    """An appointment; with an `occurrence` only that one of a series, by when it would start unmoved."""

    end: str
    timezone: str
    place: str
    all_day: bool
    local_start: str
    local_end: str
    occurrence: str | None


class _OfAppointment(Said):
    change: ClassVar[str]
    group_id: str
    item: AppointmentItem
    version: int
    at: str

    @property
    def subject(self) -> str:
        return self.item.id

    @property
    def audience(self) -> list[str]:
        return [f"group:{self.group_id}"]

    @classmethod
    def of(cls, appointment: Appointment, item: dict[str, Any], **more: Any) -> Self:
        """The event about this appointment as it is now.

        Args:
            item: it, or the occurrence that is meant, in a calendar.
            more: the other fields of the event.
        """
        values = {
            "group_id": appointment.group_id,
            "item": {**item, "change": cls.change},
            "version": appointment.version,
            "at": clock.rfc3339(clock.now()),
        }
        return cls.model_validate(values | more)

    @classmethod
    def example(cls) -> Self:
        appointment = Appointment(group_id=_GROUP, version=3)
        item = {
            "id": "019ad8c6-0f70-7000-8000-0000000000c1",
            "kind": "appointment",
            "group_id": _GROUP,
            "title": "Weekly numbers",
            "place": "Room 4",
            "start": "2026-11-23T08:00:00.000Z",
            "end": "2026-11-23T08:30:00.000Z",
            "timezone": "Europe/Berlin",
            "all_day": False,
            "local_start": "2026-11-23T09:00:00",
            "local_end": "2026-11-23T09:30:00",
            "occurrence": "2026-11-23T08:00:00.000Z",
        }
        return cls.of(appointment, item, at=_AT, **cls._more())

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {"by": _MEI}


class AppointmentMade(_OfAppointment, type="groups.appointment_made"):
    """A group has an appointment."""

    change = "made"
    by: str


class AppointmentChanged(_OfAppointment, type="groups.appointment_changed"):
    """An appointment, or one occurrence of it, is another now, or at another time."""

    change = "moved"
    by: str


class AppointmentWithdrawn(_OfAppointment, type="groups.appointment_withdrawn"):
    """An appointment, or one occurrence of it, does not take place."""

    change = "withdrawn"
    by: str


class AppointmentNear(_OfAppointment, type="groups.appointment_near"):
    """An appointment begins in so many minutes, as its group asked to be reminded."""

    change = "near"
    minutes: int

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {"minutes": 15}


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


class UserErased(Heard, type="auth.user_erased"):
    user_id: str
    by: str
