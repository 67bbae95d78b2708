-- requires: account_invoice
-- One item a line with a party on an account of the type receivable or payable; a payment is an item of its own,
-- negative, until both are reconciled.
SELECT l.id::text AS item_id, m.company::text AS company_id, CASE WHEN t.receivable THEN 'ar' ELSE 'ap' END AS side,
    l.party::text AS party_id, coalesce(i.number, m.number, m.id::text) AS doc_no,
    CASE WHEN i.id IS NULL THEN 'payment'
        WHEN (l.debit - l.credit) * CASE WHEN t.receivable THEN 1 ELSE -1 END < 0 THEN 'credit_note'
        ELSE 'invoice' END AS doc_type,
    m.date AS doc_date, coalesce(l.maturity_date, m.date) AS due_date,
    (l.debit - l.credit) * CASE WHEN t.receivable THEN 1 ELSE -1 END AS amount,
    coalesce(second.code, cur.code) AS currency,
    CASE WHEN l.second_currency IS NULL THEN l.debit - l.credit ELSE l.amount_second_currency END
        * CASE WHEN t.receivable THEN 1 ELSE -1 END AS amount_currency
FROM account_move_line l
JOIN account_move m ON m.id = l.move
JOIN account_account a ON a.id = l.account
JOIN account_account_type t ON t.id = a.type
JOIN company_company c ON c.id = m.company
JOIN currency_currency cur ON cur.id = c.currency
LEFT JOIN currency_currency second ON second.id = l.second_currency
LEFT JOIN account_invoice i ON i.move = m.id
WHERE m.state = 'posted' AND (t.receivable OR t.payable) AND l.party IS NOT NULL
