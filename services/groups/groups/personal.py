"""What groups keeps of a person, and how it forgets them."""

import sqlalchemy as sa
from kit.db import Transaction
from kit.personal import Kept

from groups import roster
from groups.models import Appointment, CalendarToken, Group, InviteUse, Member


def kept_of(user_id: str) -> Kept:
    """The groups they are in, the appointments they made, when a calendar of theirs was read."""
    member = sa.select(Member.group_id, Group.name, Member.role, Member.joined_at, Member.muted_until)
    made = (
        Appointment.id,
        Appointment.group_id,
        Appointment.title,
        Appointment.description,
        Appointment.place,
    )
    token = sa.select(CalendarToken.made_at, CalendarToken.read_at)
    return {
        "membership": member.join(Group, Group.id == Member.group_id)
        .where(Member.user_id == user_id)
        .order_by(Member.group_id),
        "appointment": sa.select(*made, Appointment.made_at)
        .where(Appointment.made_by == user_id)
        .order_by(Appointment.id),
        "calendar": token.where(CalendarToken.user_id == user_id),
    }


def erase(tx: Transaction, user_id: str, by: str) -> None:
    """Takes somebody out of all groups that run, but for those they own and are not alone in: until an
    administrator names another owner, these have an owner who is nobody.

    Args:
        by: the administrator who asked for it.
    """
    tx.execute(sa.delete(CalendarToken).where(CalendarToken.user_id == user_id))
    tx.execute(sa.update(InviteUse).where(InviteUse.user_id == user_id).values(username=None, key=None))
    theirs = sa.select(Member.group_id).where(Member.user_id == user_id)
    running = sa.select(Group).where(Group.id.in_(theirs), Group.ended_at.is_(None))
    for group in tx.scalars(running.order_by(Group.id).with_for_update()):
        member = roster.member_of(tx, group, user_id)
        if member and (member.role != "owner" or group.member_count == 1):
            roster.take_out(tx, group, member, by)
