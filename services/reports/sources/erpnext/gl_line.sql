-- `modified` is the site's own time, written here as if it were UTC: it only ever meets itself.
SELECT g.name AS line_id, g.company AS company_id, concat(g.voucher_type, '/', g.voucher_no) AS move_id,
    g.voucher_no AS doc_no, g.posting_date AS date, g.account AS account_id,
    concat(nullif(g.party_type, ''), '/', g.party) AS party_id, g.debit - g.credit AS amount, g.debit,
    g.account_currency AS currency, g.debit_in_account_currency - g.credit_in_account_currency AS amount_currency,
    CASE WHEN g.voucher_type IN ('Sales Invoice', 'POS Invoice') THEN 'sale'
        WHEN g.voucher_type = 'Purchase Invoice' THEN 'purchase'
        WHEN g.voucher_type = 'Payment Entry' THEN 'bank' ELSE 'general' END AS journal_type,
    g.voucher_type = 'Period Closing Voucher' AS is_closing, nullif(g.remarks, '') AS description,
    g.modified AS changed_at
FROM `tabGL Entry` g
JOIN tabCompany c ON c.name = g.company
WHERE g.is_cancelled = 0 AND coalesce(g.finance_book, '') IN ('', coalesce(c.default_finance_book, ''))
    AND (:since IS NULL OR g.modified >= :since)
