-- requires: account_partial_reconcile
-- Each partial reconciliation settles a part of two lines, from the day on which the later of them was booked.
SELECT l.id::text AS item_id, p.max_date AS date, p.amount * way.sign * side.sign AS amount,
    CASE way.sign WHEN 1 THEN p.debit_amount_currency ELSE p.credit_amount_currency END * way.sign * side.sign
        AS amount_currency
FROM account_partial_reconcile p
CROSS JOIN LATERAL (VALUES (p.debit_move_id, 1), (p.credit_move_id, -1)) way (line, sign)
JOIN account_move_line l ON l.id = way.line
JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
JOIN account_account a ON a.id = l.account_id
JOIN (VALUES ('asset_receivable', 1), ('liability_payable', -1)) side (type, sign) ON side.type = a.account_type
