"""Access tokens, verified here by public keys, and the list of sessions that ended before their token did."""

import hashlib
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from kit.caller import Caller
from kit.errors import Unauthenticated, Unavailable

LEEWAY_SECONDS = 5
PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class BadKeys(Exception):
    """The setting TOKEN_PUBLIC_KEYS can't be used; the text says why."""


def read_keys(setting: str) -> dict[str, Ed25519PublicKey]:
    """The keys by their id, from PEM text or from files named with commas between."""
    try:
        texts = (
            [setting]
            if "-----BEGIN" in setting
            else [Path(p.strip()).read_text() for p in setting.split(",")]
        )
        keys = [load_pem_public_key(block.encode()) for text in texts for block in PEM.findall(text)]
    except (OSError, ValueError) as problem:
        raise BadKeys(f"TOKEN_PUBLIC_KEYS: {problem}") from problem
    if not keys or not all(isinstance(key, Ed25519PublicKey) for key in keys):
        raise BadKeys("TOKEN_PUBLIC_KEYS: needs at least one Ed25519 public key in PEM, and no other.")
    return {key_id(key): key for key in keys if isinstance(key, Ed25519PublicKey)}


def key_id(key: Ed25519PublicKey) -> str:
    """The key's JWK thumbprint (RFC 7638): whoever holds a key knows its id."""
    x = urlsafe_b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).rstrip(b"=").decode()
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return urlsafe_b64encode(hashlib.sha256(jwk.encode()).digest()).rstrip(b"=").decode()


class Tokens:
    """Who a token says is asking.

    Args:
        keys: public keys by id.
        seconds: no token lives longer, so no ended session needs to be remembered longer.
    """

    def __init__(
        self, keys: dict[str, Ed25519PublicKey], seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = keys
        self._seconds = seconds + LEEWAY_SECONDS
        self._clock = clock
        self._ended: dict[str, float] = {}
        self.ready = False

    def ended(self, session_ids: Iterable[str]) -> None:
        """Their tokens are refused from here on."""
        now = self._clock()
        for session_id in session_ids:
            self._ended.pop(session_id, None)  # put again at the end: the list is in order of time
            self._ended[session_id] = now
        while self._ended and now - next(iter(self._ended.values())) > self._seconds:
            del self._ended[next(iter(self._ended))]

    def caller(self, token: str, address: str | None = None, idempotency_key: str | None = None) -> Caller:
        """The identity in the token.

        Raises:
            Unauthenticated: not ours, expired, or its session has ended.
            Unavailable: which sessions have ended is not known yet.
        """
        if not self.ready:
            raise Unavailable("starting", "The gateway is starting.", retry_after=1)
        claims = self._claims(token)
        if claims["sid"] in self._ended:
            raise Unauthenticated("session_ended", "The session has ended.")
        return Caller(
            user_id=claims["sub"],
            kind=claims["kind"],
            permissions=frozenset(claims["perms"]),
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
                options={"require": ["exp", "iat", "sub"]},
            )
            if claims["exp"] - claims["iat"] > self._seconds:
                raise jwt.InvalidTokenError("it would outlive the memory of its session's end")
            texts = [claims["sub"], claims["sid"], claims["kind"], *claims["perms"]]
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("token_expired", "The access token has expired.") from None
        except (jwt.InvalidTokenError, KeyError, TypeError):
            texts = [None]
        if not all(isinstance(text, str) for text in texts):
            raise Unauthenticated("invalid_token", "The access token is not valid.")
        return claims
