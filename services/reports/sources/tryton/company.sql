SELECT c.id::text AS company_id, p.name, cur.code AS currency,
    coalesce((SELECT extract(month FROM f.start_date)::int FROM account_fiscalyear f
        WHERE f.company = c.id ORDER BY f.start_date DESC LIMIT 1), 1) AS fiscal_year_start_month
FROM company_company c
JOIN party_party p ON p.id = c.party
JOIN currency_currency cur ON cur.id = c.currency
