"""A service to try the kit with: it notes texts, says that it did, and hears what was noted.

Its name comes from outside, so that each test has queues and events of its own.
"""

import os
import threading
from typing import Any

from kit import errors
from kit.config import Settings
from kit.db import Id, kit_tables, new_id
from kit.event import Heard, Said
from kit.observe import trace_id
from kit.service import Ask, Service, every, hear, rpc
from pydantic import Field
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAME = os.environ["ECHO_NAME"]


class EchoSettings(Settings):
    TICK_TEXT: str = Field(default="", description="Noted at each tick; nothing if empty.")


class Base(DeclarativeBase): ...


kit_tables(Base.metadata)


class Note(Base):
    """What was called for or heard, in the order it was stored."""

    __tablename__ = "notes"
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    text: Mapped[str]
    trace: Mapped[str | None]


class Attempt(Base):
    """Each time a handler began, whatever became of it."""

    __tablename__ = "attempts"
    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    text: Mapped[str]


class Broken(Base):
    """Texts whose handling fails."""

    __tablename__ = "broken"
    text: Mapped[str] = mapped_column(primary_key=True)


class Noted(Said, type=f"{NAME}.noted"):
    text: str

    @property
    def audience(self) -> list[str]:
        return ["everyone"]

    @property
    def subject(self) -> str:
        return self.text

    @classmethod
    def example(cls) -> "Noted":
        return cls(text="milk")


class NotedHeard(Heard, type=f"{NAME}.noted"):
    text: str


class GatheredHeard(Heard, type=f"{NAME}.gathered"):
    text: str


class Echo(Service):
    name = NAME
    myself = Ask(NAME)

    @rpc
    def note(self, *, text: str, say: bool = True) -> dict[str, Any]:
        with self.db() as tx:
            note = Note(kind="called", text=text, trace=trace_id())
            tx.add(note)
            tx.flush()
            if say:
                tx.emit(Noted(text=text))
        return {"number": note.number, "by": self.caller.user_id}

    @rpc
    def note_by_asking(self, *, text: str) -> Any:
        return self.myself.note(text=text)

    @rpc
    def repeat(self, *, text: str, times: int) -> str:
        return text * times

    @rpc
    def refuse(self, *, kind: str) -> None:
        raise errors.BY_NAME[kind]("no_way", "Never.", [{"loc": ["text", 0], "msg": "bad"}], 2.5)

    @rpc
    def fail(self) -> None:
        raise ZeroDivisionError("unforeseen")

    @rpc
    def unwritable(self) -> object:
        return object()

    @hear(NotedHeard)
    def noted(self, event: NotedHeard) -> None:
        with self.db() as tx:
            tx.add(Attempt(text=event.text))
        with self.db() as tx:
            if tx.seen(event):
                return
            tx.add(Note(kind="heard", text=event.text, trace=trace_id()))
            tx.flush()
            if tx.get(Broken, event.text):
                raise RuntimeError(f"{event.text} is broken")

    @hear(GatheredHeard, gather=1.0)
    def gathered(self, heard: list[GatheredHeard]) -> None:
        with self.db() as tx:
            tx.add(Attempt(text=" ".join(event.text for event in heard)))
        with self.db() as tx:
            for event in tx.unseen(heard):
                if tx.get(Broken, event.text):
                    raise RuntimeError(f"{event.text} is broken")
                tx.add(Note(kind="gathered", text=event.text))
                tx.flush()

    @every(0.2)
    def tick(self) -> None:
        if self.settings.TICK_TEXT:
            with self.db() as tx:
                tx.add(Note(kind="tick", text=self.settings.TICK_TEXT))


def idle(settings: EchoSettings, stop: threading.Event) -> None:
    """The loop of a worker without work."""
    stop.wait()
