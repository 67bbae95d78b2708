"""What is in order with an installation as a service's own process sees it, and what to do about the rest."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from amqp.exceptions import PreconditionFailed

from kit import broker, config, db, migrate
from kit.clock import now
from kit.event import new_id

Finding = dict[str, Any]
OLDEST_POSTGRESQL = 130000
CLOCK_SECONDS = 2.0


def finding(check: str, found: str, remedy: str | None = None, **told: Any) -> Finding:
    """What a check found.

    Args:
        remedy: what to do; left out, all is well.
        told: more, for who asked.
    """
    return {"check": check, "ok": remedy is None, "found": found, "remedy": remedy, "told": told}


def tried(check: str, remedy: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """The findings of a check, or that it failed and what may be done about that."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except Exception as problem:
        said = " ".join(str(getattr(problem, "orig", None) or problem).split())
        found.append(finding(check, f"{type(problem).__name__}: {said[:300]}", remedy))
    return found


def _settings(folder: Path) -> Iterator[Finding]:
    wrong = config.misspelt(folder / "config.yml")
    said = "; ".join(f"{name} is set, and is no setting: is {meant} meant?" for name, meant in wrong.items())
    yield finding("settings", said or "None looks misspelt.", "Set it by its name." if wrong else None)


def common(
    engine: sa.Engine, amqp_uri: str, folder: Path, service: str, routing_keys: Sequence[str]
) -> list[Finding]:
    """What every service has: its database, its schema, its rights there, its queues.

    Args:
        folder: of its `config.yml`.
        routing_keys: of the events it hears.
    """
    # By a connection made now: those that a process has are good although its password is another since.
    fresh = db.connect(engine.url, pool=1, name=f"bchat-{service}-examine")
    found = tried(
        "database",
        "Is PostgreSQL running, and is DATABASE_URI its address, with the service's own role and password?",
        lambda: _database(fresh),
    )
    if all(each["ok"] for each in found):
        found += tried("writes", "Is there room on the disk of the database?", lambda: _writes(fresh))
        found += tried("migrations", "Run `kit migrate`.", lambda: _migrations(fresh, folder))
        found += tried("rights", "Make the role anew as docs/operations.md says.", lambda: _rights(fresh))
    fresh.dispose()
    found += tried(
        "queues",
        "Is RabbitMQ running, is AMQP_URI's password right, and may its user declare the service's queues?",
        lambda: _queues(amqp_uri, service, routing_keys),
    )
    return [*_settings(folder), *found]


def _database(engine: sa.Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        number, text, clock = connection.execute(
            sa.text(
                "SELECT current_setting('server_version_num')::int, current_setting('server_version'), now()"
            )
        ).one()
    old = (
        f"Upgrade PostgreSQL to {OLDEST_POSTGRESQL // 10000} or newer."
        if number < OLDEST_POSTGRESQL
        else None
    )
    yield finding("database", f"PostgreSQL {text}", old)
    apart = (now() - clock).total_seconds()
    wrong = abs(apart) > CLOCK_SECONDS
    yield finding(
        "database_clock",
        f"{abs(apart):.1f} s {'behind' if apart > 0 else 'ahead of'} this process",
        "Let both machines follow the same time server (chrony, systemd-timesyncd)." if wrong else None,
    )


def _writes(engine: sa.Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        reads_only, standby = connection.execute(
            sa.text("SELECT current_setting('transaction_read_only')::bool, pg_is_in_recovery()")
        ).one()
        if standby:
            yield finding(
                "writes", "It is a standby, which is only read.", "Name the primary in DATABASE_URI."
            )
            return
        if reads_only:
            yield finding(
                "writes",
                "The database is read-only: default_transaction_read_only is on.",
                "Some operators set it when the disk is nearly full. Then: "
                "ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf();",
            )
            return
        # A megabyte in a file of its own, which is gone with the transaction.
        connection.execute(
            sa.text(
                "CREATE UNLOGGED TABLE examined AS "
                "SELECT repeat(md5(n::text), 60) FROM generate_series(1, 512) AS numbers (n)"
            )
        )
        connection.rollback()
    yield finding("writes", "Takes a megabyte.")


def _migrations(engine: sa.Engine, folder: Path) -> Iterator[Finding]:
    with engine.connect() as connection:
        at, newest = migrate.position(folder, connection)
    said = ", ".join(sorted(at)) or "no migration"
    if at == newest:
        yield finding("migrations", f"At {said}, the newest.")
    elif at and not at & newest and at - migrate.known(folder):
        yield finding(
            "migrations",
            f"At {said}, which this code does not know: the database is newer.",
            ("Deploy the version that made it, or a newer one."),
        )
    else:
        yield finding(
            "migrations", f"At {said}; the newest is {', '.join(sorted(newest))}.", "Run `kit migrate`."
        )


def _rights(engine: sa.Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        role, schema, mighty = connection.execute(
            sa.text(
                "SELECT current_user, current_schema(), rolsuper OR rolcreaterole OR rolcreatedb "
                "OR rolbypassrls OR rolreplication FROM pg_roles WHERE rolname = current_user"
            )
        ).one()
        others = connection.scalars(
            sa.text(
                "SELECT DISTINCT nspname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE relkind IN ('r', 'p', 'v', 'm') AND nspname !~ '^(pg_|information_schema$)' "
                "AND nspname IS DISTINCT FROM current_schema() AND has_schema_privilege(n.oid, 'USAGE') "
                "AND has_table_privilege(pg_class.oid, 'SELECT') ORDER BY nspname"
            )
        ).all()
    if mighty:
        yield finding(
            "rights",
            f"The role {role} may administer the server.",
            (
                f"Give the service a role without such rights: ALTER ROLE {role} NOSUPERUSER NOCREATEDB "
                "NOCREATEROLE NOBYPASSRLS NOREPLICATION, or another DATABASE_URI."
            ),
        )
    if others:
        yield finding(
            "rights",
            f"The role {role} can read the schemas {', '.join(others)}.",
            ("REVOKE USAGE ON SCHEMA ... for each: what other services keep is not for this one."),
        )
    if not mighty and not others:
        yield finding("rights", f"The role {role} has its schema {schema} and no other.")


def _queues(amqp_uri: str, service: str, routing_keys: Sequence[str]) -> Iterator[Finding]:
    with broker.connect(amqp_uri) as connection:
        try:
            # As at every start: makes what is missing, and is refused where something else has the name.
            broker.declare(connection, service, routing_keys)
        except PreconditionFailed as problem:
            yield finding(
                "queues",
                str(problem.reply_text),
                ("It was made otherwise: when it is empty delete it, and start the service again."),
            )
            return
    yield finding(
        "queues", f"hear-{service}, retry-{service} and dead-{service}, bound to {len(routing_keys)} events."
    )


def files(store: Any) -> list[Finding]:
    """Whether a `kit.store.Store` takes a file, gives it back and forgets it."""

    def look() -> Iterator[Finding]:
        key = f"examined/{new_id()}"
        store.put(key, b"examined")
        same = store.get(key) == b"examined"
        store.delete(key)
        yield (
            finding("files", "Writes, reads and deletes.")
            if same
            else finding(
                "files", "What was written is not what is read.", "Is FILES_URL one store for all processes?"
            )
        )

    return tried("files", "May this process write where FILES_URL says? Is there room?", look)
