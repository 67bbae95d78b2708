-- As Tryton's own sale reports count: the quantity in the end sold, converted at the order's date and not rounded to
-- cents by line; an order in a currency without a rate on its date is in no report there, nor here.
-- requires: sale_line
WITH rate AS (
    SELECT currency, rate, date AS since, lead(date) OVER (PARTITION BY currency ORDER BY date) AS until
    FROM currency_currency_rate
), moved AS (
    SELECT split_part(m.origin, ',', 2)::int AS line, max(m.effective_date) AS date,
        sum(m.internal_quantity::numeric) AS qty, sum(m.internal_quantity::numeric * m.cost_price) AS cost,
        max(greatest(m.create_date, m.write_date)) AS changed
    FROM stock_move m WHERE m.origin LIKE 'sale.line,%' AND m.state = 'done' GROUP BY 1
), invoiced AS (
    SELECT split_part(l.origin, ',', 2)::int AS line, max(i.invoice_date) AS date, sum(l.quantity::numeric) AS qty,
        max(greatest(i.create_date, i.write_date)) AS changed
    FROM account_invoice_line l JOIN account_invoice i ON i.id = l.invoice AND i.state IN ('posted', 'paid')
    WHERE l.origin LIKE 'sale.line,%' GROUP BY 1
)
SELECT 'sale' AS side, l.id::text AS line_id, s.id::text AS order_id, s.number AS order_no,
    s.company::text AS company_id, coalesce(s.sale_date, s.create_date::date) AS date, s.party::text AS party_id,
    l.product::text AS product_id,
    CASE s.state WHEN 'draft' THEN 'quote' WHEN 'quotation' THEN 'quote' WHEN 'processing' THEN 'confirmed'
        ELSE s.state END AS state,
    trim_scale(q.qty) AS qty, round(q.amount * q.rate, 8) AS net_amount, cur.code AS currency,
    -- A document's halves of a cent go to the even one.
    round(q.amount, cur.digits) - CASE WHEN abs(q.amount) * 10::numeric ^ cur.digits % 2 = 0.5
        THEN sign(q.amount) / 10::numeric ^ cur.digits ELSE 0 END AS net_amount_currency,
    CASE WHEN moved.cost IS NOT NULL THEN
        -- What has left at its own cost, the rest at today's.
        sign(q.qty) * moved.cost + (q.qty - sign(q.qty) * moved.qty) * coalesce(cost.cost_price, 0)
        ELSE q.qty * cost.cost_price END AS cost_amount,
    coalesce(s.shipping_date, due.planned) AS promised_date,
    CASE WHEN service THEN invoiced.date ELSE moved.date END AS delivered_date,
    CASE WHEN service THEN coalesce(invoiced.qty, 0) * q.factor ELSE sign(q.qty) * coalesce(moved.qty, 0) END
        AS fulfilled_qty,
    NULL::numeric AS rejected_qty, s.quoted_by::text AS owner_id, q.changed_at
FROM sale_line l
JOIN sale_sale s ON s.id = l.sale
JOIN company_company c ON c.id = s.company
JOIN currency_currency cur ON cur.id = s.currency
LEFT JOIN product_product p ON p.id = l.product
LEFT JOIN product_template t ON t.id = p.template
LEFT JOIN product_uom unit ON unit.id = l.unit
LEFT JOIN product_uom default_unit ON default_unit.id = t.default_uom
LEFT JOIN product_cost_price cost ON cost.product = l.product AND cost.company = s.company
LEFT JOIN moved ON moved.line = l.id
LEFT JOIN invoiced ON invoiced.line = l.id
LEFT JOIN rate own ON own.currency = c.currency AND own.since <= s.sale_date
    AND (own.until > s.sale_date OR own.until IS NULL)
LEFT JOIN rate theirs ON theirs.currency = s.currency AND theirs.since <= s.sale_date
    AND (theirs.until > s.sale_date OR theirs.until IS NULL)
CROSS JOIN LATERAL (SELECT coalesce(t.type, 'service') = 'service' AS service) kind
CROSS JOIN LATERAL (SELECT min(coalesce(m.origin_planned_date, m.planned_date)) AS planned FROM stock_move m
    WHERE m.origin = 'sale.line,' || l.id AND m.state <> 'cancelled') due
CROSS JOIN LATERAL (SELECT coalesce(unit.factor::numeric / default_unit.factor::numeric, 1) AS factor) f
CROSS JOIN LATERAL (SELECT
    f.factor, coalesce(l.actual_quantity, l.quantity)::numeric * f.factor AS qty,
    coalesce(l.actual_quantity, l.quantity)::numeric * l.unit_price AS amount,
    CASE WHEN s.currency = c.currency THEN 1 WHEN s.sale_date IS NULL THEN 0 ELSE own.rate / theirs.rate END AS rate,
    greatest(s.create_date, s.write_date, l.create_date, l.write_date, moved.changed, invoiced.changed)
        AT TIME ZONE 'UTC' AS changed_at) q
WHERE l.type = 'line' AND q.amount IS NOT NULL AND q.rate IS NOT NULL
    AND (CAST(:since AS timestamptz) IS NULL OR q.changed_at >= :since)
-- requires: purchase_line
WITH rate AS (
    SELECT currency, rate, date AS since, lead(date) OVER (PARTITION BY currency ORDER BY date) AS until
    FROM currency_currency_rate
), moved AS (
    SELECT split_part(m.origin, ',', 2)::int AS line, max(m.effective_date) AS date,
        sum(m.internal_quantity::numeric) AS qty,
        max(greatest(m.create_date, m.write_date)) AS changed
    FROM stock_move m WHERE m.origin LIKE 'purchase.line,%' AND m.state = 'done' GROUP BY 1
), invoiced AS (
    SELECT split_part(l.origin, ',', 2)::int AS line, max(i.invoice_date) AS date, sum(l.quantity::numeric) AS qty,
        max(greatest(i.create_date, i.write_date)) AS changed
    FROM account_invoice_line l JOIN account_invoice i ON i.id = l.invoice AND i.state IN ('posted', 'paid')
    WHERE l.origin LIKE 'purchase.line,%' GROUP BY 1
)
SELECT 'purchase' AS side, l.id::text AS line_id, s.id::text AS order_id, s.number AS order_no,
    s.company::text AS company_id, coalesce(s.purchase_date, s.create_date::date) AS date, s.party::text AS party_id,
    l.product::text AS product_id,
    CASE s.state WHEN 'draft' THEN 'quote' WHEN 'quotation' THEN 'quote' WHEN 'processing' THEN 'confirmed'
        ELSE s.state END AS state,
    trim_scale(q.qty) AS qty, round(q.amount * q.rate, 8) AS net_amount, cur.code AS currency,
    -- A document's halves of a cent go to the even one.
    round(q.amount, cur.digits) - CASE WHEN abs(q.amount) * 10::numeric ^ cur.digits % 2 = 0.5
        THEN sign(q.amount) / 10::numeric ^ cur.digits ELSE 0 END AS net_amount_currency,
    NULL::numeric AS cost_amount,
    coalesce(l.delivery_date_store, s.delivery_date, due.planned) AS promised_date,
    CASE WHEN service THEN invoiced.date ELSE moved.date END AS delivered_date,
    CASE WHEN service THEN coalesce(invoiced.qty, 0) * q.factor ELSE sign(q.qty) * coalesce(moved.qty, 0) END
        AS fulfilled_qty,
    NULL::numeric AS rejected_qty, s.quoted_by::text AS owner_id, q.changed_at
FROM purchase_line l
JOIN purchase_purchase s ON s.id = l.purchase
JOIN company_company c ON c.id = s.company
JOIN currency_currency cur ON cur.id = s.currency
LEFT JOIN product_product p ON p.id = l.product
LEFT JOIN product_template t ON t.id = p.template
LEFT JOIN product_uom unit ON unit.id = l.unit
LEFT JOIN product_uom default_unit ON default_unit.id = t.default_uom
LEFT JOIN moved ON moved.line = l.id
LEFT JOIN invoiced ON invoiced.line = l.id
LEFT JOIN rate own ON own.currency = c.currency AND own.since <= s.purchase_date
    AND (own.until > s.purchase_date OR own.until IS NULL)
LEFT JOIN rate theirs ON theirs.currency = s.currency AND theirs.since <= s.purchase_date
    AND (theirs.until > s.purchase_date OR theirs.until IS NULL)
CROSS JOIN LATERAL (SELECT coalesce(t.type, 'service') = 'service' AS service) kind
CROSS JOIN LATERAL (SELECT min(coalesce(m.origin_planned_date, m.planned_date)) AS planned FROM stock_move m
    WHERE m.origin = 'purchase.line,' || l.id AND m.state <> 'cancelled') due
CROSS JOIN LATERAL (SELECT coalesce(unit.factor::numeric / default_unit.factor::numeric, 1) AS factor) f
CROSS JOIN LATERAL (SELECT
    f.factor, coalesce(l.actual_quantity, l.quantity)::numeric * f.factor AS qty,
    coalesce(l.actual_quantity, l.quantity)::numeric * l.unit_price AS amount,
    CASE WHEN s.currency = c.currency THEN 1 WHEN s.purchase_date IS NULL THEN 0 ELSE own.rate / theirs.rate END AS rate,
    greatest(s.create_date, s.write_date, l.create_date, l.write_date, moved.changed, invoiced.changed)
        AT TIME ZONE 'UTC' AS changed_at) q
WHERE l.type = 'line' AND q.amount IS NOT NULL AND q.rate IS NOT NULL
    AND (CAST(:since AS timestamptz) IS NULL OR q.changed_at >= :since)
