SELECT currency, date, rate, company_id
FROM rpt.fx_rate
