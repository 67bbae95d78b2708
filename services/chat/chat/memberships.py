"""Our own copy of who is in which group: chat works while groups is down.

Every change of a group carries the group's version, so the newest word on a member wins in whatever order
the words arrive; and a group that has ended stays ended.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kit.db import Transaction
from kit.errors import Refusal
from kit.rows import ID, IDS, rows_of, sent
from sqlalchemy import any_, bindparam, cast, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from chat.errors import group_not_found, not_a_member
from chat.models import Base, Member

ROOMS = Base.metadata.tables["rooms"]
MEMBERS = Base.metadata.tables["members"]

# In sorted order: so two replicas never wait for each other in a circle.
LOCK = (
    select(ROOMS.c.group_id, ROOMS.c.last_seq, ROOMS.c.ended)
    .where(ROOMS.c.group_id == any_(cast(bindparam("group_ids"), IDS)))
    .order_by(ROOMS.c.group_id)
    .with_for_update(key_share=True)
)
ASKED = rows_of("asked", group_id=ID, user_id=ID)
ROLES = select(MEMBERS.c.group_id, MEMBERS.c.user_id, MEMBERS.c.role, MEMBERS.c.visible).join(
    ASKED, (MEMBERS.c.group_id == ASKED.c.group_id) & (MEMBERS.c.user_id == ASKED.c.user_id)
)

LEADERS = ("owner", "coordinator")

Pair = tuple[str, str]  # (group_id, user_id)


class MembershipsMissing(Exception):
    """Our copy doesn't know these; groups has to be asked, after this transaction has let go of its locks."""

    def __init__(self, pairs: set[Pair]) -> None:
        super().__init__(f"{len(pairs)} memberships are missing")
        self.pairs = pairs


class Membership(NamedTuple):
    """Somebody's place in a group at a version of that group; no role is no member."""

    group_id: str
    user_id: str
    role: str | None
    version: int
    ended: bool = False
    visible: bool | None = None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "Membership":
        """From what groups answers."""
        return cls(*(answer[field] for field in cls._fields))


class Standing(NamedTuple):
    """What our copy knows of somebody and a room."""

    role: str | None
    visible: bool | None

    def refusal(self) -> Refusal | None:
        """Why this isn't a member, if it isn't; who may not see the group isn't told that it exists."""
        if self.role is not None:
            return None
        return not_a_member() if self.visible else group_not_found()


class Locked(NamedTuple):
    """What a room's row said when its lock was taken."""

    last_seq: int
    ended: bool


def open_rooms(tx: Transaction, ended: Mapping[str, bool]) -> dict[str, Locked]:
    """Makes the rooms that are missing, ends those that have ended, and locks them all, in sorted order."""
    new = insert(ROOMS).values([{"group_id": g, "ended": ended[g]} for g in sorted(ended)])
    kept = new.on_conflict_do_update(
        index_elements=["group_id"], set_={"ended": ROOMS.c.ended | new.excluded.ended}
    )
    rows = tx.execute(kept.returning(ROOMS.c.group_id, ROOMS.c.last_seq, ROOMS.c.ended))
    return {group_id: Locked(last_seq, ended) for group_id, last_seq, ended in rows}


def lock_rooms(tx: Transaction, group_ids: Collection[str]) -> dict[str, Locked]:
    """Locks the rooms there are."""
    rows = tx.execute(LOCK, {"group_ids": list(group_ids)})
    return {group_id: Locked(last_seq, ended) for group_id, last_seq, ended in rows}


def keep(tx: Transaction, memberships: Iterable[Membership]) -> None:
    """Stores memberships, each unless we know a newer one."""
    # The last of a pair's versions: one INSERT may not touch a row twice.
    newest = {(m.group_id, m.user_id): m for m in sorted(memberships, key=lambda m: m.version)}
    if not newest:
        return
    ended = {m.group_id for m in newest.values() if m.ended}
    open_rooms(tx, {group_id: group_id in ended for group_id, _ in newest})
    new = insert(MEMBERS).values(
        [
            {
                "group_id": m.group_id,
                "user_id": m.user_id,
                "role": m.role,
                "version": m.version,
                "visible": m.visible,
            }
            for m in newest.values()
        ]
    )
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["group_id", "user_id"],
            set_={name: new.excluded[name] for name in ("role", "version", "visible")},
            where=MEMBERS.c.version <= new.excluded.version,
        )
    )


def ask_who_sees(tx: Transaction, group_id: str) -> None:
    """Who is no member may see the group now or no longer: it is asked when they come."""
    gone = MEMBERS.c.group_id == group_id, MEMBERS.c.role.is_(None)
    tx.execute(update(MEMBERS).where(*gone).values(visible=None))


def roles(tx: Transaction, pairs: Collection[Pair], refused: Mapping[Pair, Refusal]) -> dict[Pair, Standing]:
    """What our copy knows of these.

    Raises:
        MembershipsMissing: for those it doesn't know and nobody was asked about yet.
    """
    return standings(tx.execute(ROLES, sent(ASKED, pairs)), pairs, refused)


def standings(
    found: Iterable[Any], pairs: Collection[Pair], refused: Mapping[Pair, Refusal]
) -> dict[Pair, Standing]:
    """The same, of rows of group, user, role and `visible`."""
    known = {
        (group_id, user_id): Standing(role, visible)
        for group_id, user_id, role, visible in found
        if role is not None or visible is not None
    }
    if missing := set(pairs) - known.keys() - refused.keys():
        raise MembershipsMissing(missing)
    return known


def require(tx: Transaction, pair: Pair, refused: Mapping[Pair, Refusal]) -> None:
    """Refuses who isn't a member.

    Raises:
        Forbidden, NotFound: not a member; or the refusal that asking brought.
    """
    known = roles(tx, [pair], refused)
    if pair not in known:
        raise refused[pair]
    if refusal := known[pair].refusal():
        raise refusal


def role(tx: Transaction, pair: Pair) -> str | None:
    """Of somebody our copy knows."""
    return tx.get_one(Member, pair).role


def kept(tx: Transaction, after: Sequence[str] | None, limit: int) -> Sequence[Any]:
    """Our copy of who is a member, by group and user, and one more than `limit` if there are more."""
    query = select(Member.group_id, Member.user_id, Member.version).where(Member.role.is_not(None))
    if after is not None:
        query = query.where(tuple_(Member.group_id, Member.user_id) > tuple_(*after))
    return tx.execute(query.order_by(Member.group_id, Member.user_id).limit(limit + 1)).all()
