"""Alembic with one environment for all services.

A service keeps only `migrations/versions/`; its role's search_path names its schema.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

ENVIRONMENT = Path(__file__).parent / "alembic"


def _config(folder: Path, uri: str, metadata: MetaData | None) -> Config:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    alembic = Config()
    alembic.set_main_option("script_location", str(ENVIRONMENT))
    alembic.set_main_option("version_locations", str(versions))
    alembic.set_main_option("path_separator", "newline")
    alembic.attributes.update(uri=uri, metadata=metadata)
    return alembic


def upgrade(folder: Path, uri: str, *, to: str = "head", sql: bool = False) -> None:
    """Brings a service's schema to its newest version, or another; `sql` prints the statements instead."""
    command.upgrade(_config(folder, uri, None), to, sql=sql)


def check(folder: Path, uri: str, metadata: MetaData) -> None:
    """Proves that models and migrations agree.

    Raises:
        alembic.util.CommandError: they differ; the text says in what.
    """
    command.check(_config(folder, uri, metadata))


def position(folder: Path, connection: Connection) -> tuple[set[str], set[str]]:
    """The revisions a database is at, and those it should be at."""
    newest = ScriptDirectory.from_config(_config(folder, "", None)).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()), set(newest)


def known(folder: Path) -> set[str]:
    """All revisions that a service's code knows."""
    scripts = ScriptDirectory.from_config(_config(folder, "", None)).walk_revisions()
    return {script.revision for script in scripts}


def revision(folder: Path, uri: str, metadata: MetaData, message: str) -> None:
    """Writes a migration from what the models have and the database has not, to be read and mended."""
    versions = folder / "migrations" / "versions"
    number = 1 + sum(1 for _ in versions.glob("[0-9]*.py")) if versions.exists() else 1
    command.revision(
        _config(folder, uri, metadata), message=message, autogenerate=True, rev_id=f"{number:04d}"
    )
