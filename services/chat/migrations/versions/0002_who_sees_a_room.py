"""Whether somebody who is no member may see a group can be unknown, and is asked then."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("members", "visible", nullable=True, server_default=None)
    # Customers who had left an open group were taken for people who see it.
    op.execute("UPDATE members SET visible = NULL WHERE role IS NULL")


def downgrade() -> None:
    op.execute("UPDATE members SET visible = false WHERE visible IS NULL")
    op.alter_column("members", "visible", nullable=False, server_default=sa.text("false"))
