"""Who is told of what, and when: rules that know no database.

They are asked twice: when a push is due, and by the worker just before it is sent.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# What somebody did in a room, to which `message_alert` belongs. The rest the person or the clock asked for.
MESSAGES = ("text", "photo", "file", "position", "report", "news", "task")
ALERTS = ("alert", "alert_over")
Reason = Literal[
    "unknown_person", "deleted", "expired", "left", "read", "turned_off", "muted", "shown", "told",
    "no_device", "channel_off", "device_gone", "superseded", "unsure", "refused",
]  # fmt: skip
# Why what was told may be taken away again.
OVER = ("deleted", "left", "read")


@dataclass(frozen=True)
class Told:
    """A notice, as far as the rules read it."""

    seq: int
    kind: str
    group_id: str | None
    actor_id: str | None
    body: Mapping[str, Any]
    at: datetime
    expires_at: datetime
    gone: bool = False


@dataclass(frozen=True)
class Who:
    """A person, as far as the rules read them."""

    id: str
    kind: str
    permissions: Collection[str]
    locale: str
    timezone: str
    settings: Mapping[str, Any]

    @property
    def zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    def may(self, permission: str) -> bool:
        return permission in self.permissions or "administrator" in self.permissions

    @property
    def private(self) -> bool:
        return bool(self.settings.get("push_content") == "private")


@dataclass(frozen=True)
class Sight:
    """Somebody and a topic, as they are now.

    Args:
        notices: of the topic, the newest first.
        groups: of those that the notices are of, the ones that the person is in.
    """

    who: Who | None
    notices: Sequence[Told] = ()
    groups: Collection[str] = ()
    room: str = ""
    muted_until: datetime | None = None
    read_seq: int = 0
    shown_seq: int = 0


@dataclass(frozen=True)
class Tell:
    """These are to be told of, the newest first."""

    who: Who
    notices: Sequence[Told] = field(default_factory=list)

    @property
    def expires_at(self) -> datetime:
        return max(notice.expires_at for notice in self.notices)


@dataclass(frozen=True)
class Skip:
    reason: Reason


@dataclass(frozen=True)
class Wait:
    until: datetime


def judge(sight: Sight, since_seq: int, now: datetime, told_seq: int = 0) -> Tell | Skip | Wait:
    """What is to be done about somebody and a topic.

    A mention by name breaks a mute, one of everyone does not; neither breaks quiet hours.

    Args:
        since_seq: of the first notice that is not known to be read.
        told_seq: of the last one they were told of: without a newer one they are not told again.
    """
    who = sight.who
    if who is None:
        return Skip("unknown_person")
    left = [n for n in sight.notices if n.seq >= since_seq and n.actor_id != who.id]
    for reason, fits in _RULES.items():
        left = [notice for notice in left if fits(sight, who, notice, now)]
        if not left:
            return Skip(reason)
    if left[0].seq <= sight.shown_seq:
        return Skip("shown")
    if left[0].seq <= told_seq:
        return Skip("told")
    if until := quiet_until(who, now):
        return Wait(until)
    return Tell(who, left)


def is_over(sight: Sight, since_seq: int, told_seq: int) -> bool:
    """Whether nothing is left of what somebody was told: read, deleted, or no longer theirs to see.

    Args:
        told_seq: of the last notice they were told of.
    """
    who = sight.who
    told = [notice for notice in sight.notices if since_seq <= notice.seq <= told_seq]
    if who is None or not told:
        return told_seq < since_seq  # else it is only too old to be known
    return all(n.gone or n.seq <= sight.read_seq or not _may_see(sight, who, n) for n in told)


def _may_see(sight: Sight, who: Who, notice: Told) -> bool:
    if notice.kind in ALERTS and not who.may(f"reports:{notice.body['type']}"):
        return False
    if notice.group_id is not None:
        return notice.group_id in sight.groups
    for_staff = notice.kind == "news_for_staff" or (
        notice.kind == "person" and not notice.body.get("introduced")
    )
    return who.kind == "staff" or not for_staff


def _wanted(who: Who, notice: Told) -> bool:
    if notice.kind in MESSAGES:
        return bool(who.settings.get("message_alert", True))
    if notice.kind == "person":
        return bool(who.settings.get("new_user_alert", True))
    return True


def _muted(sight: Sight, now: datetime) -> bool:
    return sight.muted_until is not None and sight.muted_until > now


# Why a notice is not told of; the first that takes the last of them is the reason.
_RULES: dict[Reason, Callable[[Sight, Who, Told, datetime], bool]] = {
    "deleted": lambda sight, who, notice, now: not notice.gone,
    "expired": lambda sight, who, notice, now: notice.expires_at > now,
    "left": lambda sight, who, notice, now: _may_see(sight, who, notice),
    "read": lambda sight, who, notice, now: notice.seq > sight.read_seq,
    "turned_off": lambda sight, who, notice, now: _wanted(who, notice),
    "muted": lambda sight, who, notice, now: (
        not _muted(sight, now) or who.id in notice.body.get("mentions", ())
    ),
}


def quiet_until(who: Who, now: datetime) -> datetime | None:
    """When the person's quiet hours end, if it is quiet there now."""
    quiet = who.settings.get("quiet_hours")
    if not quiet:
        return None
    local = now.astimezone(who.zone)
    start, end = time.fromisoformat(quiet["start"]), time.fromisoformat(quiet["end"])
    clock = local.time().replace(tzinfo=None)
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if not inside:
        return None
    day = local.date() if clock < end else local.date() + timedelta(days=1)
    over = datetime.combine(day, end, who.zone).astimezone(UTC)
    # An end that the clock skips in spring, or repeats in autumn, may lie behind us.
    return over if over > now else now + timedelta(minutes=1)
