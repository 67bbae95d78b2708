-- Tryton closes whole lines: what is reconciled is settled in full on the day of the reconciliation.
SELECT l.id::text AS item_id, r.date,
    (l.debit - l.credit) * CASE WHEN t.receivable THEN 1 ELSE -1 END AS amount,
    CASE WHEN l.second_currency IS NULL THEN l.debit - l.credit ELSE l.amount_second_currency END
        * CASE WHEN t.receivable THEN 1 ELSE -1 END AS amount_currency
FROM account_move_line l
JOIN account_move m ON m.id = l.move
JOIN account_move_reconciliation r ON r.id = l.reconciliation
JOIN account_account a ON a.id = l.account
JOIN account_account_type t ON t.id = a.type
WHERE m.state = 'posted' AND (t.receivable OR t.payable) AND l.party IS NOT NULL
