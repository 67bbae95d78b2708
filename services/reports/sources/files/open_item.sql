-- requires: open_item
SELECT item_id, company_id, side, party_id, doc_no, doc_type, doc_date, due_date, amount, currency,
    amount_currency
FROM open_item
