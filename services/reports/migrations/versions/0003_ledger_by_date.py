"""The ledger by date and by move, hours by date, settlements by item: what reports ask for."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("fact_gl_line_date", "fact_gl_line", ["source", "company_id", "date"], unique=False)
    op.create_index("fact_gl_line_move", "fact_gl_line", ["source", "move_id"], unique=False)
    op.create_index("fact_hr_time_date", "fact_hr_time", ["source", "company_id", "date"], unique=False)
    op.create_index("fact_settlement_item", "fact_settlement", ["source", "item_id"], unique=False)


def downgrade() -> None:
    op.drop_index("fact_settlement_item", table_name="fact_settlement")
    op.drop_index("fact_hr_time_date", table_name="fact_hr_time")
    op.drop_index("fact_gl_line_move", table_name="fact_gl_line")
    op.drop_index("fact_gl_line_date", table_name="fact_gl_line")
