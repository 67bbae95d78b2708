"""For operators, in the folder of config.yml: `python -m reports.admin COMMAND`.

`check SOURCE` runs each query of a source, shows rows, dates and totals, and says what is missing or does
not agree; nothing is kept, and the exit status is 1 if something is not as it must be. `rebuild-memberships`
makes our copy of the memberships anew from their owner, while reports runs: nothing newer is overwritten.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from kit import config
from kit.db import Transactions, connect
from kit.errors import NotFound
from kit.rpc import RpcClient

from reports.acquire.check import check, written
from reports.acquire.replica import Limits, LoadError
from reports.acquire.sources import read_sources
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


def check_source(settings: ReportsSettings, name: str) -> int:
    """Prints what a source gives; returns the exit status."""
    source = read_sources(settings.SOURCES_FILE).get(name)
    if source is None:
        say(f"There is no source {name!r}.")
        return 2
    limits = Limits(settings.BATCH_ROWS, settings.STATEMENT_SECONDS)
    engine = connect(settings.DATABASE_URI, pool=1, name="bchat-reports-admin")
    try:
        with Transactions(engine, "reports").session() as tx:
            found = check(tx, source, settings.KINDS_FOLDER / source.kind, limits)
            tx.rollback()
    except LoadError as problem:
        say(f"{problem} {getattr(problem.__cause__, 'orig', None) or ''}".strip())
        return 2
    finally:
        engine.dispose()
    for line in written(source, found, source.zone):
        say(line)
    return 1 if found.bad else 0


def rebuild(settings: ReportsSettings) -> int:
    client = RpcClient(settings.AMQP_URI, "reports-admin").start()
    try:
        rows = rebuild_memberships(
            Transactions(connect(settings.DATABASE_URI, pool=1, name="bchat-reports-admin"), "reports"),
            lambda method, **kwargs: client.call("groups", method, timeout=ANSWER_SECONDS, **kwargs),
        )
    finally:
        client.stop()
    say(f"{rows} memberships")
    return 0


def say(line: str) -> None:
    print(line)  # noqa: T201


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m reports.admin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rebuild-memberships")
    commands.add_parser("check").add_argument("source")
    asked = parser.parse_args(arguments)
    settings = config.load(asked.config, ReportsSettings)
    return check_source(settings, asked.source) if asked.command == "check" else rebuild(settings)


if __name__ == "__main__":
    sys.exit(main())
