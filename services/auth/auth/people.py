"""People: who they are, who may see them, who may change them."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from kit.caller import Caller
from kit.db import Transaction
from kit.event import new_id
from kit.fields import checked, is_id
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from auth import errors, sessions
from auth.events import MemberJoined, MemberLeft, PermissionsChanged, UserChanged, UserCreated
from auth.fields import Administered, NewUser, PersonSettings, Profile
from auth.models import ADMINISTRATOR, Membership, User, username_key

Hash = Callable[[str], str]
# More groups than this a person isn't in; an event names no more.
MOST_GROUPS = 1000


def by_username(tx: Transaction, username: str) -> User | None:
    """The person with this username, in whatever case it is written."""
    key = username_key(username[:256])
    if not key.isprintable():
        return None
    return tx.scalars(sa.select(User).where(User.username_key == key)).first()


def require_administrator(tx: Transaction, caller_id: str, *, lock: bool = False) -> None:
    """Refuses who isn't administrator now: a token may outlive the right it names, so the rows are asked.

    Args:
        lock: all administrators remain what they are until this transaction ends.

    Raises:
        Forbidden
    """
    found = sa.select(User.id).where(User.active, User.permissions.contains([ADMINISTRATOR]))
    if lock:
        found = found.order_by(User.id).with_for_update()
    if caller_id not in tx.scalars(found).all():
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
    tx.emit(UserCreated.of(user))
    tx.emit(PermissionsChanged.of(user))
    return user


def administer(
    tx: Transaction, hash_password: Hash, caller_id: str, user_id: str, changes: dict[str, Any]
) -> User:
    """A person as an administrator changed them.

    Raises:
        Forbidden, NotFound, Invalid
        Conflict: administrators would take their own right.
    """
    # All administrators' rows are locked: one of them is the caller and remains one, so there always is one.
    require_administrator(tx, caller_id, lock=True)
    user = tx.get(User, user_id, with_for_update=True, populate_existing=True) if is_id(user_id) else None
    if not user:
        raise errors.user_not_found()
    before = _state(user)
    present = {name: getattr(user, name) for name in ("display_name", "kind", "permissions", "active")}
    new = checked(Administered, "invalid_user", present | changes, {"username": user.username})
    if user.id == caller_id and not (new.active and ADMINISTRATOR in new.permissions):
        raise errors.own_administration()
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
    user = tx.get(User, caller_id, with_for_update=True, populate_existing=True)
    if not user or not user.active:
        raise errors.session_ended()
    before = _state(user)
    present = {name: getattr(user, name) for name in ("display_name", "locale", "timezone", "settings")}
    new = checked(Profile, "invalid_profile", present | changes, {"settings": user.settings})
    for name, value in new.model_dump(mode="json").items():
        setattr(user, name, value)
    _say_changes(tx, user, before)
    return user


def _state(user: User) -> dict[str, Any]:
    return user.as_user() | {"settings": user.settings, "password": user.password_hash}


def _say_changes(tx: Transaction, user: User, before: dict[str, Any]) -> None:
    changed = {name for name, value in _state(user).items() if value != before[name]}
    if not changed:
        return
    user.version += 1
    if changed & {"active", *user.as_public()}:
        tx.emit(UserChanged.of(user, groups_of(tx, user.id)))
    if changed & {"active", "kind", "permissions"}:
        tx.emit(PermissionsChanged.of(user))


def as_me(user: User) -> dict[str, Any]:
    """A person as they see themselves, with their settings."""
    settings = PersonSettings.model_validate(user.settings)
    return user.as_user() | {"settings": settings.model_dump(mode="json")}


def as_person(user: User) -> dict[str, Any]:
    """What other services keep of a person."""
    return {
        "id": user.id,
        "display_name": user.display_name,
        "kind": user.kind,
        "active": user.active,
        "version": user.version,
    }


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


def shown_to(caller: Caller, user: User) -> dict[str, Any]:
    """A person with as much as the caller may see."""
    return user.as_user() if user.id == caller.id or caller.may(ADMINISTRATOR) else user.as_public()


def groups_of(tx: Transaction, user_id: str) -> list[str]:
    """The ids of the groups a person is in."""
    found = sa.select(Membership.group_id).where(Membership.user_id == user_id, Membership.member)
    return list(tx.scalars(found.limit(MOST_GROUPS)))


def note_membership(tx: Transaction, event: MemberJoined | MemberLeft) -> None:
    """Keeps who is in which group; what is older than the row changes nothing."""
    row = insert(Membership).values(
        user_id=event.user_id,
        group_id=event.group_id,
        member=isinstance(event, MemberJoined),
        version=event.version,
    )
    tx.execute(
        row.on_conflict_do_update(
            index_elements=[Membership.user_id, Membership.group_id],
            set_={"member": row.excluded.member, "version": row.excluded.version},
            where=Membership.version < row.excluded.version,
        )
    )
