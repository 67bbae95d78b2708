-- Odoo 16 to 18. Where versions keep a text plainly or by language, to_jsonb reads both; a column that only some
-- versions have is read from the row as jsonb.
SELECT c.id::text AS company_id, c.name, cur.name AS currency,
    coalesce(c.fiscalyear_last_month::int, 12) % 12 + 1 AS fiscal_year_start_month
FROM res_company c
JOIN res_currency cur ON cur.id = c.currency_id
