"""The worker: sends what was asked for, each push looked at once more just before.

What it is about to do is noted before it does it. A worker that is killed between sending and noting leaves a
push of which nobody knows whether it went out: that is sent once more, and no more, and the device shows it
in the place of the first.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from kit import broker, clock
from kit.caller import Caller
from kit.db import Transaction, Transactions, connect
from kit.errors import Refusal
from kit.observe import get_logger
from kit.rpc import RemoteFailure, RpcClient
from kit.work import GiveUp, Later, Workers
from prometheus_client import Counter, Histogram
from sqlalchemy.dialects.postgresql import insert

from push.channels import Channels
from push.events import ToBeSent
from push.messages import MOST_GONE, Message, Withdrawal
from push.models import Brake, Delivery, Device, Telling
from push.outcomes import Away, Forget, Outcome, Refused, Retry, Sent, Slow
from push.rules import OVER, Reason, Sight, Skip, Tell, Told, Wait, judge
from push.settings import PushSettings
from push.sights import look, names_of
from push.tellings import NOT_SENT, standing
from push.texts import compose, people_named
from push.together import Together

log = get_logger(__name__)

SENT = Counter("bchat_push_sent_total", "Pushes that a push service has taken.", ["channel"])
WITHDRAWN = Counter(
    "bchat_push_withdrawn_total", "Notifications that were over and taken from a device.", ["channel"]
)
TRIED = Histogram(
    "bchat_push_try_seconds",
    "Tries to push, by how they ended.",
    ["channel", "outcome"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
# A try that is noted and not ended is another worker's until so long after its deadlines, which are
# those to connect, for TLS, for an access token, and for the answer.
LEASE_SECONDS = 5.0
MOST_UNSURE = 1
MOST_LEFT = 500
# So many tries in a row that nobody answers, and a push service is away: its pushes would hold up all others.
MOST_SILENT = 3
ENDED = ("sent", "acknowledged", "dropped", "left", "withdrawn")


def run(settings: PushSettings, stop: threading.Event) -> None:
    """The loop of `kit worker`: sends until told to stop, then ends what is being sent."""
    engine = connect(settings.DATABASE_URI, pool=settings.PUSH_AT_ONCE + 2, name="bchat-push-worker")
    rpc = RpcClient(settings.AMQP_URI, "push-worker").start()
    worker = Worker(Transactions(engine, "push"), settings, Channels(settings), rpc)
    Workers(settings, "push", ToBeSent, worker.send, settings.PUSH_AT_ONCE).run(stop)
    rpc.stop()
    engine.dispose()


@dataclass(frozen=True)
class Begun:
    """
    Args:
        tell: None where it takes away what was told.
        names: of the people that the text names.
        left: topics that the device's browser still shows though they are over.
    """

    delivery: Delivery
    device: Device
    tell: Tell | None
    sight: Sight
    names: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


class Tried(NamedTuple):
    id: str
    device_id: str
    channel: str
    service: str
    outcome: Outcome
    left: list[str]


class Worker:
    """Sends one push at a time; many threads share one, and their rounds to the database.

    Args:
        db: opens transactions on our schema.
        rpc: asks reports, as the person who is told.
    """

    def __init__(self, db: Transactions, settings: PushSettings, channels: Channels, rpc: Any) -> None:
        self._db, self._settings, self._channels, self._rpc = db, settings, channels, rpc
        self._silent: dict[str, int] = {}  # tries in a row, by push service
        self._begin, self._end = Together(self._begin_all), Together(self._end_all)

    def send(self, event: ToBeSent) -> None:
        """
        Raises:
            Later, GiveUp
        """
        begun = self._begin(event.delivery_id)
        if begun is None:
            return
        if isinstance(begun, float):
            raise Later(begun)
        delivery, device, tell = begun.delivery, begun.device, begun.tell
        asked, now = self._asked(tell) if tell else None, clock.now()
        message: Message | Withdrawal = Withdrawal(delivery.topic, now)
        if tell:
            about = tell, begun.sight, delivery.topic, delivery.secret
            message = compose(*about, begun.names, asked, now, begun.left)
        expires_at = tell.expires_at if tell else delivery.expires_at
        ttl = max(0, int((expires_at - now).total_seconds()))
        begun_at = time.monotonic()
        outcome = self._channels.send(device, message, ttl)
        TRIED.labels(delivery.channel, type(outcome).__name__.lower()).observe(time.monotonic() - begun_at)
        service = self._channels.service_of(device)
        if isinstance(outcome, Away):
            self._silent[service] = self._silent.get(service, 0) + 1
        else:
            self._silent.pop(service, None)
        again = self._end(Tried(delivery.id, device.id, delivery.channel, service, outcome, begun.left))
        if again is not None:
            raise GiveUp(again) if isinstance(again, str) else Later(again)

    def _begin_all(self, ids: Sequence[str]) -> list[Begun | float | None]:
        """Notes that they are being tried.

        Returns:
            For each None where there is nothing to be sent any more, seconds where it is not its time yet.
        """
        now, answers = clock.now(), dict[str, Begun | float]()
        with self._db() as tx:
            found = (
                sa.select(Delivery, Device)
                .outerjoin(Device, Device.id == Delivery.device_id)
                .where(Delivery.id.in_(ids), Delivery.state.not_in(ENDED))
                .order_by(Delivery.id)
                .with_for_update(of=Delivery)
            )
            pushes = tx.execute(found).all()
            sights = look(tx, [(push.user_id, push.topic) for push, _ in pushes]) if pushes else {}
            brakes = self._brakes(tx, [device for _, device in pushes if device], now)
            for push, device in pushes:
                sight = sights[push.user_id, push.topic]
                match self._ready(tx, push, device, sight, brakes, now):
                    case str(reason):
                        _drop(push, reason)
                    case float(seconds):
                        answers[push.id] = seconds
                    case Begun() as begun:
                        push.state, push.trying_at = "trying", now
                        push.attempts += 1
                        answers[push.id] = begun
            _complete(
                tx, [answer for answer in answers.values() if isinstance(answer, Begun) and answer.tell]
            )
        return [answers.get(id) for id in ids]

    def _brakes(self, tx: Transaction, devices: Iterable[Device], now: datetime) -> dict[str, float]:
        """For how many seconds nobody sends to these push services."""
        services = {self._channels.service_of(device) for device in devices}
        found = sa.select(Brake).where(Brake.service.in_(services), Brake.until > now)
        return {brake.service: (brake.until - now).total_seconds() for brake in tx.scalars(found)}

    def _ready(
        self,
        tx: Transaction,
        delivery: Delivery,
        device: Device | None,
        sight: Sight,
        brakes: Mapping[str, float],
        now: datetime,
    ) -> Reason | float | Begun | None:
        """What is to be sent; or why nothing is, or the seconds after which it is looked at again.

        None where it is left to what the device is told next.
        """
        if delivery.expires_at <= now:
            return "expired"
        if delivery.state == "dead":  # sent back by the operator
            delivery.attempts = delivery.unsure = 0
        if delivery.state == "trying":
            lease = timedelta(seconds=4 * self._settings.PUSH_ANSWER_SECONDS + LEASE_SECONDS)
            assert delivery.trying_at is not None
            if (left := (delivery.trying_at + lease - now).total_seconds()) > 0:
                return left
            delivery.unsure += 1
            if delivery.unsure > MOST_UNSURE:
                return "unsure"
        if device is None:
            return "device_gone"
        if not self._settings.is_on(device.channel):
            return "channel_off"
        if left := brakes.get(self._channels.service_of(device), 0.0):
            if _another_waits(tx, delivery):
                return "superseded"
            delivery.state, delivery.trying_at = "asked", None
            # Those who wait do not all come at once.
            return left + broker.backoff(1, left / 2, left / 2)
        if not delivery.upto_seq:
            telling = tx.get(Telling, (delivery.user_id, delivery.topic))
            # Told anew meanwhile, which takes the place of what stood there.
            return "superseded" if telling and telling.stands else Begun(delivery, device, None, sight)
        match judge(sight, delivery.since_seq, now):
            case Skip(reason):
                if reason not in OVER or (device.id, delivery.topic) not in standing(tx, [delivery]):
                    return reason
                delivery.upto_seq = 0
                if not device.has_to_show:
                    return Begun(delivery, device, None, sight)
                delivery.state, delivery.trying_at = "left", None
                return None
            case Wait(until):
                _postpone(tx, delivery, until)
                return "superseded"
            case Tell() as tell:
                delivery.upto_seq = max(delivery.upto_seq, tell.notices[0].seq)
                return Begun(delivery, device, tell, sight)

    def _asked(self, tell: Tell) -> dict[str, Any] | None:
        """The report or the alert that is told of, if the person may see it."""
        question, who = _question(tell.notices[0]), tell.who
        if question is None or who.private:
            return None
        method, args = question
        caller = Caller(user_id=who.id, kind=who.kind, permissions=frozenset(who.permissions))
        seconds = self._settings.REPORT_SECONDS
        try:
            found: dict[str, Any] = self._rpc.call("reports", method, caller=caller, timeout=seconds, **args)
        except (Refusal, RemoteFailure) as refusal:
            log.info("push_without_numbers", reason=str(refusal))
            return None
        return found if found.get("status", "ready") == "ready" else None

    def _end_all(self, tries: Sequence[Tried]) -> list[float | str | None]:
        """Notes what became of them.

        Returns:
            For each the seconds after which it is tried again, the reason why it is given up, or None.
        """
        with self._db() as tx:
            if sent := [one for one in tries if isinstance(one.outcome, Sent)]:
                _sent(tx, sent)
            return [None if isinstance(one.outcome, Sent) else self._failed(tx, one) for one in tries]

    def _failed(self, tx: Transaction, tried: Tried) -> float | str | None:
        channel, service, outcome = tried.channel, tried.service, tried.outcome
        delivery = tx.get(Delivery, tried.id, with_for_update=True)
        if delivery is None or delivery.state == "acknowledged":
            SENT.labels(channel).inc()
            return None
        match outcome:
            case Forget(why):
                log.info("device_forgotten", reason=why)
                _drop(delivery, "device_gone")
                tx.execute(sa.delete(Device).where(Device.id == delivery.device_id))
                return None
            case Slow(why, after):
                seconds = self._settings.PUSH_QUOTA_SECONDS if after is None else max(after, 1.0)
                log.warning("push_service_slows_us", service=service, reason=why, seconds=seconds)
                _brake(tx, service, seconds)
                delivery.attempts -= 1  # it was no fault of this one
                again: float | str = broker.backoff(1, seconds * 1.25, seconds * 1.25)
            case Retry(why) | Away(why):
                log.info("push_failed", reason=why, attempt=delivery.attempts)
                settings, after = self._settings, getattr(outcome, "after", None)
                if self._silent.get(service, 0) >= MOST_SILENT:
                    log.warning("push_service_is_away", service=service, reason=why)
                    _brake(tx, service, settings.PUSH_QUOTA_SECONDS)
                later = broker.backoff(
                    delivery.attempts, settings.PUSH_RETRY_SECONDS, settings.PUSH_RETRY_MAX_SECONDS
                )
                enough = delivery.attempts >= settings.PUSH_ATTEMPTS
                again = f"after {delivery.attempts} tries: {why}" if enough else max(later, after or 0.0)
            case Refused(why):
                again = why
        if isinstance(again, str):
            delivery.state, delivery.reason = "dead", again
            NOT_SENT.labels("refused").inc()
        elif _another_waits(tx, delivery):
            _drop(delivery, "superseded")
            return None
        else:
            delivery.state, delivery.trying_at = "asked", None
        return again


def _question(notice: Told) -> tuple[str, dict[str, Any]] | None:
    """What reports is asked about what is told."""
    match notice.kind:
        case "report" | "report_ready":
            return "report", {"report_id": notice.body["report_id"], "pushed": True}
        case "alert" | "alert_over":
            return "alert", {"alert_id": notice.body["alert_id"]}
    return None


def _drop(delivery: Delivery, reason: Reason) -> None:
    delivery.state, delivery.reason, delivery.trying_at = "dropped", reason, None
    NOT_SENT.labels(reason).inc()


def _complete(tx: Transaction, tellings: Sequence[Begun]) -> None:
    """The names that their texts need, and what their browsers still show though it is over."""
    of = {one.delivery.id: people_named(one.tell.notices[0]) for one in tellings if one.tell}
    names = names_of(tx, set[str]().union(*of.values()))
    showing = {one.device.id: one for one in tellings if one.device.has_to_show}
    for one in tellings:
        one.names.update((user_id, names[user_id]) for user_id in of[one.delivery.id] if user_id in names)
    if showing:
        found = sa.select(Delivery.device_id, Delivery.topic).where(
            Delivery.device_id.in_(showing), Delivery.state == "left"
        )
        for device_id, topic in tx.execute(found.order_by(Delivery.asked_at).limit(MOST_LEFT)):
            left = showing[device_id or ""].left
            if len(left) < MOST_GONE:
                left.append(topic)


def _sent(tx: Transaction, tries: Sequence[Tried]) -> None:
    """Notes that a push service has them, unless the device already says so."""
    tells = Delivery.upto_seq > 0
    in_order = sa.select(Delivery.id).where(Delivery.id.in_([one.id for one in tries])).order_by(Delivery.id)
    noted = (
        sa.update(Delivery)
        .where(Delivery.id.in_(in_order.with_for_update()), Delivery.state != "acknowledged")
        .values(
            state=sa.case((tells, "sent"), else_="withdrawn"),
            sent_at=sa.case((tells, clock.now()), else_=None),
        )
        .returning(Delivery.id, Delivery.state)
    )
    states = dict(tx.execute(noted).all())
    for one in tries:
        (WITHDRAWN if states.get(one.id) == "withdrawn" else SENT).labels(one.channel).inc()
        if one.left:
            gone = Delivery.device_id == one.device_id, Delivery.state == "left", Delivery.topic.in_(one.left)
            done = tx.execute(
                sa.update(Delivery).where(*gone).values(state="withdrawn").returning(Delivery.id)
            )
            WITHDRAWN.labels(one.channel).inc(len(done.all()))


def _postpone(tx: Transaction, delivery: Delivery, until: Any) -> None:
    """It has become quiet there: the person is told when that is over."""
    mine = Telling.user_id == delivery.user_id, Telling.topic == delivery.topic
    due = sa.func.coalesce(Telling.due_at, until)
    tx.execute(sa.update(Telling).where(*mine).values(due_at=due, told_seq=delivery.since_seq - 1))


def _another_waits(tx: Transaction, delivery: Delivery) -> bool:
    """Whether meanwhile another push of the same was asked for, which tells this one's too."""
    other = sa.select(Delivery.id).where(
        Delivery.device_id == delivery.device_id,
        Delivery.topic == delivery.topic,
        Delivery.state == "asked",
        Delivery.id != delivery.id,
    )
    return tx.execute(other.limit(1)).first() is not None


def _brake(tx: Transaction, service: str, seconds: float) -> None:
    until = clock.now() + timedelta(seconds=seconds)
    new = insert(Brake).values(service=service, until=until)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["service"], set_={"until": sa.func.greatest(Brake.until, new.excluded.until)}
        )
    )
