"""Rows as the rules read them: a handful of statements for many people and topics at once."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from kit.db import Transaction
from kit.rows import ID, TEXT, rows_of, sent

from push.models import Mark, Member, Notice, Person, Room
from push.rules import Sight, Told, Who

Pair = tuple[str, str]  # (user_id, topic)
# Of one topic; a person who has more unread is told so.
MOST = 100
PAIR = rows_of("pair", user_id=ID, topic=TEXT, group_id=ID)
LOOK = (
    sa.select(PAIR.c.user_id, PAIR.c.topic, PAIR.c.group_id, Person, Member, Mark, Room.name)
    .select_from(PAIR)
    .outerjoin(Person, Person.id == PAIR.c.user_id)
    .outerjoin(Member, (Member.user_id == PAIR.c.user_id) & (Member.group_id == PAIR.c.group_id))
    .outerjoin(Mark, (Mark.user_id == PAIR.c.user_id) & (Mark.group_id == PAIR.c.group_id))
    .outerjoin(Room, Room.group_id == PAIR.c.group_id)
)
WANTED = rows_of("wanted", topic=TEXT)
NEWEST = (
    sa.select(Notice)
    .where(Notice.topic == WANTED.c.topic)
    .order_by(Notice.seq.desc())
    .limit(MOST)
    .lateral("newest")
)
NOTICES = sa.select(NEWEST).select_from(WANTED.join(NEWEST, sa.true()))


def look(tx: Transaction, pairs: Collection[Pair]) -> dict[Pair, Sight]:
    """What the rules need to know of these people and topics."""
    notices = _notices(tx, {topic for _, topic in pairs})
    group_of = {topic: told[0].group_id for topic, told in notices.items()}
    rows = [(user_id, topic, group_of.get(topic)) for user_id, topic in pairs]
    sights = {}
    for user_id, topic, group_id, person, member, mark, room in tx.execute(LOOK, sent(PAIR, rows)):
        in_room = topic.startswith("room:")
        sights[user_id, topic] = Sight(
            who=_who(person) if person and person.active else None,
            notices=notices.get(topic, []),
            groups=[group_id] if member and member.role else [],
            room=room or "",
            muted_until=member.muted_until if member else None,
            read_seq=mark.read_seq if mark and in_room else 0,
            shown_seq=mark.shown_seq if mark and in_room else 0,
        )
    return sights


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
    found: dict[str, list[Told]] = {}
    for row in tx.execute(NOTICES, sent(WANTED, [(topic,) for topic in topics])):
        told = Told(row.seq, row.kind, row.group_id, row.actor_id, row.body, row.at, row.expires_at, row.gone)
        found.setdefault(row.topic, []).append(told)
    for of_topic in found.values():
        of_topic.sort(key=lambda told: -told.seq)
    return found
