-- Odoo keeps units of each currency for one of a base, the currency of the company that keeps the rates; it has no rate
-- of its own. A company that keeps none goes by those of the first that does.
WITH keeper AS (
    SELECT c.id AS company, c.currency_id AS own, coalesce(
        (SELECT min(r.company_id) FROM res_currency_rate r
            WHERE r.company_id::text = split_part(coalesce(to_jsonb(c)->>'parent_path', c.id || '/'), '/', 1)),
        (SELECT min(company_id) FROM res_currency_rate), c.id) AS id
    FROM res_company c
), kept AS (
    SELECT k.company, k.own, r.currency_id AS currency, r.name AS date, r.rate
    FROM keeper k JOIN res_currency_rate r ON r.company_id IS NULL OR r.company_id = k.id
), rate AS (
    SELECT * FROM kept
    UNION ALL
    SELECT DISTINCT k.company, k.own, base.currency_id, r.date, 1
    FROM keeper k
    JOIN res_company base ON base.id = k.id
    JOIN kept r ON r.company = k.company
    WHERE NOT EXISTS (SELECT FROM kept b WHERE b.company = k.company AND b.currency = base.currency_id)
)
SELECT other.name AS currency, r.date, coalesce(own.rate, 1) / r.rate AS rate, r.company::text AS company_id
FROM rate r
JOIN res_currency other ON other.id = r.currency
LEFT JOIN LATERAL (SELECT rate FROM kept o WHERE o.company = r.company AND o.currency = r.own AND o.date <= r.date
    ORDER BY o.date DESC LIMIT 1) own ON true
WHERE r.currency <> r.own AND r.rate <> 0
