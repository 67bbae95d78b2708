"""For operators: `python -m chat.admin rebuild-memberships`, in the folder of config.yml.

Makes our copy of the memberships anew from their owner, while chat runs: nothing newer is overwritten.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kit import config
from kit.db import Transactions, connect
from kit.rpc import RpcClient
from sqlalchemy import select

from chat.memberships import Membership, keep
from chat.models import Member
from chat.settings import ChatSettings

PAGE = 200
ANSWER_SECONDS = 10.0


def rebuild_memberships(transactions: Transactions, ask: Callable[..., Any]) -> int:
    """Stores all that groups says, and asks again about members it no longer named; returns how many rows.

    Args:
        ask: calls a method of groups.
    """
    named: set[tuple[str, str]] = set()
    cursor: str | None = None
    while True:
        answer = ask("all_memberships", limit=PAGE, cursor=cursor)
        page = [Membership.read(item) for item in answer["items"]]
        with transactions() as tx:
            keep(tx, page)
        named |= {(m.group_id, m.user_id) for m in page}
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    with transactions() as tx:
        ours = tx.execute(
            select(Member.group_id, Member.user_id, Member.version).where(Member.role.is_not(None))
        ).all()
    gone = [row for row in ours if (row.group_id, row.user_id) not in named]
    for row in gone:
        found = ask("membership", group_id=row.group_id, user_id=row.user_id)
        with transactions() as tx:
            keep(
                tx,
                [
                    Membership.read(found)
                    if found
                    else Membership(row.group_id, row.user_id, None, row.version)
                ],
            )
    return len(named) + len(gone)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chat.admin", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    parser.add_argument("command", choices=["rebuild-memberships"])
    settings = config.load(parser.parse_args().config, ChatSettings)
    client = RpcClient(settings.AMQP_URI, "chat-admin").start()
    try:
        rows = rebuild_memberships(
            Transactions(connect(settings.DATABASE_URI, pool=1, name="bchat-chat-admin"), "chat"),
            lambda method, **kwargs: client.call("groups", method, timeout=ANSWER_SECONDS, **kwargs),
        )
    finally:
        client.stop()
    print(f"{rows} memberships")  # noqa: T201


if __name__ == "__main__":
    main()
