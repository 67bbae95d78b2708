"""Our copies of people, memberships and read marks: the newest word wins, in whatever order words arrive."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from kit.rows import ID, NUMBER, TEXT, rows_of, sent
from sqlalchemy.dialects.postgresql import insert

from push.events import MemberMuted, PersonOwn, PersonSeen
from push.models import Mark, Member, Person, Room, Telling, room_topic
from push.settings import PushSettings

SEEN = ("display_name", "kind", "active")
READ = rows_of("read", user_id=ID, topic=TEXT, seq=NUMBER)
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)
OWN = ("permissions", "locale", "timezone", "settings")


def keep_seen(tx: Transaction, person: PersonSeen) -> None:
    """What others see of a person."""
    _keep_person(tx, person.id, "seen_version", person.version, person.model_dump(include=set(SEEN)))


def keep_own(tx: Transaction, person: PersonOwn) -> None:
    """What only they see: how they want to be told."""
    keep_seen(tx, person)
    _keep_person(tx, person.id, "own_version", person.version, person.model_dump(include=set(OWN)))


def _keep_person(tx: Transaction, user_id: str, which: str, version: int, values: Mapping[str, Any]) -> None:
    new = insert(Person).values(id=user_id, **values, **{which: version})
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["id"],
            set_={name: new.excluded[name] for name in (*values, which)},
            where=getattr(Person, which) <= new.excluded[which],
        )
    )


def unknown(tx: Transaction, user_ids: Collection[str]) -> set[str]:
    """Those of the people whose settings we were never told."""
    known = sa.select(Person.id).where(Person.id.in_(user_ids), Person.own_version > 0)
    return set(user_ids) - set(tx.scalars(known))


def keep_room(tx: Transaction, group_id: str, name: str, version: int) -> None:
    new = insert(Room).values(group_id=group_id, name=name, version=version)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["group_id"],
            set_={"name": new.excluded.name, "version": new.excluded.version},
            where=Room.version <= new.excluded.version,
        )
    )


def keep_member(tx: Transaction, group_id: str, user_id: str, role: str | None, version: int) -> None:
    new = insert(Member).values(group_id=group_id, user_id=user_id, role=role, version=version)
    left = new.excluded.role.is_(None)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["group_id", "user_id"],
            set_={
                "role": new.excluded.role,
                "version": new.excluded.version,
                # Who comes back hears the room again.
                "muted_until": sa.case((left, None), else_=Member.muted_until),
            },
            where=Member.version <= new.excluded.version,
        )
    )


def keep_mute(tx: Transaction, event: MemberMuted) -> None:
    """Until when a member wants no alerts of a group: for good, where that has no end."""
    until = (event.muted_until or FOR_GOOD) if event.muted else None
    new = insert(Member).values(
        group_id=event.group_id,
        user_id=event.user_id,
        version=0,
        muted_until=until,
        mute_version=event.version,
    )
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["group_id", "user_id"],
            set_={"muted_until": new.excluded.muted_until, "mute_version": new.excluded.mute_version},
            where=Member.mute_version <= new.excluded.mute_version,
        )
    )


def keep_memberships(tx: Transaction, items: Iterable[Mapping[str, Any]]) -> None:
    """What groups answers of memberships."""
    for item in items:
        keep_member(tx, item["group_id"], item["user_id"], item["role"], item["version"])
        if item["name"]:
            keep_room(tx, item["group_id"], item["name"], item["version"])


def memberships(tx: Transaction, after: Sequence[str] | None, limit: int) -> Sequence[Any]:
    """Our copy of who is a member, and one more than `limit` if there are more."""
    found = sa.select(Member.group_id, Member.user_id, Member.version).where(Member.role.is_not(None))
    if after:
        found = found.where(sa.tuple_(Member.group_id, Member.user_id) > sa.tuple_(*after))
    return tx.execute(found.order_by(Member.group_id, Member.user_id).limit(limit + 1)).all()


def move_marks(tx: Transaction, settings: PushSettings, marks: Iterable[Mapping[str, Any]]) -> None:
    """Moves marks forward, never back. What is read needs no telling, and answers what was told.

    Args:
        marks: each a `user_id`, a `group_id` and one or more of `read_seq`, `shown_seq` and `received_seq`.
    """
    seqs = ("read_seq", "shown_seq", "received_seq")
    # In one order, so that two transactions never wait for each other in a circle.
    rows = sorted(
        (
            {"user_id": m["user_id"], "group_id": m["group_id"], **{s: m.get(s, 0) for s in seqs}}
            for m in marks
        ),
        key=lambda row: (row["user_id"], row["group_id"]),
    )
    if not rows:
        return
    new = insert(Mark).values(rows)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["user_id", "group_id"],
            set_={seq: sa.func.greatest(getattr(Mark, seq), new.excluded[seq]) for seq in seqs},
        )
    )
    read = [(row["user_id"], room_topic(row["group_id"]), row["read_seq"]) for row in rows if row["read_seq"]]
    if not read:
        return
    soon = clock.now() + timedelta(seconds=settings.PUSH_WAIT_SECONDS)
    # What they were told stands on a device, and is over.
    over = Telling.stands & (Telling.told_seq <= READ.c.seq)
    sooner = sa.func.least(sa.func.coalesce(Telling.due_at, soon), soon)
    tx.execute(
        sa.update(Telling)
        .where(
            Telling.user_id == READ.c.user_id, Telling.topic == READ.c.topic, Telling.since_seq <= READ.c.seq
        )
        .values(since_seq=READ.c.seq + 1, unanswered=0, due_at=sa.case((over, sooner), else_=Telling.due_at)),
        sent(READ, read),
    )
