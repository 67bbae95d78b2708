-- requires: hr_attendance
SELECT a.employee_id::text AS employee_id, e.company_id::text AS company_id, a.check_in::date AS date, 'work' AS kind,
    a.worked_hours::numeric AS hours
FROM hr_attendance a
JOIN hr_employee e ON e.id = a.employee_id
WHERE a.check_out IS NOT NULL
-- requires: hr_leave
-- A leave counts so many days; they are put on the weekdays it spans.
SELECT l.employee_id::text AS employee_id, e.company_id::text AS company_id, day.date::date AS date, 'leave' AS kind,
    (l.number_of_days * coalesce(r.hours_per_day, 8) / count(*) OVER (PARTITION BY l.id))::numeric AS hours
FROM hr_leave l
JOIN hr_employee e ON e.id = l.employee_id
LEFT JOIN resource_calendar r ON r.id = e.resource_calendar_id
CROSS JOIN LATERAL generate_series(l.date_from::date, l.date_to::date, '1 day') day (date)
WHERE l.state = 'validate' AND (extract(isodow FROM day.date) < 6 OR l.date_to::date - l.date_from::date < 2)
