-- requires: account_move_line
SELECT l.id::text AS item_id, l.company_id::text AS company_id, side.name AS side, l.partner_id::text AS party_id,
    m.name AS doc_no,
    CASE WHEN m.move_type IN ('out_refund', 'in_refund') THEN 'credit_note' WHEN m.move_type = 'entry' THEN 'payment'
        ELSE 'invoice' END AS doc_type,
    l.date AS doc_date, coalesce(l.date_maturity, l.date) AS due_date, l.balance * side.sign AS amount,
    cur.name AS currency, l.amount_currency * side.sign AS amount_currency
FROM account_move_line l
JOIN account_move m ON m.id = l.move_id
JOIN account_account a ON a.id = l.account_id
JOIN (VALUES ('asset_receivable', 'ar', 1), ('liability_payable', 'ap', -1)) side (type, name, sign)
    ON side.type = a.account_type
LEFT JOIN res_currency cur ON cur.id = l.currency_id
WHERE m.state = 'posted'
