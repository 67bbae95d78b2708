-- A rate is kept in one direction; the other is its inverse, unless it is kept too.
WITH rate AS (
    SELECT from_currency, to_currency, date, avg(exchange_rate) AS rate FROM `tabCurrency Exchange`
    WHERE exchange_rate <> 0 GROUP BY from_currency, to_currency, date
), both_ways AS (
    SELECT from_currency, to_currency, date, rate FROM rate
    UNION ALL
    SELECT r.to_currency, r.from_currency, r.date, 1 / r.rate FROM rate r
    WHERE NOT EXISTS (SELECT 1 FROM rate o WHERE o.from_currency = r.to_currency AND o.to_currency = r.from_currency
        AND o.date = r.date)
)
SELECT r.from_currency AS currency, r.date, r.rate, c.name AS company_id
FROM both_ways r
JOIN tabCompany c ON c.default_currency = r.to_currency
