"""The words of the socket: what a client may say, and how what we say is encoded. Pure code."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Self

import orjson
from kit.errors import Invalid, Refusal, Unreadable
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)
from websockets.frames import Frame, Opcode

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Seq = Annotated[StrictInt, Field(ge=0, lt=2**53)]
Ref = Annotated[StrictInt, Field(ge=-(2**53), lt=2**53)] | Annotated[str, StringConstraints(max_length=64)]

# Longer runs of entries go in several frames, so that no frame is more than a slow reader may owe us.
ENTRIES_BYTES = 64 * 1024


class ClientFrame(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    ref: Ref | None = None


class Hello(ClientFrame):
    type: Literal["hello"]
    token: Annotated[str, StringConstraints(max_length=8192)]
    device_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    groups: Annotated[dict[Id, Seq], Field(max_length=1000)] = Field(default_factory=dict)


class Send(ClientFrame):
    type: Literal["send"]
    group_id: Id
    client_id: Id
    text: str | None = None
    attachment_ids: Annotated[list[Id], Field(max_length=50)] | None = None
    reply_to: Seq | None = None
    reply_part: str | None = None
    mentions: Annotated[list[Id], Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.text is None and not self.attachment_ids:
            raise ValueError("a text or an attachment is needed")
        return self


class _Geo(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Point(_Geo):
    type: Literal["Point"]
    coordinates: Annotated[
        list[float],
        Field(min_length=2, max_length=3, description="Longitude, latitude, perhaps altitude in metres."),
    ]


class PointProperties(_Geo):
    accuracy_m: float | None = None
    recorded_at: (
        Annotated[str, StringConstraints(max_length=64), Field(examples=["2026-11-22T17:26:03.120Z"])] | None
    ) = Field(default=None, description="Now, where it is left out.")


class Feature(_Geo):
    """Where somebody is, as GeoJSON (RFC 7946)."""

    type: Literal["Feature"]
    id: Id | None = Field(
        default=None, description="A UUID of the client's own: sent twice, it is the same position."
    )
    geometry: Point
    properties: PointProperties | None = None


class Position(ClientFrame):
    type: Literal["position"]
    group_id: Id
    feature: Feature
    live: bool = False


class Read(ClientFrame):
    type: Literal["read"]
    group_id: Id
    seq: Seq


class Received(ClientFrame):
    """The client has what there is up to `seq`; `shown` where it is on a screen that somebody uses."""

    type: Literal["received"]
    group_id: Id
    seq: Seq
    shown: bool = False


class Typing(ClientFrame):
    type: Literal["typing"]
    group_id: Id


class Ping(ClientFrame):
    type: Literal["ping"]


FRAMES: dict[str, type[ClientFrame]] = {
    "hello": Hello,
    "send": Send,
    "position": Position,
    "read": Read,
    "received": Received,
    "typing": Typing,
    "ping": Ping,
}


def parse(message: bytes) -> tuple[Any, ClientFrame | Refusal]:
    """What the client says, or why it can't be understood, each with the `ref` to answer with."""
    try:
        raw = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None, Unreadable("invalid_json", "The frame is not JSON.")
    if not isinstance(raw, dict):
        return None, Unreadable("invalid_frame", "A frame is a JSON object.")
    ref = raw.get("ref")
    if isinstance(ref, bool) or not isinstance(ref, int | str) or (isinstance(ref, str) and len(ref) > 64):
        ref = None
    kind = raw.get("type")
    model = FRAMES.get(kind) if isinstance(kind, str) else None
    if model is None:
        return ref, Invalid("unknown_type", "There is no such type of frame.")
    try:
        return ref, model.model_validate(raw)
    except ValidationError as problem:
        return ref, Invalid("invalid_frame", "The frame is not as the protocol says.", wrong_fields(problem))


def wrong_fields(problem: ValidationError) -> list[dict[str, Any]]:
    """The `errors` of a refusal: where, and what is wrong there."""
    return [
        {"loc": list(error["loc"]), "msg": error["msg"]}
        for error in problem.errors(include_url=False, include_input=False, include_context=False)
    ]


def text_frame(body: bytes) -> bytes:
    """The bytes that go over the wire, the same for every socket."""
    return Frame(Opcode.TEXT, body).serialize(mask=False)


def encode(frame: dict[str, Any]) -> bytes:
    return text_frame(orjson.dumps(frame))


def encode_error(ref: Any, refusal: Refusal) -> bytes:
    frame: dict[str, Any] = {"type": "error", "ref": ref, "code": refusal.code, "detail": refusal.detail}
    if refusal.errors:
        frame["errors"] = refusal.errors
    if refusal.retry_after is not None:
        frame["retry_after_ms"] = round(refusal.retry_after * 1000)
    return encode(frame)


def encode_entries(group_id: str, entries: list[bytes], *, missed: bool = False) -> bytes:
    """A frame of entries that are JSON already: `entry` for one that is new, `entries` otherwise."""
    name = orjson.dumps(group_id)
    if len(entries) == 1 and not missed:
        return text_frame(b'{"type":"entry","group_id":%b,"entry":%b}' % (name, entries[0]))
    return text_frame(
        b'{"type":"entries","group_id":%b,"entries":[%b],"complete":true}' % (name, b",".join(entries))
    )


def encode_too_much(group_id: str) -> bytes:
    """Says that too much of a room was missed to be sent: the client reads it over HTTP."""
    return encode({"type": "entries", "group_id": group_id, "entries": [], "complete": False})


def portions(entries: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The entries in order, in parts of at most `ENTRIES_BYTES` or of one entry."""
    part: list[bytes] = []
    size = 0
    for entry in entries:
        if part and size + len(entry) > ENTRIES_BYTES:
            yield part
            part, size = [], 0
        part.append(entry)
        size += len(entry)
    if part:
        yield part
