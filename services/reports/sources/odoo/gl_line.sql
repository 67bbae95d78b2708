-- requires: account_move_line
-- Odoo closes no year: its accounts of profit and loss run on, so no entry is closing.
SELECT l.id::text AS line_id, l.company_id::text AS company_id, l.move_id::text AS move_id, m.name AS doc_no, l.date,
    l.account_id::text AS account_id, l.partner_id::text AS party_id, l.balance AS amount, l.debit,
    cur.name AS currency,
    l.amount_currency, j.type AS journal_type, false AS is_closing,
    nullif(concat_ws(' ', nullif(m.ref, ''), nullif(l.name, '')), '') AS description,
    greatest(m.write_date, l.write_date) AT TIME ZONE 'UTC' AS changed_at
FROM account_move_line l
JOIN account_move m ON m.id = l.move_id
JOIN account_journal j ON j.id = m.journal_id
LEFT JOIN res_currency cur ON cur.id = l.currency_id
WHERE m.state = 'posted' AND l.account_id IS NOT NULL
    AND (CAST(:since AS timestamptz) IS NULL OR greatest(m.write_date, l.write_date) AT TIME ZONE 'UTC' >= :since)
