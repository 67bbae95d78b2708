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
    MOST_APPOINTMENTS: int = Field(default=500, ge=1, description="Appointments a group may have ahead.")
    FEED_PAST_DAYS: int = Field(
        default=90, ge=0, description="How long what is over stays in calendars that are subscribed to."
    )
    FEED_READS: int = Field(
        default=120, ge=1, description="How often such a calendar may be read within FEED_WINDOW_SECONDS."
    )
    FEED_WINDOW_SECONDS: int = Field(default=3600, ge=1, description="See FEED_READS.")

    @property
    def remind_minutes(self) -> list[int]:
        return [int(minutes) for minutes in self.TASK_REMIND_MINUTES.split(",") if minutes]
