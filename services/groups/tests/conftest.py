from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from groups.models import Group, Member, Person
from groups.service import GroupsService
from groups.settings import GroupsSettings
from kit import clock
from kit.caller import Caller
from kit.db import Transactions
from kit.errors import Refusal
from kit.event import new_id
from kit.testing import customer, make, said, settings, staff


@pytest.fixture(scope="session")
def kit_config() -> Path:
    return Path(__file__).parents[1] / "config.yml"


class Auth:
    """Stands in for auth, which groups asks about people whom it doesn't know, and to make customers.

    Attributes:
        says: a refusal instead of making somebody, or nevertheless if it `makes_all_the_same`.
        meanwhile: happens while it makes somebody.
    """

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.made: list[dict[str, Any]] = []
        self.says: Refusal | None = None
        self.makes_all_the_same = False
        self.meanwhile: Callable[[], Any] = lambda: None

    def create_customer(self, *, user_id: str, _deadline: float, **asked: Any) -> dict[str, Any]:
        self.meanwhile()
        if (not self.says or self.makes_all_the_same) and user_id not in self.people:
            name = {"username": asked["username"], "display_name": asked["display_name"] or asked["username"]}
            fixed = {"kind": "customer", "avatar_url": None, "active": True, "version": 1}
            self.people[user_id] = {"id": user_id, **name, **fixed}
            self.made.append(asked)
        if self.says:
            raise self.says
        return self.people[user_id]

    def person(self, *, user_id: str) -> dict[str, Any] | None:
        self.asked.append(user_id)
        return self.people.get(user_id)


class Reports:
    """Stands in for reports, which groups asks when reports come."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.problem: Exception | None = None
        self.asked: list[dict[str, Any]] = []

    def times(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if self.problem:
            raise self.problem
        place = asked["since"], asked["after"] or ""
        ahead = [i for i in self.items if (i["start"], i["id"]) > place and i["start"] < asked["until"]]
        return {"items": ahead[: asked["limit"]]}


class House:
    """Groups on a database, as somebody."""

    def __init__(self, db: Transactions) -> None:
        self.db = db
        self.auth = Auth()
        self.reports = Reports()
        self.settings = settings(GroupsSettings)

    def groups(self, caller: Caller) -> GroupsService:
        beside = {"auth": self.auth, "reports": self.reports, "settings": self.settings}
        return make(GroupsService, self.db, caller, **beside)

    def person(
        self, kind: str = "staff", *permissions: str, name: str = "Somebody", active: bool = True
    ) -> Caller:
        """Somebody whom groups has heard of."""
        person = Person(id=new_id(), display_name=name, kind=kind, active=active, version=1)
        with self.db() as tx:
            tx.add(person)
        return staff(person.id, *permissions) if kind == "staff" else customer(person.id)

    def group(self, owner: Caller, *members: Caller, **fields: Any) -> str:
        """A group of this owner with these members."""
        made = self.groups(owner).create(**{"name": "Room", "catalogue": "chat", **fields})
        for member in members:
            role = "staff" if member.is_staff else "guest"
            self.groups(owner).set_role(group_id=made["id"], user_id=member.id, role=role)
        return str(made["id"])

    def roles(self, group_id: str) -> dict[str, str]:
        with self.db() as tx:
            return {m.user_id: m.role for m in tx.query(Member).filter_by(group_id=group_id)}

    def state(self, group_id: str) -> Any:
        """All that a refusal must leave as it was."""
        with self.db() as tx:
            return tx.get_one(Group, group_id).as_dict(), self.roles(group_id), said(self.db)


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
