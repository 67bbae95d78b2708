"""Groups, their members, and our copy of people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("catalogue", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("target_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(catalogue = 'business') = (type IS NOT NULL)", name="groups_type"),
        sa.CheckConstraint("(catalogue = 'task') = (target_end IS NOT NULL)", name="groups_target_end"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("groups_by_change", "groups", ["changed_at", "id"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
        comment="Events already handled: delivery is at least once, their effect is once.",
    )
    op.create_index(op.f("ix_inbox_heard_at"), "inbox", ["heard_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="Events committed and not yet published; a row leaves when the broker has confirmed it.",
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "replies",
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key"),
        comment="What a request with an Idempotency-Key was answered.",
    )
    op.create_index(op.f("ix_replies_at"), "replies", ["at"], unique=False)
    op.create_table(
        "members",
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'coordinator', 'staff', 'guest')", name="members_role"),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
    op.create_index(op.f("ix_members_user_id"), "members", ["user_id"], unique=False)
    op.create_index(
        "members_one_owner", "members", ["group_id"], unique=True, postgresql_where=sa.text("role = 'owner'")
    )


def downgrade() -> None:
    op.drop_index("members_one_owner", table_name="members", postgresql_where=sa.text("role = 'owner'"))
    op.drop_index(op.f("ix_members_user_id"), table_name="members")
    op.drop_table("members")
    op.drop_index(op.f("ix_replies_at"), table_name="replies")
    op.drop_table("replies")
    op.drop_table("people")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_inbox_heard_at"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("groups_by_change", table_name="groups")
    op.drop_table("groups")
