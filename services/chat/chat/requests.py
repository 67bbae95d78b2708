"""What comes in from outside, checked before any SQL sees it."""

from typing import Annotated, Any

from kit.errors import Invalid, Refusal
from kit.fields import Text, checked, is_id
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from chat.errors import group_not_found

MOST_MESSAGES = 500
MOST_GROUPS = 1000
MOST_CHARACTERS = 10_000


def _an_id(text: str) -> str:
    if not is_id(text):
        raise ValueError("not a UUID")
    return text.lower()  # as PostgreSQL gives it back: ids are compared as texts


AnId = Annotated[str, AfterValidator(_an_id)]
Seq = Annotated[int, Field(ge=0, lt=2**63, strict=True)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Draft(_Request):
    """A message that somebody wants in a room."""

    sender_id: AnId
    group_id: AnId
    client_id: AnId
    text: Annotated[Text, Field(min_length=1, max_length=MOST_CHARACTERS)]
    reply_to: Seq | None = None

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


def draft(message: dict[str, Any]) -> Draft | Refusal:
    """The message, or why it can't be taken: a refusal concerns this one only."""
    try:
        return checked(Draft, "invalid_message", message)
    except Invalid as refusal:
        return (
            refusal if is_id(message.get("group_id", "")) or "group_id" not in message else group_not_found()
        )
