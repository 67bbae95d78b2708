-- requires: fx_rate
SELECT currency, date, rate, company_id
FROM fx_rate
