"""Copies of what groups and auth know: who is a member of which room, and who may see what."""

from dataclasses import dataclass
from typing import Any

from kit.caller import Caller
from kit.db import Transaction
from sqlalchemy.dialects.postgresql import insert

from reports.errors import group_ended, group_not_found, not_a_member
from reports.models import Member, Person, Report, Room


@dataclass(frozen=True)
class Membership:
    """`role` is None for who is not a member of a group that exists; `visible` is known from groups only."""

    role: str | None
    ended: bool
    visible: bool = False

    def require_open(self) -> None:
        """Refuses who may not send a report into the room."""
        if self.role is None:
            raise not_a_member() if self.visible else group_not_found()
        if self.ended:
            raise group_ended()


def membership(tx: Transaction, group_id: str, user_id: str) -> Membership | None:
    """Our copy; None if we have not heard of this group or this pair yet."""
    room, member = tx.get(Room, group_id), tx.get(Member, (group_id, user_id))
    return Membership(member.role, room.ended) if room and member else None


def keep_member(tx: Transaction, group_id: str, user_id: str, role: str | None, version: int) -> None:
    """Notes a membership, unless a newer one is known."""
    keep_room(tx, group_id, ended=False)
    new = insert(Member).values(group_id=group_id, user_id=user_id, role=role, version=version)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["group_id", "user_id"],
            set_={"role": new.excluded.role, "version": new.excluded.version},
            where=Member.version <= new.excluded.version,
        )
    )


def keep_room(tx: Transaction, group_id: str, *, ended: bool) -> None:
    new = insert(Room).values(group_id=group_id, ended=ended)
    tx.execute(
        new.on_conflict_do_update(index_elements=["group_id"], set_={"ended": True})
        if ended
        else new.on_conflict_do_nothing()
    )


def learn(tx: Transaction, group_id: str, user_id: str, answer: dict[str, Any] | None) -> Membership:
    """Keeps what groups answered, and returns it.

    Raises:
        NotFound: groups knows no such group.
    """
    if answer is None:
        raise group_not_found()
    keep_member(tx, group_id, user_id, answer["role"], answer["version"])
    if answer["ended"]:
        keep_room(tx, group_id, ended=True)
    return Membership(answer["role"], answer["ended"], answer["visible"])


def keep_person(
    tx: Transaction, user_id: str, *, kind: str, permissions: list[str], active: bool, version: int
) -> None:
    """Notes what a person may do, unless something newer is known."""
    values = {"kind": kind, "permissions": permissions, "active": active, "version": version}
    new = insert(Person).values(id=user_id, **values)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["id"],
            set_={name: new.excluded[name] for name in values},
            where=Person.version < new.excluded.version,
        )
    )


def know_caller(tx: Transaction, caller: Caller) -> None:
    """Notes what the caller's own token says, until auth says more."""
    keep_person(
        tx, caller.id, kind=caller.kind, permissions=sorted(caller.permissions), active=True, version=0
    )


def may_see(tx: Transaction, report: Report, user_id: str) -> bool:
    """Whether a person may see a report now, by our copies: nobody is there who could be asked for them."""
    person = tx.get(Person, user_id)
    if person is None or not person.active:
        return False
    if not {f"reports:{report.type}", "administrator"} & set(person.permissions):
        return False
    if report.requested_by == user_id:
        return True
    found = membership(tx, report.group_id, user_id) if report.group_id else None
    return found is not None and found.role is not None


def why_not(tx: Transaction, *, owner_id: str, type: str, group_id: str | None) -> str | None:
    """Why a subscription's report may not be sent now; None if it may."""
    person = tx.get(Person, owner_id)
    if person is None or not person.active:
        return "The owner of the subscription is no longer active."
    if not {f"reports:{type}", "administrator"} & set(person.permissions):
        return f"The owner of the subscription may no longer see {type} reports."
    return why_not_there(tx, owner_id, group_id) if group_id else None


def why_not_there(tx: Transaction, user_id: str, group_id: str) -> str | None:
    """Why this person's report may not be sent into the group now; None if it may."""
    found = membership(tx, group_id, user_id)
    if found is None or found.role is None:
        return "The owner of the report is no longer a member of the group."
    return "The group has ended." if found.ended else None
