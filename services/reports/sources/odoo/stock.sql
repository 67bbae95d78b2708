-- requires: stock_quant stock_valuation_layer
-- What lies at our own places, at the average value of the product.
SELECT q.company_id::text AS company_id, q.product_id::text AS product_id, l.complete_name AS location,
    sum(q.quantity)::numeric AS qty, round(sum(q.quantity)::numeric * v.unit, 2) AS value
FROM stock_quant q
JOIN stock_location l ON l.id = q.location_id AND l.usage IN ('internal', 'transit')
LEFT JOIN (SELECT company_id, product_id, sum(value)::numeric / nullif(sum(quantity)::numeric, 0) AS unit
    FROM stock_valuation_layer GROUP BY 1, 2) v ON v.company_id = q.company_id AND v.product_id = q.product_id
WHERE q.company_id IS NOT NULL
GROUP BY 1, 2, 3, v.unit
