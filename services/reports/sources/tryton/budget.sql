-- requires: account_budget_line account_budget_line_period
-- Tryton plans credit minus debit, by share of a period; only lines for one account have a place in the ledger.
SELECT b.company::text AS company_id, l.account::text AS account_id, date_trunc('month', p.start_date)::date AS month,
    b.name AS scenario, sum(-l.amount * s.ratio) AS amount
FROM account_budget_line_period s
JOIN account_budget_line l ON l.id = s.budget_line
JOIN account_budget b ON b.id = l.budget
JOIN account_period p ON p.id = s.period
WHERE l.account IS NOT NULL AND l.amount IS NOT NULL
GROUP BY 1, 2, 3, 4
