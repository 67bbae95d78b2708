"""What may be written into an appointment, and what may be asked of a calendar."""

from datetime import datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from kit import clock
from kit.fields import Line, Text
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from groups import recurrence
from groups.recurrence import END_YEAR, FIRST_YEAR

LONGEST = timedelta(days=366)
WIDEST = timedelta(days=400)
# Four weeks, as in other calendars.
EARLIEST_MINUTES = 4 * 7 * 24 * 60


class Times(BaseModel):
    """When something begins and ends, in wall times: one asked with an offset is that instant, one without
    is the zone's. Order matters: the later are judged by the former.

    The context's `length` is how long it lasts where no `end` is said.
    """

    model_config = ConfigDict(extra="forbid")

    timezone: Annotated[str, Field(max_length=60)]
    all_day: bool
    start: datetime
    end: datetime

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return recurrence.zone(name).key

    @field_validator("start", "end", mode="before")
    @classmethod
    def _is_a_wall_time(cls, asked: Any, info: ValidationInfo) -> Any:
        length = (info.context or {}).get("length")
        if asked is None and length and "start" in info.data:
            return info.data["start"] + length
        found = asked if isinstance(asked, datetime) else _read(asked)
        if not {"timezone", "all_day"} <= info.data.keys():
            return found
        return _wall(found, recurrence.zone(info.data["timezone"]), all_day=info.data["all_day"])

    @field_validator("end")
    @classmethod
    def _ends_later(cls, end: datetime, info: ValidationInfo) -> datetime:
        if {"timezone", "start"} <= info.data.keys():
            start, zone = info.data["start"], recurrence.zone(info.data["timezone"])
            if not recurrence.instant(start, zone) < recurrence.instant(end, zone):
                raise ValueError("It ends after it starts.")
            if end - start > LONGEST:
                raise ValueError(f"It lasts {LONGEST.days} days at most.")
        return end


def _read(text: Any) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError("A time is RFC 3339, or without an offset one of the time zone.") from None


def _wall(asked: datetime, zone: ZoneInfo, *, all_day: bool) -> datetime:
    if not FIRST_YEAR <= asked.year < END_YEAR:
        raise ValueError(f"A time lies between the years {FIRST_YEAR} and {END_YEAR}.")
    asked = asked.replace(microsecond=0)
    found = recurrence.wall(asked, zone) if asked.tzinfo else asked
    if asked.tzinfo and recurrence.instant(found, zone) != asked:
        raise ValueError("Of a time that comes twice when the clocks go back, only the first can be meant.")
    if not all_day:
        return found
    midnight = datetime.combine(found, time())
    # Where the clocks skip midnight, the day begins with the first time there is.
    if recurrence.instant(midnight, zone) != recurrence.instant(found, zone):
        raise ValueError("What lasts all day has days as times; the last is the one after it.")
    return midnight


class AppointmentFields(Times):
    """What makes an appointment, and may be changed of it."""

    rrule: Annotated[str, Field(max_length=500)] | None
    title: Annotated[Line, Field(min_length=1, max_length=200)]
    description: Annotated[Text, Field(max_length=5000)]
    place: Annotated[Line, Field(max_length=300)]
    remind_minutes: Annotated[list[Annotated[int, Field(ge=0, le=EARLIEST_MINUTES)]], Field(max_length=5)]

    @field_validator("rrule")
    @classmethod
    def _is_a_rule(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is None or not {"timezone", "all_day", "start"} <= info.data.keys():
            return text
        zone = recurrence.zone(info.data["timezone"])
        return recurrence.read_rule(text, info.data["start"], zone, all_day=info.data["all_day"])

    @field_validator("remind_minutes")
    @classmethod
    def _once_each(cls, minutes: list[int]) -> list[int]:
        return sorted(set(minutes), reverse=True)


class Begin(BaseModel):
    """From when on somebody looks."""

    model_config = ConfigDict(extra="forbid")

    since: datetime = Field(alias="from")

    @field_validator("*", mode="before")
    @classmethod
    def _is_a_time(cls, text: str) -> datetime:
        time = clock.parse(text)
        if not FIRST_YEAR <= time.year < END_YEAR:
            raise ValueError(f"A calendar lies between the years {FIRST_YEAR} and {END_YEAR}.")
        return time


class Window(Begin):
    """The piece of time that somebody looks at."""

    until: datetime = Field(alias="to")

    @field_validator("until")
    @classmethod
    def _is_bounded(cls, until: datetime, info: ValidationInfo) -> datetime:
        since = info.data.get("since", until - WIDEST)
        if not since < until <= since + WIDEST:
            raise ValueError(f"`to` lies after `from`, {WIDEST.days} days at most.")
        return until
