-- An item is what a voucher opened; what others set against it settles it. What was paid before the invoice is an item
-- of its own until then, and for good where there is no invoice among the entries.
WITH entry AS (
    SELECT p.*, concat(against_voucher_type, '/', against_voucher_no, '/', party, '/', account) AS item,
        voucher_type = against_voucher_type AND voucher_no = against_voucher_no AS own
    FROM `tabPayment Ledger Entry` p
    WHERE docstatus = 1 AND delinked = 0
), item AS (
    SELECT item, company, account_type, party_type, party, against_voucher_type, against_voucher_no, account_currency,
        min(posting_date) AS date, min(due_date) AS due, sum(amount) AS amount,
        sum(amount_in_account_currency) AS amount_currency
    FROM entry WHERE own
    GROUP BY item, company, account_type, party_type, party, against_voucher_type, against_voucher_no, account_currency
)
SELECT item AS item_id, company AS company_id, CASE account_type WHEN 'Receivable' THEN 'ar' ELSE 'ap' END AS side,
    concat(party_type, '/', party) AS party_id, against_voucher_no AS doc_no,
    CASE WHEN against_voucher_type IN ('Sales Invoice', 'POS Invoice', 'Purchase Invoice') AND amount < 0
            THEN 'credit_note'
        WHEN amount < 0 OR against_voucher_type = 'Payment Entry' THEN 'payment' ELSE 'invoice' END AS doc_type,
    date AS doc_date, coalesce(due, date) AS due_date, amount, account_currency AS currency, amount_currency
FROM item
UNION ALL
SELECT e.name, e.company, CASE e.account_type WHEN 'Receivable' THEN 'ar' ELSE 'ap' END,
    concat(e.party_type, '/', e.party), e.voucher_no, 'payment', e.posting_date, e.posting_date, e.amount,
    e.account_currency, e.amount_in_account_currency
FROM entry e
LEFT JOIN item i ON i.item = e.item
WHERE NOT e.own AND (i.item IS NULL OR e.posting_date < i.date)
