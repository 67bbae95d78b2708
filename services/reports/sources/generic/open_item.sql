SELECT item_id, company_id, side, party_id, doc_no, doc_type, doc_date, due_date, amount, currency,
    amount_currency
FROM rpt.open_item
