-- requires: gl_line
SELECT line_id, company_id, move_id, doc_no, date, account_id, party_id, amount, debit, currency, amount_currency,
    journal_type, coalesce(is_closing, 'false') AS is_closing, description, coalesce(changed_at,
    file_changed_at) AS changed_at
FROM gl_line
