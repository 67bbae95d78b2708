"""What a load was checked for, calls of sources, and stock."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("loads", sa.Column("checks", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "hook_calls",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("load_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("source", "signature"),
    )
    op.create_index("hook_calls_newest", "hook_calls", ["source", "at"], unique=False)
    op.create_table(
        "fact_stock",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("qty", sa.Numeric(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
    )
    op.create_index("fact_stock_source", "fact_stock", ["source"], unique=False)


def downgrade() -> None:
    op.drop_index("fact_stock_source", table_name="fact_stock")
    op.drop_table("fact_stock")
    op.drop_index("hook_calls_newest", table_name="hook_calls")
    op.drop_table("hook_calls")
    op.drop_column("loads", "checks")
