-- requires: production stock_move
-- What goes to a lost and found location is waste. By-products are left out.
SELECT o.id::text AS order_id, coalesce(o.number, o.id::text) AS order_no, o.company::text AS company_id,
    o.product::text AS product_id,
    CASE o.state WHEN 'waiting' THEN 'released' WHEN 'assigned' THEN 'released' WHEN 'running' THEN 'in_progress'
        WHEN 'done' THEN 'done' WHEN 'cancelled' THEN 'cancelled' ELSE 'planned' END AS state,
    o.quantity::numeric * u.factor::numeric / d.factor::numeric AS planned_qty,
    coalesce(made.good, 0) AS good_qty, coalesce(made.scrap, 0) AS scrap_qty,
    o.planned_start_date AS planned_start, o.planned_date AS planned_end,
    o.effective_start_date AS actual_start, o.effective_date AS actual_end,
    (SELECT sum(m.internal_quantity::numeric * m.cost_price) FROM stock_move m
        WHERE m.production_input = o.id AND m.state = 'done') AS actual_cost
FROM production o
JOIN product_uom u ON u.id = o.unit
JOIN product_product p ON p.id = o.product
JOIN product_template t ON t.id = p.template
JOIN product_uom d ON d.id = t.default_uom
LEFT JOIN (SELECT m.production_output, m.product,
        sum(m.internal_quantity::numeric) FILTER (WHERE l.type <> 'lost_found') AS good,
        sum(m.internal_quantity::numeric) FILTER (WHERE l.type = 'lost_found') AS scrap
    FROM stock_move m JOIN stock_location l ON l.id = m.to_location WHERE m.state = 'done'
    GROUP BY 1, 2) made ON made.production_output = o.id AND made.product = o.product
