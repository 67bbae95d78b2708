"""Who is in a group in which role, who sees it, and every change of it.

A change begins with `seen` or `owned` and its lock: the group's row is locked until the transaction ends,
so changes of one group, its members included, happen one after another.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.caller import Caller
from kit.db import Transaction
from kit.fields import is_id
from sqlalchemy.dialects.postgresql import insert

from groups import errors, tasks
from groups.events import (
    GroupEnded,
    MemberJoined,
    MemberLeft,
    MemberMuted,
    MemberRoleChanged,
    PersonHeard,
)
from groups.models import Group, Member, Person, Role


def seen(
    tx: Transaction, caller: Caller, group_id: str, *, lock: bool = False
) -> tuple[Group, Member | None]:
    """A group the caller may see, and their membership of it: staff see open groups, members their own.

    Raises:
        NotFound: unknown or invisible, which look the same.
        Conflict: locked to change it, but it has ended.
    """
    me = caller.id
    if not is_id(group_id):
        raise errors.group_not_found()
    group = tx.get(Group, group_id, with_for_update=lock, populate_existing=True)
    member = tx.get(Member, (group_id, me), populate_existing=True)
    if not group or not (member or (caller.is_staff and group.visibility == "open")):
        raise errors.group_not_found()
    if lock and group.ended_at:
        raise errors.group_ended()
    return group, member


def owned(tx: Transaction, caller: Caller, group_id: str, *, lock: bool = True) -> tuple[Group, Member]:
    """A group of which the caller is the owner, and their membership.

    Raises:
        NotFound, Conflict: as `seen`.
        Forbidden: it is somebody else's.
    """
    group, member = seen(tx, caller, group_id, lock=lock)
    if not member:
        raise errors.not_a_member()
    if member.role != "owner":
        raise errors.not_the_owner()
    return group, member


def led(tx: Transaction, caller: Caller, group_id: str, *, lock: bool = True) -> tuple[Group, Member]:
    """A group of which the caller is the owner or a coordinator, and their membership.

    Raises:
        NotFound, Conflict: as `seen`.
        Forbidden: they are neither.
    """
    group, member = seen(tx, caller, group_id, lock=lock)
    if not member:
        raise errors.not_a_member()
    if member.role not in ("owner", "coordinator"):
        raise errors.not_a_coordinator()
    return group, member


def administered(tx: Transaction, caller: Caller, group_id: str, *, lock: bool = True) -> Group:
    """Any group, for an administrator.

    Raises:
        Forbidden
        NotFound, Conflict: as `seen`.
    """
    caller.require("administrator")
    group = tx.get(Group, group_id, with_for_update=lock, populate_existing=True) if is_id(group_id) else None
    if not group:
        raise errors.group_not_found()
    if lock and group.ended_at:
        raise errors.group_ended()
    return group


def member_of(tx: Transaction, group: Group, user_id: str) -> Member | None:
    """Somebody's membership of a group, if they are in it."""
    return tx.get(Member, (group.id, user_id)) if is_id(user_id) else None


def add(tx: Transaction, group: Group, user_id: str, role: Role, by: str) -> Member:
    """Makes somebody a member."""
    member = Member(group_id=group.id, user_id=user_id, role=role)
    tx.add(member)
    group.member_count += 1
    group.touch()
    tx.flush()
    tx.emit(MemberJoined.of(group, by, user_id=user_id, role=role))
    return member


def give_role(tx: Transaction, group: Group, member: Member, role: Role, by: str) -> None:
    """Gives a member another role."""
    member.role = role
    group.touch()
    # Now: the database refuses a second owner, so the old one's change must come first.
    tx.flush()
    tx.emit(MemberRoleChanged.of(group, by, user_id=member.user_id, role=role))


def mute(tx: Transaction, group: Group, member: Member, until: datetime | None) -> None:
    """Sets until when a member wants no alerts of a group; None ends it."""
    if member.muted_until != until:
        member.muted_until = until
        # Nothing of the group changed that others see, so it stays where it is in their lists.
        group.version += 1
        tx.emit(MemberMuted.of(group, member, at=clock.rfc3339(clock.now())))


def hand_over(tx: Transaction, group: Group, person: Person | None, by: str) -> Member:
    """Makes somebody the owner of a locked group, and its old owner a coordinator.

    Raises:
        NotFound: there is nobody, or they may no longer sign in.
        Conflict: they are a customer.
    """
    if not (person and person.active):
        raise errors.user_not_found()
    if not can_own(person):
        raise errors.customers_may_not_own()
    give_role(tx, group, tx.get_one(Member, (group.id, group.owner_id)), "coordinator", by)
    group.owner_id = person.id
    if member := member_of(tx, group, person.id):
        give_role(tx, group, member, "owner", by)
        return member
    return add(tx, group, person.id, "owner", by)


def take_out(tx: Transaction, group: Group, member: Member, by: str) -> None:
    """Ends a membership. The last member ends the group by leaving it.

    Raises:
        Conflict: the owner may not go while others stay.
    """
    if member.role == "owner" and group.member_count > 1:
        raise errors.last_owner()
    if group.assignee_id == member.user_id:
        tasks.change(tx, group, by, assignee_id=None)
    if member.role == "owner":
        end(tx, group, by)
    tx.delete(member)
    group.member_count -= 1
    group.touch()
    tx.flush()
    tx.emit(MemberLeft.of(group, by, user_id=member.user_id, removed=member.user_id != by))


def end(tx: Transaction, group: Group, by: str) -> None:
    """Ends a group."""
    group.touch()
    group.ended_at = group.changed_at
    group.remind_at = None
    tx.emit(GroupEnded.of(group, by))


def visible_to(caller: Caller) -> sa.Select[Group, Member]:
    """The groups the caller may see, with their membership of each or None."""
    mine = sa.and_(Member.group_id == Group.id, Member.user_id == caller.id)
    found = sa.select(Group, Member).outerjoin(Member, mine)
    if caller.is_staff:
        return found.where(sa.or_(Group.visibility == "open", Member.role.is_not(None)))
    return found.where(Member.role.is_not(None))


def can_own(person: Person | None) -> bool:
    """Whether this person can act as the owner of a group."""
    return person is not None and person.active and person.kind == "staff"


def all_of_them(ownerless: bool) -> sa.Select[Group, bool]:
    """Every group, and whether its owner can act.

    Args:
        ownerless: only those that run and whose owner can not.
    """
    acts = sa.func.coalesce(sa.and_(Person.active, Person.kind == "staff"), False)
    found = sa.select(Group, acts).outerjoin(Person, Person.id == Group.owner_id)
    return found.where(sa.not_(acts), Group.ended_at.is_(None)) if ownerless else found


def keep_person(tx: Transaction, person: PersonHeard) -> None:
    """Keeps what groups needs of a person; what is older than the row changes nothing."""
    row = insert(Person).values(**person.model_dump())
    names = ("display_name", "kind", "active", "version")
    tx.execute(
        row.on_conflict_do_update(
            index_elements=[Person.id],
            set_={name: row.excluded[name] for name in names},
            where=Person.version < row.excluded.version,
        )
    )


def as_member(member: Member, person: Person | None) -> dict[str, Any]:
    """A member as others of the group see them."""
    return {
        "user_id": member.user_id,
        "role": member.role,
        "joined_at": clock.rfc3339(member.joined_at),
        "display_name": person and person.display_name,
        "kind": person and person.kind,
    }


def as_membership(group: Group, user_id: str, role: Role | None, is_staff: bool) -> dict[str, Any]:
    """What other services keep of a membership; a `role` of None is none.

    Args:
        is_staff: staff may also see an open group that they are not in.
    """
    return {
        "group_id": group.id,
        "user_id": user_id,
        "role": role,
        "visible": role is not None or (is_staff and group.visibility == "open"),
        "ended": group.ended_at is not None,
        "name": group.name,
        "version": group.version,
    }
