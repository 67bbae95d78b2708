-- Tryton knows who works for the company and since when; departments, jobs and pay are not in its standard modules.
SELECT e.id::text AS employee_id, e.company::text AS company_id, coalesce(p.name, p.code) AS name,
    NULL::text AS department, NULL::text AS job, NULL::text AS gender,
    coalesce(e.start_date, e.create_date::date) AS start_date, e.end_date, NULL::numeric AS monthly_cost
FROM company_employee e
JOIN party_party p ON p.id = e.party
