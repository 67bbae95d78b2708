SELECT side, line_id, order_id, order_no, company_id, date, party_id, product_id, state, qty,
    net_amount, currency, net_amount_currency, cost_amount, promised_date, delivered_date,
    fulfilled_qty, rejected_qty, owner_id, changed_at
FROM rpt.order_line
WHERE :since IS NULL OR changed_at >= :since
