"""Invitation links, by which people come into a group without being added; and customers into the company.

Somebody new needs an account first, which only auth can make. So a use is counted, and a place kept, before
auth is asked; a refusal gives the use back. What a crash in between leaves open, the clock ends by asking
whether the person was made. All happens under the lock of the group's row: a use too many there never is.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from kit import clock
from kit.caller import Caller
from kit.db import Transaction
from kit.errors import Invalid
from kit.fields import is_id

from groups import errors, roster
from groups.fields import InviteFields
from groups.models import Group, Invite, InviteUse, Member, Person, Role

# Links of one group that can be used.
MOST = 100
AT_ONCE = 100
KEPT = timedelta(days=30)


def may_invite(member: Member, role: Role) -> bool:
    """Whether a member may bring somebody in as this: coordinators make no coordinators."""
    return member.role == "owner" or (member.role == "coordinator" and role != "coordinator")


def usable(group_id: str) -> sa.Select[Invite]:
    """The invitations of a group that are neither used up nor over."""
    return sa.select(Invite).where(
        Invite.group_id == group_id,
        Invite.revoked_at.is_(None),
        Invite.expires_at > clock.now(),
        Invite.uses < Invite.max_uses,
    )


def make(tx: Transaction, group: Group, by: str, new: InviteFields) -> tuple[Invite, str]:
    """An invitation into a locked group, and its token.

    Raises:
        Conflict: the group has as many as it may.
    """
    there = tx.scalars(usable(group.id).with_only_columns(Invite.id).limit(MOST)).all()
    if len(there) == MOST:
        raise errors.too_many_invites()
    expires_at = clock.now() + timedelta(hours=new.expires_in_hours)
    invite = Invite(
        group_id=group.id, role=new.role, max_uses=new.max_uses, created_by=by, expires_at=expires_at
    )
    token = new_token(invite)
    tx.add(invite)
    tx.flush()
    return invite, token


def new_token(invite: Invite) -> str:
    """Another token for an invitation, known to nobody but who gets it now; its old one is void."""
    token = secrets.token_urlsafe(32)
    invite.token_hash = _digest(token)
    return token


def revoke(tx: Transaction, group: Group, invite_id: str) -> None:
    """Ends an invitation into a locked group.

    Raises:
        NotFound
    """
    invite = tx.get(Invite, invite_id) if is_id(invite_id) else None
    if not invite or invite.group_id != group.id:
        raise errors.invite_not_found()
    invite.revoked_at = invite.revoked_at or clock.now()


def offered(tx: Transaction, token: str, *, lock: bool = False) -> tuple[Group, Invite]:
    """The group that a token leads into, and its invitation, valid or not.

    Raises:
        NotFound: unknown.
    """
    found = sa.select(Invite.id, Invite.group_id).where(Invite.token_hash == _digest(token))
    known = tx.execute(found).first()
    group = tx.get(Group, known.group_id, with_for_update=lock) if known else None
    # Read under the lock, and not before it.
    invite = tx.get(Invite, known.id) if known else None
    if not group or not invite:
        raise errors.invite_not_valid()
    return group, invite


def require_valid(tx: Transaction, group: Group, invite: Invite) -> None:
    """Refuses an invitation that is over, used up, or of somebody who may no longer invite.

    Raises:
        NotFound
    """
    maker = tx.get(Member, (group.id, invite.created_by))
    person = tx.get(Person, invite.created_by)
    stands_in = person is None or (person.active and person.kind == "staff")
    if not (invite.usable and stands_in and maker and may_invite(maker, invite.role)):
        raise errors.invite_not_valid()


def accept(tx: Transaction, group: Group, invite: Invite, caller: Caller) -> Member:
    """The membership of somebody signed in, made if there is none; the group is locked.

    A link brings a person in once: who has left or been removed since needs another.

    Raises:
        NotFound, Conflict
    """
    member = roster.member_of(tx, group, caller.id)
    use = tx.get(InviteUse, (invite.id, caller.id))
    if not (member and use):
        require_valid(tx, group, invite)
    if group.ended_at:
        raise errors.group_ended()
    if member:
        return member
    if use:
        raise errors.invite_not_valid()
    invite.uses += 1
    tx.add(InviteUse(invite_id=invite.id, user_id=caller.id, joined_at=clock.now()))
    return roster.add(tx, group, caller.id, invite.role if caller.is_staff else "guest", caller.id)


def keep_place(tx: Transaction, group: Group, invite: Invite, key: str | None, username: str) -> InviteUse:
    """A place for somebody who is to get an account, under an id made for them; the group is locked.

    Args:
        key: the same key is the same person.

    Raises:
        NotFound, Conflict
        Invalid: the key came with another username before.
    """
    same = sa.select(InviteUse).where(InviteUse.invite_id == invite.id, InviteUse.key == key)
    place = tx.scalars(same).first() if key else None
    if place and place.username != username:
        raise Invalid("idempotency_key_reused", "This Idempotency-Key came with another request before.")
    if not place:
        require_valid(tx, group, invite)
        invite.uses += 1
        place = InviteUse(invite_id=invite.id, key=key, username=username)
        tx.add(place)
    if group.ended_at:
        raise errors.group_ended()
    place.reserved_at = clock.now()
    tx.flush()
    return place


def bring_in(tx: Transaction, place: InviteUse) -> tuple[Group, Member]:
    """Makes who has a place, and by now an account, a member; if it was done before, that is what it was.

    Raises:
        NotFound: the place is gone, or they have left or been removed since.
        Conflict: the group has ended meanwhile.
    """
    group, _, kept = _locked(tx, place)
    member = roster.member_of(tx, group, place.user_id)
    if not kept or (kept.joined_at and not member):
        raise errors.invite_not_valid()
    if group.ended_at:
        raise errors.group_ended()
    kept.joined_at = kept.joined_at or clock.now()
    return group, member or roster.add(tx, group, place.user_id, "guest", place.user_id)


def give_back(tx: Transaction, place: InviteUse) -> None:
    """The use counts no more: nobody was made."""
    _, invite, kept = _locked(tx, place)
    if kept and not kept.joined_at:
        invite.uses -= 1
        tx.delete(kept)


def left_open(tx: Transaction, before: datetime) -> Sequence[InviteUse]:
    """Places kept so long ago that nobody is on the way to them any more."""
    found = sa.select(InviteUse).where(InviteUse.joined_at.is_(None), InviteUse.reserved_at < before)
    return tx.scalars(found.order_by(InviteUse.reserved_at).limit(AT_ONCE)).all()


def settle(tx: Transaction, place: InviteUse, made: bool) -> None:
    """Ends what was left open, unless it goes on after all.

    Args:
        made: whether auth has made the person.
    """
    group, _, kept = _locked(tx, place)
    if kept and not kept.joined_at and kept.reserved_at == place.reserved_at:
        if made and not group.ended_at:
            bring_in(tx, kept)
        else:
            give_back(tx, kept)


def forget(tx: Transaction) -> None:
    """Drops invitations that ended long ago."""
    before = clock.now() - KEPT
    old = sa.select(Invite.id).where(sa.or_(Invite.expires_at < before, Invite.revoked_at < before))
    tx.execute(sa.delete(Invite).where(Invite.id.in_(old.limit(AT_ONCE).with_for_update(skip_locked=True))))


def _locked(tx: Transaction, place: InviteUse) -> tuple[Group, Invite, InviteUse | None]:
    """The group of a place, locked, its invitation, and the place as it is now."""
    invite = tx.get_one(Invite, place.invite_id)
    group = tx.get_one(Group, invite.group_id, with_for_update=True, populate_existing=True)
    tx.refresh(invite)
    return group, invite, tx.get(InviteUse, (place.invite_id, place.user_id), populate_existing=True)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
