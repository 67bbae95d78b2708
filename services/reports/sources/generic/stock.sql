-- requires: rpt.stock
SELECT company_id, product_id, location, qty, value
FROM rpt.stock
