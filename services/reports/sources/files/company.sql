SELECT company_id, name, currency, fiscal_year_start_month
FROM company
