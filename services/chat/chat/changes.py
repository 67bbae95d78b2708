"""Messages edited and deleted, with a trace: what happened is an entry itself, so whoever resumes by seq
learns of it. The message keeps its place, and shows its present text wherever it is read from then on.

A text that is gone from a message is gone from the entries that told of it as well: the text of an edit
stands there only while it is the present one.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from kit.clock import now, parse, rfc3339
from kit.db import Transaction
from sqlalchemy import delete, insert, select, update

from chat import attachments, search
from chat.errors import (
    entry_not_found,
    group_ended,
    message_deleted,
    not_a_message,
    not_the_sender,
    nothing_said,
    too_late,
)
from chat.memberships import LEADERS, Pair, lock_rooms, role
from chat.models import Base, Entry, Mention, Version
from chat.timeline import ENTRIES, NewEntries, Shown, shown

VERSIONS = Base.metadata.tables["versions"]


class Message(NamedTuple):
    """A message of a room whose lock is held, and who wants to change it."""

    entries: NewEntries
    row: dict[str, Any]
    me: Pair

    @property
    def mine(self) -> bool:
        return bool(self.row["sender_id"] == self.me[1])

    @property
    def body(self) -> dict[str, Any]:
        return self.row["body"] or {}

    def is_old(self, seconds: int, at: datetime) -> bool:
        return bool(seconds) and self.row["at"] < at - timedelta(seconds=seconds)

    def told(self, kind: str, at: datetime, **values: Any) -> int:
        """Appends what is done to it; returns the new seq."""
        group_id, user_id = self.me
        body = {"target_seq": self.row["seq"]}
        # Whoever changes an old message has not thereby read the new ones.
        entry = self.entries.add(group_id, kind, at, reader=None, sender_id=user_id, body=body, **values)
        return int(entry["seq"])


def edit(tx: Transaction, me: Pair, seq: int, text: str, seconds: int) -> Shown:
    """Gives a message of mine another text; returns its entry. The same text again changes nothing.

    Args:
        seconds: for so long after it was sent; 0 for ever.

    Raises:
        Refusal
    """
    message, at = _open(tx, me, seq), now()
    row = message.row
    if not message.mine:
        raise not_the_sender()
    if message.body.get("deleted"):
        raise message_deleted()
    if message.is_old(seconds, at):
        raise too_late()
    if not text and row["kind"] == "text":
        raise nothing_said()
    if text == (row["text"] or ""):
        return shown(row)
    edit_seq = message.told("edit", at, text=text)
    _overtake(tx, me[0], seq)
    edited_at = message.body.get("edited_at")
    written = parse(edited_at) if edited_at else row["at"]
    old = {"edit_seq": edit_seq, "at": written, "text": row["text"] or ""}
    tx.execute(insert(VERSIONS).values(group_id=me[0], seq=seq, **old))
    row |= {"text": text or None, "body": message.body | {"edited_at": rfc3339(at)}}
    _rewrite(tx, row)
    search.keep(tx, [row])
    message.entries.store(tx)
    return shown(row)


def remove(tx: Transaction, me: Pair, seq: int, seconds: int) -> None:
    """Deletes a message: mine for so many seconds (0 for ever), as one who leads the group anybody's at any
    time. Deleted once more it stays as it is.

    Raises:
        Refusal
    """
    message, at = _open(tx, me, seq), now()
    row = message.row
    if role(tx, me) not in LEADERS:
        if not message.mine:
            raise not_the_sender()
        if message.is_old(seconds, at):
            raise too_late()
    if message.body.get("deleted"):
        return
    message.told("delete", at)
    empty(tx, row)
    message.entries.store(tx)


def empty(tx: Transaction, row: dict[str, Any]) -> None:
    """Takes out of a message, whose room is locked, all that was said in it."""
    here = {"group_id": row["group_id"], "seq": row["seq"]}
    _overtake(tx, **here)
    for kept in (Version, Mention):
        tx.execute(delete(kept).filter_by(**here))
    tx.execute(delete(search.FINDABLE).filter_by(**here))
    sent_with = (row["body"] or {}).get("attachments")
    if sent_with:
        attachments.let_go(tx, [attachment["id"] for attachment in sent_with])
    gone = {"attachments": [], "deleted": True} if sent_with else {"deleted": True}
    _rewrite(tx, row | {"text": "" if row["kind"] == "text" else None, "body": gone})


def versions(tx: Transaction, me: Pair, seq: int, after: int, limit: int) -> list[Version]:
    """The texts a message had before, the oldest first: for its sender and the owner of the group.

    Raises:
        Refusal
    """
    row = _message(tx, me[0], seq)
    if row["sender_id"] != me[1] and role(tx, me) != "owner":
        raise not_the_sender()
    found = select(Version).filter_by(group_id=me[0], seq=seq).where(Version.edit_seq > after)
    return list(tx.scalars(found.order_by(Version.edit_seq).limit(limit + 1)))


def _message(tx: Transaction, group_id: str, seq: int) -> dict[str, Any]:
    found = tx.execute(select(ENTRIES).filter_by(group_id=group_id, seq=seq)).mappings().first()
    if found is None:
        raise entry_not_found()
    if found["kind"] not in search.MESSAGES:
        raise not_a_message()
    return dict(found)


def _open(tx: Transaction, me: Pair, seq: int) -> Message:
    """Locks the room, so that nobody else changes anything in it meanwhile."""
    rooms = lock_rooms(tx, [me[0]])
    row = _message(tx, me[0], seq)
    if rooms[me[0]].ended:
        raise group_ended()
    return Message(NewEntries(rooms), row, me)


def _overtake(tx: Transaction, group_id: str, seq: int) -> None:
    """Takes the text out of the entries of earlier edits."""
    edits = select(Version.edit_seq).filter_by(group_id=group_id, seq=seq)
    tx.execute(update(ENTRIES).where(Entry.group_id == group_id, Entry.seq.in_(edits)).values(text=None))


def _rewrite(tx: Transaction, row: dict[str, Any]) -> None:
    here = Entry.group_id == row["group_id"], Entry.seq == row["seq"]
    tx.execute(update(ENTRIES).where(*here).values({n: row[n] for n in ("kind", "text", "body")}))
