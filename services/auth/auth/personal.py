"""What auth keeps of a person, and how it forgets them."""

from typing import Any

import sqlalchemy as sa
from kit.db import Transaction
from kit.personal import Kept

from auth import errors, people, sessions
from auth.events import UserErased
from auth.models import User, UserSession

NOBODY = "Erased"


def kept_of(user_id: str) -> Kept:
    """Their account, but for the password, and where they were signed in."""
    account = (
        User.username, User.display_name, User.kind, User.permissions, User.locale, User.timezone,
        User.settings, User.active, User.created_at,
    )  # fmt: skip
    session = (
        UserSession.id, UserSession.address, UserSession.user_agent, UserSession.created_at,
        UserSession.used_at, UserSession.ended_at, UserSession.end_reason,
    )  # fmt: skip
    return {
        "account": sa.select(*account).where(User.id == user_id),
        "session": sa.select(*session).where(UserSession.user_id == user_id).order_by(UserSession.id),
    }


def erase(tx: Transaction, user_id: str, *, by: str) -> str | None:
    """Leaves of a person an id, to which nobody can sign in any more, and tells the others to do likewise.

    Args:
        by: the administrator.

    Returns:
        The id of the picture they had.

    Raises:
        Forbidden, NotFound
        Conflict: administrators would erase themselves.
    """
    if by not in people.administrators(tx, lock=True):
        raise errors.permission_required()
    user = tx.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise errors.user_not_found()
    if user.id == by:
        raise errors.own_administration()
    sessions.end_all(tx, user.id, "deactivated")
    gone: dict[str, Any] = {"address": None, "user_agent": None}
    tx.execute(sa.update(UserSession).where(UserSession.user_id == user.id).values(gone))
    picture = user.avatar_id
    with people.telling(tx, user):
        user.username = user.username_key = f"erased-{user.id}"
        user.display_name = NOBODY
        user.password_hash = ""
        user.permissions = []
        user.active = False
        user.avatar_id = user.avatar_type = user.avatar_size = None
        user.locale, user.timezone, user.settings = "en", "UTC", {}
    # Again for who has erased: a service that was restored from a copy of before may have to be told anew.
    tx.emit(UserErased(user_id=user.id, by=by))
    return picture
