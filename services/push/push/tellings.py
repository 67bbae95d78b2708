"""What is due is told: a push is asked for, one a device."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from prometheus_client import Counter, Gauge
from sqlalchemy.dialects.postgresql import distinct_on

from push.events import PushAsked
from push.models import Brake, Delivery, Device, EndedSession, Notice, State, Telling
from push.rules import Skip, Tell, Wait, is_over, judge
from push.settings import PushSettings
from push.sights import look

AT_ONCE = 200
# Of what was sent and not answered in time nobody knows.
STANDS = ("trying", "sent", "acknowledged")
BATCH = 5000
# Longer than an access token lives: with it a device of an ended session could be registered.
ENDED_KEPT = timedelta(days=1)

ASKED = Counter("bchat_push_asked_total", "Pushes asked for, one a device.", ["channel"])
NOT_SENT = Counter("bchat_push_not_sent_total", "What was not pushed, by why.", ["reason"])
WAITING = Gauge("bchat_push_waiting", "Pushes that wait to be sent.", multiprocess_mode="max")
ACKNOWLEDGED = Counter(
    "bchat_push_acknowledged_total", "Pushes whose device said that it has them.", ["channel"]
)


def tell_due(tx: Transaction, settings: PushSettings) -> int:
    """Claims what is due, up to `AT_ONCE`, and asks for the pushes; returns how many it has claimed."""
    now = clock.now()
    due = list(
        tx.scalars(
            sa.select(Telling)
            .where(Telling.due_at <= now)
            .order_by(Telling.due_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
    )
    if not due:
        return 0
    sights = look(tx, [(telling.user_id, telling.topic) for telling in due])
    devices = defaultdict(list)
    for device in tx.scalars(sa.select(Device).where(Device.user_id.in_({t.user_id for t in due}))):
        devices[device.user_id].append(device)
    already = _already_asked(tx, due)
    over: list[Telling] = []
    asked: list[Delivery] = []
    for telling in due:
        sight = sights[telling.user_id, telling.topic]
        verdict = judge(sight, telling.since_seq, now, telling.told_seq)
        telling.due_at = None
        told_is_over = telling.stands and is_over(sight, telling.since_seq, telling.told_seq)
        if told_is_over and not isinstance(verdict, Tell):
            telling.stands = False
            over.append(telling)
        match verdict:
            case Wait(until):
                telling.due_at = until
            case Skip(reason) if not told_is_over or any(n.seq > telling.told_seq for n in sight.notices):
                NOT_SENT.labels(reason).inc()
            case Tell():
                telling.told_at, telling.unanswered = now, telling.unanswered + 1
                telling.told_seq, telling.stands = verdict.notices[0].seq, True
                asked += _pushes(settings, telling, verdict, devices[telling.user_id], already)
    withdrawn = list(_withdrawals(tx, settings, over, devices, already, now))
    tx.add_all(asked + withdrawn)
    tx.flush()
    tx.emit(*(PushAsked(delivery_id=one.id) for one in asked + withdrawn if one.state == "asked"))
    for delivery in asked:
        ASKED.labels(delivery.channel).inc()
    return len(due)


def _pushes(
    settings: PushSettings,
    telling: Telling,
    verdict: Tell,
    devices: list[Device],
    already: set[tuple[str, str]],
) -> Iterator[Delivery]:
    """One a device, where none waits for another try already: that tells the newest when its turn comes."""
    if not devices:
        NOT_SENT.labels("no_device").inc()
    for device in devices:
        if not settings.is_on(device.channel):
            NOT_SENT.labels("channel_off").inc()
        elif (device.id, telling.topic) not in already:
            yield _delivery(telling, device, upto_seq=verdict.notices[0].seq, expires_at=verdict.expires_at)


def _withdrawals(
    tx: Transaction,
    settings: PushSettings,
    over: list[Telling],
    devices: dict[str, list[Device]],
    already: set[tuple[str, str]],
    now: datetime,
) -> Iterator[Delivery]:
    """Takes away what stands on devices, where no other push of the same is on its way there."""
    stands = standing(tx, over)
    for telling in over:
        for device in devices[telling.user_id]:
            key = device.id, telling.topic
            if key in stands and key not in already and settings.is_on(device.channel):
                state: State = "left" if device.has_to_show else "asked"
                expires_at = now + timedelta(hours=settings.PUSH_HOURS)
                yield _delivery(telling, device, upto_seq=0, expires_at=expires_at, state=state)


def _delivery(
    telling: Telling, device: Device, *, upto_seq: int, expires_at: datetime, state: State = "asked"
) -> Delivery:
    return Delivery(
        secret=secrets.token_urlsafe(32),
        user_id=telling.user_id,
        device_id=device.id,
        channel=device.channel,
        topic=telling.topic,
        since_seq=telling.since_seq,
        upto_seq=upto_seq,
        state=state,
        expires_at=expires_at,
    )


def standing(tx: Transaction, tellings: Collection[Telling | Delivery]) -> set[tuple[str | None, str]]:
    """Devices and topics of which something stands there, as far as we know."""
    if not tellings:
        return set()
    last = (
        sa.select(Delivery.device_id, Delivery.topic, Delivery.state)
        .ext(distinct_on(Delivery.device_id, Delivery.topic))
        .where(
            Delivery.topic.in_({t.topic for t in tellings}),
            Delivery.user_id.in_({t.user_id for t in tellings}),
            Delivery.state.in_((*STANDS, "left", "withdrawn")),
        )
        .order_by(Delivery.device_id, Delivery.topic, Delivery.asked_at.desc())
    )
    return {(device_id, topic) for device_id, topic, state in tx.execute(last) if state in STANDS}


def _already_asked(tx: Transaction, due: list[Telling]) -> set[tuple[str, str]]:
    found = sa.select(Delivery.device_id, Delivery.topic).where(
        Delivery.state == "asked",
        Delivery.topic.in_({t.topic for t in due}),
        Delivery.user_id.in_({t.user_id for t in due}),
    )
    return set(tx.execute(found).all())  # type: ignore[arg-type]


def work(tx: Transaction) -> list[dict[str, Any]]:
    """How many pushes wait and are being sent, for the operator."""
    found = tx.execute(
        sa.select(
            sa.func.count().filter(Delivery.state == "asked").label("queued"),
            sa.func.count().filter(Delivery.state == "trying").label("running"),
            sa.func.min(Delivery.asked_at).filter(Delivery.state == "asked").label("oldest"),
        ).where(Delivery.state.in_(("asked", "trying")))
    ).one()
    oldest = (clock.now() - found.oldest).total_seconds() if found.oldest else 0.0
    row = {"queued": found.queued, "running": found.running, "oldest_seconds": max(0.0, oldest)}
    return [{"name": "pushes", **row}]


def tidy(tx: Transaction, settings: PushSettings) -> None:
    """Drops what is over, as much as fits one transaction."""
    now = clock.now()
    old = now - timedelta(days=settings.KEPT_DAYS)
    for table, over in (
        (Notice, Notice.expires_at < now - timedelta(hours=1)),
        (
            Telling,
            Telling.due_at.is_(None)
            & (
                sa.func.coalesce(Telling.told_at, old)
                < sa.case((Telling.stands, old), else_=now - timedelta(days=1))
            ),
        ),
        (Delivery, Delivery.asked_at < old),
        (EndedSession, EndedSession.ended_at < now - ENDED_KEPT),
        (Brake, Brake.until < now - timedelta(days=1)),
    ):
        keys = (
            sa.select(*table.__table__.primary_key).where(over).limit(BATCH).with_for_update(skip_locked=True)
        )
        tx.execute(sa.delete(table).where(sa.tuple_(*table.__table__.primary_key).in_(keys)))
    late = sa.select(Delivery.id).where(
        Delivery.state.in_(("asked", "trying")), Delivery.expires_at < now - timedelta(minutes=5)
    )
    expired = tx.execute(
        sa.update(Delivery)
        .where(Delivery.id.in_(late.limit(BATCH).with_for_update(skip_locked=True)))
        .values(state="dropped", reason="expired")
        .returning(Delivery.id)
    ).all()
    NOT_SENT.labels("expired").inc(len(expired))
