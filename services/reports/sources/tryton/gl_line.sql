-- What is cancelled is booked as a negative debit or credit; a year is closed in an adjustment period and a journal of the
-- type situation.
SELECT l.id::text AS line_id, m.company::text AS company_id, m.id::text AS move_id,
    coalesce(m.number, m.id::text) AS doc_no, m.date, l.account::text AS account_id, l.party::text AS party_id,
    l.debit - l.credit AS amount, l.debit, coalesce(second.code, cur.code) AS currency,
    CASE WHEN l.second_currency IS NULL THEN l.debit - l.credit ELSE l.amount_second_currency END AS amount_currency,
    CASE j.type WHEN 'revenue' THEN 'sale' WHEN 'expense' THEN 'purchase' ELSE j.type END AS journal_type,
    j.type = 'situation' AND p.type = 'adjustment' AS is_closing,
    nullif(concat_ws(' ', nullif(m.description, ''), nullif(l.description, '')), '') AS description,
    greatest(m.create_date, m.write_date, l.create_date, l.write_date) AT TIME ZONE 'UTC' AS changed_at
FROM account_move_line l
JOIN account_move m ON m.id = l.move
JOIN account_period p ON p.id = m.period
JOIN account_journal j ON j.id = m.journal
JOIN company_company c ON c.id = m.company
JOIN currency_currency cur ON cur.id = c.currency
LEFT JOIN currency_currency second ON second.id = l.second_currency
WHERE m.state = 'posted' AND (CAST(:since AS timestamptz) IS NULL
    OR greatest(m.create_date, m.write_date, l.create_date, l.write_date) AT TIME ZONE 'UTC' >= :since)
