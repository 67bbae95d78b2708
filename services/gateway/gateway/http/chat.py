"""A room's timeline, messages and read marks; what can be found and taken along of it."""

from typing import Annotated, Literal

from flask import Response, g
from pydantic import Field, StringConstraints
from werkzeug.exceptions import NotFound

from gateway.http import exports
from gateway.http.base import Api, Body, Id, Page, Query, Shown, Time, answer, ask, nothing
from gateway.wiring import gateway

chat = Api("chat")

Seq = Annotated[int, Field(ge=0, lt=2**53)]
Text = Annotated[str, StringConstraints(max_length=20000)]
KINDS = ["text", "photo", "file", "edit", "delete", "report", "position", "news", "task", "member", "group"]


class TimelineQuery(Query):
    after_seq: Seq | None = Field(default=None, description="The entries that follow this one.")
    before_seq: Seq | None = Field(default=None, description="The entries right before this one.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Message(Body):
    client_id: Id = Field(description="A UUID of the client's own: sent twice, it is the same message.")
    text: Text | None = Field(default=None, description="May be missing where there are attachments.")
    attachment_ids: Annotated[list[Id], Field(max_length=50)] | None = Field(
        default=None, description="Mine, and not sent yet."
    )
    reply_to: Seq | None = None
    reply_part: Text | None = Field(
        default=None, description="The part of it that is meant: a bar of a report."
    )
    mentions: Annotated[list[Id], Field(max_length=50)] | None = Field(
        default=None, description="Members; or `everyone`, from the owner and coordinators."
    )


class MessageChange(Body):
    text: Text


class SearchQuery(Page):
    q: Annotated[str, StringConstraints(max_length=200)] = Field(
        description="Words that all occur, as parts of words too; one Chinese character is enough."
    )
    group_id: Id | None = Field(default=None, description="Only in this room.")


class ExportQuery(Query):
    format: Literal["html", "jsonl"] = Field(
        default="html", description="`html` to be read; `jsonl` for programs, an object a line."
    )


class ReadMark(Body):
    seq: Seq


class Entry(Shown):
    """One item of a timeline; each kind has fields of its own."""

    seq: int
    id: str
    kind: str = Field(examples=KINDS)
    sender_id: str | None
    client_id: str | None
    at: Time
    text: str | None = Field(default=None, description="Of a message: as it is now.")
    edited_at: Time | None = None
    deleted: bool | None = Field(
        default=None, description="A message that has no text or attachments any more."
    )
    target_seq: int | None = Field(default=None, description="Of `edit` and `delete`: the message.")


class Timeline(Shown):
    items: list[Entry]
    next_cursor: str | None = None


class Version(Shown):
    text: str
    at: Time = Field(description="When this was written.")


class VersionPage(Shown):
    items: list[Version]
    next_cursor: str | None


class Found(Shown):
    group_id: str
    snippet: str = Field(description="The part in which it was found.")
    entry: Entry


class FoundPage(Shown):
    items: list[Found]
    next_cursor: str | None


class Mark(Shown):
    user_id: str
    seq: int


class ReadPage(Shown):
    items: list[Mark]
    next_cursor: str | None


@chat.route(
    "GET",
    "/groups/<group_id>/timeline",
    "The room's entries in seq order",
    query=TimelineQuery,
    shows=Timeline,
    description="Without a seq: the newest.",
)
def timeline(group_id: str, query: TimelineQuery) -> Response:
    return answer(ask("chat", "timeline", group_id=group_id, **query.model_dump()))


@chat.route(
    "POST",
    "/groups/<group_id>/messages",
    "Send a message",
    body=Message,
    shows=Entry,
    status=201,
    description="The same as the socket's `send`.",
)
def send(group_id: str, body: Message) -> Response:
    message = {"sender_id": g.caller.id, "group_id": group_id, **body.model_dump(exclude_none=True)}
    return answer(gateway().lane(g.caller.id, group_id).send(message), 201)


def seq_of(seq: str) -> int:
    """Of a path, which may be anything."""
    if not (seq.isascii() and seq.isdecimal() and len(seq) <= 16):
        raise NotFound
    return int(seq)


@chat.route(
    "PATCH",
    "/groups/<group_id>/messages/<seq>",
    "Edit a message of mine, for some time",
    body=MessageChange,
    shows=Entry,
    description="The room learns of it by an entry of kind `edit`.",
)
def edit_message(group_id: str, seq: str, body: MessageChange) -> Response:
    return answer(ask("chat", "edit", group_id=group_id, seq=seq_of(seq), text=body.text))


@chat.route(
    "DELETE",
    "/groups/<group_id>/messages/<seq>",
    "Delete a message: mine, for some time; anybody's, as owner or coordinator",
    description="The room learns of it by an entry of kind `delete`.",
)
def delete_message(group_id: str, seq: str) -> Response:
    ask("chat", "remove", group_id=group_id, seq=seq_of(seq))
    return nothing()


@chat.route(
    "GET",
    "/groups/<group_id>/messages/<seq>/versions",
    "The texts a message had before: mine, or as owner",
    query=Page,
    shows=VersionPage,
)
def versions(group_id: str, seq: str, query: Page) -> Response:
    return answer(ask("chat", "versions", group_id=group_id, seq=seq_of(seq), **query.model_dump()))


@chat.route(
    "GET",
    "/search",
    "Messages I may read, the newest first",
    query=SearchQuery,
    shows=FoundPage,
    description="Without regard to case and width.",
)
def search(query: SearchQuery) -> Response:
    gateway().searches.take(g.caller.id)
    return answer(ask("chat", "search", **query.model_dump()))


@chat.route(
    "GET",
    "/groups/<group_id>/export",
    "All of a room, to take along (its owner)",
    query=ExportQuery,
    gives=tuple(exports.MEDIA_TYPES.values()),
    description="Whole only with its last line: `end`, or in `html` the closing sentence.",
)
def export(group_id: str, query: ExportQuery) -> Response:
    gateway().exports.take(g.caller.id)
    return exports.answer(group_id, query.format)


@chat.route("PUT", "/groups/<group_id>/read", "I have read up to here; only forward", body=ReadMark)
def read(group_id: str, body: ReadMark) -> Response:
    ask("chat", "read", group_id=group_id, seq=body.seq)
    return nothing()


@chat.route("GET", "/groups/<group_id>/reads", "How far each member has read", query=Page, shows=ReadPage)
def reads(group_id: str, query: Page) -> Response:
    return answer(ask("chat", "reads", group_id=group_id, **query.model_dump()))
