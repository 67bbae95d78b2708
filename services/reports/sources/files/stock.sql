-- requires: stock
SELECT company_id, product_id, location, qty, value
FROM stock
