-- requires: employment
SELECT employee_id, company_id, name, department, job, gender, start_date, end_date, monthly_cost
FROM employment
