"""What stands on devices, so that it can be taken away when it is over."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tellings", sa.Column("stands", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "tellings_standing", "tellings", ["topic"], unique=False, postgresql_where=sa.text("stands")
    )
    op.create_index(
        "deliveries_left",
        "deliveries",
        ["device_id"],
        unique=False,
        postgresql_where=sa.text("state = 'left'"),
    )


def downgrade() -> None:
    op.drop_index("deliveries_left", table_name="deliveries", postgresql_where=sa.text("state = 'left'"))
    op.drop_index("tellings_standing", table_name="tellings", postgresql_where=sa.text("stands"))
    op.drop_column("tellings", "stands")
