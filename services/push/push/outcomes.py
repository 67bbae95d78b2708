"""What became of a try to push, whichever service it went by."""

import email.utils
from dataclasses import dataclass
from datetime import UTC

from kit import clock

# A service that asks for a longer wait is asked again after this.
LONGEST_WAIT = 6 * 3600.0


@dataclass(frozen=True)
class Sent:
    """The push service has it."""


@dataclass(frozen=True)
class Forget:
    """The address is nobody's any more."""

    why: str


@dataclass(frozen=True)
class Retry:
    """It may work later.

    Args:
        after: seconds, where the service has said so.
    """

    why: str
    after: float | None = None


@dataclass(frozen=True)
class Away:
    """Nobody has answered in time."""

    why: str


@dataclass(frozen=True)
class Slow:
    """They were too many, or we are not let in at all: everybody waits."""

    why: str
    after: float | None = None


@dataclass(frozen=True)
class Refused:
    """What we sent is wrong, and would be again: somebody has to look at it."""

    why: str


Outcome = Sent | Forget | Retry | Away | Slow | Refused


def retry_after(header: str | None) -> float | None:
    """The seconds that a Retry-After header asks for, which is a number or a date (RFC 9110, 10.2.3).

    None where there is none, or nobody can read it.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max(0.0, (when - clock.now()).total_seconds()), LONGEST_WAIT)
