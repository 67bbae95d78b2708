"""The public keys that access tokens are verified by."""

import hashlib
import re
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


def read_keys(setting: str) -> dict[str, Ed25519PublicKey]:
    """The keys by their id, from PEM text or from files named with commas between.

    Raises:
        ValueError: they can't be used; the text says why.
    """
    try:
        texts = (
            [setting]
            if "-----BEGIN" in setting
            else [Path(p.strip()).read_text() for p in setting.split(",")]
        )
    except OSError as problem:
        raise ValueError(f"{problem.filename} can't be read: {problem.strerror}") from problem
    try:
        keys = [load_pem_public_key(block.encode()) for text in texts for block in PEM.findall(text)]
    except UnsupportedAlgorithm as problem:
        raise ValueError(str(problem)) from problem
    if not keys or not all(isinstance(key, Ed25519PublicKey) for key in keys):
        raise ValueError("needs at least one Ed25519 public key in PEM, and no other")
    return {key_id(key): key for key in keys if isinstance(key, Ed25519PublicKey)}


def key_id(key: Ed25519PublicKey) -> str:
    """The key's JWK thumbprint (RFC 7638): whoever holds a key knows its id."""
    x = urlsafe_b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).rstrip(b"=").decode()
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return urlsafe_b64encode(hashlib.sha256(jwk.encode()).digest()).rstrip(b"=").decode()
