from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from chat import events
from chat.models import Base
from chat.service import ChatService
from chat.settings import ChatSettings
from kit.caller import ANONYMOUS, Caller
from kit.clock import now, rfc3339
from kit.db import Transactions
from kit.errors import Unavailable
from kit.event import new_id
from kit.store import Store
from kit.testing import hear_event, make, settings, staff


@pytest.fixture(scope="session")
def kit_config() -> Path:
    return Path(__file__).parent.parent / "config.yml"


class Groups:
    """Stands in for the service groups: what it knows, whether it is there, what it was asked."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], dict[str, Any]] = {}
        self.away = False
        self.asked: list[tuple[str, str]] = []

    def put(
        self,
        group_id: str,
        user_id: str,
        role: str | None,
        version: int = 1,
        ended: bool = False,
        visible: bool = True,
    ) -> None:
        self.known[group_id, user_id] = {
            "group_id": group_id,
            "user_id": user_id,
            "role": role,
            "visible": visible,
            "ended": ended,
            "name": "A room",
            "version": version,
        }

    def membership(self, *, group_id: str, user_id: str, _deadline: float = 2.0) -> dict[str, Any] | None:
        self.asked.append((group_id, user_id))
        if self.away:
            raise Unavailable("timeout", "The service groups did not answer in time.", retry_after=1)
        return self.known.get((group_id, user_id))

    def all_memberships(self, *, limit: int, cursor: str | None) -> dict[str, Any]:
        start = int(cursor or 0)
        items = [m for m in self.known.values() if m["role"]]
        more = start + limit < len(items)
        return {"items": items[start : start + limit], "next_cursor": str(start + limit) if more else None}


@dataclass
class House:
    """Chat, the groups it asks, and short words for what happens to them."""

    db: Transactions
    files: Store
    groups: Groups = field(default_factory=Groups)
    versions: dict[str, int] = field(default_factory=dict)

    def chat(self, user_id: str | None = None, **changes: Any) -> ChatService:
        caller: Caller = staff(user_id) if user_id else ANONYMOUS
        return make(
            ChatService,
            self.db,
            caller,
            groups=self.groups,
            files=self.files,
            settings=settings(ChatSettings, **changes),
        )

    def event(self, kind: type[Any], group_id: str, by: str, **fields: Any) -> Any:
        """An event of groups, with the group's next version."""
        version = self.versions[group_id] = self.versions.get(group_id, 0) + 1
        return hear_event(kind, group_id=group_id, by=by, version=version, at=rfc3339(now()), **fields)

    def room(self, *users: str) -> str:
        """A room of these members, whose first made it."""
        group_id = new_id()
        self.chat().group_created(self.event(events.GroupCreated, group_id, users[0]))
        for user_id in users:
            self.join(group_id, user_id, "owner" if user_id == users[0] else "staff")
        return group_id

    def join(self, group_id: str, user_id: str, role: str = "staff") -> None:
        event = self.event(events.MemberJoined, group_id, user_id, user_id=user_id, role=role)
        self.chat().member_joined(event)

    def leave(self, group_id: str, user_id: str, removed: bool = False, visible: bool = True) -> None:
        """
        Args:
            visible: whether who left may still see the group.
        """
        event = self.event(events.MemberLeft, group_id, user_id, user_id=user_id, removed=removed)
        self.chat().member_left(event)
        self.groups.put(group_id, user_id, None, event.version, visible=visible)

    def end(self, group_id: str, by: str) -> None:
        self.chat().group_ended(self.event(events.GroupEnded, group_id, by))

    def send(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.chat().send(messages=list(messages))["results"]
        return results

    def bring(self, user_id: str, content: bytes = b"Some words.", name: str = "notes.txt") -> dict[str, Any]:
        """An attachment that somebody has uploaded."""
        incoming_key = f"incoming/{new_id()}"
        self.files.put(incoming_key, content)
        told: dict[str, Any] = self.chat(user_id).attach(incoming_key=incoming_key, name=name)
        self.files.delete(incoming_key)  # as the gateway does
        return told

    def stored(self) -> set[str]:
        """What lies in the store for us."""
        return {
            key.removeprefix("chat/") for key in self.files.older("chat", now() + timedelta(days=1), 1000)
        }

    def rows(self, table: str) -> list[Any]:
        with self.db() as tx:
            found = Base.metadata.tables[table]
            return list(tx.execute(sa.select(found).order_by(*found.primary_key)).all())

    def timeline(self, group_id: str) -> list[tuple[int, str]]:
        with self.db() as tx:
            found = tx.execute(
                sa.text("SELECT seq, kind FROM entries WHERE group_id = :g ORDER BY seq"), {"g": group_id}
            )
            return [(seq, kind) for seq, kind in found]


def message(sender_id: str, group_id: str, text: Any = "Good morning.", **fields: Any) -> dict[str, Any]:
    return {
        "sender_id": sender_id,
        "group_id": group_id,
        "client_id": str(uuid4()),
        "text": text,
        **fields,
    }


def codes(results: list[dict[str, Any]]) -> list[str]:
    """Each result in a word: the kind of the entry, or the refusal's code."""
    return [r["entry"]["kind"] if "entry" in r else r["refusal"]["code"] for r in results]


@pytest.fixture(autouse=True)
def groups_rested() -> None:
    ChatService._groups_rest_until = 0.0


@pytest.fixture
def files(tmp_path: Path) -> Store:
    return Store(f"file://{tmp_path}/files")


@pytest.fixture
def house(db: Transactions, files: Store) -> House:
    return House(db, files)


@pytest.fixture
def real_house(real_db: Transactions, files: Store) -> House:
    return House(real_db, files)


@pytest.fixture
def statements(engine: sa.Engine) -> Iterator[Callable[[Callable[[], Any]], list[str]]]:
    """What SQL a piece of work runs."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE")):
            seen.append(statement)

    def ran(work: Callable[[], Any]) -> list[str]:
        seen.clear()
        work()
        return list(seen)

    sa.event.listen(engine, "before_cursor_execute", note)
    yield ran
    sa.event.remove(engine, "before_cursor_execute", note)
