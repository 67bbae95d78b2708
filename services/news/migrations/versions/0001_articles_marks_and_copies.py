"""Articles, read marks, and our copies of memberships and people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("author_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("group_ids", postgresql.ARRAY(sa.Uuid(as_uuid=False)), nullable=False),
        sa.Column("must_read", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("read_from", sa.Integer(), nullable=False),
        sa.Column("picture", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("(audience = 'groups') = (cardinality(group_ids) > 0)", name="articles_groups"),
        sa.CheckConstraint("status <> 'planned' OR publish_at IS NOT NULL", name="articles_planned_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("articles_by_time", "articles", ["status", "at", "id"], unique=False)
    op.create_index(
        "articles_expiring",
        "articles",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'released'"),
    )
    op.create_index(
        "articles_planned",
        "articles",
        ["publish_at"],
        unique=False,
        postgresql_where=sa.text("status = 'planned'"),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
        comment="Events already handled: delivery is at least once, their effect is once.",
    )
    op.create_index(op.f("ix_inbox_heard_at"), "inbox", ["heard_at"], unique=False)
    op.create_table(
        "members",
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
    op.create_index(op.f("ix_members_user_id"), "members", ["user_id"], unique=False)
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
        "rooms",
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("group_id"),
    )
    op.create_table(
        "read_marks",
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("article_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
        ),
        sa.PrimaryKeyConstraint("user_id", "article_id"),
    )
    op.create_index(op.f("ix_read_marks_article_id"), "read_marks", ["article_id"], unique=False)


def downgrade() -> None:
    for table in ("read_marks", "rooms", "replies", "people", "outbox", "members", "inbox", "articles"):
        op.drop_table(table)
