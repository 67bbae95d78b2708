"""Access tokens: short-lived, signed with Ed25519, verified by anyone who has the public key."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from kit import clock
from kit.config import ConfigError

from auth.models import User

ISSUER = "bchat"


class Signer:
    """Signs with one private key.

    Args:
        key: PEM text, or the path of a PEM file.

    Raises:
        ConfigError: it is not an Ed25519 private key.
    """

    def __init__(self, key: str) -> None:
        if not key:
            raise ConfigError("TOKEN_SIGNING_KEY is not set: an Ed25519 private key, PEM text or a path.")
        try:
            pem = key if "-----BEGIN" in key else Path(key).read_text()
            private = load_pem_private_key(pem.encode(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as problem:
            raise ConfigError(f"TOKEN_SIGNING_KEY can't be read: {problem}") from problem
        if not isinstance(private, Ed25519PrivateKey):
            raise ConfigError("TOKEN_SIGNING_KEY is not an Ed25519 key.")
        self._private = private
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public)}
        # RFC 7638: who has only the public key finds the same name for it.
        self.kid = _base64url(hashlib.sha256(orjson.dumps(self.jwk, option=orjson.OPT_SORT_KEYS)).digest())

    def access_token(self, user: User, session_id: str, seconds: int) -> str:
        """A token that says who this is and what they may do, good for so many seconds."""
        issued = int(clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "sub": user.id,
            "sid": session_id,
            "kind": user.kind,
            "perms": user.permissions,
            "ver": user.version,
            "iat": issued,
            "exp": issued + seconds,
        }
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers={"kid": self.kid})

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        return {"keys": [{**self.jwk, "kid": self.kid, "alg": "EdDSA", "use": "sig"}]}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@cache
def signer(key: str) -> Signer:
    """The one `Signer` of this key in this process."""
    return Signer(key)
