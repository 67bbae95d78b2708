-- The account type says most; direct and indirect, personnel and finance are read off names of the standard chart.
SELECT a.name AS account_id, a.company AS company_id, coalesce(nullif(a.account_number, ''), a.account_name) AS code,
    a.account_name AS name, p.account_name AS statement_line, lower(a.root_type) AS class,
    CASE
        WHEN a.account_type = 'Receivable' THEN 'receivable'
        WHEN a.account_type = 'Payable' THEN 'payable'
        WHEN a.root_type = 'Asset' THEN CASE WHEN a.account_type IN ('Bank', 'Cash') THEN 'cash'
            WHEN a.account_type = 'Stock' THEN 'inventory'
            WHEN a.account_type IN ('Fixed Asset', 'Accumulated Depreciation', 'Capital Work in Progress')
                THEN 'fixed_asset' END
        WHEN a.root_type = 'Liability' THEN CASE WHEN a.account_type = 'Tax' THEN 'tax' END
        WHEN a.root_type = 'Income' THEN
            CASE WHEN p.account_name LIKE 'Indirect%' THEN 'other_income' ELSE 'revenue' END
        WHEN a.root_type = 'Expense' THEN CASE
            WHEN a.account_type IN ('Cost of Goods Sold', 'Stock Adjustment', 'Expenses Included In Valuation') THEN 'cogs'
            WHEN a.account_type = 'Depreciation' THEN 'depreciation'
            WHEN a.account_type = 'Tax' OR a.account_name REGEXP '(income|corporate|profit) tax' THEN 'tax'
            WHEN a.account_name REGEXP 'salar|wage|payroll|personnel|employee|pension' THEN 'personnel'
            WHEN a.account_name REGEXP 'interest|exchange|bank' THEN 'finance'
            ELSE 'opex' END
    END AS subtype
FROM tabAccount a
LEFT JOIN tabAccount p ON p.name = a.parent_account
WHERE a.is_group = 0 AND a.root_type <> ''
