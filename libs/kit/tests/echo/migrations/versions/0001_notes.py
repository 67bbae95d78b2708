"""Notes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("number", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("trace", sa.String),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("text", sa.String, nullable=False),
    )
    op.create_table("broken", sa.Column("text", sa.String, primary_key=True))
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    op.create_table(
        "replies",
        sa.Column("user_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("answer", JSONB),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
