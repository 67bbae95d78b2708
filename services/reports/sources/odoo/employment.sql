-- requires: hr_contract
-- One row a contract that runs or ran, cut off where the employee left before its end.
SELECT e.id::text AS employee_id, c.company_id::text AS company_id, e.name,
    coalesce(to_jsonb(d.name)->>'en_US', to_jsonb(d.name)#>>'{}') AS department,
    coalesce(to_jsonb(j.name)->>'en_US', to_jsonb(j.name)#>>'{}') AS job, e.gender,
    c.date_start AS start_date, least(c.date_end, CASE WHEN NOT e.active THEN e.departure_date END) AS end_date,
    c.wage AS monthly_cost
FROM hr_contract c
JOIN hr_employee e ON e.id = c.employee_id
LEFT JOIN hr_department d ON d.id = coalesce(c.department_id, e.department_id)
LEFT JOIN hr_job j ON j.id = coalesce(c.job_id, e.job_id)
WHERE c.state IN ('open', 'close')
-- requires: hr_employee !hr_contract
SELECT e.id::text AS employee_id, e.company_id::text AS company_id, e.name,
    coalesce(to_jsonb(d.name)->>'en_US', to_jsonb(d.name)#>>'{}') AS department,
    coalesce(to_jsonb(j.name)->>'en_US', to_jsonb(j.name)#>>'{}') AS job, e.gender,
    e.create_date::date AS start_date, CASE WHEN NOT e.active THEN e.departure_date END AS end_date,
    NULL::numeric AS monthly_cost
FROM hr_employee e
LEFT JOIN hr_department d ON d.id = e.department_id
LEFT JOIN hr_job j ON j.id = e.job_id
