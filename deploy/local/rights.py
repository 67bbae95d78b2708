"""Who may do what on the two servers: a user of the broker and a role of the database for each service.

The same rules hold for a run on one machine, for docker compose and, written as resources, for Kubernetes.
"""

import base64
import contextlib
import hashlib
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2
import yaml
from psycopg2 import sql

SERVICES = ("auth", "groups", "chat", "news", "location", "reports", "push")
# Whom each asks; the operator's command and the gateway ask all.
ASKS: Mapping[str, tuple[str, ...]] = {
    "auth": (),
    "groups": ("auth", "reports"),
    "chat": ("groups",),
    "news": ("groups",),
    "location": ("groups", "chat"),
    "reports": ("groups",),
    "push": ("auth", "groups", "chat", "reports"),
    "gateway": SERVICES,
}
USERS = (*ASKS, "admin")
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NOTHING = "^$"


@dataclass(frozen=True)
class Rights:
    """What RabbitMQ lets a user do, as regular expressions.

    Attributes:
        configure, write, read: names of queues and exchanges.
        topics: by topic exchange, the routing keys it may publish with and bind to.
    """

    configure: str
    write: str
    read: str
    topics: Mapping[str, tuple[str, str]]


def rights(user: str) -> Rights:
    """What a service may do at the broker.

    It makes and reads its own queues only, says events of its own name only, and asks whom it has to ask. Two
    things RabbitMQ can't forbid it: to hear any event (they are announced to all), and to put a message into
    another's queue by the default exchange, which retries and dead letters need.
    """
    if user == "admin":
        return Rights(".*", ".*", ".*", {})
    asks = "|".join(ASKS[user])
    if user == "gateway":
        own = rf"gateways|gateway-{UUID}|rpc\.reply-gateway-.+"
        return Rights(
            configure=f"^(events|nameko-rpc|{own})$",
            write=f"^(nameko-rpc|{own})$",
            read=f"^(events|nameko-rpc|{own})$",
            topics={
                "events": (NOTHING, ".*"),
                "nameko-rpc": (rf"^(({asks})\.\w+|{UUID})$", f"^{UUID}$"),
            },
        )
    own = rf"(hear|retry|dead|rpc|work)-{user}|delay-{user}-\d+|rpc\.reply-{user}-.+"
    answers = rf"({asks})\.\w+|{UUID}" if asks else UUID
    return Rights(
        configure=f"^(events|nameko-rpc|{own})$",
        write=rf"^(events|nameko-rpc|amq\.default|{own})$",
        read=f"^(events|nameko-rpc|{own})$",
        topics={
            "events": (rf"^{user}\.", ".*"),
            "nameko-rpc": (f"^({answers})$", rf"^({user}\.\*|{UUID})$"),
        },
    )


def definitions(passwords: Mapping[str, str], vhost: str = "/") -> dict[str, Any]:
    """What RabbitMQ reads when it starts: the users with their rights.

    Args:
        passwords: of each of `USERS`, and of an administrator `bchat`.
    """
    return {
        "vhosts": [{"name": vhost}],
        "users": [
            {
                "name": user,
                "password_hash": _hashed(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ["administrator"] if user == "bchat" else [],
            }
            for user, password in passwords.items()
        ],
        "permissions": [
            {"user": user, "vhost": vhost, "configure": may.configure, "write": may.write, "read": may.read}
            for user in passwords
            for may in [rights("admin" if user == "bchat" else user)]
        ],
        "topic_permissions": [
            {"user": user, "vhost": vhost, "exchange": exchange, "write": write, "read": read}
            for user in passwords
            if user != "bchat"
            for exchange, (write, read) in rights(user).topics.items()
        ],
    }


def _hashed(password: str) -> str:
    """RabbitMQ's form: a salt of four bytes before the SHA-256 of it and the password, in base64."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


@contextlib.contextmanager
def superuser(uri: str, database: str) -> Iterator[Callable[..., None]]:
    """Executes statements as the superuser whose address it is, each committed at once."""
    connection = psycopg2.connect(plain(uri), dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:

            def execute(statement: str, *names: str, password: str | None = None) -> None:
                parts: list[sql.Composable] = [sql.Identifier(name) for name in names]
                if password:
                    parts.append(sql.Literal(password))
                cursor.execute(sql.SQL(statement).format(*parts))

            yield execute
    finally:
        connection.close()


def make_roles(uri: str, passwords: Mapping[str, str]) -> None:
    """A role and a schema of its own for each service: what the others keep is out of its reach. Also the
    database of the demo company's ERP, with a role that may only read. May be done again.

    Args:
        uri: of the superuser.
        passwords: of each service, of `erp` and of `erp_reader`.
    """
    with superuser(uri, "postgres") as execute:
        for role in (*SERVICES, "erp", "erp_reader"):
            try:
                execute("create role {} login password {}", role, password=passwords[role])
            except psycopg2.errors.DuplicateObject:
                execute("alter role {} login password {}", role, password=passwords[role])
        for database, owner in (("bchat", None), ("erp", "erp")):
            with contextlib.suppress(psycopg2.errors.DuplicateDatabase):
                # Whatever the server's own default: texts compare and are found alike everywhere.
                execute("create database {} template template0 encoding 'UTF8' locale 'C.UTF-8'", database)
            execute("revoke all on database {} from public", database)
            if owner:
                execute("alter database {} owner to {}", database, owner)
        # The server logs statements that fail, with what people wrote and the hashes of passwords in them.
        execute("alter database bchat set log_min_error_statement = panic")
        execute("alter database bchat set log_error_verbosity = terse")
        for role in SERVICES:
            execute("grant connect, temporary on database bchat to {}", role)
            execute("alter role {} in database bchat set search_path = {}", role, role)
        execute("grant connect on database erp to erp_reader")
        execute("alter role erp_reader set default_transaction_read_only = on")
    with superuser(uri, "bchat") as execute:
        execute("revoke all on schema public from public")
        for role in SERVICES:
            execute("create schema if not exists {} authorization {}", role, role)


def web_push_key(secret: str) -> str:
    """The private key by which push services know this installation, the same for the same secret: 32 bytes
    in base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode().rstrip("=")


def plain(uri: str) -> str:
    """A SQLAlchemy address as libpq reads it."""
    return re.sub(r"^postgresql\+psycopg2://", "postgresql://", uri)


def resources() -> Iterator[dict[str, Any]]:
    """The users with their rights as resources of RabbitMQ's Messaging Topology Operator."""
    cluster = {"name": "bchat-broker"}

    def resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "rabbitmq.com/v1beta1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": {**spec, "rabbitmqClusterReference": cluster},
        }

    for user in USERS:
        may = rights(user)
        yield resource("User", user, importCredentialsSecret={"name": f"{user}-broker"})
        whom = {"vhost": "/", "userReference": {"name": user}}
        permissions = {"configure": may.configure, "write": may.write, "read": may.read}
        yield resource("Permission", user, **whom, permissions=permissions)
        for exchange, (write, read) in may.topics.items():
            topic = {"exchange": exchange, "write": write, "read": read}
            yield resource("TopicPermission", f"{user}-{exchange}", **whom, permissions=topic)


def written() -> str:
    """Those resources as the file that is committed."""
    head = "# Written from deploy/local/rights.py, where the rules are: `make contracts`.\n"
    return head + yaml.safe_dump_all(resources(), sort_keys=False, width=110)
