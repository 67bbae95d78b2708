"""What docker compose does before the services: `secrets` makes them, each where only its owner sees it, and
`roles` brings the database's roles to them. Both may be done again.
"""

import json
import os
import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rights import SERVICES, USERS, definitions, make_roles, web_push_key

PLACE = Path("/secrets")
BCHAT = 10001  # the user of the images
POSTGRES, RABBITMQ = "postgres:5432", "rabbitmq:5672"


class Passwords:
    """Made once, and the same ever after."""

    def __init__(self) -> None:
        self._path = PLACE / "setup" / "passwords.json"
        self._known: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def __getitem__(self, name: str) -> str:
        if name not in self._known:
            # Passwords of people are typed by people.
            self._known[name] = secrets.token_hex(8 if name in ("administrator", "people") else 24)
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(self._known, indent=1))
            new.chmod(0o600)
            new.replace(self._path)
        return self._known[name]


def give(owner: str, name: str, text: str, uid: int = BCHAT, mode: int = 0o400) -> None:
    """Writes a secret into the volume of its owner."""
    new = PLACE / owner / f"{name}.new"
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.chown(new, uid, uid)
    new.chmod(mode)
    new.replace(PLACE / owner / name)


def role_uri(passwords: Passwords, role: str, database: str = "bchat") -> str:
    return f"postgresql+psycopg2://{role}:{passwords[f'database {role}']}@{POSTGRES}/{database}"


def make_secrets(passwords: Passwords) -> None:
    for user in USERS:
        give(user, "amqp", f"amqp://{user}:{passwords[f'broker {user}']}@{RABBITMQ}//")
    for role in SERVICES:
        give(role, "database", role_uri(passwords, role))
    public = PLACE / "gateway" / "token.pub.pem"
    if not public.exists():
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        give("auth", "token.pem", private.decode())
        spki = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        give("gateway", public.name, spki.decode())
    give("reports", "erp", role_uri(passwords, "erp_reader", "erp"))
    give("reports", "hook", passwords["hook"])
    give("push", "vapid", web_push_key(passwords["vapid"]))
    give("postgres", "password", passwords["postgres"], uid=0)
    broker = {user: passwords[f"broker {user}"] for user in ("bchat", *USERS)}
    # Which user the broker runs as is its image's business, and what is in here are hashes.
    give("rabbitmq", "definitions.json", json.dumps(definitions(broker)), uid=0, mode=0o444)
    settings = "load_definitions = /run/secrets/definitions.json\nlog.console.level = warning\n"
    give("rabbitmq", "rabbitmq.conf", settings, uid=0, mode=0o444)
    give("admin", "password", passwords["administrator"])
    give("admin", "logins", f"administrator  admin  {passwords['administrator']}\n")
    demo = {
        "ERP_DATABASE_URI": role_uri(passwords, "erp", "erp"),
        "BCHAT_URL": "http://gateway:8000",
        "BCHAT_ADMIN": "admin",
        "BCHAT_ADMIN_PASSWORD": passwords["administrator"],
        "BCHAT_PEOPLE_PASSWORD": passwords["people"],
        "BCHAT_PEOPLE_FILE": "/var/lib/bchat/demo/people.json",
    }
    give("demo", "env", "".join(f"{key}={value}\n" for key, value in demo.items()))


def main() -> None:
    passwords = Passwords()
    if sys.argv[1] == "secrets":
        make_secrets(passwords)
    else:
        roles = {role: passwords[f"database {role}"] for role in (*SERVICES, "erp", "erp_reader")}
        make_roles(f"postgresql://postgres:{passwords['postgres']}@{POSTGRES}/postgres", roles)


if __name__ == "__main__":
    main()
