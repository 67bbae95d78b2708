"""Failed logins are counted by account, by address and by the pair, over all replicas.

An attempt is counted before the password is looked at and taken back when it was right. Counting
afterwards would let a thousand attempts at once all pass the check before the first has failed.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from kit.errors import TooMany
from sqlalchemy.dialects.postgresql import insert

from auth.errors import too_many_attempts, too_many_newcomers
from auth.models import LoginAttempts, username_key
from auth.settings import AuthSettings


def _keys(username: str, address: str | None) -> tuple[bytes, bytes, bytes]:
    """The counts an attempt belongs to: the pair's, the account's, the address's."""
    account, place = username_key(username[:256]), _place(address)
    names = f"pair\0{account}\0{place}", f"account\0{account}", f"address\0{place}"
    # Hashed: people type their password into the field of the name.
    pair, by_account, by_address = (hashlib.sha256(n.encode("utf-8", "replace")).digest() for n in names)
    return pair, by_account, by_address


def _place(address: str | None) -> str:
    """The address; of IPv6 the /64, since one customer line has all of that."""
    try:
        ip = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))
    return str(ip)


def count(tx: Transaction, settings: AuthSettings, username: str, address: str | None) -> None:
    """Counts an attempt as failed, until `take_back`.

    Raises:
        TooMany: over a limit.
    """
    most = settings.LOGIN_PAIR_LIMIT, settings.LOGIN_ACCOUNT_LIMIT, settings.LOGIN_ADDRESS_LIMIT
    limits = dict(zip(_keys(username, address), most, strict=True))
    _count(tx, limits, settings.LOGIN_WINDOW_SECONDS, too_many_attempts)


def count_newcomer(tx: Transaction, settings: AuthSettings, address: str | None) -> None:
    """Counts somebody at this address who wants an account, which costs a hash and tells if a name is taken.

    Raises:
        TooMany
    """
    key = hashlib.sha256(f"newcomer\0{_place(address)}".encode()).digest()
    limits = {key: settings.NEWCOMERS_ADDRESS_LIMIT}
    _count(tx, limits, settings.NEWCOMERS_WINDOW_SECONDS, too_many_newcomers)


def _count(
    tx: Transaction, limits: dict[bytes, int], seconds: float, refusal: Callable[[float], TooMany]
) -> None:
    """Counts one more of each key.

    Raises:
        TooMany: over a limit; by rolling back, a refused attempt isn't counted, so that an address
            over its limit can't lock others' accounts.
    """
    # Everybody at one address shares a row; held while waiting for the disk it would make a queue of them.
    # A crash of the database may forget the last few failures.
    tx.execute(sa.text("SET LOCAL synchronous_commit TO off"))
    now = clock.now()
    ends = now + timedelta(seconds=seconds)
    over = LoginAttempts.window_ends <= now
    rows = tx.execute(
        insert(LoginAttempts)
        # Always in the order of the keys, or two attempts at once could each wait for the other's row.
        .values([{"key": key, "failures": 1, "window_ends": ends} for key in sorted(limits)])
        .on_conflict_do_update(
            index_elements=[LoginAttempts.key],
            set_={
                "failures": sa.case((over, 1), else_=LoginAttempts.failures + 1),
                "window_ends": sa.case((over, ends), else_=LoginAttempts.window_ends),
            },
        )
        .returning(LoginAttempts.key, LoginAttempts.failures, LoginAttempts.window_ends)
    ).all()
    if waits := [(row.window_ends - now).total_seconds() for row in rows if row.failures > limits[row.key]]:
        raise refusal(max(waits))


def take_back(tx: Transaction, username: str, address: str | None) -> None:
    """The attempt was right: it doesn't count, and this person's earlier ones from here neither."""
    pair, *_ = keys = _keys(username, address)
    rows = sa.select(LoginAttempts.key).where(LoginAttempts.key.in_(keys))
    locked = tx.scalars(rows.order_by(LoginAttempts.key).with_for_update()).all()
    fewer = sa.func.greatest(LoginAttempts.failures - 1, 0)
    # Emptied, not deleted: a row that comes anew could be locked out of order.
    tx.execute(
        sa.update(LoginAttempts)
        .where(LoginAttempts.key.in_(locked))
        .values(failures=sa.case((LoginAttempts.key == pair, 0), else_=fewer))
    )


def forget(tx: Transaction) -> None:
    """Drops counts whose window is over."""
    old = sa.select(LoginAttempts.key).where(LoginAttempts.window_ends <= clock.now())
    tx.execute(
        sa.delete(LoginAttempts).where(
            LoginAttempts.key.in_(old.limit(5000).with_for_update(skip_locked=True))
        )
    )
