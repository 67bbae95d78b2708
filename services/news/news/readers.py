"""Who may read an article, and who may publish: our own copies of memberships and of people.

Every change of a group carries the group's version, so the newest word on a member wins in whatever order
the words arrive.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from kit import clock
from kit.caller import Caller
from kit.db import Transaction
from sqlalchemy.dialects.postgresql import insert

from news import errors
from news.events import PersonHeard
from news.models import Article, Member, Person, ReadMark, Room

PUBLISHING_ROLES = ("owner", "coordinator", "staff")


class Place(NamedTuple):
    """Somebody's place in a group; no `role` is no member. `visible` is known from groups only."""

    role: str | None
    ended: bool
    visible: bool = False


class Unheard(Exception):
    """Our copy doesn't know the caller's place in these; groups has to be asked, with no lock held."""

    def __init__(self, group_ids: list[str]) -> None:
        super().__init__(f"{len(group_ids)} places are not known")
        self.group_ids = group_ids


Told = Mapping[str, Place | None]  # what groups has answered; None where there is no such group


def places(tx: Transaction, caller: Caller, group_ids: Iterable[str]) -> dict[str, Place]:
    """The caller's place in these groups, as far as our copy knows."""
    found = sa.select(Member.group_id, Member.role, Room.ended).join(Room, Room.group_id == Member.group_id)
    rows = tx.execute(found.where(Member.user_id == caller.id, Member.group_id.in_(set(group_ids))))
    return {group_id: Place(role, ended) for group_id, role, ended in rows}


def may_read(tx: Transaction, caller: Caller, article: Article, told: Told) -> bool:
    """Whether the article is there for the caller.

    Raises:
        Unheard
    """
    if article.status != "released" or article.over:
        return False
    if article.audience != "groups":
        return article.audience == "everyone" or caller.is_staff
    known = places(tx, caller, article.group_ids)
    if any(place.role for place in known.values()):
        return True
    _require_known(article.group_ids, known, told)
    return False


def may_change(tx: Transaction, caller: Caller, article: Article, told: Told) -> bool:
    """Whether the caller could publish it for those it is for.

    Raises:
        Unheard
    """
    known = places(tx, caller, article.group_ids)
    if would_change(caller, article, known):
        return True
    if caller.may("news:publish") and all(place.role in PUBLISHING_ROLES for place in known.values()):
        _require_known(article.group_ids, known, told)
    return False


def would_change(caller: Caller, article: Article, known: Mapping[str, Place]) -> bool:
    """The same, by the places that are known."""
    if not (caller.is_staff and caller.may("news:publish")):
        return False
    if article.audience != "groups" or caller.may("administrator"):
        return True
    return all(g in known and known[g].role in PUBLISHING_ROLES for g in article.group_ids)


def require_publisher(caller: Caller) -> None:
    """Refuses who doesn't publish news at all.

    Raises:
        Forbidden
    """
    caller.require("news:publish")
    if not caller.is_staff:
        raise errors.customers_may_not_publish()


def require_open(tx: Transaction, caller: Caller, group_ids: list[str], told: Told) -> None:
    """Refuses who may not publish news for these groups.

    Raises:
        NotFound, Forbidden, Conflict
        Unheard: also where our copy knows no role: it may not yet have heard of one, and only groups knows
            whether the group is visible.
    """
    known = places(tx, caller, group_ids)
    if missing := [g for g in group_ids if g not in told and (g not in known or not known[g].role)]:
        raise Unheard(missing)
    for group_id in group_ids:
        place = told[group_id] if group_id in told else known[group_id]
        if not place:
            raise errors.group_not_found()
        if not caller.may("administrator"):
            if not place.role:
                raise errors.not_a_member() if place.visible else errors.group_not_found()
            if place.role not in PUBLISHING_ROLES:
                raise errors.role_required()
        if place.ended:
            raise errors.group_ended()


def _require_known(group_ids: list[str], known: Mapping[str, Place], told: Told) -> None:
    if missing := [g for g in group_ids if g not in known and g not in told]:
        raise Unheard(missing)


def read_by(caller: Caller) -> sa.ColumnElement[bool]:
    """The articles that are there for the caller."""
    for_me = [Article.audience == "everyone", Article.group_ids.overlap(_groups_of(caller))]
    if caller.is_staff:
        for_me.append(Article.audience == "staff")
    there = sa.and_(
        Article.status == "released",
        sa.or_(Article.expires_at.is_(None), Article.expires_at > clock.now()),
    )
    return sa.and_(there, sa.or_(*for_me))


def changed_by(caller: Caller) -> sa.ColumnElement[bool]:
    """The articles that the caller, a publisher, could publish."""
    if caller.may("administrator"):
        return sa.true()
    return sa.or_(
        Article.audience != "groups",
        Article.group_ids.contained_by(_groups_of(caller, Member.role.in_(PUBLISHING_ROLES))),
    )


def _groups_of(caller: Caller, *roles: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    found = sa.select(sa.func.coalesce(sa.func.array_agg(Member.group_id), sa.text("'{}'::uuid[]")))
    mine = Member.user_id == caller.id, *(roles or (Member.role.is_not(None),))
    return found.where(*mine).scalar_subquery()


def asked_to_read(article: Article) -> sa.Select[Any]:
    """The people whom the article is for, with when they read it, in the order of their names."""
    mark = sa.and_(
        ReadMark.article_id == article.id,
        ReadMark.user_id == Person.id,
        ReadMark.version >= article.read_from,
    )
    found = sa.select(Person.id, Person.display_name, NAME.label("name"), ReadMark.at)
    found = found.outerjoin(ReadMark, mark).where(Person.active)
    if article.audience == "staff":
        return found.where(Person.kind == "staff")
    if article.audience == "groups":
        members = sa.select(Member.user_id).where(
            Member.group_id.in_(article.group_ids), Member.role.is_not(None)
        )
        return found.where(Person.id.in_(members))
    return found


NAME = sa.func.lower(Person.display_name)


# What is heard


def keep_member(tx: Transaction, group_id: str, user_id: str, role: str | None, version: int) -> None:
    """Notes a membership, unless a newer one is known."""
    keep_room(tx, group_id, ended=False)
    new = insert(Member).values(group_id=group_id, user_id=user_id, role=role, version=version)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=[Member.group_id, Member.user_id],
            set_={"role": new.excluded.role, "version": new.excluded.version},
            where=Member.version <= new.excluded.version,
        )
    )


def keep_room(tx: Transaction, group_id: str, *, ended: bool) -> None:
    """Notes a group; once ended, it stays so."""
    new = insert(Room).values(group_id=group_id, ended=ended)
    tx.execute(
        new.on_conflict_do_update(index_elements=[Room.group_id], set_={"ended": True})
        if ended
        else new.on_conflict_do_nothing()
    )


def learn(tx: Transaction, answer: Mapping[str, Any]) -> Place:
    """Keeps a membership as groups answers it, and returns it."""
    keep_member(tx, answer["group_id"], answer["user_id"], answer["role"], answer["version"])
    if answer["ended"]:
        keep_room(tx, answer["group_id"], ended=True)
    return Place(answer["role"], answer["ended"], answer["visible"])


def keep_person(tx: Transaction, person: PersonHeard) -> None:
    """Keeps what news needs of a person; what is older than the row changes nothing."""
    row = insert(Person).values(**person.model_dump())
    names = ("display_name", "kind", "active", "version")
    tx.execute(
        row.on_conflict_do_update(
            index_elements=[Person.id],
            set_={name: row.excluded[name] for name in names},
            where=Person.version < row.excluded.version,
        )
    )
