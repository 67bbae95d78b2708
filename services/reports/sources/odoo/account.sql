-- Odoo's account types say nearly all; stock, tax, personnel and finance are read off the names (English).
-- requires: account_account(company_id)
SELECT a.id::text AS account_id, a.company_id::text AS company_id, coalesce(a.code, a.id::text) AS code,
    coalesce(to_jsonb(a.name)->>'en_US', to_jsonb(a.name)#>>'{}') AS name, a.account_type AS statement_line,
    CASE WHEN a.account_type = 'off_balance' THEN 'off'
        WHEN a.account_type = 'equity_unaffected' THEN 'equity'
        ELSE split_part(a.account_type, '_', 1) END AS class,
    CASE a.account_type WHEN 'asset_receivable' THEN 'receivable' WHEN 'liability_payable' THEN 'payable'
        WHEN 'asset_cash' THEN 'cash' WHEN 'asset_fixed' THEN 'fixed_asset'
        WHEN 'income' THEN 'revenue' WHEN 'income_other' THEN 'other_income'
        WHEN 'expense_direct_cost' THEN 'cogs' WHEN 'expense_depreciation' THEN 'depreciation'
        WHEN 'asset_current' THEN CASE WHEN a.name::text ~* '\m(stock|inventor)' THEN 'inventory' END
        WHEN 'liability_current' THEN CASE WHEN a.name::text ~* '\m(tax|vat)' THEN 'tax' END
        WHEN 'expense' THEN
            CASE WHEN a.name::text ~* '\m(salar|wage|payroll|personnel|employee|social|pension)' THEN 'personnel'
                WHEN a.name::text ~* '\m(interest|exchange|bank)' THEN 'finance'
                WHEN a.name::text ~* '\m(income|corporate|profit) tax' THEN 'tax'
                ELSE 'opex' END END AS subtype
FROM account_account a
-- requires: account_account(code_store) account_account_res_company_rel
-- Since 18 companies share accounts; a shared one goes by the first company, and by its code there.
SELECT a.id::text AS account_id, c.id::text AS company_id, coalesce(a.code_store->>split_part(c.parent_path, '/', 1), a.id::text) AS code,
    coalesce(to_jsonb(a.name)->>'en_US', to_jsonb(a.name)#>>'{}') AS name, a.account_type AS statement_line,
    CASE WHEN a.account_type = 'off_balance' THEN 'off'
        WHEN a.account_type = 'equity_unaffected' THEN 'equity'
        ELSE split_part(a.account_type, '_', 1) END AS class,
    CASE a.account_type WHEN 'asset_receivable' THEN 'receivable' WHEN 'liability_payable' THEN 'payable'
        WHEN 'asset_cash' THEN 'cash' WHEN 'asset_fixed' THEN 'fixed_asset'
        WHEN 'income' THEN 'revenue' WHEN 'income_other' THEN 'other_income'
        WHEN 'expense_direct_cost' THEN 'cogs' WHEN 'expense_depreciation' THEN 'depreciation'
        WHEN 'asset_current' THEN CASE WHEN a.name::text ~* '\m(stock|inventor)' THEN 'inventory' END
        WHEN 'liability_current' THEN CASE WHEN a.name::text ~* '\m(tax|vat)' THEN 'tax' END
        WHEN 'expense' THEN
            CASE WHEN a.name::text ~* '\m(salar|wage|payroll|personnel|employee|social|pension)' THEN 'personnel'
                WHEN a.name::text ~* '\m(interest|exchange|bank)' THEN 'finance'
                WHEN a.name::text ~* '\m(income|corporate|profit) tax' THEN 'tax'
                ELSE 'opex' END END AS subtype
FROM account_account a
JOIN LATERAL (SELECT c.id, c.parent_path FROM account_account_res_company_rel l
    JOIN res_company c ON c.id = l.res_company_id WHERE l.account_account_id = a.id ORDER BY c.id LIMIT 1) c ON true
