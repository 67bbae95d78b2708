"""Events: facts in the past tense, in CloudEvents 1.0's structured JSON form.

Strict when said (`Said` refuses unknown fields), tolerant when heard (`Heard` keeps what it names).
The attribute `audience` is an extension of ours: who may hear, separated by spaces.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

import orjson
import uuid_utils
from pydantic import BaseModel, ConfigDict, PrivateAttr

from kit.clock import now, parse, rfc3339

CONTENT_TYPE = "application/cloudevents+json"


def new_id() -> str:
    """A UUIDv7: ids of one process sort by the time they were made."""
    return str(uuid_utils.uuid7())


@dataclass(frozen=True)
class Envelope:
    """CloudEvents' attributes around an event."""

    id: str
    source: str
    type: str
    time: datetime
    subject: str | None
    audience: tuple[str, ...]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)

    event_type: ClassVar[str] = ""
    event_version: ClassVar[int] = 1

    def __init_subclass__(cls, **_: Any) -> None:
        """Python's own hook sees the keywords before pydantic's."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(cls, type: str = "", version: int = 1, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.event_type = type
        cls.event_version = version

    @classmethod
    def routing_key(cls) -> str:
        """The name on the wire, `<service>.<fact>.v<version>`."""
        return f"{cls.event_type}.v{cls.event_version}"


class Said(_Event):
    """An event of the service that defines it. `audience` and `example` are its to write."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def audience(self) -> list[str]:
        """Who may hear: `group:<id>`, `user:<id>`, `staff`, `everyone`; nobody by default."""
        return []

    @property
    def subject(self) -> str | None:
        """What the event is about, for readers that filter."""
        return None

    @classmethod
    def example(cls) -> Self:
        """One instance, shown in the contract and tried by every reader's test."""
        raise NotImplementedError(f"{cls.__name__} gives no example")

    def encode(self, source: str, id: str | None = None, time: datetime | None = None) -> bytes:
        """The bytes on the wire.

        Args:
            source: the service that says it.
        """
        body: dict[str, Any] = {
            "specversion": "1.0",
            "id": id or new_id(),
            "source": f"/bchat/{source}",
            "type": self.routing_key(),
            "time": rfc3339(time or now()),
            "datacontenttype": "application/json",
            "audience": " ".join(self.audience),
            "data": self.model_dump(mode="json"),
        }
        if self.subject is not None:
            body["subject"] = self.subject
        return orjson.dumps(body)


class Heard(_Event):
    """An event of another service, with only the fields this one reads."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    _envelope: Envelope | None = PrivateAttr(default=None)

    @property
    def envelope(self) -> Envelope:
        if self._envelope is None:
            raise RuntimeError("this event did not arrive in an envelope")
        return self._envelope

    @classmethod
    def decode(cls, body: bytes | str | dict[str, Any]) -> Self:
        """The event that arrived.

        Raises:
            ValueError: not JSON, not an envelope, or a field this reader needs is missing or wrong.
        """
        raw = body if isinstance(body, dict) else orjson.loads(body)
        try:
            envelope = open_envelope(raw)
            event = cls.model_validate(raw["data"])
        except (KeyError, TypeError, AttributeError) as problem:
            raise ValueError(f"not an event: {problem!r}") from problem
        event._envelope = envelope
        return event


def open_envelope(raw: dict[str, Any]) -> Envelope:
    """The attributes of a decoded event; raises what Python raises where it is none."""
    return Envelope(
        id=str(UUID(raw["id"])),
        source=raw["source"],
        type=raw["type"],
        time=parse(raw["time"]),
        subject=raw.get("subject"),
        audience=tuple(raw.get("audience", "").split()),
    )
