"""Facts, jobs, copies, and the kit's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fact_account",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("statement_line", sa.Text(), nullable=True),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("subtype", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "account_id"),
    )
    op.create_table(
        "fact_budget",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
    )
    op.create_index("fact_budget_source", "fact_budget", ["source"], unique=False)
    op.create_table(
        "fact_company",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("fiscal_year_start_month", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "company_id"),
    )
    op.create_table(
        "fact_employment",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("monthly_cost", sa.Numeric(), nullable=True),
    )
    op.create_index("fact_employment_source", "fact_employment", ["source"], unique=False)
    op.create_table(
        "fact_fx_rate",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=True),
    )
    op.create_index("fact_fx_rate_source", "fact_fx_rate", ["source"], unique=False)
    op.create_table(
        "fact_gl_line",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("move_id", sa.Text(), nullable=False),
        sa.Column("doc_no", sa.Text(), nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount_currency", sa.Numeric(), nullable=True),
        sa.Column("journal_type", sa.Text(), nullable=True),
        sa.Column("is_closing", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "line_id"),
    )
    op.create_table(
        "fact_hr_time",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("employee_id", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hours", sa.Numeric(), nullable=False),
    )
    op.create_index("fact_hr_time_source", "fact_hr_time", ["source"], unique=False)
    op.create_table(
        "fact_invoice_line",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("doc_no", sa.Text(), nullable=True),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("qty", sa.Numeric(), nullable=True),
        sa.Column("net_amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("net_amount_currency", sa.Numeric(), nullable=True),
        sa.PrimaryKeyConstraint("source", "side", "line_id"),
    )
    op.create_table(
        "fact_open_item",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("doc_no", sa.Text(), nullable=True),
        sa.Column("doc_type", sa.Text(), nullable=False),
        sa.Column("doc_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount_currency", sa.Numeric(), nullable=True),
        sa.PrimaryKeyConstraint("source", "item_id"),
    )
    op.create_table(
        "fact_opportunity",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("opportunity_id", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("created", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("probability", sa.Numeric(), nullable=True),
        sa.Column("expected_amount", sa.Numeric(), nullable=True),
        sa.Column("closed", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("source", "opportunity_id"),
    )
    op.create_table(
        "fact_order_line",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=True),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("qty", sa.Numeric(), nullable=False),
        sa.Column("net_amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("net_amount_currency", sa.Numeric(), nullable=True),
        sa.Column("cost_amount", sa.Numeric(), nullable=True),
        sa.Column("promised_date", sa.Date(), nullable=True),
        sa.Column("delivered_date", sa.Date(), nullable=True),
        sa.Column("fulfilled_qty", sa.Numeric(), nullable=True),
        sa.Column("rejected_qty", sa.Numeric(), nullable=True),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "side", "line_id"),
    )
    op.create_index(
        "fact_order_line_date", "fact_order_line", ["source", "side", "company_id", "date"], unique=False
    )
    op.create_table(
        "fact_party",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "party_id"),
    )
    op.create_table(
        "fact_product",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("uom", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "product_id"),
    )
    op.create_table(
        "fact_production",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=True),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("planned_qty", sa.Numeric(), nullable=True),
        sa.Column("good_qty", sa.Numeric(), nullable=True),
        sa.Column("scrap_qty", sa.Numeric(), nullable=True),
        sa.Column("planned_start", sa.Date(), nullable=True),
        sa.Column("planned_end", sa.Date(), nullable=True),
        sa.Column("actual_start", sa.Date(), nullable=True),
        sa.Column("actual_end", sa.Date(), nullable=True),
        sa.Column("actual_cost", sa.Numeric(), nullable=True),
        sa.PrimaryKeyConstraint("source", "order_id"),
    )
    op.create_table(
        "fact_settlement",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("amount_currency", sa.Numeric(), nullable=True),
    )
    op.create_index("fact_settlement_source", "fact_settlement", ["source"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
        comment="Events already handled: delivery is at least once, their effect is once.",
    )
    op.create_index(op.f("ix_inbox_heard_at"), "inbox", ["heard_at"], unique=False)
    op.create_table(
        "loads",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("whole", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rows", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("changed", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("trace", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "scheduled_at", name="loads_once"),
    )
    op.create_index("loads_newest", "loads", ["source", "created_at"], unique=False)
    op.create_index(
        "loads_one_at_a_time",
        "loads",
        ["source"],
        unique=True,
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_table(
        "members",
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
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
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("permissions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
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
        "reports",
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("period", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("filters", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("subscription_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.Float(), server_default="0", nullable=False),
        sa.Column("load_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("kpis", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("charts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("tables", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("notes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("stale", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("trace", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subscription_id", "scheduled_at", name="reports_once"),
    )
    op.create_index("reports_mine", "reports", ["requested_by", "id"], unique=False)
    op.create_index(
        "reports_open",
        "reports",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_table(
        "rooms",
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("group_id"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("owner_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("period", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("filters", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "subscriptions_due",
        "subscriptions",
        ["next_run_at"],
        unique=False,
        postgresql_where=sa.text("active"),
    )
    op.create_index("subscriptions_mine", "subscriptions", ["owner_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("subscriptions_mine", table_name="subscriptions")
    op.drop_index("subscriptions_due", table_name="subscriptions", postgresql_where=sa.text("active"))
    op.drop_table("subscriptions")
    op.drop_table("rooms")
    op.drop_index(
        "reports_open", table_name="reports", postgresql_where=sa.text("status IN ('queued', 'running')")
    )
    op.drop_index("reports_mine", table_name="reports")
    op.drop_table("reports")
    op.drop_index(op.f("ix_replies_at"), table_name="replies")
    op.drop_table("replies")
    op.drop_table("people")
    op.drop_table("outbox")
    op.drop_table("members")
    op.drop_index(
        "loads_one_at_a_time", table_name="loads", postgresql_where=sa.text("status IN ('queued', 'running')")
    )
    op.drop_index("loads_newest", table_name="loads")
    op.drop_table("loads")
    op.drop_index(op.f("ix_inbox_heard_at"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("fact_settlement_source", table_name="fact_settlement")
    op.drop_table("fact_settlement")
    op.drop_table("fact_production")
    op.drop_table("fact_product")
    op.drop_table("fact_party")
    op.drop_index("fact_order_line_date", table_name="fact_order_line")
    op.drop_table("fact_order_line")
    op.drop_table("fact_opportunity")
    op.drop_table("fact_open_item")
    op.drop_table("fact_invoice_line")
    op.drop_index("fact_hr_time_source", table_name="fact_hr_time")
    op.drop_table("fact_hr_time")
    op.drop_table("fact_gl_line")
    op.drop_index("fact_fx_rate_source", table_name="fact_fx_rate")
    op.drop_table("fact_fx_rate")
    op.drop_index("fact_employment_source", table_name="fact_employment")
    op.drop_table("fact_employment")
    op.drop_table("fact_company")
    op.drop_index("fact_budget_source", table_name="fact_budget")
    op.drop_table("fact_budget")
    op.drop_table("fact_account")
