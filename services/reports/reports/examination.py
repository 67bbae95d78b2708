"""Whether a source can be read, and only read, as the operator's `bchat-admin doctor` asks."""

from collections.abc import Iterator

import sqlalchemy as sa
from kit.clock import now, rfc3339
from kit.examine import Finding, finding, tried

from reports.acquire.replica import Limits, Replica, opened
from reports.acquire.sources import Source

SECONDS = 5
CLOCK_SECONDS = 60.0
# Every transaction of ours says that it only reads; a role that could not write is what makes it sure.
MAY_WRITE = {
    "postgresql": """
        SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
        WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
          AND has_table_privilege(pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')""",
    "mysql": """
        SELECT count(*) FROM (
          SELECT privilege_type FROM information_schema.user_privileges
          UNION ALL SELECT privilege_type FROM information_schema.schema_privileges
          UNION ALL SELECT privilege_type FROM information_schema.table_privileges) rights
        WHERE privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'DROP')""",
}
MAY_WRITE["mariadb"] = MAY_WRITE["mysql"]


def of(source: Source) -> list[Finding]:
    """What is in order with a source, and what to do about the rest; it takes seconds where it is away."""

    def look() -> Iterator[Finding]:
        with opened(source.name, source.uri, Limits(statement_seconds=SECONDS), source.session) as replica:
            yield finding(
                f"source {source.name}",
                f"Can be read; its clock says {rfc3339(replica.as_of)}.",
                _clock(replica),
            )
            if asked := MAY_WRITE.get(sa.make_url(source.uri).get_backend_name()):
                count = replica.connection.scalar(sa.text(asked))
                yield finding(
                    f"source {source.name} read-only",
                    f"Its role may write: {count} rights to." if count else "Its role may only read.",
                    "Give the source a role with nothing but SELECT (docs/connect-an-erp.md)."
                    if count
                    else None,
                )

    return tried(
        f"source {source.name}", "Is the replica running, and is its uri in SOURCES_FILE right?", look
    )


def _clock(replica: Replica) -> str | None:
    if abs((now() - replica.as_of).total_seconds()) < CLOCK_SECONDS:
        return None
    return "Its clock is another: what is read by watermark may be missed. Let it follow a time server."
