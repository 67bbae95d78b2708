"""Avatars: a person's picture, drawn anew as a square, seen by whoever may see the person."""

from typing import Any

from kit.db import Transactions
from kit.event import new_id
from kit.images import NotAnImage, Picture, reencoded
from kit.observe import get_logger
from kit.store import Store

from auth import errors, people
from auth.models import User

log = get_logger(__name__)

SIDE = 512


def drawn(content: bytes) -> Picture:
    """The picture as it is shown.

    Raises:
        Invalid: it is none.
    """
    try:
        return reencoded(content, most_side=SIDE, square=True)
    except NotAnImage as problem:
        raise errors.invalid_avatar(str(problem)) from None


def change(db: Transactions, files: Store, caller_id: str, picture: Picture | None) -> User:
    """Gives a person a new picture, or none.

    Raises:
        Unauthenticated: they may no longer sign in.
    """
    new = new_id() if picture else None
    if picture and new:
        files.put(_key(new), picture.content)
    try:
        with db() as tx, people.changing(tx, caller_id) as user:
            old, user.avatar_id = user.avatar_id, new
            user.avatar_type = picture and picture.content_type
            user.avatar_size = picture and len(picture.content)
    except BaseException:
        forget(files, new)
        raise
    forget(files, old)
    return user


def shown(user: User) -> dict[str, Any]:
    """Where the picture of a person who has one is, and what it is."""
    return {
        "key": _key(user.avatar_id or ""),
        "size": user.avatar_size,
        "content_type": user.avatar_type,
        "etag": user.avatar_id,
    }


def _key(avatar_id: str) -> str:
    return f"auth/avatars/{avatar_id}"


def forget(files: Store, avatar_id: str | None) -> None:
    """Deletes a picture that nobody has any more."""
    if not avatar_id:
        return
    try:
        files.delete(_key(avatar_id))
    except Exception:
        # Nobody can come to it any more; what was asked for is done or refused all the same.
        log.exception("avatar_not_deleted", avatar_id=avatar_id)
