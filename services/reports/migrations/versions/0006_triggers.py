"""Triggers, their alerts, whose rows a customer sees, and who read what."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BODY = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
_LIST = sa.JSON(none_as_null=True)
_ID = sa.Uuid(as_uuid=False)
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("reports", sa.Column("run", _BODY, nullable=True))
    op.add_column("reports", sa.Column("delivery", _BODY, nullable=True))
    op.add_column("reports", sa.Column("recompute_of", _ID, nullable=True))
    op.create_index("reports_runs", "reports", ["subscription_id", "id"], unique=False)
    for column, type in (
        ("working_days", _BODY),
        ("trigger", _BODY),
        ("escalation", _LIST),
        ("state", _BODY),
        ("looked_at", _TIME),
    ):
        op.add_column("subscriptions", sa.Column(column, type, nullable=True))
    op.add_column(
        "subscriptions",
        sa.Column("await_load", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    for column in ("cron", "timezone", "next_run_at"):
        op.alter_column("subscriptions", column, nullable=True)
    op.create_index(
        "subscriptions_watching",
        "subscriptions",
        ["source"],
        unique=False,
        postgresql_where=sa.text("active AND trigger IS NOT NULL"),
    )
    op.create_index(
        "subscriptions_awaiting",
        "subscriptions",
        ["next_run_at"],
        unique=False,
        postgresql_where=sa.text("active AND await_load"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("subscription_id", _ID, nullable=False),
        sa.Column("owner_id", _ID, nullable=False),
        sa.Column("group_id", _ID, nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("kpi", _BODY, nullable=True),
        sa.Column("items", _LIST, nullable=False),
        sa.Column("more", sa.Integer(), nullable=False),
        sa.Column("as_of", _TIME, nullable=True),
        sa.Column("report_id", _ID, nullable=True),
        sa.Column("raised_at", _TIME, nullable=False),
        sa.Column("acknowledged_at", _TIME, nullable=True),
        sa.Column("acknowledged_by", _ID, nullable=True),
        sa.Column("recovered_at", _TIME, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("escalate_at", _TIME, nullable=True),
        sa.Column("told", _LIST, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alerts_of", "alerts", ["subscription_id", "id"], unique=False)
    op.create_index("alerts_mine", "alerts", ["owner_id", "id"], unique=False)
    op.create_index("alerts_of_room", "alerts", ["group_id", "id"], unique=False)
    op.create_index(
        "alerts_to_escalate",
        "alerts",
        ["escalate_at"],
        unique=False,
        postgresql_where=sa.text("state = 'firing'"),
    )
    op.create_table(
        "things",
        sa.Column("subscription_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alert_id", _ID, nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "name"),
    )
    op.create_index("things_oldest", "things", ["at"], unique=False)
    op.create_table(
        "customers",
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("set_by", _ID, nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "source"),
    )
    op.create_table(
        "readers",
        sa.Column("report_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("sent_at", _TIME, nullable=True),
        sa.Column("opened_at", _TIME, nullable=True),
        sa.Column("last_opened_at", _TIME, nullable=True),
        sa.Column("opened", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("report_id", "user_id"),
    )
    op.create_index("readers_oldest", "readers", ["at"], unique=False)


def downgrade() -> None:
    for table in ("readers", "customers", "things", "alerts"):
        op.drop_table(table)
    op.execute("DELETE FROM subscriptions WHERE cron IS NULL OR timezone IS NULL OR next_run_at IS NULL")
    op.drop_index("subscriptions_awaiting", table_name="subscriptions")
    op.drop_index("subscriptions_watching", table_name="subscriptions")
    for column in ("cron", "timezone", "next_run_at"):
        op.alter_column("subscriptions", column, nullable=False)
    for column in ("await_load", "looked_at", "state", "escalation", "trigger", "working_days"):
        op.drop_column("subscriptions", column)
    op.drop_index("reports_runs", table_name="reports")
    for column in ("recompute_of", "delivery", "run"):
        op.drop_column("reports", column)
