"""The key by which push services know us (VAPID, RFC 8292). `python -m push.keys` makes one."""

import base64
import sys

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from push.devices import unbase64


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """The key that stands in the settings: 32 bytes in base64url.

    Raises:
        ValueError
    """
    raw = unbase64(text)
    if len(raw) != 32:
        raise ValueError("VAPID_PRIVATE_KEY has 32 bytes.")
    return ec.derive_private_key(int.from_bytes(raw), ec.SECP256R1())


def public_key(text: str) -> str:
    """What browsers are given as `applicationServerKey`, in base64url."""
    point = private_key(text).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def make() -> str:
    """A new private key, as it stands in the settings."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(32)).decode().rstrip("=")


def main() -> None:
    """Prints a new key as a setting, and the public one beside it."""
    made = make()
    sys.stdout.write(f"VAPID_PRIVATE_KEY={made}\n# its public key: {public_key(made)}\n")


if __name__ == "__main__":
    main()
