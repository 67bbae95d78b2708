"""For operators: `python -m location.admin rebuild-memberships`, in the folder of config.yml.

Makes our copy of the memberships anew from their owner, while location runs: nothing newer is overwritten.
Shares of who turns out to have left, or in groups that have ended, end.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kit import config
from kit.db import Transactions, connect
from kit.rpc import RpcClient
from sqlalchemy import select

from location import shares
from location.memberships import Membership, keep
from location.models import Member
from location.settings import LocationSettings

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
        for membership in map(Membership.read, answer["items"]):
            with transactions() as tx:
                keep(tx, membership)
            named.add((membership.group_id, membership.user_id))
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
                Membership.read(found) if found else Membership(row.group_id, row.user_id, None, row.version),
            )
    with transactions() as tx:
        shares.end_of_strangers(tx)
    return len(named) + len(gone)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m location.admin", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    parser.add_argument("command", choices=["rebuild-memberships"])
    settings = config.load(parser.parse_args().config, LocationSettings)
    client = RpcClient(settings.AMQP_URI, "location-admin").start()
    try:
        rows = rebuild_memberships(
            Transactions(connect(settings.DATABASE_URI, pool=1, name="bchat-location-admin"), "location"),
            lambda method, **kwargs: client.call("groups", method, timeout=ANSWER_SECONDS, **kwargs),
        )
    finally:
        client.stop()
    print(f"{rows} memberships")  # noqa: T201


if __name__ == "__main__":
    main()
