-- Tryton knows balance sheet from result, and a few flags; the rest is read off the names of the account types in the
-- universal chart (English). A company with its own chart maps its type names here.
WITH RECURSIVE up AS (
    SELECT id AS type, id, parent, name, revenue, expense, 0 AS height FROM account_account_type
    UNION ALL
    SELECT up.type, t.id, t.parent, t.name, t.revenue, t.expense, up.height + 1
    FROM up JOIN account_account_type t ON t.id = up.parent
), kind AS (
    SELECT type,
        bool_or(name ~* '^((non-)?current )?assets') AS asset,
        bool_or(name ~* '^((non-)?current )?liabilities') AS liability,
        bool_or(name ~* '^equity') AS equity,
        (array_agg(revenue ORDER BY height) FILTER (WHERE revenue OR expense))[1] AS income
    FROM up GROUP BY type
), typed AS (
    SELECT t.*, k.income,
        CASE WHEN t.statement = 'off-balance' THEN 'off'
            WHEN t.statement = 'income' THEN
                CASE WHEN coalesce(k.income, t.name !~* 'expense|cost|tax|deprec|amorti|loss') THEN 'income'
                    ELSE 'expense' END
            WHEN t.receivable OR t.stock OR k.asset THEN 'asset'
            WHEN t.payable OR k.liability THEN 'liability'
            WHEN k.equity THEN 'equity'
            WHEN t.assets THEN 'asset'
            ELSE 'liability' END AS class
    FROM account_account_type t JOIN kind k ON k.type = t.id
)
SELECT a.id::text AS account_id, a.company::text AS company_id, coalesce(a.code, a.id::text) AS code, a.name,
    t.name AS statement_line, t.class,
    CASE WHEN t.receivable THEN 'receivable'
        WHEN t.payable THEN 'payable'
        WHEN t.class = 'asset' THEN
            CASE WHEN t.stock THEN 'inventory'
                WHEN t.name ~* '\m(cash|bank)\M' THEN 'cash'
                WHEN t.name ~* '\m(property|plant|equipment|intangible|fixed)\M' THEN 'fixed_asset' END
        WHEN t.class = 'income' THEN CASE WHEN t.income AND t.name !~* '\mother\M' THEN 'revenue' ELSE 'other_income' END
        WHEN t.class = 'expense' THEN
            CASE WHEN t.name ~* 'cost of (sales|goods)' THEN 'cogs'
                WHEN t.name ~* 'deprec|amorti' THEN 'depreciation'
                WHEN t.name ~* 'personnel|payroll|wage|salar|employee' THEN 'personnel'
                WHEN t.name ~* 'financ|interest' THEN 'finance'
                WHEN t.name ~* '\mtax' THEN 'tax'
                ELSE 'opex' END
        WHEN t.class = 'liability' AND t.name ~* '\mtax' THEN 'tax' END AS subtype
FROM account_account a
JOIN typed t ON t.id = a.type AND t.statement IS NOT NULL  -- others are headings
