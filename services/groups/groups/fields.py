"""What may be written into a group and its task."""

from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from kit import clock
from kit.fields import Line, Text
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from groups.models import Catalogue, ReportType, TaskState, Visibility

LAST_YEAR = 9000


def _coming(end: datetime, info: ValidationInfo) -> datetime:
    """A target end in the future, or the one there is: what is overdue can still be changed otherwise."""
    if end == (info.context or {}).get("target_end"):
        return end
    if not (clock.now() < end and end.year < LAST_YEAR):
        raise ValueError("A target end is in the future.")
    end = end.astimezone(UTC)
    return end.replace(microsecond=end.microsecond // 1000 * 1000)


class GroupFields(BaseModel):
    """What the owner may say of a group. Order matters: `type` and `target_end` are judged by the catalogue.

    The context's `target_end` is the one the group has.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    description: Annotated[Text, Field(max_length=2000)]
    catalogue: Catalogue
    visibility: Visibility
    type: str | None
    target_end: AwareDatetime | None

    @field_validator("type")
    @classmethod
    def _business_may_be_about_a_report(cls, type: str | None, info: ValidationInfo) -> str | None:
        match info.data.get("catalogue"):
            case "business" if type not in (None, *get_args(ReportType)):
                raise ValueError("The type of a business group is that of a report.")
            case "chat" | "task" if type is not None:
                raise ValueError("Only a business group has a type.")
        return type

    @field_validator("target_end")
    @classmethod
    def _task_ends(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        match info.data.get("catalogue"):
            case "task" if end is None:
                raise ValueError("A task group has a target end.")
            case "chat" | "business" if end is not None:
                raise ValueError("Only a task group has a target end.")
        return end and _coming(end, info)


class TaskFields(BaseModel):
    """What owner and coordinators may say of a task. The context's `target_end` is the one it has."""

    model_config = ConfigDict(extra="forbid")

    state: TaskState
    assignee_id: str | None
    target_end: Annotated[AwareDatetime, AfterValidator(_coming)]


class InviteFields(BaseModel):
    """What owner and coordinators may say of an invitation."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["coordinator", "staff", "guest"]
    expires_in_hours: Annotated[int, Field(ge=1, le=8760, strict=True)]
    max_uses: Annotated[int, Field(ge=1, le=1000, strict=True)]
