-- requires: settlement
SELECT item_id, date, amount, amount_currency
FROM settlement
