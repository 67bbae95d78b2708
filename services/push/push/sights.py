"""Rows as the rules read them: a handful of statements for many people and topics at once."""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa
from kit.db import Transaction
from sqlalchemy import ARRAY

from push.models import Mark, Member, Notice, Person, Room
from push.rules import Sight, Told, Who

Pair = tuple[str, str]  # (user_id, topic)
# Of one topic; a person who has more unread is told so.
MOST = 100


def look(tx: Transaction, pairs: Collection[Pair]) -> dict[Pair, Sight]:
    """What the rules need to know of these people and topics."""
    people = {p.id: p for p in tx.scalars(sa.select(Person).where(Person.id.in_({u for u, _ in pairs})))}
    notices = _notices(tx, {topic for _, topic in pairs})
    groups = {n.group_id for of_topic in notices.values() for n in of_topic if n.group_id}
    names = dict(tx.execute(sa.select(Room.group_id, Room.name).where(Room.group_id.in_(groups))).all())
    wanted = {
        (user_id, n.group_id) for user_id, topic in pairs for n in notices.get(topic, ())[:1] if n.group_id
    }
    members = _by_pair(tx, Member, wanted)
    marks = _by_pair(tx, Mark, wanted)

    def sight(user_id: str, topic: str) -> Sight:
        person, told = people.get(user_id), notices.get(topic, [])
        group_id = told[0].group_id if told else None
        key = user_id, group_id or ""
        member, mark = members.get(key), marks.get(key)
        in_room = topic.startswith("room:")
        return Sight(
            who=_who(person) if person and person.active else None,
            notices=told,
            groups=[group_id] if group_id and member and member.role else [],
            room=names.get(group_id, "") if group_id else "",
            muted_until=member.muted_until if member else None,
            read_seq=mark.read_seq if mark and in_room else 0,
            shown_seq=mark.shown_seq if mark and in_room else 0,
        )

    return {pair: sight(*pair) for pair in pairs}


def names_of(tx: Transaction, user_ids: Iterable[str]) -> dict[str, str]:
    """The names of those people whom we know."""
    found = sa.select(Person.id, Person.display_name).where(
        Person.id.in_(set(user_ids)), Person.display_name != ""
    )
    return dict(tx.execute(found).all())


def _who(person: Person) -> Who:
    return Who(
        id=person.id,
        kind=person.kind,
        permissions=person.permissions,
        locale=person.locale,
        timezone=person.timezone,
        settings=person.settings,
    )


def _notices(tx: Transaction, topics: Collection[str]) -> dict[str, list[Told]]:
    wanted = (
        sa.func.unnest(sa.cast(list(topics), ARRAY(sa.Text))).table_valued("topic").render_derived("wanted")
    )
    newest = (
        sa.select(Notice)
        .where(Notice.topic == wanted.c.topic)
        .order_by(Notice.seq.desc())
        .limit(MOST)
        .lateral("newest")
    )
    found: dict[str, list[Told]] = {}
    for row in tx.execute(sa.select(newest).select_from(wanted.join(newest, sa.true()))):
        told = Told(row.seq, row.kind, row.group_id, row.actor_id, row.body, row.at, row.expires_at, row.gone)
        found.setdefault(row.topic, []).append(told)
    for of_topic in found.values():
        of_topic.sort(key=lambda told: -told.seq)
    return found


def _by_pair(tx: Transaction, table: Any, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    if not pairs:
        return {}
    ids = sa.tuple_(table.user_id, table.group_id).in_(list(pairs))
    return {(row.user_id, row.group_id): row for row in tx.scalars(sa.select(table).where(ids))}
