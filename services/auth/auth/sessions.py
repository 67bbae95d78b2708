"""Sessions and their refresh tokens.

A refresh token is 256 random bits, good for one use: it is answered with its successor. A token used
twice means that two parties hold it, and one of them is a thief, so the session ends for both.

One case is excused. When the answer to a refresh is lost, the client has only the used token and repeats
itself. So the token used *last* may be repeated for a few seconds and gets one more successor; the earlier
one stays good too, for its answer may only have been late. As soon as one of them is used, the
others become reused tokens like any other: a thief gains at most the seconds, and ends the session.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction

from auth.errors import invalid_refresh_token
from auth.events import EndReason, SessionEnded
from auth.models import RefreshToken, User, UserSession
from auth.settings import AuthSettings

BATCH = 5000


def start(
    tx: Transaction,
    settings: AuthSettings,
    user: User,
    *,
    remember: bool,
    address: str | None,
    user_agent: str | None,
) -> tuple[UserSession, str]:
    """A new session of this person, with its first refresh token."""
    session = UserSession(
        user_id=user.id,
        remembered=remember,
        address=_short(address),
        user_agent=_short(user_agent),
    )
    session.expires_at = _idle_until(settings, session)
    tx.add(session)
    tx.flush()
    return session, _issue(tx, session, follows=None)


def renew(
    tx: Transaction, settings: AuthSettings, token: str, address: str | None
) -> tuple[UserSession, User, str] | None:
    """The session of this refresh token, its person, and the next token.

    None if the token was used before: the session is ended then, which must be committed.

    Raises:
        Unauthenticated: no such token, or its session is over.
    """
    digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
    found = tx.get(RefreshToken, digest)
    session = found and tx.get(UserSession, found.session_id, with_for_update=True)
    # Read again, now that nobody else can use it.
    found = tx.get(RefreshToken, digest, populate_existing=True)
    if not session or not found:
        raise invalid_refresh_token()
    user = tx.get_one(User, session.user_id)
    now = clock.now()
    if session.ended_at or session.expires_at <= now or not user.active:
        raise invalid_refresh_token()
    if found.used_at is None and found.follows == session.last_used:
        found.used_at = now
        session.last_used = digest
    elif found.used_at is None or digest != session.last_used or now > _grace_end(settings, found.used_at):
        end(tx, session, "token_reused")
        return None
    session.expires_at = _idle_until(settings, session)
    session.used_at, session.address = now, _short(address) or session.address
    return session, user, _issue(tx, session, follows=digest)


def end(tx: Transaction, session: UserSession, reason: EndReason) -> None:
    """Ends a session that is locked and open, and says so."""
    session.ended_at = clock.now()
    session.end_reason = reason
    tx.emit(SessionEnded(session_id=session.id, user_id=session.user_id, reason=reason))


def end_all(tx: Transaction, user_id: str, reason: EndReason, *, but: str | None = None) -> None:
    """Ends the open sessions of a person whose row is locked, so that no new one begins meanwhile.

    Args:
        but: the id of one that goes on.
    """
    for session in tx.scalars(_open(user_id).order_by(UserSession.id).with_for_update()):
        if session.id != but:
            end(tx, session, reason)


def of(user_id: str) -> sa.Select[UserSession]:
    """The sessions that a person may go on with."""
    return _open(user_id).where(UserSession.expires_at > clock.now())


def shown(session: UserSession, current: str | None) -> dict[str, Any]:
    """A session as its person sees it. Its use is noted when its tokens are renewed.

    Args:
        current: the id of the session in which they ask.
    """
    return {
        "id": session.id,
        "current": session.id == current,
        "user_agent": session.user_agent,
        "address": session.address,
        "remembered": session.remembered,
        "created_at": clock.rfc3339(session.created_at),
        "last_used_at": clock.rfc3339(session.used_at),
        "expires_at": clock.rfc3339(session.expires_at),
    }


def end_idle(tx: Transaction) -> None:
    """Ends sessions that were idle too long, as many as fit one transaction."""
    idle = sa.select(UserSession).where(UserSession.ended_at.is_(None), UserSession.expires_at <= clock.now())
    for session in tx.scalars(idle.limit(BATCH).with_for_update(skip_locked=True)):
        end(tx, session, "expired")


def forget(tx: Transaction, settings: AuthSettings) -> None:
    """Drops sessions that ended, and tokens that were used or passed over, long ago."""
    now = clock.now()
    ended = UserSession.ended_at < now - timedelta(seconds=settings.ENDED_SESSIONS_SECONDS)
    old_sessions = sa.select(UserSession.id).where(ended).limit(BATCH).with_for_update(skip_locked=True)
    tx.execute(sa.delete(UserSession).where(UserSession.id.in_(old_sessions)))
    before = now - timedelta(seconds=settings.USED_TOKENS_SECONDS)
    next_one = RefreshToken.used_at.is_(None) & RefreshToken.follows.is_not_distinct_from(
        UserSession.last_used
    )
    old_tokens = (
        sa.select(RefreshToken.digest)
        .join(UserSession, UserSession.id == RefreshToken.session_id)
        # The second condition is the index's: a token is used after it is made.
        .where(sa.func.coalesce(RefreshToken.used_at, RefreshToken.made_at) < before)
        .where(RefreshToken.made_at < before, sa.not_(next_one))
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=RefreshToken)
    )
    tx.execute(sa.delete(RefreshToken).where(RefreshToken.digest.in_(old_tokens)))


def _open(user_id: str) -> sa.Select[UserSession]:
    return sa.select(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))


def _issue(tx: Transaction, session: UserSession, follows: bytes | None) -> str:
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).digest()
    tx.add(RefreshToken(digest=digest, session_id=session.id, follows=follows))
    return token


def _idle_until(settings: AuthSettings, session: UserSession) -> datetime:
    seconds = settings.REMEMBERED_SECONDS if session.remembered else settings.SESSION_SECONDS
    return clock.now() + timedelta(seconds=seconds)


def _grace_end(settings: AuthSettings, used_at: datetime) -> datetime:
    return used_at + timedelta(seconds=settings.REFRESH_GRACE_SECONDS)


def _short(text: str | None) -> str | None:
    return text and text.replace("\x00", "").encode("utf-8", "ignore").decode()[:200]
