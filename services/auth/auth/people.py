"""People: who they are, who may see them, who may change them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.caller import Caller
from kit.db import Transaction
from kit.event import new_id
from kit.fields import checked, contains, is_id
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from auth import errors, sessions
from auth.events import (
    MemberJoined,
    MemberLeft,
    OwnUser,
    PermissionsChanged,
    SettingsChanged,
    UserChanged,
    UserCreated,
    UserIntroduced,
)
from auth.fields import Administered, NewUser, Profile
from auth.models import ADMINISTRATOR, Membership, User, username_key

Hash = Callable[[str], str]
# More groups than this a person isn't in; an event names no more.
MOST_GROUPS = 1000
# In a room with more customers than this, some meet a new member when they look at the members.
MOST_INTRODUCED = 1000


def by_username(tx: Transaction, username: str) -> User | None:
    """The person with this username, in whatever case it is written."""
    key = username_key(username[:256])
    if not key.isprintable():
        return None
    return tx.scalars(sa.select(User).where(User.username_key == key)).first()


def administrators(tx: Transaction, *, lock: bool = False) -> set[str]:
    """The ids of those who are administrators now: a token may outlive the right it names.

    Args:
        lock: all of them remain what they are until this transaction ends.
    """
    found = sa.select(User.id).where(User.active, User.permissions.contains([ADMINISTRATOR]))
    return set(tx.scalars(found.order_by(User.id).with_for_update() if lock else found))


def require_administrator(tx: Transaction, caller_id: str) -> None:
    """
    Raises:
        Forbidden
    """
    if caller_id not in administrators(tx):
        raise errors.permission_required()


def create(tx: Transaction, hash_password: Hash, *, user_id: str | None = None, **fields: Any) -> User:
    """A new person.

    Args:
        user_id: where the id is given, the person who has it already is the one that was asked for.

    Raises:
        Invalid: a field is wrong.
        Conflict: the username is taken.
    """
    new = checked(NewUser, "invalid_user", fields)
    made = tx.execute(
        insert(User)
        .values(
            id=user_id or new_id(),
            username=new.username,
            username_key=username_key(new.username),
            password_hash=hash_password(new.password),
            display_name=new.display_name or new.username,
            kind=new.kind,
            permissions=new.permissions,
        )
        .on_conflict_do_nothing()
        .returning(User.id)
    ).scalar()
    if made is None:
        if user_id and (present := tx.get(User, user_id)):
            return present
        raise errors.username_taken()
    user = tx.get_one(User, made)
    tx.emit(UserCreated.of(user), PermissionsChanged.of(user), SettingsChanged(user=own(user)))
    return user


def administer(
    tx: Transaction, hash_password: Hash, user_id: str, changes: dict[str, Any], *, by: str | None
) -> User:
    """A person as an administrator changed them.

    Args:
        by: the administrator; None for the operator, whom no rule but the last holds.

    Raises:
        Forbidden, NotFound, Invalid
        Conflict: administrators would take their own right, or there would be none.
    """
    # Their rows are locked until this is committed, so that there always is one.
    present_ones = administrators(tx, lock=True)
    if by is not None and by not in present_ones:
        raise errors.permission_required()
    user = tx.get(User, user_id, with_for_update=True, populate_existing=True) if is_id(user_id) else None
    if not user:
        raise errors.user_not_found()
    before = _state(user)
    present = {name: getattr(user, name) for name in ("display_name", "kind", "permissions", "active")}
    new = checked(Administered, "invalid_user", present | changes, {"username": user.username})
    if not (new.active and ADMINISTRATOR in new.permissions):
        if user.id == by:
            raise errors.own_administration()
        if present_ones == {user.id}:
            raise errors.last_administrator()
    for name in present:
        setattr(user, name, getattr(new, name))
    if new.password:
        user.password_hash = hash_password(new.password)
    if new.password or not user.active:
        sessions.end_all(tx, user.id, "password_changed" if user.active else "deactivated")
    _say_changes(tx, user, before)
    return user


def change_profile(tx: Transaction, caller_id: str, changes: dict[str, Any]) -> User:
    """A person as they changed themselves.

    Raises:
        Unauthenticated: they may no longer sign in.
        Invalid: a field is wrong.
    """
    with changing(tx, caller_id) as user:
        present = {name: getattr(user, name) for name in ("display_name", "locale", "timezone", "settings")}
        new = checked(Profile, "invalid_profile", present | changes, {"settings": user.settings})
        for name, value in new.model_dump(mode="json").items():
            setattr(user, name, value)
    return user


def myself(tx: Transaction, caller_id: str) -> User:
    """The one who asks; they stay as they are until this transaction ends.

    Raises:
        Unauthenticated: they may no longer sign in.
    """
    user = tx.get(User, caller_id, with_for_update=True, populate_existing=True)
    if not user or not user.active:
        raise errors.session_ended()
    return user


@contextmanager
def changing(tx: Transaction, caller_id: str) -> Iterator[User]:
    """The one who asks, changed inside; what has changed is said at its end.

    Raises:
        Unauthenticated: they may no longer sign in.
    """
    user = myself(tx, caller_id)
    with telling(tx, user):
        yield user


@contextmanager
def telling(tx: Transaction, user: User) -> Iterator[None]:
    """Says at its end what was changed inside."""
    before = _state(user)
    yield
    _say_changes(tx, user, before)


def _state(user: User) -> dict[str, Any]:
    return user.as_user() | {"settings": user.settings, "password": user.password_hash}


def _say_changes(tx: Transaction, user: User, before: dict[str, Any]) -> None:
    changed = {name for name, value in _state(user).items() if value != before[name]}
    if not changed:
        return
    user.version += 1
    if changed & {"active", *user.as_public()}:
        tx.emit(UserChanged.of(user, (f"group:{group}" for group in groups_of(tx, user.id))))
    if changed & {"active", "kind", "permissions"}:
        user.rights_at = clock.now()
        tx.emit(PermissionsChanged.of(user))
    if changed & {"permissions", "locale", "timezone", "settings"}:
        tx.emit(SettingsChanged(user=own(user)))


def own(user: User) -> OwnUser:
    """A person as they see themselves, with their settings."""
    return OwnUser.model_validate(user.as_user() | {"settings": user.settings})


def as_me(user: User) -> dict[str, Any]:
    return own(user).model_dump(mode="json")


def visible_to(caller: Caller) -> sa.Select[User]:
    """The people whom the caller may know of: a customer, only those who share a group with them."""
    me, everyone = caller.id, sa.select(User)
    if caller.is_staff:
        return everyone
    mine, theirs = aliased(Membership), aliased(Membership)
    sharing = (
        sa.select(theirs.user_id)
        .join(mine, mine.group_id == theirs.group_id)
        .where(mine.user_id == me, mine.member, theirs.member)
    )
    return everyone.where(sa.or_(User.id == me, User.id.in_(sharing)))


def narrowed(found: sa.Select[User], q: str | None, kind: str | None, active: bool | None) -> sa.Select[User]:
    """Those of the people who have this in their names, are of this kind, and may sign in or not."""
    if q:
        names = User.display_name, User.username
        found = found.where(sa.or_(*(name.ilike(contains(q), escape="\\") for name in names)))
    if kind is not None:
        found = found.where(User.kind == kind)
    return found if active is None else found.where(User.active == active)


def shown_to(caller: Caller, user: User) -> dict[str, Any]:
    """A person with as much as the caller may see."""
    return user.as_user() if user.id == caller.id or caller.may(ADMINISTRATOR) else user.as_public()


def groups_of(tx: Transaction, user_id: str) -> list[str]:
    """The ids of the groups a person is in."""
    found = sa.select(Membership.group_id).where(Membership.user_id == user_id, Membership.member)
    return list(tx.scalars(found.limit(MOST_GROUPS)))


def introduce(tx: Transaction, user_id: str, group_id: str) -> None:
    """Says who has come into a group to the customers there who did not see this person before."""
    user = tx.get(User, user_id)
    if not user or not user.active:
        return
    there, elsewhere, theirs = aliased(Membership), aliased(Membership), aliased(Membership)
    known = (
        sa.select(theirs.user_id)
        .join(elsewhere, elsewhere.group_id == theirs.group_id)
        .where(elsewhere.user_id == user_id, elsewhere.group_id != group_id)
        .where(elsewhere.member, theirs.member, theirs.user_id == there.user_id)
    )
    found = (
        sa.select(User.id)
        .join(there, there.user_id == User.id)
        .where(there.group_id == group_id, there.member, User.kind == "customer", User.active)
        .where(User.id != user_id, ~known.exists())
    )
    if customers := tx.scalars(found.limit(MOST_INTRODUCED)).all():
        tx.emit(UserIntroduced.of(user, (f"user:{customer}" for customer in customers)))


def note_membership(tx: Transaction, event: MemberJoined | MemberLeft) -> bool:
    """Keeps who is in which group; False where we know something newer."""
    row = insert(Membership).values(
        user_id=event.user_id,
        group_id=event.group_id,
        member=isinstance(event, MemberJoined),
        version=event.version,
    )
    kept = row.on_conflict_do_update(
        index_elements=[Membership.user_id, Membership.group_id],
        set_={"member": row.excluded.member, "version": row.excluded.version},
        where=Membership.version <= row.excluded.version,
    )
    return tx.execute(kept.returning(Membership.group_id)).first() is not None
