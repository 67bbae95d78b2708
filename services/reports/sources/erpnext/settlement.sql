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
SELECT e.item AS item_id, greatest(e.posting_date, i.date) AS date, -e.amount AS amount,
    -e.amount_in_account_currency AS amount_currency
FROM entry e
JOIN item i ON i.item = e.item
WHERE NOT e.own
UNION ALL
SELECT e.name, i.date, e.amount, e.amount_in_account_currency
FROM entry e
JOIN item i ON i.item = e.item
WHERE NOT e.own AND e.posting_date < i.date
