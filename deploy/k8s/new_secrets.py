"""Prints every secret of a new installation, made of random passwords and a new key: to be piped to
`kubectl apply`, once, or to be the model of what your own store of secrets brings.

    python deploy/k8s/new_secrets.py | kubectl apply -f -
"""

import argparse
import base64
import json
import secrets
import sys

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ACCOUNTS = ("auth", "groups", "chat", "news", "location", "reports", "push")


def secret(name: str, kind: str = "Opaque", **data: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "bchat"},
        "type": kind,
        "stringData": data,
    }


def vapid_key() -> str:
    """A key of Web Push: 32 bytes in base64url."""
    number = generate_private_key(SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(32)).decode().rstrip("=")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files-url", default="s3://bchat/files", help="the store of files, FILES_URL")
    parser.add_argument(
        "--vapid-subject", default="mailto:operator@example.com", help="whom push services may write to"
    )
    args = parser.parse_args()
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    made = [
        *(
            secret(f"{name}-broker", username=name, password=secrets.token_hex(24))
            for name in (*ACCOUNTS, "gateway", "admin")
        ),
        *(
            secret(
                f"{name}-database",
                "kubernetes.io/basic-auth",
                username=name,
                password=secrets.token_hex(24),
            )
            for name in ACCOUNTS
        ),
        secret("auth-token-key", **{"token.pem": private}),
        secret("gateway-token-keys", **{"token.pub.pem": public}),
        secret("reports-sources", **{"sources.yml": "{}\n"}),
        secret("push-credentials", **{"vapid-private-key": vapid_key(), "vapid-subject": args.vapid_subject}),
        secret("files", FILES_URL=args.files_url),
    ]
    json.dump({"apiVersion": "v1", "kind": "List", "items": made}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
