"""To whom a report was sent, and who has opened it."""

from datetime import timedelta

import sqlalchemy as sa
from kit.clock import now
from kit.db import Transaction
from sqlalchemy.dialects.postgresql import insert

from reports.models import Alert, Reader, Thing

AT_ONCE = 5000


def sent(tx: Transaction, report_id: str, user_ids: list[str]) -> None:
    at = now()
    values = [{"report_id": report_id, "user_id": id, "sent_at": at, "at": at} for id in user_ids]
    if values:
        tx.execute(insert(Reader).values(values).on_conflict_do_nothing())


def opened(tx: Transaction, report_id: str, user_id: str) -> None:
    at = now()
    new = insert(Reader).values(
        report_id=report_id, user_id=user_id, opened_at=at, last_opened_at=at, opened=1, at=at
    )
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["report_id", "user_id"],
            set_={
                "opened_at": sa.func.coalesce(Reader.opened_at, new.excluded.opened_at),
                "last_opened_at": new.excluded.last_opened_at,
                "opened": Reader.opened + 1,
            },
        )
    )


def forget(tx: Transaction, days: int) -> int:
    """Removes what is older than so many days, a bounded number of rows at once; returns how many."""
    before, gone = now() - timedelta(days=days), 0
    # What is told while it lasts, such as an invoice, is forgotten when it is over and not before.
    once = sa.or_(Thing.name.startswith("order:"), Thing.name.startswith("group:"))
    for table, keys, which in (
        (Reader, (Reader.report_id, Reader.user_id), Reader.at < before),
        (Thing, (Thing.subscription_id, Thing.name), (Thing.at < before) & once),
        (Alert, (Alert.id,), Alert.raised_at < before),
    ):
        old = sa.select(*keys).where(which).limit(AT_ONCE)
        rows = tx.execute(sa.delete(table).where(sa.tuple_(*keys).in_(old)).returning(keys[0]))
        gone += len(rows.all())
    return gone
