-- Tryton keeps units of each currency for one of a base; ours is the company's currency for one of the other.
SELECT other.code AS currency, r.date, own.rate / r.rate AS rate, c.id::text AS company_id
FROM company_company c
JOIN currency_currency_rate r ON r.currency <> c.currency
JOIN currency_currency other ON other.id = r.currency
CROSS JOIN LATERAL (SELECT rate FROM currency_currency_rate WHERE currency = c.currency AND date <= r.date
    ORDER BY date DESC LIMIT 1) own
