"""Signed calls: an ERP says that it has changed, and its source is read."""

import hashlib
import hmac
from datetime import timedelta

import sqlalchemy as sa
from kit.clock import now
from kit.db import Transaction

from reports import jobs
from reports.acquire.sources import Source
from reports.errors import call_of_another_time, not_the_source, too_many_calls
from reports.models import HookCall, Load

KEPT = timedelta(days=1)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def verify(source: Source | None, timestamp: str, signed: str, body: bytes, window: int) -> None:
    """Refuses what the source did not say, or not now.

    Raises:
        Unauthenticated: also where there is no such source, or it takes no calls: they must look the same.
        Invalid: signed long ago, or ahead of us.
    """
    secret = source.hook_secret if source and source.hook_secret else ""
    right, theirs = signature(secret, timestamp, body), signed.removeprefix("sha256=").lower()
    if not hmac.compare_digest(right.encode(), theirs.encode()) or not secret:
        raise not_the_source()
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now().timestamp() - int(timestamp)) > window:
        raise call_of_another_time(window)


def queue(tx: Transaction, source: Source, signed: str, most: int) -> Load:
    """The load that a verified call gets; the same call again gets the same.

    Raises:
        TooMany
    """
    signed = signed.removeprefix("sha256=").lower()
    # One call of a source at a time, so that they can be counted.
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"hook {source.name}", 0))))
    if said := tx.get(HookCall, (source.name, signed)):
        return tx.get_one(Load, said.load_id)
    of_source, time = HookCall.source == source.name, sa.func.clock_timestamp()
    tx.execute(sa.delete(HookCall).where(of_source, HookCall.at < time - KEPT))
    recent = sa.select(sa.func.count()).where(of_source, HookCall.at > time - timedelta(minutes=1))
    if (tx.scalar(recent) or 0) >= most:
        raise too_many_calls(most)
    # Locked, so that a load at its end sees this call, or this call that it has ended.
    opened = sa.select(Load).where(Load.source == source.name, Load.status.in_(jobs.OPEN)).with_for_update()
    load = None
    while load is None:
        jobs.add(tx, Load, source=source.name)
        load = tx.scalars(opened).first()
    tx.execute(sa.insert(HookCall).values(source=source.name, signature=signed, at=time, load_id=load.id))
    return load
