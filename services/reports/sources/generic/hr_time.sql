-- requires: rpt.hr_time
SELECT employee_id, company_id, date, kind, hours
FROM rpt.hr_time
