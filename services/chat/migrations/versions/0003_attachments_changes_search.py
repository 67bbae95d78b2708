"""Attachments, versions of edited texts, mentions, and what search looks through."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("owner_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=True),
        sa.Column("content_type", sa.String(length=100), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("thumbnail_size", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "attachments_unsent",
        "attachments",
        ["owner_id", "at"],
        postgresql_where=sa.text("group_id IS NULL"),
    )
    op.create_index("attachments_going", "attachments", ["at"], postgresql_where=sa.text("state = 'going'"))
    op.create_table(
        "versions",
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edit_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "seq", "edit_seq"),
    )
    op.create_table(
        "mentions",
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id", "seq"),
    )
    op.create_table(
        "findable",
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("grams", sa.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "seq"),
        postgresql_partition_by="HASH (group_id)",
    )
    for part in range(16):
        values = f"WITH (MODULUS 16, REMAINDER {part})"
        op.execute(f"CREATE TABLE findable_part_{part:02} PARTITION OF findable FOR VALUES {values}")
    op.create_index(
        "findable_grams",
        "findable",
        ["grams"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 16384},
    )
    op.create_index(
        "entries_quiet",
        "entries",
        ["group_id", "seq"],
        postgresql_where=sa.text("kind IN ('edit', 'delete')"),
    )
    op.create_index(
        "members_rooms", "members", ["user_id", "group_id"], postgresql_where=sa.text("role IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("members_rooms", table_name="members")
    op.drop_index("entries_quiet", table_name="entries")
    for table in ("findable", "mentions", "versions", "attachments"):
        op.drop_table(table)
