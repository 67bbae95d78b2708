"""Passwords, known only by their argon2id hashes."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auth.fields import PASSWORD_LENGTH, normal_password
from auth.settings import AuthSettings


class Passwords:
    """Hashing at the cost the settings say. It takes a tenth of a second of CPU: keep it off the loop."""

    def __init__(self, settings: AuthSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.ARGON2_TIME,
            memory_cost=settings.ARGON2_MEMORY_KIB,
            parallelism=settings.ARGON2_LANES,
        )
        # Verified for names nobody has, so that they take the time of a wrong password.
        self._nobodys = self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def check(self, known: str | None, password: str) -> tuple[bool, str | None]:
        """Whether this is the password, and its new hash if the old one was made at another cost.

        Args:
            known: the person's hash; None for a name nobody has, which takes as long.
        """
        # One character over the limit is enough to be wrong; a megabyte would only cost time.
        password = normal_password(password[: PASSWORD_LENGTH.stop])
        try:
            self._hasher.verify(known or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False, None
        if known is None:
            return False, None
        return True, self._hasher.hash(password) if self._hasher.check_needs_rehash(known) else None


@cache
def passwords(settings: AuthSettings) -> Passwords:
    """The one `Passwords` of these settings in this process."""
    return Passwords(settings)
