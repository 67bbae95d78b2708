SELECT line_id, company_id, move_id, doc_no, date, account_id, party_id, amount, currency,
    amount_currency, journal_type, is_closing, description, changed_at
FROM rpt.gl_line
WHERE :since IS NULL OR changed_at >= :since
