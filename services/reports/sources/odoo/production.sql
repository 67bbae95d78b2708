-- requires: mrp_production stock_move
-- Up to 16 what is planned has dates of its own; since 17 the two dates are the plan's until the order is done.
WITH made AS (
    SELECT m.production_id, m.product_id,
        sum(coalesce(to_jsonb(m)->>'quantity', to_jsonb(m)->>'quantity_done')::numeric * d.factor / u.factor) AS good
    FROM stock_move m
    JOIN product_product p ON p.id = m.product_id
    JOIN product_template t ON t.id = p.product_tmpl_id
    JOIN uom_uom u ON u.id = m.product_uom
    JOIN uom_uom d ON d.id = t.uom_id
    WHERE m.production_id IS NOT NULL AND m.state = 'done' AND m.scrap_id IS NULL
    GROUP BY 1, 2
), scrapped AS (
    SELECT s.production_id, s.product_id, sum(s.scrap_qty * d.factor / u.factor) AS scrap
    FROM stock_scrap s
    JOIN product_product p ON p.id = s.product_id
    JOIN product_template t ON t.id = p.product_tmpl_id
    JOIN uom_uom u ON u.id = s.product_uom_id
    JOIN uom_uom d ON d.id = t.uom_id
    WHERE s.state = 'done' AND s.production_id IS NOT NULL
    GROUP BY 1, 2
)
SELECT o.id::text AS order_id, coalesce(o.name, o.id::text) AS order_no, o.company_id::text AS company_id,
    o.product_id::text AS product_id,
    CASE o.state WHEN 'confirmed' THEN 'released' WHEN 'progress' THEN 'in_progress' WHEN 'to_close' THEN 'in_progress'
        WHEN 'done' THEN 'done' WHEN 'cancel' THEN 'cancelled' ELSE 'planned' END AS state,
    o.product_qty * d.factor / u.factor AS planned_qty, coalesce(made.good, 0) AS good_qty,
    coalesce(scrapped.scrap, 0) AS scrap_qty,
    coalesce(x.r->>'date_planned_start', x.r->>'date_start')::timestamp::date AS planned_start,
    coalesce(x.r->>'date_planned_finished', x.r->>'date_deadline', x.r->>'date_finished')::timestamp::date AS planned_end,
    CASE WHEN o.state IN ('progress', 'to_close', 'done') THEN o.date_start::date END AS actual_start,
    CASE WHEN o.state = 'done' THEN o.date_finished::date END AS actual_end,
    cost.value AS actual_cost
FROM mrp_production o
CROSS JOIN LATERAL (SELECT to_jsonb(o) AS r) x
JOIN product_product p ON p.id = o.product_id
JOIN product_template t ON t.id = p.product_tmpl_id
JOIN uom_uom u ON u.id = o.product_uom_id
JOIN uom_uom d ON d.id = t.uom_id
LEFT JOIN made ON made.production_id = o.id AND made.product_id = o.product_id
LEFT JOIN scrapped ON scrapped.production_id = o.id AND scrapped.product_id = o.product_id
LEFT JOIN (SELECT m.production_id, v.product_id, sum(v.value) AS value FROM stock_valuation_layer v
    JOIN stock_move m ON m.id = v.stock_move_id AND m.scrap_id IS NULL
    WHERE m.production_id IS NOT NULL AND m.state = 'done' GROUP BY 1, 2) cost
    ON cost.production_id = o.id AND cost.product_id = o.product_id
