SELECT e.name AS employee_id, e.company AS company_id, e.employee_name AS name, d.department_name AS department,
    e.designation AS job, e.gender, e.date_of_joining AS start_date, e.relieving_date AS end_date,
    nullif(e.ctc, 0) / 12 AS monthly_cost
FROM tabEmployee e
LEFT JOIN tabDepartment d ON d.name = e.department
WHERE e.date_of_joining IS NOT NULL
