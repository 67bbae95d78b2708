"""For operators: `python -m reports.admin rebuild-memberships`, in the folder of config.yml.

Makes our copy of the memberships anew from their owner, while reports runs: nothing newer is overwritten.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from kit import config
from kit.db import Transactions, connect
from kit.errors import NotFound
from kit.rpc import RpcClient

from reports.models import Member
from reports.rooms import keep_member, learn
from reports.settings import ReportsSettings

PAGE = 200
ANSWER_SECONDS = 10.0


def rebuild_memberships(transactions: Transactions, ask: Callable[..., Any]) -> int:
    """Stores all that groups says, and asks again about members it no longer named; returns how many.

    Args:
        ask: calls a method of groups.
    """
    named: set[tuple[str, str]] = set()
    cursor: str | None = None
    while True:
        answer = ask("all_memberships", limit=PAGE, cursor=cursor)
        with transactions() as tx:
            for item in answer["items"]:
                learn(tx, item["group_id"], item["user_id"], item)
        named |= {(item["group_id"], item["user_id"]) for item in answer["items"]}
        if (cursor := answer["next_cursor"]) is None:
            break
    with transactions() as tx:
        ours = tx.execute(
            sa.select(Member.group_id, Member.user_id, Member.version).where(Member.role.is_not(None))
        ).all()
    gone = [row for row in ours if (row.group_id, row.user_id) not in named]
    for row in gone:
        found = ask("membership", group_id=row.group_id, user_id=row.user_id)
        with transactions() as tx:
            try:
                learn(tx, row.group_id, row.user_id, found)
            except NotFound:
                keep_member(tx, row.group_id, row.user_id, None, row.version + 1)
    return len(named) + len(gone)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m reports.admin", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    parser.add_argument("command", choices=["rebuild-memberships"])
    settings = config.load(parser.parse_args().config, ReportsSettings)
    client = RpcClient(settings.AMQP_URI, "reports-admin").start()
    try:
        rows = rebuild_memberships(
            Transactions(connect(settings.DATABASE_URI, pool=1, name="bchat-reports-admin"), "reports"),
            lambda method, **kwargs: client.call("groups", method, timeout=ANSWER_SECONDS, **kwargs),
        )
    finally:
        client.stop()
    print(f"{rows} memberships")  # noqa: T201


if __name__ == "__main__":
    main()
