"""Auth, the user login step: a person's name and password become a session, and a session becomes rights.

Everything about who somebody is, is decided here once and then carried: in access tokens that the
gateway verifies without a call, and in events from which other services keep copies.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import nameko
import sqlalchemy as sa
from kit import clock
from kit.errors import Invalid
from kit.fields import an_id, bounded, checked, contains, is_id, page, read_cursor
from kit.service import SETTINGS, Service, every, hear, offload, rpc
from nameko.extensions import DependencyProvider

from auth import attempts, errors, people, sessions
from auth.events import MemberJoined, MemberLeft
from auth.fields import NewUser
from auth.models import User, UserSession
from auth.passwords import Passwords, passwords
from auth.settings import AuthSettings
from auth.tokens import Signer, signer

T = TypeVar("T")
MOST_ENDED = 10_000


@cache
def _logins(at_once: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(at_once)


@cache
def _hashes(at_once: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(at_once)


class _Prepared(DependencyProvider):
    """A key that can't be read fails the start, not the first login; nobody's hash is made beforehand."""

    def setup(self) -> None:
        settings: AuthSettings = nameko.config[SETTINGS]
        signer(settings.TOKEN_SIGNING_KEY)
        passwords(settings)


class AuthService(Service):
    name = "auth"
    _prepared = _Prepared()
    settings: AuthSettings

    # --- what it answers: sessions

    @rpc
    def login(
        self,
        *,
        username: str,
        password: str,
        remember: bool = False,
        address: str | None = None,
        user_agent: str | None = None,
    ) -> dict[str, Any]:
        with self._at_the_door():
            return self._login(username, password, remember, address, user_agent)

    def _login(
        self, username: str, password: str, remember: bool, address: str | None, user_agent: str | None
    ) -> dict[str, Any]:
        with self.db() as tx:
            attempts.count(tx, self.settings, username, address)
            user = people.by_username(tx, username)
            known = user.password_hash if user else None
        # Between the transactions: a hash takes a tenth of a second, in which no connection is held.
        right, rehashed = self._hashing(self._passwords.check, known, password)
        if not right or not user:
            raise errors.invalid_credentials()
        with self.db() as tx:
            # Until this commits nobody deactivates them; other logins of theirs may go on beside it.
            user = tx.get_one(User, user.id, with_for_update={"read": rehashed is None})
            if not user.active or user.password_hash != known:
                raise errors.invalid_credentials()
            user.password_hash = rehashed or user.password_hash
            session, token = sessions.start(
                tx, self.settings, user, remember=remember, address=address, user_agent=user_agent
            )
            # Last: everybody at this address waits for this row.
            attempts.take_back(tx, username, address)
            return self._granted(session, user, token)

    @rpc
    def refresh(self, *, refresh_token: str, address: str | None = None) -> dict[str, Any]:
        with self.db() as tx:
            renewed = sessions.renew(tx, self.settings, refresh_token)
        if not renewed:
            raise errors.refresh_token_reused()
        return self._granted(*renewed)

    @rpc
    def logout(self) -> None:
        with self.db() as tx:
            mine = sa.select(UserSession).where(
                UserSession.id == self.caller.session_id, UserSession.user_id == self.caller.id
            )
            session = tx.scalars(mine.with_for_update()).first()
            if session and not session.ended_at:
                sessions.end(tx, session, "logout")

    @rpc
    def ended_sessions(self, *, since: str) -> dict[str, Any]:
        """For a gateway that has just started: what it would have heard."""
        try:
            after = clock.parse(since)
        except ValueError as problem:
            raise Invalid(
                "invalid_time", "This is not a time.", [{"loc": ["since"], "msg": str(problem)}]
            ) from None
        ended = sa.select(UserSession).where(UserSession.ended_at >= after)
        with self.db() as tx:
            found = tx.scalars(ended.order_by(UserSession.ended_at.desc()).limit(MOST_ENDED)).all()
        return {
            "sessions": [
                {"session_id": s.id, "user_id": s.user_id, "ended_at": clock.rfc3339(s.ended_at)}
                for s in found
                if s.ended_at
            ]
        }

    @rpc
    def keys(self) -> dict[str, Any]:
        return self._signer.jwks()

    # --- what it answers: people

    @rpc
    def me(self) -> dict[str, Any]:
        with self.db() as tx:
            user = tx.get(User, self.caller.id)
        if not user or not user.active:
            raise errors.session_ended()
        return people.as_me(user)

    @rpc
    def update_me(self, *, changes: dict[str, Any]) -> dict[str, Any]:
        with self.db() as tx:
            return people.as_me(people.change_profile(tx, self.caller.id, changes))

    @rpc
    def users(
        self, *, q: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        size = bounded(limit)
        found = people.visible_to(self.caller)
        if not self.caller.may("administrator"):
            found = found.where(User.active)
        if q:
            names = User.display_name, User.username
            found = found.where(sa.or_(*(name.ilike(contains(q), escape="\\") for name in names)))
        if after := read_cursor(cursor, str, an_id):
            found = found.where(sa.tuple_(User.sort_name, User.id) > sa.tuple_(*after))
        with self.db() as tx:
            rows = tx.scalars(found.order_by(User.sort_name, User.id).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda user: people.shown_to(self.caller, user),
            lambda user: [user.sort_name, user.id],
        )

    @rpc
    def user(self, *, user_id: str) -> dict[str, Any]:
        with self.db() as tx:
            found = people.visible_to(self.caller).where(User.id == user_id)
            user = tx.scalars(found).first() if is_id(user_id) else None
        if not user:
            raise errors.user_not_found()
        return people.shown_to(self.caller, user)

    @rpc
    def person(self, *, user_id: str) -> dict[str, Any] | None:
        """For services that miss their copy."""
        with self.db() as tx:
            user = tx.get(User, user_id) if is_id(user_id) else None
        return people.as_person(user) if user else None

    @rpc
    def all_people(self, *, limit: int | None = None, cursor: str | None = None) -> dict[str, Any]:
        """For services that make their copy anew."""
        size = bounded(limit)
        found = sa.select(User).order_by(User.id).limit(size + 1)
        if after := read_cursor(cursor, an_id):
            found = found.where(User.id > after[0])
        with self.db() as tx:
            rows = tx.scalars(found).all()
        return page(rows, size, people.as_person, lambda user: [user.id])

    @rpc
    def create_user(
        self,
        *,
        username: str,
        password: str,
        kind: str,
        display_name: str | None = None,
        permissions: list[str] | None = None,
    ) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "username": username,
            "display_name": display_name,
            "kind": kind,
            "permissions": permissions or [],
        }
        with self.db() as tx:
            # Without the password: not even its fast hash may lie in a table.
            if answer := tx.replay(self.caller, {"create_user": fields}):
                return answer
            people.require_administrator(tx, self.caller.id)
            user = people.create(tx, self._hash, password=password, **fields)
            return tx.remember(self.caller, user.as_user())

    @rpc
    def create_customer(
        self,
        *,
        user_id: str,
        username: str,
        password: str,
        display_name: str | None = None,
        address: str | None = None,
    ) -> dict[str, Any]:
        """For groups, whose invitation somebody new accepts: the same id is the same person, made once."""
        fields: dict[str, Any] = {"username": username, "display_name": display_name}
        fields |= {"password": password, "kind": "customer", "permissions": []}
        new = checked(NewUser, "invalid_user", fields)
        with self._at_the_door():
            with self.db() as tx:
                if not (user := tx.get(User, user_id)):
                    attempts.count_newcomer(tx, self.settings, address)
            if not user:
                # Between the transactions, as at login.
                hashed = self._hash(new.password)
                with self.db() as tx:
                    user = people.create(tx, lambda _: hashed, user_id=user_id, **fields)
        return user.as_public() | {"active": user.active, "version": user.version}

    @rpc
    def update_user(self, *, user_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        with self.db() as tx:
            return people.administer(tx, self._hash, self.caller.id, user_id, changes).as_user()

    # --- what it hears

    @hear(MemberJoined)
    def note_joined(self, event: MemberJoined) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                people.note_membership(tx, event)

    @hear(MemberLeft)
    def note_left(self, event: MemberLeft) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                people.note_membership(tx, event)

    # --- what it does by the clock

    @every(60)
    def tidy(self) -> None:
        with self.db() as tx:
            sessions.end_idle(tx)
        with self.db() as tx:
            sessions.forget(tx, self.settings)
            attempts.forget(tx)

    # --- how

    @property
    def _passwords(self) -> Passwords:
        return passwords(self.settings)

    @property
    def _signer(self) -> Signer:
        return signer(self.settings.TOKEN_SIGNING_KEY)

    @contextmanager
    def _at_the_door(self) -> Iterator[None]:
        """Who only wants to be refreshed must not wait behind a crowd at the door.

        Raises:
            Unavailable
        """
        if not _logins(self.settings.LOGINS_AT_ONCE).acquire(blocking=False):
            raise errors.busy()
        try:
            yield
        finally:
            _logins(self.settings.LOGINS_AT_ONCE).release()

    def _hash(self, password: str) -> str:
        return self._hashing(self._passwords.hash, password)

    def _hashing(self, work: Callable[..., T], *args: Any) -> T:
        """Few at once: each holds 64 MiB, and more than there are processors only starve the loop."""
        with _hashes(self.settings.ARGON2_AT_ONCE):
            return offload(work, *args)

    def _granted(self, session: UserSession, user: User, refresh_token: str) -> dict[str, Any]:
        seconds = self.settings.ACCESS_TOKEN_SECONDS
        return {
            "access_token": self._signer.access_token(user, session.id, seconds),
            "expires_in": seconds,
            "refresh_token": refresh_token,
            "user": user.as_user(),
        }
