"""Photos and files: kept when they come, given to one message, and cleared away when nobody may have them.

The bytes lie in the store under keys that follow from the attachment's id. Its row is there before them and
goes after them, so whatever a killed process leaves behind is found by its row.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import Any, NamedTuple

import filetype
from kit.clock import now
from kit.db import Transaction
from kit.event import new_id
from kit.images import NotAnImage, Picture, reencoded
from kit.rows import ID, IDS, NUMBER, rows_of, sent
from kit.store import Store
from sqlalchemy import any_, bindparam, cast, delete, func, select, update

from chat.errors import attachment_not_found, too_many_unsent
from chat.models import Attachment, Base

ATTACHMENTS = Base.metadata.tables["attachments"]
INCOMING = "incoming"
PHOTO_SIDE, THUMBNAIL_SIDE = 2560, 480
# Enough for every signature, and to tell text from what is none.
HEAD_BYTES = 8192
CLEAR_AT_ONCE = 200

CLAIMED = rows_of("claimed", id=ID, owner_id=ID)
# In sorted order: so two replicas never wait for each other in a circle.
CLAIM = (
    select(ATTACHMENTS)
    .join(CLAIMED, (ATTACHMENTS.c.id == CLAIMED.c.id) & (ATTACHMENTS.c.owner_id == CLAIMED.c.owner_id))
    .where(ATTACHMENTS.c.state == "kept", ATTACHMENTS.c.group_id.is_(None))
    .order_by(ATTACHMENTS.c.id)
    .with_for_update(of=ATTACHMENTS)
)
GIVEN = rows_of("given", id=ID, group_id=ID, seq=NUMBER)
GIVE = (
    update(ATTACHMENTS)
    .where(ATTACHMENTS.c.id == GIVEN.c.id)
    .values(group_id=GIVEN.c.group_id, seq=GIVEN.c.seq)
)


class Kept(NamedTuple):
    """What is known of an attachment once its bytes are in the store."""

    kind: str
    content_type: str
    name: str
    size: int
    width: int | None = None
    height: int | None = None
    thumbnail_size: int | None = None


def key(attachment_id: str) -> str:
    return f"chat/{attachment_id}"


def thumbnail_key(attachment_id: str) -> str:
    return f"chat/{attachment_id}-thumbnail"


def begin(tx: Transaction, owner_id: str, most: int) -> str:
    """Makes room for an attachment that is coming; returns its id.

    Args:
        most: attachments that somebody may have and not have sent.

    Raises:
        Conflict
    """
    tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(owner_id, 0))))
    unsent = Attachment.owner_id == owner_id, Attachment.group_id.is_(None), Attachment.state != "going"
    if (tx.scalar(select(func.count()).where(*unsent)) or 0) >= most:
        raise too_many_unsent(most)
    attachment = Attachment(id=new_id(), owner_id=owner_id, state="coming", at=now())
    tx.add(attachment)
    return attachment.id


def keep(files: Store, attachment_id: str, incoming_key: str, name: str, draw: Callable[..., Any]) -> Kept:
    """Puts what came in where it belongs: a picture drawn anew, anything else as it is.

    Args:
        draw: does the first with what the second returns, when there is room for it.

    Raises:
        FileNotFoundError: nothing came in under that key.
    """
    size = files.size(incoming_key)
    head = b"".join(files.stream(incoming_key, 0, min(size, HEAD_BYTES)))
    content_type = sniffed(head)
    if content_type.startswith("image/"):
        try:
            photo, thumbnail = draw(_drawn, partial(files.get, incoming_key))
        except NotAnImage:
            pass  # broken, moving, or of a kind that is not drawn: a file like others
        else:
            files.put(key(attachment_id), photo.content)
            files.put(thumbnail_key(attachment_id), thumbnail.content)
            suffix = ".webp" if photo.content_type == "image/webp" else ".jpg"
            return Kept(
                "photo",
                photo.content_type,
                PurePath(name).stem[: 255 - len(suffix)] + suffix,
                len(photo.content),
                photo.width,
                photo.height,
                len(thumbnail.content),
            )
    files.copy(incoming_key, key(attachment_id))
    return Kept("file", content_type, name, size)


def _drawn(content: bytes) -> tuple[Picture, Picture]:
    photo = reencoded(content, most_side=PHOTO_SIDE, moving=False)
    return photo, reencoded(content, most_side=THUMBNAIL_SIDE)


def sniffed(head: bytes) -> str:
    """The media type of content by its first bytes; who sends it is not asked."""
    if found := filetype.guess_mime(head):
        return str(found)
    try:
        head.decode()
    except UnicodeDecodeError as problem:
        if len(head) < HEAD_BYTES or problem.start < len(head) - 4:  # else it is a character cut in two
            return "application/octet-stream"
    control = set(range(32)) - set(b"\t\n\f\r\x1b")
    return "application/octet-stream" if control & set(head) else "text/plain"


def finish(tx: Transaction, attachment_id: str, kept: Kept) -> dict[str, Any]:
    """The bytes are there; returns the attachment as clients see it.

    Raises:
        NotFound: it took so long that it has been cleared away.
    """
    coming = Attachment.id == attachment_id, Attachment.state == "coming"
    row = tx.execute(
        update(ATTACHMENTS).where(*coming).values(state="kept", **kept._asdict()).returning(*ATTACHMENTS.c)
    ).first()
    if row is None:
        raise attachment_not_found()
    return shown(as_sent(row._mapping))


def as_sent(row: Any) -> dict[str, Any]:
    """What an entry holds of an attachment."""
    names = "id", "kind", "content_type", "name", "size", "width", "height"
    return {name: row[name] for name in names if row[name] is not None}


def shown(attachment: dict[str, Any]) -> dict[str, Any]:
    """As clients see it."""
    url = f"/api/v1/attachments/{attachment['id']}"
    addresses = {"url": url}
    if attachment["kind"] == "photo":
        addresses["thumbnail_url"] = f"{url}/thumbnail"
    return attachment | addresses


def claim(tx: Transaction, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Locks those of these (id, owner) that can be sent, and returns what an entry holds of each."""
    if not pairs:
        return {}
    found = tx.execute(CLAIM, sent(CLAIMED, pairs)).mappings()
    return {(row["id"], row["owner_id"]): as_sent(row) for row in found}


def give(tx: Transaction, placed: Sequence[tuple[str, str, int]]) -> None:
    """Attachments (id, group, seq) belong to an entry from now on."""
    if placed:
        tx.execute(GIVE, sent(GIVEN, placed))


def take_back(tx: Transaction, owner_id: str, attachment_id: str) -> None:
    """Its owner does not want to send it after all.

    Raises:
        NotFound
    """
    unsent = (
        Attachment.id == attachment_id,
        Attachment.owner_id == owner_id,
        Attachment.group_id.is_(None),
        Attachment.state == "kept",
    )
    if not tx.scalar(update(ATTACHMENTS).where(*unsent).values(state="going").returning(ATTACHMENTS.c.id)):
        raise attachment_not_found()


def let_go(tx: Transaction, attachment_ids: Collection[str]) -> None:
    """From the commit on nobody gets them; `clear` deletes them."""
    these = ATTACHMENTS.c.id == any_(cast(bindparam("ids"), IDS))
    tx.execute(update(ATTACHMENTS).where(these).values(state="going"), {"ids": list(attachment_ids)})


def abandon(tx: Transaction, attachment_id: str) -> None:
    """Lets go of one that is still coming: what brought it has ended."""
    coming = Attachment.id == attachment_id, Attachment.state == "coming"
    tx.execute(update(ATTACHMENTS).where(*coming).values(state="going"))


def expire(tx: Transaction, before: datetime) -> None:
    """Lets go of what came before a time and was not sent."""
    old = (
        select(ATTACHMENTS.c.id)
        .where(ATTACHMENTS.c.group_id.is_(None), ATTACHMENTS.c.state != "going", ATTACHMENTS.c.at < before)
        .limit(CLEAR_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    tx.execute(update(ATTACHMENTS).where(ATTACHMENTS.c.id.in_(old)).values(state="going"))


def going(tx: Transaction) -> list[str]:
    """Some of those that nobody may have any more."""
    found = select(Attachment.id).where(Attachment.state == "going").order_by(Attachment.at)
    return list(tx.scalars(found.limit(CLEAR_AT_ONCE)))


def clear(files: Store, attachment_ids: Sequence[str]) -> None:
    """Deletes their bytes; several replicas may do so at once."""
    for attachment_id in attachment_ids:
        files.delete(key(attachment_id), thumbnail_key(attachment_id))


def forget(tx: Transaction, attachment_ids: Sequence[str]) -> None:
    """Their bytes are gone."""
    tx.execute(delete(ATTACHMENTS).where(ATTACHMENTS.c.id.in_(attachment_ids)))


def file_of(attachment: Attachment, thumbnail: bool) -> dict[str, Any]:
    """What the gateway needs to serve it.

    Raises:
        NotFound: it has no thumbnail.
    """
    if thumbnail:
        if attachment.thumbnail_size is None:
            raise attachment_not_found()
        return {
            "key": thumbnail_key(attachment.id),
            "size": attachment.thumbnail_size,
            "content_type": attachment.content_type,
            "etag": f"{attachment.id}-thumbnail",
        }
    told = {
        "key": key(attachment.id),
        "size": attachment.size,
        "content_type": attachment.content_type,
        "etag": attachment.id,
    }
    # What we drew ourselves may be shown; anything else is only saved.
    return told if attachment.kind == "photo" else told | {"name": attachment.name}
