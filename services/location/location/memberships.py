"""Our own copy of who is in which group: location works while groups is down.

Every change of a group carries the group's version, so the newest word on a member wins in whatever order
the words arrive; and a group that has ended stays ended.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit.db import Transaction
from sqlalchemy.dialects.postgresql import insert

from location.errors import group_ended
from location.models import Member, Room


class MembershipMissing(Exception):
    """Our copy knows of none; groups has to be asked, after this transaction has let go."""


class Membership(NamedTuple):
    """Somebody's place in a group at a version of that group; no role is no member."""

    group_id: str
    user_id: str
    role: str | None
    version: int
    ended: bool = False

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "Membership":
        """From what groups answers."""
        return cls(*(answer[field] for field in cls._fields))


def keep(tx: Transaction, now: Membership) -> bool:
    """Stores a membership unless we know a newer one; whether they are a member, then."""
    keep_room(tx, now.group_id, ended=now.ended)
    values = {"role": now.role, "version": now.version}
    new = insert(Member).values(group_id=now.group_id, user_id=now.user_id, **values)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["group_id", "user_id"],
            set_={name: new.excluded[name] for name in values},
            where=Member.version <= new.excluded.version,
        )
    )
    kept = tx.get_one(Member, (now.group_id, now.user_id), populate_existing=True)
    return kept.role is not None


def keep_room(tx: Transaction, group_id: str, *, ended: bool) -> None:
    """Notes that there is a group, and locks it until the transaction ends."""
    new = insert(Room).values(group_id=group_id, ended=ended)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["group_id"], set_={"ended": Room.ended | new.excluded.ended}
        )
    )


def require(tx: Transaction, group_id: str, user_id: str, *, running: bool = False) -> None:
    """Lets pass who is a member.

    Args:
        running: refuse also if the group has ended, and keep both as they are until the transaction ends:
            what the member does comes wholly before their leaving, or the group's end, or not at all.

    Raises:
        MembershipMissing: they are none, as far as we know.
        Conflict: the group has ended.
    """
    room = tx.get(Room, group_id, with_for_update={"read": True} if running else None)
    member = tx.get(Member, (group_id, user_id), with_for_update=running or None)
    if not room or not member or member.role is None:
        raise MembershipMissing
    if running and room.ended:
        raise group_ended()
