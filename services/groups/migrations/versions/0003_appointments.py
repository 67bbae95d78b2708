"""Appointments, their changed occurrences and reminders, and calendars that are subscribed to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_tokens",
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("made_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("starts", sa.DateTime(), nullable=False),
        sa.Column("ends", sa.DateTime(), nullable=False),
        sa.Column("rrule", sa.Text(), nullable=True),
        sa.Column("last", sa.DateTime(), nullable=True),
        sa.Column("earliest", sa.DateTime(), nullable=False),
        sa.Column("latest", sa.DateTime(), nullable=True),
        sa.Column("remind_minutes", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("next_near_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts < ends", name="appointments_span"),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "appointments_near",
        "appointments",
        ["next_near_at"],
        unique=False,
        postgresql_where=sa.text("next_near_at IS NOT NULL"),
    )
    op.create_index("appointments_of_group", "appointments", ["group_id", "starts", "id"], unique=False)
    op.create_table(
        "changed_occurrences",
        sa.Column("appointment_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("occurrence", sa.DateTime(), nullable=False),
        sa.Column("starts", sa.DateTime(), nullable=True),
        sa.Column("ends", sa.DateTime(), nullable=True),
        sa.CheckConstraint("(starts IS NULL) = (ends IS NULL)", name="changed_occurrences_span"),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("appointment_id", "occurrence"),
    )
    op.create_table(
        "appointment_reminders",
        sa.Column("appointment_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("appointment_id", "start", "minutes"),
    )


def downgrade() -> None:
    op.drop_table("appointment_reminders")
    op.drop_table("changed_occurrences")
    op.drop_index("appointments_of_group", table_name="appointments")
    op.drop_index(
        "appointments_near", table_name="appointments", postgresql_where=sa.text("next_near_at IS NOT NULL")
    )
    op.drop_table("appointments")
    op.drop_table("calendar_tokens")
