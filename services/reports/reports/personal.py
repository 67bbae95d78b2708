"""What reports keeps of a person, and how it forgets them."""

import sqlalchemy as sa
from kit.db import Transaction
from kit.personal import Kept

from reports import watch
from reports.models import Customer, Reader, Report, Subscription


def kept_of(user_id: str) -> Kept:
    """What they subscribed to and asked for, which reports they were sent and opened, and as which customer
    of the company they are known."""
    subscribed = (
        Subscription.id, Subscription.type, Subscription.group_id, Subscription.filters, Subscription.cron,
        Subscription.timezone, Subscription.trigger, Subscription.active, Subscription.created_at,
    )  # fmt: skip
    asked = (Report.id, Report.type, Report.title, Report.filters, Report.group_id, Report.created_at)
    read = (Reader.report_id, Reader.sent_at, Reader.opened_at, Reader.last_opened_at, Reader.opened)
    return {
        "subscription": sa.select(*subscribed)
        .where(Subscription.owner_id == user_id)
        .order_by(Subscription.id),
        "report": sa.select(*asked).where(Report.requested_by == user_id).order_by(Report.id),
        "reader": sa.select(*read).where(Reader.user_id == user_id).order_by(Reader.report_id),
        "customer": sa.select(Customer.source, Customer.party_id, Customer.set_at)
        .where(Customer.user_id == user_id)
        .order_by(Customer.source),
    }


def erase(tx: Transaction, user_id: str) -> None:
    """Ends their subscriptions, and forgets as which customer they were known. Who was sent which report is
    the company's audit trail: it names an id, until `AUDIT_KEPT_DAYS` are over."""
    theirs = sa.select(Subscription).where(Subscription.owner_id == user_id).order_by(Subscription.id)
    for row in tx.scalars(theirs.with_for_update()):
        watch.forget(tx, row)
        tx.delete(row)
    tx.execute(sa.delete(Customer).where(Customer.user_id == user_id))
