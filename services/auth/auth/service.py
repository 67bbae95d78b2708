"""Auth, the user login step: a person's name and password become a session, and a session becomes rights.

Everything about who somebody is, is decided here once and then carried: in access tokens that the
gateway verifies without a call, and in events from which other services keep copies.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import nameko
import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from kit.errors import Invalid, Refusal
from kit.examine import Finding, finding
from kit.fields import an_id, bounded, checked, is_id, page, read_cursor
from kit.personal import Kept
from kit.service import SETTINGS, Files, Service, every, hear, offload, rpc
from nameko.extensions import DependencyProvider

from auth import attempts, avatars, enrolment, errors, people, personal, sessions
from auth.events import MemberJoined, MemberLeft, PermissionsChanged
from auth.fields import NewPassword, NewUser
from auth.models import ADMINISTRATOR, PERMISSIONS, Membership, User, UserSession
from auth.passwords import Passwords, passwords
from auth.settings import AuthSettings
from auth.tokens import Signer, signer

T = TypeVar("T")
# What a gateway remembers of sessions that ended, and of rights that changed, while tokens tell otherwise.
MOST_LATELY = 10_000


@cache
def _logins(at_once: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(at_once)


@cache
def _pictures(at_once: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(at_once)


@cache
def _hashes(at_once: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(at_once)


@contextmanager
def _place(places: threading.BoundedSemaphore, refusal: Callable[[], Refusal]) -> Iterator[None]:
    """One of some places; who finds none is refused and not kept waiting."""
    if not places.acquire(blocking=False):
        raise refusal()
    try:
        yield
    finally:
        places.release()


def _time(text: str) -> datetime:
    try:
        return clock.parse(text)
    except ValueError as problem:
        wrong = [{"loc": ["since"], "msg": str(problem)}]
        raise Invalid("invalid_time", "This is not a time.", wrong) from None


class _Prepared(DependencyProvider):
    """A key that can't be read fails the start, not the first login; nobody's hash is made beforehand."""

    def setup(self) -> None:
        settings: AuthSettings = nameko.config[SETTINGS]
        signer(settings.TOKEN_SIGNING_KEY)
        passwords(settings)


class AuthService(Service):
    name = "auth"
    _prepared = _Prepared()
    files: Any = Files()
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
            renewed = sessions.renew(tx, self.settings, refresh_token, address)
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
    def my_sessions(self, *, limit: int | None = None, cursor: str | None = None) -> dict[str, Any]:
        return self._sessions_of(self.caller.id, limit, cursor)

    @rpc
    def sessions_of(
        self, *, user_id: str, limit: int | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        """The open sessions of anybody, for administrators."""
        self.caller.require(ADMINISTRATOR)
        if not self._visible(user_id):
            raise errors.user_not_found()
        return self._sessions_of(user_id, limit, cursor)

    @rpc
    def end_session(self, *, session_id: str) -> None:
        with self.db() as tx:
            self._end_session(tx, self.caller.id, session_id)

    @rpc
    def end_session_of(self, *, user_id: str, session_id: str) -> None:
        """Ends a session of anybody, for administrators; the person may sign in again."""
        with self.db() as tx:
            people.require_administrator(tx, self.caller.id)
            if not is_id(user_id):
                raise errors.session_not_found()
            self._end_session(tx, user_id, session_id)

    @rpc
    def end_other_sessions(self) -> None:
        with self.db() as tx:
            me = people.myself(tx, self.caller.id)
            sessions.end_all(tx, me.id, "logout", but=self.caller.session_id)

    @rpc
    def change_password(self, *, old: str, new: str) -> None:
        with self._at_the_door():
            self._change_password(self.caller.id, self.caller.address, old, new)

    def _change_password(self, caller_id: str, address: str | None, old: str, new: str) -> None:
        with self.db() as tx:
            me = people.myself(tx, caller_id)
            known = me.password_hash
            new = checked(NewPassword, "invalid_password", {"new": new}, {"username": me.username}).new
            # Whoever finds a device unlocked may not try out passwords at it either.
            attempts.count(tx, self.settings, me.username, address)
        right, _ = self._hashing(self._passwords.check, known, old)
        hash = self._hash(new) if right else ""
        with self.db() as tx:
            # Done before, the old password is a wrong one now.
            if tx.replay(self.caller, {"change_password": caller_id}) is None:
                with people.changing(tx, caller_id) as me:
                    if not right or me.password_hash != known:
                        raise errors.wrong_password()
                    me.password_hash = hash
                sessions.end_all(tx, caller_id, "password_changed", but=self.caller.session_id)
                tx.remember(self.caller, {})
            attempts.take_back(tx, me.username, address)

    @rpc
    def ended_sessions(self, *, since: str) -> dict[str, Any]:
        """For a gateway that has just started: what it would have heard."""
        ended = sa.select(UserSession).where(UserSession.ended_at >= _time(since))
        with self.db() as tx:
            found = tx.scalars(ended.order_by(UserSession.ended_at.desc()).limit(MOST_LATELY)).all()
        return {
            "sessions": [
                {"session_id": s.id, "user_id": s.user_id, "ended_at": clock.rfc3339(s.ended_at)}
                for s in found
                if s.ended_at
            ]
        }

    @rpc
    def changed_rights(self, *, since: str) -> dict[str, Any]:
        """For the same: whose tokens may tell of rights that they had before."""
        changed = sa.select(User).where(User.rights_at >= _time(since))
        with self.db() as tx:
            found = tx.scalars(changed.order_by(User.rights_at.desc()).limit(MOST_LATELY)).all()
        return {"items": [PermissionsChanged.of(user).model_dump() for user in found]}

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
    def set_avatar(self, *, incoming_key: str) -> dict[str, Any]:
        me = self.caller.id
        with _place(_pictures(self.settings.AVATARS_AT_ONCE), errors.drawing):
            picture = offload(avatars.drawn, self.files.get(incoming_key))
        return people.as_me(avatars.change(self.db, self.files, me, picture))

    @rpc
    def remove_avatar(self) -> dict[str, Any]:
        return people.as_me(avatars.change(self.db, self.files, self.caller.id, None))

    @rpc
    def avatar(self, *, user_id: str, version: str | None = None) -> dict[str, Any]:
        """Where a person's picture is kept. Who may not see the person is told what is told of no picture."""
        user = self._visible(user_id)
        if not user or not user.avatar_id:
            raise errors.avatar_not_found()
        return {**avatars.shown(user), "immutable": version == user.avatar_id}

    @rpc
    def users(
        self,
        *,
        q: str | None = None,
        kind: str | None = None,
        active: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        size = bounded(limit)
        found = people.narrowed(people.visible_to(self.caller), q, kind, active)
        if not self.caller.may("administrator"):
            found = found.where(User.active)
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
        if not (user := self._visible(user_id)):
            raise errors.user_not_found()
        return people.shown_to(self.caller, user)

    @rpc
    def permissions(self) -> dict[str, Any]:
        """What there is to permit."""
        self.caller.id  # noqa: B018
        return {"items": [{"permission": name, "description": text} for name, text in PERMISSIONS.items()]}

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
            return people.administer(tx, self._hash, user_id, changes, by=self.caller.id).as_user()

    @rpc
    def erase_user(self, *, user_id: str) -> None:
        """Forgets a person, here and, by and by, everywhere; what hangs on them keeps their id alone."""
        if not is_id(user_id):
            raise errors.user_not_found()
        with self.db() as tx:
            picture = personal.erase(tx, user_id, by=self.caller.id)
        avatars.forget(self.files, picture)

    def kept_of(self, user_id: str) -> Kept:
        return personal.kept_of(user_id)

    # --- what it answers: services, and the operator, who is trusted because they hold the broker

    @rpc
    def person(self, *, user_id: str) -> dict[str, Any] | None:
        """For services that miss their copy."""
        with self.db() as tx:
            user = tx.get(User, user_id) if is_id(user_id) else None
        return people.as_me(user) if user else None

    @rpc
    def all_people(
        self,
        *,
        q: str | None = None,
        kind: str | None = None,
        active: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """For the operator, and for services that make their copy anew."""
        size = bounded(limit)
        found = people.narrowed(sa.select(User), q, kind, active).order_by(User.id)
        if after := read_cursor(cursor, an_id):
            found = found.where(User.id > after[0])
        with self.db() as tx:
            rows = tx.scalars(found.limit(size + 1)).all()
        return page(rows, size, people.as_me, lambda user: [user.id])

    @rpc
    def enrol(
        self, *, rows: list[dict[str, Any]], update: bool = False, check: bool = False
    ) -> dict[str, Any]:
        """Makes people of a list, all or none; `check` only says what would be done."""
        listed = enrolment.read(rows)
        with self.db() as tx:
            there = enrolment.present(tx, listed)
        new = {} if check else {key: row.password for key, row in listed.items() if key not in there}
        hashes = {key: self._hash(password) for key, password in new.items() if password}
        with self.db() as tx:
            done = enrolment.enrol(tx, listed, None if check else hashes, update=update)
            if check:
                tx.rollback()
        return {"items": done}

    @rpc
    def administer(self, *, username: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Changes a person as an administrator does."""
        with self.db() as tx:
            if not (user := people.by_username(tx, username)):
                raise errors.user_not_found()
            return people.administer(tx, self._hash, user.id, changes, by=None).as_user()

    @rpc
    def memberships(self, *, limit: int | None = None, cursor: str | None = None) -> dict[str, Any]:
        """Our copy: what groups doesn't name any more has to be asked about."""
        size = bounded(limit)
        found = sa.select(Membership).where(Membership.member)
        if after := read_cursor(cursor, an_id, an_id):
            found = found.where(sa.tuple_(Membership.user_id, Membership.group_id) > sa.tuple_(*after))
        with self.db() as tx:
            rows = tx.scalars(found.order_by(Membership.user_id, Membership.group_id).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda row: {"group_id": row.group_id, "user_id": row.user_id, "version": row.version},
            lambda row: [row.user_id, row.group_id],
        )

    @rpc
    def keep_memberships(self, *, items: list[dict[str, Any]]) -> None:
        """Keeps what groups says of memberships, unless we know something newer."""
        with self.db() as tx:
            for item in items:
                people.note_membership(
                    tx, (MemberJoined if item["role"] else MemberLeft).model_validate(item)
                )

    # --- what it hears

    @hear(MemberJoined)
    def note_joined(self, event: MemberJoined) -> None:
        with self.db() as tx:
            if not tx.seen(event) and people.note_membership(tx, event):
                people.introduce(tx, event.user_id, event.group_id)

    @hear(MemberLeft)
    def note_left(self, event: MemberLeft) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                people.note_membership(tx, event)

    # --- what it answers: the operator

    def findings(self) -> list[Finding]:
        key = signer(self.settings.TOKEN_SIGNING_KEY).kid
        return [*super().findings(), finding("signing_key", f"The key {key} signs.", key=key)]

    # --- what it does by the clock

    @every(60)
    def tidy(self) -> None:
        with self.db() as tx:
            sessions.end_idle(tx)
        with self.db() as tx:
            sessions.forget(tx, self.settings)
            attempts.forget(tx)

    # --- how

    def _sessions_of(self, user_id: str, limit: int | None, cursor: str | None) -> dict[str, Any]:
        size, found = bounded(limit), sessions.of(user_id)
        if after := read_cursor(cursor, clock.parse, an_id):
            found = found.where(sa.tuple_(UserSession.used_at, UserSession.id) < sa.tuple_(*after))
        last_first = UserSession.used_at.desc(), UserSession.id.desc()
        with self.db() as tx:
            rows = tx.scalars(found.order_by(*last_first).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda session: sessions.shown(session, self.caller.session_id),
            lambda session: [clock.rfc3339(session.used_at), session.id],
        )

    def _end_session(self, tx: Transaction, user_id: str, session_id: str) -> None:
        theirs = sessions.of(user_id).where(UserSession.id == session_id).with_for_update()
        session = tx.scalars(theirs).first() if is_id(session_id) else None
        if not session:
            raise errors.session_not_found()
        sessions.end(tx, session, "logout")

    def _visible(self, user_id: str) -> User | None:
        found = people.visible_to(self.caller).where(User.id == user_id)
        with self.db() as tx:
            return tx.scalars(found).first() if is_id(user_id) else None

    @property
    def _passwords(self) -> Passwords:
        return passwords(self.settings)

    @property
    def _signer(self) -> Signer:
        return signer(self.settings.TOKEN_SIGNING_KEY)

    def _at_the_door(self) -> AbstractContextManager[None]:
        """Who only wants to be refreshed must not wait behind a crowd at the door.

        Raises:
            Unavailable
        """
        return _place(_logins(self.settings.LOGINS_AT_ONCE), errors.busy)

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
