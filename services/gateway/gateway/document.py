"""Prints the OpenAPI document without anything running: `python -m gateway.document`."""

import sys

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kit.rpc import RpcClient

from gateway.app import create_app
from gateway.settings import GatewaySettings
from gateway.wiring import Gateway


def document() -> bytes:
    """The document as a running gateway serves it, with its keys in order: the same code, the same text."""
    nowhere = "amqp://nobody@127.0.0.1:1//"
    key = Ed25519PrivateKey.generate().public_key()
    settings = GatewaySettings(
        AMQP_URI=nowhere,
        TOKEN_PUBLIC_KEYS=key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )
    app = create_app(Gateway(settings, RpcClient(nowhere, "document")))  # neither is started
    with app.test_request_context():
        return orjson.dumps(app.spec, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


if __name__ == "__main__":
    sys.stdout.buffer.write(document())
