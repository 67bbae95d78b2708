-- requires: stock_move
-- What has come to the storage places of each warehouse and not left them, at today's cost.
WITH RECURSIVE place AS (
    SELECT id, type, id AS warehouse FROM stock_location WHERE type = 'warehouse'
    UNION ALL
    SELECT l.id, l.type, place.warehouse FROM stock_location l JOIN place ON place.id = l.parent
), moved AS (
    SELECT company, product, to_location AS place, internal_quantity::numeric AS qty
    FROM stock_move WHERE state = 'done'
    UNION ALL
    SELECT company, product, from_location, -internal_quantity::numeric FROM stock_move WHERE state = 'done'
)
SELECT m.company::text AS company_id, m.product::text AS product_id, w.name AS location, trim_scale(sum(m.qty)) AS qty,
    round(sum(m.qty) * max(c.cost_price), 2) AS value
FROM moved m
JOIN place ON place.id = m.place AND place.type = 'storage'
JOIN stock_location w ON w.id = place.warehouse
LEFT JOIN product_cost_price c ON c.product = m.product AND c.company = m.company
GROUP BY 1, 2, 3
HAVING sum(m.qty) <> 0
