"""What comes in from outside, checked before any SQL sees it."""

import re
from typing import Annotated, Any, Literal

from kit.errors import Invalid, Refusal
from kit.fields import Line, Text, checked, is_id
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
)

from chat.errors import group_not_found

MOST_MESSAGES = 500
MOST_GROUPS = 1000
MOST_CHARACTERS = 10_000
MOST_PART_CHARACTERS = 200
MOST_MENTIONS = 50
MOST_QUERY_CHARACTERS = 200


# Line breaks, and what turns the direction of writing: a name must look like what it is.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _an_id(text: str) -> str:
    if not is_id(text):
        raise ValueError("not a UUID")
    return text.lower()  # as PostgreSQL gives it back: ids are compared as texts


def _a_name(text: str) -> str:
    """The last part of what may be a path, in one line of at most 255 characters, its suffix kept."""
    name = re.split(r"[/\\]", _CONTROL.sub("", text))[-1].strip(" .") or "file"
    stem, dot, suffix = name.rpartition(".")
    if dot and stem and len(suffix) <= 20:
        return stem[: 254 - len(suffix)] + dot + suffix
    return name[:255]


def _each_once(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))


AnId = Annotated[str, AfterValidator(_an_id)]
Seq = Annotated[int, Field(ge=0, lt=2**63, strict=True)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _within(ids: list[str], info: ValidationInfo) -> list[str]:
    most = info.context["most_attachments"] if info.context else len(ids)
    if len(ids) > most:
        raise ValueError(f"at most {most} attachments")
    return ids


class Draft(_Request):
    """A message that somebody wants in a room.

    Its context is `most_attachments`.
    """

    sender_id: AnId
    group_id: AnId
    client_id: AnId
    attachment_ids: Annotated[list[AnId], AfterValidator(_each_once), AfterValidator(_within)] = []
    text: Annotated[Text, Field(max_length=MOST_CHARACTERS, validate_default=True)] = ""
    reply_to: Seq | None = None
    reply_part: Annotated[Line, Field(min_length=1, max_length=MOST_PART_CHARACTERS)] | None = None
    mentions: Annotated[
        list[AnId | Literal["everyone"]], Field(max_length=MOST_MENTIONS), AfterValidator(_each_once)
    ] = []

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str, info: ValidationInfo) -> str:
        if not text and not info.data.get("attachment_ids"):
            raise ValueError("a text or an attachment is needed")
        return text

    @field_validator("reply_part")
    @classmethod
    def _of_something(cls, part: str | None, info: ValidationInfo) -> str | None:
        if part is not None and info.data.get("reply_to") is None:
            raise ValueError("a part of what? reply_to says so")
        return part

    @property
    def body(self) -> dict[str, Any]:
        """What is stored beside the text, as it is."""
        return self.model_dump(include={"reply_part", "mentions"}, exclude_none=True, exclude_defaults=True)

    @property
    def author(self) -> tuple[str, str]:
        return self.group_id, self.sender_id

    @property
    def key(self) -> tuple[str, str, str]:
        """The same key is the same message."""
        return self.group_id, self.sender_id, self.client_id


class Drafts(_Request):
    messages: Annotated[list[dict[str, Any]], Field(max_length=MOST_MESSAGES)]


class Window(_Request):
    """A part of a timeline: `limit` entries after one seq, or before one, or the newest."""

    after_seq: Seq | None = None
    before_seq: Seq | None = None
    limit: Annotated[int, Field(ge=1, le=200, strict=True)] = 50


class ReadMark(_Request):
    seq: Seq


class Edit(_Request):
    text: Annotated[Text, Field(max_length=MOST_CHARACTERS)]


class Target(_Request):
    """Which entry of a room."""

    seq: Annotated[Seq, Field(ge=1)]


class Incoming(_Request):
    """A file that the gateway has put into the store."""

    incoming_key: Annotated[str, Field(pattern=r"^incoming/[0-9a-f-]{36}$")]
    name: Annotated[str, AfterValidator(_a_name)]


class Search(_Request):
    q: Annotated[Text, Field(min_length=1, max_length=MOST_QUERY_CHARACTERS)]


class MembershipItem(BaseModel):
    """What groups says of a membership, as far as we keep it."""

    group_id: AnId
    user_id: AnId
    role: str | None
    version: Annotated[int, Field(ge=0, strict=True)]
    ended: bool = False
    visible: bool | None = None


class Memberships(_Request):
    items: Annotated[list[MembershipItem], Field(max_length=MOST_GROUPS)]


class Position(_Request):
    """A position in a room, as location tells it."""

    group_id: AnId
    user_id: AnId
    position_id: AnId
    feature: dict[str, JsonValue]
    at: AwareDatetime


class Rooms(_Request):
    group_ids: Annotated[list[str], Field(max_length=MOST_GROUPS)]


class Behind(_Request):
    """What a client has, and the groups its user is in."""

    user_id: AnId
    have: dict[str, Seq]
    groups: Annotated[list[str], Field(max_length=MOST_GROUPS)]
    limit: Annotated[int, Field(ge=1, le=200, strict=True)] = 200


def group(text: str) -> str:
    """The id of a group; what is none names no group."""
    if not is_id(text):
        raise group_not_found()
    return text.lower()


def ids(texts: list[str]) -> list[str]:
    """The ids among the texts, each once."""
    return list({text.lower(): None for text in texts if is_id(text)})


def draft(message: dict[str, Any], most_attachments: int) -> Draft | Refusal:
    """The message, or why it can't be taken: a refusal concerns this one only."""
    try:
        return checked(Draft, "invalid_message", message, {"most_attachments": most_attachments})
    except Invalid as refusal:
        return (
            refusal if is_id(message.get("group_id", "")) or "group_id" not in message else group_not_found()
        )
