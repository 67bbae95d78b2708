"""A room's timeline, messages and read marks."""

from typing import Annotated

from flask import Response, g
from pydantic import Field, StringConstraints

from gateway.http.base import Api, Body, Id, Page, Query, Shown, Time, answer, ask, nothing
from gateway.wiring import gateway

chat = Api("chat")

Seq = Annotated[int, Field(ge=0, lt=2**53)]


class TimelineQuery(Query):
    after_seq: Seq | None = Field(default=None, description="The entries that follow this one.")
    before_seq: Seq | None = Field(default=None, description="The entries right before this one.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Message(Body):
    client_id: Id = Field(description="A UUID of the client's own: sent twice, it is the same message.")
    text: Annotated[str, StringConstraints(max_length=20000)]
    reply_to: Seq | None = None


class ReadMark(Body):
    seq: Seq


class Entry(Shown):
    """One item of a timeline; each kind has fields of its own."""

    seq: int
    id: str
    kind: str = Field(examples=["text", "report", "member", "group"])
    sender_id: str | None
    client_id: str | None
    at: Time


class Timeline(Shown):
    items: list[Entry]
    next_cursor: str | None = None


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


@chat.route("PUT", "/groups/<group_id>/read", "I have read up to here; only forward", body=ReadMark)
def read(group_id: str, body: ReadMark) -> Response:
    ask("chat", "read", group_id=group_id, seq=body.seq)
    return nothing()


@chat.route("GET", "/groups/<group_id>/reads", "How far each member has read", query=Page, shows=ReadPage)
def reads(group_id: str, query: Page) -> Response:
    return answer(ask("chat", "reads", group_id=group_id, **query.model_dump()))
