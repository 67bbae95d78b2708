-- requires: budget
SELECT company_id, account_id, month, scenario, amount
FROM budget
