"""Positions that are sent into a room once. Each is verified, stored, and said in one transaction."""

from kit import clock
from kit.db import Transaction
from kit.event import new_id

from location.events import PositionShared
from location.geojson import Feature
from location.memberships import require
from location.models import Position


def share(
    tx: Transaction, group_id: str, user_id: str, sent: Feature, *, id: str | None, oldest: int
) -> Position:
    """The position, new or as it was stored before: the same id is the same position.

    Args:
        id: it was stored under this one before.
        oldest: seconds that it may have taken to come here.
    """
    id = id or sent.id or new_id()
    # What was stored stays stored: its sender may ask again, even after the group's end.
    if known := tx.get(Position, (group_id, user_id, id)):
        return known
    require(tx, group_id, user_id, running=True)
    # Under the member's lock: the same position, sent twice at once, is one.
    if known := tx.get(Position, (group_id, user_id, id)):
        return known
    at = clock.now()
    feature = {
        "type": "Feature",
        "id": id,
        "geometry": sent.geometry.model_dump(),
        "properties": {
            "accuracy_m": sent.accuracy_m,
            "recorded_at": clock.rfc3339(sent.recorded_at(at, oldest)),
        },
    }
    position = Position(group_id=group_id, user_id=user_id, id=id, feature=feature, at=at)
    tx.add(position)
    tx.flush()
    tx.emit(PositionShared.of(position))
    return position
