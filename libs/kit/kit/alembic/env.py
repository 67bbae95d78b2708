"""Alembic's environment, shared by all services."""

from alembic import context
from sqlalchemy import create_engine, text

# A migration that can't get its lock in this time gives way to the traffic and is tried again.
LOCK_TIMEOUT = "5s"

options = {
    "target_metadata": context.config.attributes["metadata"],
    "compare_type": True,
    "transaction_per_migration": True,
    # Partitions are made in SQL beside their parent and are not models.
    "include_name": lambda name, kind, _: not (kind == "table" and name and "_part_" in name),
}

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True, **options)
    with context.begin_transaction():
        context.execute(f"SET lock_timeout TO '{LOCK_TIMEOUT}'")
        context.run_migrations()
else:
    engine = create_engine(context.config.attributes["uri"])
    with engine.connect() as connection:
        # The server may have limits for services: too little for an index on a large table, or the next line.
        connection.execute(text("SET statement_timeout TO 0; SET lock_timeout TO 0"))
        # Two replicas' migration jobs at once: the second waits, then finds nothing to do.
        connection.execute(text("SELECT pg_advisory_lock(hashtext('migrate ' || current_user))"))
        connection.execute(text(f"SET lock_timeout TO '{LOCK_TIMEOUT}'"))
        connection.commit()
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
