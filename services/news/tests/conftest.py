from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kit import clock
from kit.caller import Caller
from kit.db import Transactions
from kit.errors import Refusal
from kit.event import new_id
from kit.store import Store
from kit.testing import customer, hear_event, make, said, settings, staff
from news import events
from news.models import Article
from news.service import NewsService
from news.settings import NewsSettings


@pytest.fixture(scope="session")
def kit_config() -> Path:
    return Path(__file__).parents[1] / "config.yml"


class Groups:
    """Stands in for groups, which news asks about places it doesn't know."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []

    def membership(self, *, group_id: str, user_id: str, _deadline: float = 2.0) -> dict[str, Any] | None:
        self.asked.append((group_id, user_id))
        if group_id not in self.known:
            return None
        group = self.known[group_id]
        role = group["roles"].get(user_id)
        return {
            "group_id": group_id,
            "user_id": user_id,
            "role": role,
            "visible": bool(role) or group["open"],
            "ended": group["ended"],
            "name": "Room",
            "version": group["version"],
        }


class House:
    """News on a database, as somebody."""

    def __init__(self, db: Transactions, store: Store) -> None:
        self.db, self.store = db, store
        self.groups = Groups()

    def news(self, caller: Caller, **changes: Any) -> NewsService:
        return make(
            NewsService,
            self.db,
            caller,
            groups=self.groups,
            files=self.store,
            settings=settings(NewsSettings, **changes),
        )

    def person(self, kind: str = "staff", *permissions: str, name: str = "Somebody", **more: Any) -> Caller:
        """Somebody of whom news has heard."""
        user = {"id": new_id(), "display_name": name, "kind": kind, "active": True, "version": 1, **more}
        self.news(staff()).note_new_person(hear_event(events.UserCreated, user=user))
        return staff(user["id"], *permissions) if kind == "staff" else customer(user["id"])

    def publisher(self, name: str = "Publisher") -> Caller:
        return self.person("staff", "news:publish", name=name)

    def group(self, roles: dict[Caller, str], *, heard: bool = True, **more: Any) -> str:
        """A group with these members; unless `heard`, news knows of it only when it asks."""
        group_id = new_id()
        self.groups.known[group_id] = {
            "roles": {caller.id: role for caller, role in roles.items()},
            "open": False,
            "ended": False,
            "version": 1,
            **more,
        }
        for caller, role in roles.items() if heard else ():
            self.join(group_id, caller, role)
        return group_id

    def join(self, group_id: str, caller: Caller, role: str, version: int = 1) -> None:
        self.groups.known[group_id]["roles"][caller.id] = role
        fields = {"group_id": group_id, "user_id": caller.id, "role": role, "version": version}
        self.news(caller).note_joined(hear_event(events.MemberJoined, **fields))

    def leave(self, group_id: str, caller: Caller, version: int = 2) -> None:
        self.groups.known[group_id]["roles"].pop(caller.id, None)
        fields = {"group_id": group_id, "user_id": caller.id, "version": version}
        self.news(caller).note_left(hear_event(events.MemberLeft, **fields))

    def article(self, publisher: Caller, audience: str = "everyone", *groups: str, **fields: Any) -> str:
        """An article of this publisher for this audience."""
        written = {"title": "Gate 4", "body": "From Monday on.", "audience": audience, **fields}
        made = self.news(publisher).publish(**written, group_ids=list(groups))
        return str(made["id"])

    def said(self) -> list[tuple[str, dict[str, Any], list[str]]]:
        return said(self.db)

    def state(self) -> Any:
        """All that a refusal must leave as it was."""
        with self.db() as tx:
            rows = tx.query(Article).order_by(Article.id).all()
            return [{k: v for k, v in vars(a).items() if k[0] != "_"} for a in rows], self.said()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"file://{tmp_path}")


@pytest.fixture
def house(db: Transactions, store: Store) -> House:
    return House(db, store)


@pytest.fixture
def real_house(real_db: Transactions, store: Store) -> House:
    return House(real_db, store)


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


def ahead(seconds: float) -> str:
    return clock.rfc3339(clock.now() + timedelta(seconds=seconds))
