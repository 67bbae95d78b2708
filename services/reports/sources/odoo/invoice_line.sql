-- requires: account_move_line
-- As Odoo's invoice analysis: from the ledger, refunds negative, without the lines of cost that posting adds.
SELECT side.name AS side, l.id::text AS line_id, m.id::text AS invoice_id, m.name AS doc_no,
    l.company_id::text AS company_id, coalesce(m.invoice_date, m.date) AS date, m.partner_id::text AS party_id,
    l.product_id::text AS product_id, l.account_id::text AS account_id,
    l.quantity * CASE WHEN m.move_type IN ('out_refund', 'in_refund') THEN -1 ELSE 1 END AS qty,
    l.balance * side.sign AS net_amount, cur.name AS currency, l.amount_currency * side.sign AS net_amount_currency
FROM account_move_line l
JOIN account_move m ON m.id = l.move_id
JOIN (VALUES ('out_', 'ar', -1), ('in_', 'ap', 1)) side (type, name, sign) ON starts_with(m.move_type, side.type)
LEFT JOIN res_currency cur ON cur.id = l.currency_id
WHERE m.state = 'posted' AND l.display_type = 'product'
