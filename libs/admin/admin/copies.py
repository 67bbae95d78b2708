"""Services keep copies of what groups and auth own. Made anew, a copy is what its owner says; nothing that a
service knows newer is overwritten.
"""

from collections.abc import Callable, Iterator
from typing import Any

PAGE = 200

Ask = Callable[..., Any]
Items = list[dict[str, Any]]

# Who keeps a copy of what: each answers `keep_<what>`, and of memberships tells those it has.
KEEPERS = {
    "memberships": ("auth", "chat", "location", "news", "push", "reports"),
    "people": ("groups", "news", "push", "reports"),
}


def memberships(ask: Ask, service: str) -> int:
    """Gives a service all memberships, and asks again about those it has and groups names no more."""
    named: set[tuple[str, str]] = set()
    for items in pages(ask, "groups", "all_memberships"):
        ask(service, "keep_memberships", items=items)
        named |= {(item["group_id"], item["user_id"]) for item in items}
    gone = 0
    for items in pages(ask, service, "memberships"):
        if lost := [item for item in items if (item["group_id"], item["user_id"]) not in named]:
            ask(service, "keep_memberships", items=[_now(ask, item) for item in lost])
            gone += len(lost)
    return len(named) + gone


def _now(ask: Ask, item: dict[str, Any]) -> dict[str, Any]:
    pair = {"group_id": item["group_id"], "user_id": item["user_id"]}
    nobody = {**pair, "version": item["version"], "role": None, "visible": False, "ended": True, "name": ""}
    found: dict[str, Any] | None = ask("groups", "membership", **pair)
    return found or nobody


def people(ask: Ask, service: str) -> int:
    """Gives a service everybody."""
    told = 0
    for items in pages(ask, "auth", "all_people"):
        ask(service, "keep_people", items=items)
        told += len(items)
    return told


MAKE_ANEW: dict[str, Callable[[Ask, str], int]] = {"memberships": memberships, "people": people}


def pages(ask: Ask, service: str, method: str, **asked: Any) -> Iterator[Items]:
    """The parts of a list, none of them empty."""
    cursor = None
    while True:
        page = ask(service, method, limit=PAGE, cursor=cursor, **asked)
        if page["items"]:
            yield page["items"]
        if not (cursor := page["next_cursor"]):
            return
