"""What was booked as a debit: a reversal may be a negative one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fact_gl_line", sa.Column("debit", sa.Numeric(), nullable=True))


def downgrade() -> None:
    op.drop_column("fact_gl_line", "debit")
