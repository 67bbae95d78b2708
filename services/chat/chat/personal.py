"""What chat keeps of a person, and how it forgets them."""

from kit.clock import now
from kit.db import Transaction
from kit.personal import Kept
from sqlalchemy import delete, or_, select

from chat import attachments, changes, search
from chat.memberships import lock_rooms
from chat.models import Attachment, Entry, Member, Mention
from chat.timeline import ENTRIES, NewEntries

# Messages in one transaction, which holds their rooms' locks.
AT_ONCE = 200
OWN = (*search.MESSAGES, "position")


def kept_of(user_id: str) -> Kept:
    """What they wrote and sent, wherever they were a member, and how far they have read."""
    # A message has its sender's own id, and is found by the index over these.
    own = (Entry.sender_id == user_id, Entry.client_id.is_not(None))
    rooms = select(Member.group_id).where(Member.user_id == user_id)
    entry = (Entry.group_id, Entry.seq, Entry.kind, Entry.at, Entry.text, Entry.body)
    file = (Attachment.id, Attachment.group_id, Attachment.name, Attachment.content_type, Attachment.size)
    return {
        "entry": select(*entry).where(Entry.group_id.in_(rooms), *own).order_by(Entry.group_id, Entry.seq),
        "attachment": select(*file, Attachment.at)
        .where(Attachment.owner_id == user_id)
        .order_by(Attachment.id),
        "read_mark": select(Member.group_id, Member.read_seq)
        .where(Member.user_id == user_id)
        .order_by(Member.group_id),
    }


def erase_some(tx: Transaction, user_id: str) -> bool:
    """Empties messages and positions of a person in one room; returns whether there were any.

    A room that goes on is told of each as of any deleted message, one that has ended is only changed. Of a
    position stays what stays of a message.
    """
    rooms = select(Member.group_id).where(Member.user_id == user_id)
    full = (
        select(ENTRIES)
        .where(Entry.sender_id == user_id, Entry.client_id.is_not(None), Entry.kind.in_(OWN))
        .where(or_(Entry.body.is_(None), ~Entry.body.has_key("deleted")))
    )
    found = tx.execute(full.where(Entry.group_id.in_(rooms)).limit(1)).mappings().first()
    if found is None:
        return False
    group_id, at = found["group_id"], now()
    locked = lock_rooms(tx, [group_id])
    new = NewEntries(locked)
    some = full.where(Entry.group_id == group_id).order_by(Entry.seq).limit(AT_ONCE)
    for row in tx.execute(some).mappings().all():
        if not locked[group_id].ended:
            body = {"target_seq": row["seq"]}
            new.add(group_id, "delete", at, reader=None, sender_id=user_id, body=body)
        changes.empty(tx, {**row, "kind": "text"} if row["kind"] == "position" else dict(row))
    new.store(tx)
    return True


def erase_rest(tx: Transaction, user_id: str) -> None:
    """Forgets what names them in others' messages, and what they uploaded and never sent."""
    tx.execute(delete(Mention).where(Mention.user_id == user_id))
    unsent = select(Attachment.id).where(Attachment.owner_id == user_id, Attachment.group_id.is_(None))
    attachments.let_go(tx, list(tx.scalars(unsent)))
