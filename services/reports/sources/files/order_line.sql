-- requires: order_line
SELECT side, line_id, order_id, order_no, company_id, date, party_id, product_id, state, qty, net_amount,
    currency, net_amount_currency, cost_amount, promised_date, delivered_date, fulfilled_qty, rejected_qty,
    owner_id, coalesce(changed_at, file_changed_at) AS changed_at
FROM order_line
