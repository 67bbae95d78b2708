"""Administration from the command line, for what nobody is signed in to do yet.

python -m auth.admin create-user --username root --kind staff --permission administrator < password
python -m auth.admin rebuild-memberships
"""

import argparse
import os
import sys
from pathlib import Path

import sqlalchemy as sa
from kit import config
from kit.db import Transactions, connect
from kit.errors import Refusal
from kit.rpc import RpcClient

from auth import people
from auth.events import MemberJoined, MemberLeft
from auth.models import Membership
from auth.passwords import passwords
from auth.settings import AuthSettings


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 done, 1 refused, 2 not understood."""
    parser = argparse.ArgumentParser(prog="python -m auth.admin", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser(
        "create-user",
        help="make a person and print the id; the password from BCHAT_PASSWORD or standard input",
    )
    create.add_argument("--username", required=True)
    create.add_argument("--kind", choices=["staff", "customer"], required=True)
    create.add_argument("--permission", action="append", default=[], dest="permissions")
    create.add_argument("--display-name")
    create.add_argument("--if-absent", action="store_true", help="leave a person of this name as they are")
    commands.add_parser("rebuild-memberships", help="ask groups again who is in which group")
    args = parser.parse_args(arguments)
    try:
        settings = config.load(args.config, AuthSettings)
        db = Transactions(connect(settings.DATABASE_URI, pool=1, name="bchat-auth-admin"), "auth")
        if args.command == "create-user":
            print(create_user(db, settings, args))  # noqa: T201 - the answer of the command
        else:
            rebuild_memberships(db, settings)
    except (Refusal, config.ConfigError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def create_user(db: Transactions, settings: AuthSettings, args: argparse.Namespace) -> str:
    """Makes a person and returns the id. The running service's outbox says so."""
    password = os.environ.get("BCHAT_PASSWORD") or sys.stdin.readline().rstrip("\r\n")
    with db() as tx:
        if args.if_absent and (present := people.by_username(tx, args.username)):
            return present.id
        return people.create(
            tx,
            passwords(settings).hash,
            username=args.username,
            password=password,
            display_name=args.display_name,
            kind=args.kind,
            permissions=args.permissions,
        ).id


def rebuild_memberships(db: Transactions, settings: AuthSettings) -> None:
    """Makes our copy of the memberships what groups says they are."""
    client = RpcClient(settings.AMQP_URI, "auth-admin").start()
    try:
        cursor, current = None, set()
        while True:
            found = client.call("groups", "all_memberships", limit=200, cursor=cursor)
            with db() as tx:
                for item in found["items"]:
                    people.note_membership(tx, MemberJoined.model_validate(item))
            current |= {(item["user_id"], item["group_id"]) for item in found["items"]}
            if not (cursor := found["next_cursor"]):
                break
        with db() as tx:
            rows = tx.scalars(sa.select(Membership).where(Membership.member)).all()
        for row in rows:
            if (row.user_id, row.group_id) in current:
                continue
            now = client.call("groups", "membership", group_id=row.group_id, user_id=row.user_id)
            if now and now["role"] is None:
                with db() as tx:
                    people.note_membership(tx, MemberLeft.model_validate(now))
    finally:
        client.stop()


if __name__ == "__main__":
    sys.exit(main())
