-- requires: tabAttendance
-- Of the app hrms. A day without hours counts eight.
SELECT employee AS employee_id, company AS company_id, attendance_date AS date,
    CASE status WHEN 'On Leave' THEN 'leave' WHEN 'Absent' THEN 'absent' ELSE 'work' END AS kind,
    coalesce(nullif(working_hours, 0), CASE status WHEN 'Half Day' THEN 4 ELSE 8 END) AS hours
FROM tabAttendance
WHERE docstatus = 1
