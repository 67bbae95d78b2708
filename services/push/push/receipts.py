"""What became of a push, and of a message with each member: stored, pushed, received, read."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.clock import rfc3339
from kit.db import Transaction

from push.copies import move_marks
from push.models import Delivery, Mark, Notice, Person, Telling, room_topic
from push.settings import PushSettings
from push.tellings import ACKNOWLEDGED

MOST = 200


def acknowledge(tx: Transaction, settings: PushSettings, secrets: Collection[str]) -> int:
    """Notes that devices have these pushes; returns how many of them there are."""
    named = [secret for secret in list(secrets)[:MOST] if isinstance(secret, str) and "\x00" not in secret]
    rows = tx.scalars(
        sa.select(Delivery).where(Delivery.secret.in_(named)).order_by(Delivery.id).with_for_update()
    ).all()
    fresh = [row for row in rows if row.acknowledged_at is None]
    for row in fresh:
        # Its worker may not have noted yet that it was sent.
        row.state, row.acknowledged_at = "acknowledged", clock.now()
        ACKNOWLEDGED.labels(row.channel).inc()
    received: list[dict[str, Any]] = [
        {"user_id": row.user_id, "group_id": row.topic.removeprefix("room:"), "received_seq": row.upto_seq}
        for row in fresh
        if row.topic.startswith("room:")
    ]
    furthest = {(m["user_id"], m["group_id"]): m for m in sorted(received, key=lambda m: m["received_seq"])}
    move_marks(tx, settings, furthest.values())
    # After the marks, as everywhere: in another order two could wait for each other.
    told = sa.tuple_(Telling.user_id, Telling.topic).in_({(row.user_id, row.topic) for row in fresh})
    tx.execute(sa.update(Telling).where(told).values(unanswered=0))
    return len(rows)


def report_of(tx: Transaction, secret: str) -> tuple[str, str] | None:
    """To whom a report was pushed with this secret, and which; for as long as the push itself is good.

    Who wants nothing on a locked screen has no pictures either.
    """
    if "\x00" in secret:
        return None
    found = (
        sa.select(Delivery.user_id, Notice.body["report_id"].astext)
        .join(Notice, (Notice.topic == Delivery.topic) & (Notice.seq == Delivery.upto_seq))
        .join(Person, Person.id == Delivery.user_id)
        .where(Delivery.secret == secret, Delivery.expires_at > clock.now(), sa.not_(Notice.gone))
        .where(sa.func.coalesce(Person.settings["push_content"].astext, "full") == "full")
    )
    row = tx.execute(found).first()
    return (row[0], row[1]) if row and row[1] else None


def chain(
    tx: Transaction, group_id: str, seq: int, sender_id: str, reads: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """How far a message has come with each of these members but its sender.

    Args:
        reads: their read marks, as chat answers them.
    """
    others = [mark for mark in reads if mark["user_id"] != sender_id]
    ids = [mark["user_id"] for mark in others]
    covering = (
        Delivery.topic == room_topic(group_id),
        Delivery.user_id.in_(ids),
        Delivery.since_seq <= seq,
        Delivery.upto_seq >= seq,
    )
    pushed = {
        row.user_id: row
        for row in tx.execute(
            sa.select(
                Delivery.user_id,
                sa.func.min(Delivery.sent_at).label("sent_at"),
                sa.func.min(Delivery.acknowledged_at).label("acknowledged_at"),
            )
            .where(*covering)
            .group_by(Delivery.user_id)
        )
    }
    received: dict[str, int] = dict(
        tx.execute(
            sa.select(Mark.user_id, sa.func.greatest(Mark.received_seq, Mark.shown_seq)).where(
                Mark.group_id == group_id, Mark.user_id.in_(ids)
            )
        ).all()
    )

    def state(mark: dict[str, Any]) -> dict[str, Any]:
        user_id, row = mark["user_id"], pushed.get(mark["user_id"])
        read, there = mark["seq"] >= seq, received.get(mark["user_id"], 0) >= seq
        came = "read" if read else "received" if there else "pushed" if row and row.sent_at else "stored"
        return {
            "user_id": user_id,
            "state": came,
            "pushed_at": rfc3339(row.sent_at) if row and row.sent_at else None,
            "received_at": rfc3339(row.acknowledged_at) if row and row.acknowledged_at else None,
        }

    return [state(mark) for mark in others]
