"""What location keeps of a person, and how it forgets them."""

import sqlalchemy as sa
from kit.db import Transaction
from kit.personal import Kept

from location import shares
from location.models import Position, Share


def kept_of(user_id: str) -> Kept:
    """Positions they sent, as long as those are kept, and where they shared theirs."""
    share = (Share.id, Share.group_id, Share.started_at, Share.ends_at, Share.ended_at, Share.geometry)
    return {
        "position": sa.select(Position.group_id, Position.feature, Position.at)
        .where(Position.user_id == user_id)
        .order_by(Position.group_id, Position.id),
        "share": sa.select(*share).where(Share.user_id == user_id).order_by(Share.id),
    }


def erase(tx: Transaction, user_id: str) -> None:
    """Ends what they share, and forgets where they were."""
    shares.end(tx, "signed_out", Share.user_id == user_id)
    tx.execute(sa.delete(Share).where(Share.user_id == user_id))
    tx.execute(sa.delete(Position).where(Position.user_id == user_id))
