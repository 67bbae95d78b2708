-- requires: production
SELECT order_id, order_no, company_id, product_id, state, planned_qty, good_qty, scrap_qty, planned_start,
    planned_end, actual_start, actual_end, actual_cost
FROM production
