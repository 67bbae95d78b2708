"""Copies of what groups and auth know: who is a member of which room, and who may see what."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from kit.caller import Caller
from kit.db import Transaction
from sqlalchemy.dialects.postgresql import insert

from reports.errors import (
    customer_not_linked,
    customers_see_their_own,
    group_ended,
    group_not_found,
    not_a_member,
    rows_of_another,
    several_customers,
)
from reports.models import Customer, Member, Person, Report, Room

MOST_RECIPIENTS = 5000


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


def may(person: Person | None, type: str) -> bool:
    """Whether somebody may see this type of report now."""
    if person is None or not person.active:
        return False
    return bool({f"reports:{type}", "administrator"} & set(person.permissions))


def may_see(tx: Transaction, report: Report, user_id: str) -> bool:
    """Whether a person may see a report now, by our copies: nobody is there who could be asked for them."""
    person = tx.get(Person, user_id)
    if person is None or not may(person, report.type):
        return False
    if person.kind == "customer" and not _theirs(tx, user_id, report.source, report.filters.get("party_id")):
        return False
    if report.requested_by == user_id:
        return True
    found = membership(tx, report.group_id, user_id) if report.group_id else None
    return found is not None and found.role is not None


def why_not(tx: Transaction, *, owner_id: str, type: str, group_id: str | None) -> str | None:
    """Why a report may not be sent now by who wants it; None if it may."""
    person = tx.get(Person, owner_id)
    if person is None or not person.active:
        return "Its owner is no longer active."
    if not may(person, type):
        return f"Its owner may no longer see {type} reports."
    return why_not_there(tx, owner_id, group_id) if group_id else None


def why_not_there(tx: Transaction, user_id: str, group_id: str) -> str | None:
    """Why this person's report may not be sent into the group now; None if it may."""
    found = membership(tx, group_id, user_id)
    if found is None or found.role is None:
        return "The owner of the report is no longer a member of the group."
    return "The group has ended." if found.ended else None


# --- who sees what -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipients:
    """Who gets a report now, and from how many of the room it is withheld, by reason.

    `roles` are those of the room; of a report for one person there are none.
    """

    ids: list[str]
    withheld: dict[str, int]
    roles: dict[str, str]


def recipients(
    tx: Transaction,
    *,
    owner_id: str,
    type: str,
    group_id: str | None,
    source: str | None,
    party_id: str | None,
) -> Recipients:
    """By the rights of this moment.

    Args:
        party_id: whose rows alone it has; None if it has those of all.
    """
    if group_id is None:
        own = may(tx.get(Person, owner_id), type)
        return Recipients([owner_id] if own else [], {}, {})
    rows = tx.execute(
        sa.select(Member.user_id, Member.role, Person, Customer.party_id)
        .outerjoin(Person, Person.id == Member.user_id)
        .outerjoin(Customer, (Customer.user_id == Member.user_id) & (Customer.source == source))
        .where(Member.group_id == group_id, Member.role.is_not(None))
        .order_by(Member.user_id)
        .limit(MOST_RECIPIENTS + 1)
    ).all()
    found: dict[str, str] = {}
    withheld = Counter[str]()
    for user_id, role, person, theirs in rows[:MOST_RECIPIENTS]:
        if person is not None and not person.active:
            withheld["deactivated"] += 1
        elif not may(person, type):
            withheld["no_right"] += 1
        elif person.kind == "customer" and (party_id is None or party_id != theirs):
            withheld["not_their_rows"] += 1
        else:
            found[user_id] = str(role)
    if len(rows) > MOST_RECIPIENTS:
        withheld["too_many"] = len(rows) - MOST_RECIPIENTS
    return Recipients(list(found), dict(withheld), found)


def party_of(tx: Transaction, user_id: str, source: str) -> str | None:
    """The party that a customer's account stands for."""
    found = tx.get(Customer, (user_id, source))
    return found.party_id if found else None


def narrowed(
    tx: Transaction,
    *,
    owner_id: str,
    customer: bool,
    group_id: str | None,
    source: str,
    filters: dict[str, Any],
    by_party: bool,
) -> dict[str, Any]:
    """The filters, with the party whose rows alone may be in the report.

    What a customer asks for has their rows only, and so has what goes into a room where a customer is.

    Args:
        customer: whether its owner is one.
        by_party: whether the report can be narrowed to a party.

    Raises:
        Forbidden: a customer stands for no party, or asks for what can't be narrowed, or for another's rows.
        Conflict: several parties are in the room, or it was asked for the rows of another one.
    """
    mine = party_of(tx, owner_id, source) if customer else None
    if customer and (mine is None or not by_party):
        raise customer_not_linked() if by_party else customers_see_their_own()
    if not by_party:
        return filters
    there: set[str] = set()
    if group_id is not None:
        there = set(
            tx.scalars(
                sa.select(Customer.party_id)
                .distinct()
                .join(Person, (Person.id == Customer.user_id) & (Person.kind == "customer") & Person.active)
                .join(Member, (Member.user_id == Customer.user_id) & Member.role.is_not(None))
                .where(Customer.source == source, Member.group_id == group_id)
                .limit(2)
            )
        )
    if len(parties := there | ({mine} if mine else set())) > 1:
        raise several_customers()
    if not parties:
        return filters
    [party] = parties
    if filters.get("party_id") not in (None, party):
        raise customers_see_their_own() if customer else rows_of_another()
    return {**filters, "party_id": party}


def sees(tx: Transaction, caller: Caller, source: str | None, party_id: str | None) -> bool:
    """Whether the caller may see what has the rows of this party alone, or of all if None; staff may."""
    return caller.kind != "customer" or _theirs(tx, str(caller.id), source, party_id)


def _theirs(tx: Transaction, user_id: str, source: str | None, party_id: str | None) -> bool:
    return party_id is not None and source is not None and party_of(tx, user_id, source) == party_id
