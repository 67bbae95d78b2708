"""Avatars, when rights were changed, and when sessions were used last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In the order of who starts a session, which looks at its user: else each waits for the other.
    op.execute("LOCK TABLE sessions, users")
    op.add_column("users", sa.Column("avatar_id", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("users", sa.Column("avatar_type", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("avatar_size", sa.Integer(), nullable=True))
    op.add_column("users", sa.Column("rights_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "users_rights",
        "users",
        ["rights_at"],
        unique=False,
        postgresql_where=sa.text("rights_at IS NOT NULL"),
    )
    # With a default: processes of the version before go on starting sessions meanwhile.
    op.add_column(
        "sessions",
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.execute("UPDATE sessions SET used_at = created_at")


def downgrade() -> None:
    op.drop_column("sessions", "used_at")
    op.drop_index("users_rights", table_name="users", postgresql_where=sa.text("rights_at IS NOT NULL"))
    for name in ("rights_at", "avatar_size", "avatar_type", "avatar_id"):
        op.drop_column("users", name)
