"""What is to be done in a task group, when to remind of it, and invitation links."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("groups", sa.Column("state", sa.Text(), nullable=True))
    op.add_column("groups", sa.Column("assignee_id", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("groups", sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE groups SET state = 'open' WHERE catalogue = 'task'")
    # The clock finds the moments that are still to come; of targets long past nobody needs to be told.
    op.execute("UPDATE groups SET remind_at = now() WHERE target_end > now() AND ended_at IS NULL")
    op.create_check_constraint("groups_state", "groups", "(catalogue = 'task') = (state IS NOT NULL)")
    op.create_check_constraint(
        "groups_known_state", "groups", "state IN ('open', 'in_progress', 'blocked', 'done', 'cancelled')"
    )
    op.create_check_constraint("groups_assignee", "groups", "catalogue = 'task' OR assignee_id IS NULL")
    op.create_index(
        "groups_to_remind",
        "groups",
        ["remind_at"],
        unique=False,
        postgresql_where=sa.text("remind_at IS NOT NULL"),
    )
    op.create_table(
        "invites",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('coordinator', 'staff', 'guest')", name="invites_role"),
        sa.CheckConstraint("uses BETWEEN 0 AND max_uses", name="invites_uses"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("invites_by_group", "invites", ["group_id", "id"], unique=False)
    op.create_index(op.f("ix_invites_expires_at"), "invites", ["expires_at"], unique=False)
    op.create_table(
        "invite_uses",
        sa.Column("invite_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["invite_id"], ["invites.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("invite_id", "user_id"),
    )
    op.create_index(
        "invite_uses_key",
        "invite_uses",
        ["invite_id", "key"],
        unique=True,
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.create_index(
        "invite_uses_open",
        "invite_uses",
        ["reserved_at"],
        unique=False,
        postgresql_where=sa.text("joined_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("invite_uses")
    op.drop_table("invites")
    op.drop_index("groups_to_remind", table_name="groups")
    op.drop_constraint("groups_assignee", "groups")
    op.drop_constraint("groups_known_state", "groups")
    op.drop_constraint("groups_state", "groups")
    op.drop_column("groups", "remind_at")
    op.drop_column("groups", "assignee_id")
    op.drop_column("groups", "state")
