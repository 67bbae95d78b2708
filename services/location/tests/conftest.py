from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kit import clock
from kit.caller import ANONYMOUS, Caller
from kit.db import Transactions
from kit.errors import Conflict, Refusal, Unavailable
from kit.event import new_id
from kit.testing import hear_event, make, said, settings, staff
from location import events
from location.models import Base
from location.service import LocationService
from location.settings import LocationSettings

PARIS = [2.294481, 48.85837]


@pytest.fixture(scope="session")
def kit_config() -> Path:
    return Path(__file__).parents[1] / "config.yml"


class Groups:
    """Stands in for the service groups: what it knows, whether it is there, what it was asked."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], dict[str, Any]] = {}
        self.away = False
        self.asked: list[tuple[str, str]] = []

    def put(self, group_id: str, user_id: str, role: str | None, version: int = 1, **more: Any) -> None:
        told = {"group_id": group_id, "user_id": user_id, "role": role, "version": version}
        self.known[group_id, user_id] = {**told, "visible": True, "ended": False, "name": "Room", **more}

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


class Chat:
    """Stands in for the service chat: one entry for each position, asked for or heard of."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.away = False
        self.ended = False

    def position_entry(self, *, _deadline: float = 2.0, **told: Any) -> dict[str, Any]:
        if self.away:
            raise Unavailable("unavailable", "The service chat is out of reach.", retry_after=1)
        if self.ended:
            raise Conflict("group_ended", "Ended.")
        key = told["group_id"], told["user_id"], told["position_id"]
        for entry in self.entries:
            if (entry["group_id"], entry["sender_id"], entry["client_id"]) == key:
                return {"entry": entry}
        entry = {
            "seq": len(self.entries) + 1,
            "kind": "position",
            "group_id": told["group_id"],
            "sender_id": told["user_id"],
            "client_id": told["position_id"],
            "feature": told["feature"],
            "at": told["at"],
        }
        self.entries.append(entry)
        return {"entry": entry}


class House:
    """Location on a database, the services it asks, and short words for what happens to them."""

    def __init__(self, db: Transactions) -> None:
        self.db = db
        self.groups, self.chat = Groups(), Chat()
        self.versions: dict[str, int] = {}

    def location(self, who: str | Caller | None = None, **changes: Any) -> LocationService:
        caller = staff(who) if isinstance(who, str) else who or ANONYMOUS
        return make(
            LocationService,
            self.db,
            caller,
            groups=self.groups,
            chat=self.chat,
            settings=settings(LocationSettings, **changes),
        )

    def event(self, kind: type[Any], group_id: str, **fields: Any) -> Any:
        """An event of groups, with the group's next version."""
        version = self.versions[group_id] = self.versions.get(group_id, 0) + 1
        return hear_event(kind, group_id=group_id, version=version, **fields)

    def room(self, *users: str) -> str:
        """A room of these members."""
        group_id = new_id()
        for user_id in users:
            self.join(group_id, user_id)
        return group_id

    def join(self, group_id: str, user_id: str, role: str = "staff") -> None:
        event = self.event(events.MemberJoined, group_id, user_id=user_id, role=role)
        self.location().member_joined(event)

    def leave(self, group_id: str, user_id: str) -> None:
        self.groups.put(group_id, user_id, None)
        self.location().member_left(self.event(events.MemberLeft, group_id, user_id=user_id))

    def end(self, group_id: str) -> None:
        self.location().group_ended(self.event(events.GroupEnded, group_id))

    def said(self, type: str) -> list[dict[str, Any]]:
        return [data for said_type, data, _ in said(self.db) if said_type == f"location.{type}"]

    def rows(self, table: str) -> list[Any]:
        with self.db() as tx:
            found = Base.metadata.tables[table]
            return list(tx.execute(found.select().order_by(*found.primary_key)).all())

    def state(self) -> Any:
        """All that a refusal must leave as it was."""
        return {name: self.rows(name) for name in ("positions", "shares", "outbox", "replies")}


def feature(coordinates: Any = None, id: str | None = None, **properties: Any) -> dict[str, Any]:
    """A position as a client sends it."""
    made: dict[str, Any] = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": PARIS if coordinates is None else coordinates},
    }
    return made | ({"id": id} if id else {}) | ({"properties": properties} if properties else {})


@pytest.fixture(autouse=True)
def groups_rested() -> None:
    LocationService._groups_rest_until = 0.0


@pytest.fixture
def house(db: Transactions) -> House:
    return House(db)


@pytest.fixture
def real_house(real_db: Transactions) -> House:
    return House(real_db)


@pytest.fixture
def refused() -> Callable[..., Refusal]:
    """The refusal that a call must be answered with."""

    def call(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            method(*args, **kwargs)
        return caught.value

    return call


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock on by seconds."""
    moved = timedelta()
    real = clock.now

    def move(seconds: float) -> None:
        nonlocal moved
        moved += timedelta(seconds=seconds)

    def now() -> datetime:
        return real() + moved

    monkeypatch.setattr(clock, "now", now)
    return move
