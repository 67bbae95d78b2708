-- requires: invoice_line
SELECT side, line_id, invoice_id, doc_no, company_id, date, party_id, product_id, account_id, qty,
    net_amount, currency, net_amount_currency
FROM invoice_line
