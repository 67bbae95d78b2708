-- requires: hr_time
SELECT employee_id, company_id, date, kind, hours
FROM hr_time
