"""For operators: `python -m groups.admin rebuild-people`, in the folder of config.yml.

Makes our copy of the members' names anew from auth, while groups runs: nothing newer is overwritten.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from kit import config
from kit.db import Transactions, connect
from kit.rpc import RpcClient

from groups.events import PersonHeard
from groups.models import Member, Person
from groups.roster import keep_person
from groups.settings import GroupsSettings


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m groups.admin", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    parser.add_argument("command", choices=["rebuild-people"])
    args = parser.parse_args(arguments)
    settings = config.load(args.config, GroupsSettings)
    db = Transactions(connect(settings.DATABASE_URI, pool=1, name="bchat-groups-admin"), "groups")
    client = RpcClient(settings.AMQP_URI, "groups-admin").start()
    try:
        print(rebuild_people(db, lambda user_id: client.call("auth", "person", user_id=user_id)))  # noqa: T201
    finally:
        client.stop()
    return 0


def rebuild_people(db: Transactions, person: Callable[[str], Any]) -> int:
    """Asks for everybody we know of, and returns how many auth knows too.

    Args:
        person: asks auth about one.
    """
    with db() as tx:
        ids = tx.scalars(sa.union(sa.select(Member.user_id), sa.select(Person.id))).all()
    known = 0
    for user_id in ids:
        if found := person(user_id):
            with db() as tx:
                keep_person(tx, PersonHeard.model_validate(found))
            known += 1
    return known


if __name__ == "__main__":
    sys.exit(main())
