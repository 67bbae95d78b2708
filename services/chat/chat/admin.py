"""For operators: `python -m chat.admin rebuild-memberships` or `rebuild-search`, in the folder of config.yml.

Makes what chat copies anew, while it runs: its memberships from groups, which overwrites nothing newer, and
what search looks through from the entries.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kit import config
from kit.rpc import RpcClient

from chat.settings import ChatSettings

PAGE = 200
ANSWER_SECONDS = 10.0
Ask = Callable[..., Any]


def rebuild_memberships(groups: Ask, chat: Ask) -> int:
    """Gives chat all that groups says, and asks about members it no longer names; returns how many rows.

    Args:
        groups, chat: call a method of that service.
    """
    named: set[tuple[str, str]] = set()
    for items in _pages(groups, "all_memberships"):
        chat("keep_memberships", items=items)
        named |= {(item["group_id"], item["user_id"]) for item in items}
    gone = [
        item
        for items in _pages(chat, "memberships")
        for item in items
        if (item["group_id"], item["user_id"]) not in named
    ]
    for item in gone:
        found = groups("membership", group_id=item["group_id"], user_id=item["user_id"])
        chat("keep_memberships", items=[found or {**item, "role": None}])
    return len(named) + len(gone)


def rebuild_search(chat: Ask) -> int:
    """Goes through all entries; returns how many."""
    indexed = 0
    cursor: str | None = None
    while True:
        told = chat("index_again", cursor=cursor)
        indexed += int(told["indexed"])
        cursor = told["next_cursor"]
        if cursor is None:
            return indexed


def _pages(ask: Ask, method: str) -> Iterator[list[dict[str, Any]]]:
    cursor = None
    while True:
        page = ask(method, limit=PAGE, cursor=cursor)
        yield page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chat.admin", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    parser.add_argument("command", choices=["rebuild-memberships", "rebuild-search"])
    args = parser.parse_args()
    settings = config.load(args.config, ChatSettings)
    client = RpcClient(settings.AMQP_URI, "chat-admin").start()

    def asking(service: str) -> Ask:
        return lambda method, **kwargs: client.call(service, method, timeout=ANSWER_SECONDS, **kwargs)

    try:
        if args.command == "rebuild-search":
            print(f"{rebuild_search(asking('chat'))} entries")  # noqa: T201
        else:
            print(f"{rebuild_memberships(asking('groups'), asking('chat'))} memberships")  # noqa: T201
    finally:
        client.stop()


if __name__ == "__main__":
    main()
