"""A copy made anew is what its owner says; what the owner no longer names is asked about."""

from typing import Any

import pytest
from admin import copies


class Owner:
    """Groups and auth with what they own, and a service that keeps a copy."""

    def __init__(self) -> None:
        self.all_memberships = [self.membership(group_id="g", user_id=str(n)) for n in range(5)]
        self.all_people = [{"id": str(n)} for n in range(5)]
        # 7 has left, and of the group of 8 nobody knows any more.
        self.kept = [{"group_id": g, "user_id": u, "version": 1} for g, u in ("g1", "g7", "h8")]
        self.told: list[Any] = []

    def membership(self, *, group_id: str, user_id: str) -> dict[str, Any] | None:
        role = None if user_id == "7" else "staff"
        place = {"visible": True, "ended": False, "name": "G", "version": 4}
        return {"group_id": group_id, "user_id": user_id, "role": role, **place} if group_id == "g" else None

    def ask(self, service: str, method: str, **asked: Any) -> Any:
        if method == "membership":
            return self.membership(**asked)
        if method.startswith("keep_"):
            assert service == "chat"
            self.told += asked["items"]
            return None
        items = self.kept if method == "memberships" else getattr(self, method)
        start, limit = int(asked["cursor"] or 0), asked["limit"]
        more = start + limit < len(items)
        return {"items": items[start : start + limit], "next_cursor": str(start + limit) if more else None}


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Owner:
    monkeypatch.setattr(copies, "PAGE", 2)
    return Owner()


def test_memberships_are_told_page_by_page_and_those_that_are_gone_asked_about(owner: Owner) -> None:
    assert copies.memberships(owner.ask, "chat") == 7
    assert owner.told[:5] == owner.all_memberships
    left, unknown = owner.told[5:]
    assert (left["user_id"], left["role"], left["version"]) == ("7", None, 4)
    assert (unknown["user_id"], unknown["role"], unknown["version"]) == ("8", None, 1)
    assert left.keys() == unknown.keys() == owner.told[0].keys()


def test_everybody_is_told_page_by_page(owner: Owner) -> None:
    assert copies.people(owner.ask, "chat") == 5
    assert owner.told == owner.all_people
