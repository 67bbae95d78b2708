-- requires: tabBudget "tabBudget Account"
-- A year's budget by its monthly distribution, or evenly; income is negative, as in the ledger.
WITH RECURSIVE month AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM month WHERE n < 11)
SELECT b.company AS company_id, l.account AS account_id,
    date_add(y.year_start_date, INTERVAL month.n MONTH) AS month, 'Budget' AS scenario,
    sum(round(l.budget_amount * CASE WHEN coalesce(b.monthly_distribution, '') = '' THEN 1 / 12
            ELSE coalesce(d.percentage_allocation, 0) / 100 END, 2)
        * CASE a.root_type WHEN 'Income' THEN -1 ELSE 1 END) AS amount
FROM `tabBudget Account` l
JOIN tabBudget b ON b.name = l.parent AND b.docstatus = 1
JOIN tabAccount a ON a.name = l.account
JOIN `tabFiscal Year` y ON y.name = b.fiscal_year
CROSS JOIN month
LEFT JOIN `tabMonthly Distribution Percentage` d ON d.parent = b.monthly_distribution
    AND d.month = monthname(date_add(y.year_start_date, INTERVAL month.n MONTH))
GROUP BY b.company, l.account, month.n, y.year_start_date
