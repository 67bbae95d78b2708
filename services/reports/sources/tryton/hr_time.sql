-- requires: timesheet_line
SELECT employee::text AS employee_id, company::text AS company_id, date, 'work' AS kind,
    (extract(epoch FROM duration) / 3600)::numeric AS hours
FROM timesheet_line
WHERE duration IS NOT NULL
