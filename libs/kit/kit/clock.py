"""The server's clock, in one place, and the one way times are written."""

from datetime import UTC, datetime


def now() -> datetime:
    """The time, aware, in UTC, to the millisecond (what the contract can carry)."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def rfc3339(time: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as in `2026-11-22T17:26:03.120Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """The aware time of an RFC 3339 text.

    Raises:
        ValueError: it isn't one, names no offset, or is no time in UTC.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time needs an offset")
    try:
        return time.astimezone(UTC)
    except OverflowError as problem:
        raise ValueError("a time lies between the years 1 and 9999") from problem
