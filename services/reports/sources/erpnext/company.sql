-- ERPNext 15 on MariaDB. Everything counts that is submitted (docstatus 1); `base_` amounts are the company's currency.
SELECT c.name AS company_id, c.name, c.default_currency AS currency,
    coalesce((SELECT month(y.year_start_date) FROM `tabFiscal Year` y
        LEFT JOIN `tabFiscal Year Company` l ON l.parent = y.name
        WHERE y.disabled = 0 AND (l.company = c.name OR l.company IS NULL)
        ORDER BY y.year_start_date DESC LIMIT 1), 1) AS fiscal_year_start_month
FROM tabCompany c
