"""All settings of groups, with what they mean."""

from kit.config import Settings
from pydantic import Field


class GroupsSettings(Settings):
    TASK_REMIND_MINUTES: str = Field(
        default="1440,60",
        pattern=r"^([1-9]\d{0,5}(,[1-9]\d{0,5}){0,9})?$",
        description="Minutes before its target at which a task's members are reminded, with commas between.",
    )
    INVITE_AUTH_SECONDS: float = Field(
        default=4.0,
        gt=0,
        description="How long auth may take to make the account of who accepts an invitation.",
    )
    INVITE_SETTLE_SECONDS: float = Field(
        default=60.0,
        ge=20,
        description="After this the clock finds out what became of an account that auth left without answer.",
    )

    @property
    def remind_minutes(self) -> list[int]:
        return [int(minutes) for minutes in self.TASK_REMIND_MINUTES.split(",") if minutes]
