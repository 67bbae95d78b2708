-- As Odoo's sales and purchase analyses count: each line at the rate of its order. Odoo knows an order as confirmed; it
-- is done here once all of it is delivered and invoiced.
-- requires: sale_order_line stock_move(sale_line_id) stock_valuation_layer
WITH moved AS (
    SELECT m.sale_line_id AS line, max(m.date)::date AS date, max(m.write_date) AS changed
    FROM stock_move m WHERE m.sale_line_id IS NOT NULL AND m.state = 'done' AND m.scrap_id IS NULL GROUP BY 1
), cost AS (
    SELECT m.sale_line_id AS line, -sum(v.value)::numeric AS cost, -sum(v.quantity)::numeric AS qty,
        max(v.write_date) AS changed
    FROM stock_valuation_layer v JOIN stock_move m ON m.id = v.stock_move_id
    WHERE m.sale_line_id IS NOT NULL GROUP BY 1
), price AS (
    SELECT company_id, product_id, sum(value)::numeric / nullif(sum(quantity)::numeric, 0) AS unit
    FROM stock_valuation_layer GROUP BY 1, 2
), line AS (
    SELECT l.*, d.factor / u.factor AS unit, coalesce(nullif(p.tz, ''), 'UTC') AS tz,
        bool_and(l.qty_delivered >= l.product_uom_qty AND l.qty_invoiced >= l.product_uom_qty)
            OVER (PARTITION BY l.order_id) AS closed
    FROM sale_order_line l
    JOIN res_company c ON c.id = l.company_id
    JOIN res_partner p ON p.id = c.partner_id
    LEFT JOIN product_product pp ON pp.id = l.product_id
    LEFT JOIN product_template t ON t.id = pp.product_tmpl_id
    LEFT JOIN uom_uom u ON u.id = l.product_uom
    LEFT JOIN uom_uom d ON d.id = t.uom_id
    WHERE l.display_type IS NULL
)
SELECT 'sale' AS side, l.id::text AS line_id, s.id::text AS order_id, s.name AS order_no,
    s.company_id::text AS company_id, (s.date_order AT TIME ZONE 'UTC' AT TIME ZONE l.tz)::date AS date,
    s.partner_id::text AS party_id, l.product_id::text AS product_id,
    CASE WHEN s.state = 'cancel' THEN 'cancelled' WHEN s.state IN ('draft', 'sent') THEN 'quote'
        WHEN l.closed OR s.state = 'done' AND l.qty_delivered >= l.product_uom_qty THEN 'done' ELSE 'confirmed' END AS state,
    l.product_uom_qty * coalesce(l.unit, 1) AS qty,
    round(l.price_subtotal / coalesce(nullif(s.currency_rate, 0), 1), 8) AS net_amount, cur.name AS currency,
    l.price_subtotal AS net_amount_currency,
    round(CASE WHEN cost.line IS NOT NULL
        -- What has left at its own cost, the rest at today's average.
        THEN cost.cost + (l.product_uom_qty * coalesce(l.unit, 1) - cost.qty) * coalesce(price.unit, 0)
        ELSE l.product_uom_qty * coalesce(l.unit, 1) * price.unit END, 8) AS cost_amount,
    coalesce(s.commitment_date, s.date_order + coalesce(l.customer_lead, 0) * interval '1 day')::date AS promised_date,
    coalesce(moved.date, CASE WHEN l.qty_delivered >= l.product_uom_qty THEN l.write_date::date END) AS delivered_date,
    l.qty_delivered * coalesce(l.unit, 1) AS fulfilled_qty, NULL::numeric AS rejected_qty,
    s.user_id::text AS owner_id, x.changed_at
FROM line l
JOIN sale_order s ON s.id = l.order_id
LEFT JOIN res_currency cur ON cur.id = s.currency_id
LEFT JOIN moved ON moved.line = l.id
LEFT JOIN cost ON cost.line = l.id
LEFT JOIN price ON price.product_id = l.product_id AND price.company_id = l.company_id
CROSS JOIN LATERAL (SELECT greatest(s.write_date, l.write_date, moved.changed, cost.changed)
    AT TIME ZONE 'UTC' AS changed_at) x
WHERE CAST(:since AS timestamptz) IS NULL OR x.changed_at >= :since
-- requires: sale_order_line !stock_valuation_layer
WITH line AS (
    SELECT l.*, d.factor / u.factor AS unit, coalesce(nullif(p.tz, ''), 'UTC') AS tz,
        bool_and(l.qty_delivered >= l.product_uom_qty AND l.qty_invoiced >= l.product_uom_qty)
            OVER (PARTITION BY l.order_id) AS closed
    FROM sale_order_line l
    JOIN res_company c ON c.id = l.company_id
    JOIN res_partner p ON p.id = c.partner_id
    LEFT JOIN product_product pp ON pp.id = l.product_id
    LEFT JOIN product_template t ON t.id = pp.product_tmpl_id
    LEFT JOIN uom_uom u ON u.id = l.product_uom
    LEFT JOIN uom_uom d ON d.id = t.uom_id
    WHERE l.display_type IS NULL
)
SELECT 'sale' AS side, l.id::text AS line_id, s.id::text AS order_id, s.name AS order_no,
    s.company_id::text AS company_id, (s.date_order AT TIME ZONE 'UTC' AT TIME ZONE l.tz)::date AS date,
    s.partner_id::text AS party_id, l.product_id::text AS product_id,
    CASE WHEN s.state = 'cancel' THEN 'cancelled' WHEN s.state IN ('draft', 'sent') THEN 'quote'
        WHEN l.closed OR s.state = 'done' AND l.qty_delivered >= l.product_uom_qty THEN 'done' ELSE 'confirmed' END AS state,
    l.product_uom_qty * coalesce(l.unit, 1) AS qty,
    round(l.price_subtotal / coalesce(nullif(s.currency_rate, 0), 1), 8) AS net_amount, cur.name AS currency,
    l.price_subtotal AS net_amount_currency,
    NULL::numeric AS cost_amount,
    coalesce(s.commitment_date, s.date_order + coalesce(l.customer_lead, 0) * interval '1 day')::date AS promised_date,
    CASE WHEN l.qty_delivered >= l.product_uom_qty THEN l.write_date::date END AS delivered_date,
    l.qty_delivered * coalesce(l.unit, 1) AS fulfilled_qty, NULL::numeric AS rejected_qty,
    s.user_id::text AS owner_id, x.changed_at
FROM line l
JOIN sale_order s ON s.id = l.order_id
LEFT JOIN res_currency cur ON cur.id = s.currency_id
CROSS JOIN LATERAL (SELECT greatest(s.write_date, l.write_date) AT TIME ZONE 'UTC' AS changed_at) x
WHERE CAST(:since AS timestamptz) IS NULL OR x.changed_at >= :since
-- requires: purchase_order_line stock_move(purchase_line_id)
WITH moved AS (
    SELECT m.purchase_line_id AS line, max(m.date)::date AS date, max(m.write_date) AS changed
    FROM stock_move m WHERE m.purchase_line_id IS NOT NULL AND m.state = 'done' AND m.scrap_id IS NULL GROUP BY 1
)
SELECT 'purchase' AS side, l.id::text AS line_id, s.id::text AS order_id, s.name AS order_no,
    s.company_id::text AS company_id, (s.date_order AT TIME ZONE 'UTC' AT TIME ZONE coalesce(nullif(own.tz, ''), 'UTC'))::date AS date,
    s.partner_id::text AS party_id, l.product_id::text AS product_id,
    CASE WHEN s.state = 'cancel' THEN 'cancelled' WHEN s.state NOT IN ('purchase', 'done') THEN 'quote'
        WHEN s.state = 'done' OR s.invoice_status = 'invoiced' AND bool_and(l.qty_received >= l.product_qty)
            OVER (PARTITION BY l.order_id) THEN 'done' ELSE 'confirmed' END AS state,
    l.product_qty * coalesce(d.factor / u.factor, 1) AS qty,
    round((l.price_subtotal / coalesce(nullif(s.currency_rate, 0), 1))::numeric, 2) AS net_amount, cur.name AS currency,
    l.price_subtotal AS net_amount_currency, NULL::numeric AS cost_amount, l.date_planned::date AS promised_date,
    coalesce(moved.date, CASE WHEN l.qty_received >= l.product_qty THEN l.write_date::date END) AS delivered_date,
    l.qty_received * coalesce(d.factor / u.factor, 1) AS fulfilled_qty, NULL::numeric AS rejected_qty,
    s.user_id::text AS owner_id, x.changed_at
FROM purchase_order_line l
JOIN purchase_order s ON s.id = l.order_id
JOIN res_company c ON c.id = s.company_id
JOIN res_partner own ON own.id = c.partner_id
LEFT JOIN res_currency cur ON cur.id = s.currency_id
LEFT JOIN product_product p ON p.id = l.product_id
LEFT JOIN product_template t ON t.id = p.product_tmpl_id
LEFT JOIN uom_uom u ON u.id = l.product_uom
LEFT JOIN uom_uom d ON d.id = t.uom_id
LEFT JOIN moved ON moved.line = l.id
CROSS JOIN LATERAL (SELECT greatest(s.write_date, l.write_date, moved.changed) AT TIME ZONE 'UTC' AS changed_at) x
WHERE l.display_type IS NULL AND (CAST(:since AS timestamptz) IS NULL OR x.changed_at >= :since)
-- requires: purchase_order_line !stock_move(purchase_line_id)
SELECT 'purchase' AS side, l.id::text AS line_id, s.id::text AS order_id, s.name AS order_no,
    s.company_id::text AS company_id, (s.date_order AT TIME ZONE 'UTC' AT TIME ZONE coalesce(nullif(own.tz, ''), 'UTC'))::date AS date,
    s.partner_id::text AS party_id, l.product_id::text AS product_id,
    CASE WHEN s.state = 'cancel' THEN 'cancelled' WHEN s.state NOT IN ('purchase', 'done') THEN 'quote'
        WHEN s.state = 'done' OR s.invoice_status = 'invoiced' AND bool_and(l.qty_received >= l.product_qty)
            OVER (PARTITION BY l.order_id) THEN 'done' ELSE 'confirmed' END AS state,
    l.product_qty * coalesce(d.factor / u.factor, 1) AS qty,
    round((l.price_subtotal / coalesce(nullif(s.currency_rate, 0), 1))::numeric, 2) AS net_amount, cur.name AS currency,
    l.price_subtotal AS net_amount_currency, NULL::numeric AS cost_amount, l.date_planned::date AS promised_date,
    CASE WHEN l.qty_received >= l.product_qty THEN l.write_date::date END AS delivered_date,
    l.qty_received * coalesce(d.factor / u.factor, 1) AS fulfilled_qty, NULL::numeric AS rejected_qty,
    s.user_id::text AS owner_id, x.changed_at
FROM purchase_order_line l
JOIN purchase_order s ON s.id = l.order_id
JOIN res_company c ON c.id = s.company_id
JOIN res_partner own ON own.id = c.partner_id
LEFT JOIN res_currency cur ON cur.id = s.currency_id
LEFT JOIN product_product p ON p.id = l.product_id
LEFT JOIN product_template t ON t.id = p.product_tmpl_id
LEFT JOIN uom_uom u ON u.id = l.product_uom
LEFT JOIN uom_uom d ON d.id = t.uom_id
CROSS JOIN LATERAL (SELECT greatest(s.write_date, l.write_date) AT TIME ZONE 'UTC' AS changed_at) x
WHERE l.display_type IS NULL AND (CAST(:since AS timestamptz) IS NULL OR x.changed_at >= :since)
