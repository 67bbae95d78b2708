"""Live sharing: a position that follows somebody for a time they have set.

Of a share only the last point is kept, and none after its end. Its start and its end are facts that everybody
must hear; a point is fleeting, for the next one makes it worthless.
"""

from datetime import timedelta
from typing import Annotated

import sqlalchemy as sa
from kit import clock
from kit.caller import Caller
from kit.db import Transaction
from kit.fields import is_id
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

from location import errors
from location.events import EndReason, ShareEnded, ShareStarted
from location.geojson import Feature
from location.memberships import require
from location.models import Member, Position, Room, Share

BATCH = 200


def _not_for_long(minutes: int, info: ValidationInfo) -> int:
    most = (info.context or {})["most"]
    if not 1 <= minutes <= most:
        raise ValueError(f"A position is shared for 1 to {most} minutes.")
    return minutes


class Wanted(BaseModel):
    """The context's `most` is the longest that may be wanted."""

    model_config = ConfigDict(strict=True)

    minutes: Annotated[int, AfterValidator(_not_for_long)]


def running() -> sa.Select[Share]:
    """The shares that run. The clock may be a few seconds late with ending one; nobody sees it any more."""
    return sa.select(Share).where(Share.ended_at.is_(None), Share.ends_at > clock.now()).order_by(Share.id)


def start(tx: Transaction, caller: Caller, group_id: str, minutes: int) -> Share:
    """Shares the caller's position from now on; one that they share there already gets another end.

    Raises:
        as `memberships.require`.
    """
    require(tx, group_id, caller.id, running=True)
    now = clock.now()
    # Under the member's lock: of two starts at once the second finds the first one's.
    mine = Share.group_id == group_id, Share.user_id == caller.id
    end(tx, "expired", *mine, Share.ends_at <= now)
    share = tx.scalars(running().where(*mine).with_for_update()).first()
    if share:
        share.version += 1
    else:
        share = Share(group_id=group_id, user_id=caller.id, started_at=now)
        tx.add(share)
    share.session_id = caller.session_id
    share.ends_at = now + timedelta(minutes=minutes)
    tx.flush()
    tx.emit(ShareStarted.of(share))
    return share


def move(tx: Transaction, share: Share, sent: Feature, oldest: int) -> bool:
    """Keeps this as the last point; False where a later one is known.

    Raises:
        Conflict: the share has ended.
        Invalid: the point is too old.
    """
    # Should a crash of the database lose it, the next one comes in a moment.
    tx.execute(sa.text("SET LOCAL synchronous_commit TO off"))
    now = clock.now()
    if share.ended_at or share.ends_at <= now:
        raise errors.not_sharing()
    at = sent.recorded_at(now, oldest)
    if share.recorded_at and at < share.recorded_at:
        return False
    share.geometry, share.accuracy_m, share.recorded_at = sent.geometry.model_dump(), sent.accuracy_m, at
    return True


def own(tx: Transaction, user_id: str, share_id: str) -> Share:
    """Somebody's own share, locked.

    Raises:
        NotFound: there is none, or in a group that they are no member of.
        Forbidden: it is somebody else's.
    """
    share = tx.get(Share, share_id, with_for_update=True) if is_id(share_id) else None
    if share and share.user_id == user_id:
        return share
    member = tx.get(Member, (share.group_id, user_id)) if share else None
    if member and member.role is not None:
        raise errors.not_your_share()
    raise errors.share_not_found()


def own_in(tx: Transaction, user_id: str, group_id: str) -> Share:
    """Somebody's running share in a room, locked.

    Raises:
        as `memberships.require`.
        Conflict: there is none.
    """
    mine = running().where(Share.user_id == user_id, Share.group_id == group_id)
    if share := tx.scalars(mine.with_for_update()).first():
        return share
    require(tx, group_id, user_id, running=True)
    raise errors.not_sharing()


def end(tx: Transaction, reason: EndReason, *which: sa.ColumnElement[bool], most: int | None = None) -> int:
    """Ends the running shares among these, forgets where they were, and says so.

    Args:
        most: so many at once, of those that nobody else is ending.
    """
    chosen = sa.select(Share).where(Share.ended_at.is_(None), *which).order_by(Share.id)
    chosen = chosen.limit(most).with_for_update(skip_locked=most is not None)
    shares = tx.scalars(chosen.execution_options(populate_existing=True)).all()
    for share in shares:
        share.ended_at, share.end_reason = clock.now(), reason
        share.geometry = share.accuracy_m = share.recorded_at = None
        share.version += 1
    tx.flush()
    tx.emit(*map(ShareEnded.of, shares))
    return len(shares)


def end_of_strangers(tx: Transaction) -> int:
    """Ends the shares of who is no member, and in groups that have ended: for a copy made anew."""
    gone = sa.exists().where(
        Member.group_id == Share.group_id, Member.user_id == Share.user_id, Member.role.is_(None)
    )
    over = sa.exists().where(Room.group_id == Share.group_id, Room.ended)
    return end(tx, "left", gone) + end(tx, "group_ended", over)


def forget(tx: Transaction, hours: int) -> int:
    """Deletes some of the raw positions and ended shares whose time is over; returns how many."""
    before = clock.now() - timedelta(hours=hours)
    return _delete(tx, Position, Position.at < before) + _delete(tx, Share, Share.ended_at < before)


def _delete(tx: Transaction, model: type[Position | Share], old: sa.ColumnElement[bool]) -> int:
    key = model.__table__.primary_key
    some = sa.select(*key).where(old).limit(BATCH).with_for_update(skip_locked=True)
    return len(tx.execute(sa.delete(model).where(sa.tuple_(*key).in_(some)).returning(*key)).all())
