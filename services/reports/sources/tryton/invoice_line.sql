-- requires: account_invoice_line
-- Amounts are taken from the ledger, where posting has put them.
SELECT CASE i.type WHEN 'out' THEN 'ar' ELSE 'ap' END AS side, l.id::text AS line_id, i.id::text AS invoice_id,
    coalesce(i.number, i.id::text) AS doc_no, i.company::text AS company_id,
    coalesce(i.accounting_date, i.invoice_date) AS date, i.party::text AS party_id, l.product::text AS product_id,
    l.account::text AS account_id, trim_scale(l.quantity::numeric) AS qty,
    booked.amount * sign.of AS net_amount, cur.code AS currency, booked.document * sign.of AS net_amount_currency
FROM account_invoice_line l
JOIN account_invoice i ON i.id = l.invoice
JOIN currency_currency cur ON cur.id = i.currency
CROSS JOIN LATERAL (SELECT CASE i.type WHEN 'out' THEN -1 ELSE 1 END AS of) sign
JOIN LATERAL (SELECT sum(debit - credit) AS amount,
        sum(CASE WHEN second_currency IS NULL THEN debit - credit ELSE amount_second_currency END) AS document
    FROM account_move_line WHERE move = i.move AND origin = 'account.invoice.line,' || l.id
    ) booked ON booked.amount IS NOT NULL
WHERE i.state IN ('posted', 'paid') AND l.type = 'line'
