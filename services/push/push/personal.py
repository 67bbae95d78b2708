"""What push keeps of a person, and how it forgets them."""

import sqlalchemy as sa
from kit.db import Transaction
from kit.personal import Kept

from push.models import Delivery, Device, Mark, Notice, Telling


def kept_of(user_id: str) -> Kept:
    """Their devices, what was pushed to them and how far they have read. What a push said is not kept."""
    device = (Device.device_id, Device.platform, Device.channel, Device.address, Device.registered_at)
    pushed = (Delivery.topic, Delivery.channel, Delivery.state, Delivery.asked_at, Delivery.sent_at)
    marks = (Mark.group_id, Mark.read_seq, Mark.shown_seq, Mark.received_seq)
    return {
        "device": sa.select(*device).where(Device.user_id == user_id).order_by(Device.id),
        "push": sa.select(*pushed).where(Delivery.user_id == user_id).order_by(Delivery.id),
        "mark": sa.select(*marks).where(Mark.user_id == user_id).order_by(Mark.group_id),
    }


def erase(tx: Transaction, user_id: str) -> None:
    """Forgets their devices, what they were to be told, and what was to be told of them."""
    for table in (Delivery, Device, Telling, Mark):
        tx.execute(sa.delete(table).where(table.user_id == user_id))
    tx.execute(sa.update(Notice).where(Notice.actor_id == user_id).values(gone=True, body={}))
