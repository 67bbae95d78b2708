"""Access tokens, verified here by public keys, and what has changed since they were made: sessions that
ended, and rights that are others now."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kit.caller import Caller
from kit.errors import Unauthenticated, Unavailable

T = TypeVar("T")
LEEWAY_SECONDS = 5


class Rights(NamedTuple):
    """What a user may do, as of a version of theirs."""

    version: int
    kind: str
    permissions: frozenset[str]


class Lately(Generic[T]):
    """What is remembered under its name for some seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._known: dict[str, tuple[float, T]] = {}

    def put(self, name: str, value: T) -> None:
        now = self._clock()
        self._known.pop(name, None)  # put again at the end: the names are in order of time
        self._known[name] = now, value
        while now - self._known[oldest := next(iter(self._known))][0] > self._seconds:
            del self._known[oldest]

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: str) -> T | None:
        found = self._known.get(name)
        return found and found[1]


class Tokens:
    """Who a token says is asking.

    Args:
        keys: public keys by id.
        seconds: no token lives longer, so nothing that speaks against one needs to be remembered longer.
    """

    def __init__(
        self, keys: dict[str, Ed25519PublicKey], seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = keys
        self._seconds = seconds + LEEWAY_SECONDS
        self._ended: Lately[bool] = Lately(self._seconds, clock)
        self._rights: Lately[Rights] = Lately(self._seconds, clock)
        self.ready = False

    def ended(self, session_ids: Iterable[str]) -> None:
        """Their tokens are refused from here on."""
        for session_id in session_ids:
            self._ended.put(session_id, True)

    def changed(self, user_id: str, rights: Rights) -> Rights:
        """From here on the user's older tokens are read with these rights, or with newer ones we know of.

        Returns:
            The newest.
        """
        known = self._rights.get(user_id)
        newest = known if known and known.version > rights.version else rights
        self._rights.put(user_id, newest)
        return newest

    def check(self) -> None:
        """
        Raises:
            Unavailable: which sessions have ended is not known yet, so nobody can be believed.
        """
        if not self.ready:
            raise Unavailable("starting", "The gateway is starting.", retry_after=1)

    def caller(self, token: str, address: str | None = None, idempotency_key: str | None = None) -> Caller:
        """The identity in the token.

        Raises:
            Unauthenticated: not ours, expired, or its session has ended.
            Unavailable: which sessions have ended is not known yet.
        """
        self.check()
        claims = self._claims(token)
        if self._ended.get(claims["sid"]):
            raise Unauthenticated("session_ended", "The session has ended.")
        rights = Rights(claims.get("ver", 0), claims["kind"], frozenset(claims["perms"]))
        newer = self._rights.get(claims["sub"])
        if newer and newer.version > rights.version:
            rights = newer
        return Caller(
            user_id=claims["sub"],
            kind=rights.kind,
            permissions=rights.permissions,
            session_id=claims["sid"],
            address=address,
            idempotency_key=idempotency_key,
        )

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],  # never the one the token names
                issuer="bchat",
                leeway=LEEWAY_SECONDS,
                # A clock behind auth's is no reason to call a token false: its end is what counts.
                options={"require": ["exp", "iat", "sub"], "verify_iat": False},
            )
            if claims["exp"] - claims["iat"] > self._seconds:
                raise jwt.InvalidTokenError("it would outlive the memory of its session's end")
            texts = [claims["sub"], claims["sid"], claims["kind"], *claims["perms"]]
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("token_expired", "The access token has expired.") from None
        except (jwt.InvalidTokenError, KeyError, TypeError):
            texts = [None]
        if not all(isinstance(text, str) for text in texts) or not isinstance(claims.get("ver", 0), int):
            raise Unauthenticated("invalid_token", "The access token is not valid.")
        return claims
