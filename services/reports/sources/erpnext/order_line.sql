SELECT * FROM (
WITH sent AS (
    SELECT i.so_detail AS line, d.posting_date AS date, i.stock_qty AS qty, i.incoming_rate * i.stock_qty AS cost,
        greatest(d.modified, i.modified) AS changed
    FROM `tabDelivery Note Item` i
    JOIN `tabDelivery Note` d ON d.name = i.parent AND d.docstatus = 1
    UNION ALL
    SELECT i.so_detail, d.posting_date, i.stock_qty, i.incoming_rate * i.stock_qty, greatest(d.modified, i.modified)
    FROM `tabSales Invoice Item` i
    JOIN `tabSales Invoice` d ON d.name = i.parent AND d.docstatus = 1 AND d.update_stock = 1
), moved AS (
    SELECT line, max(date) AS date, sum(qty) AS qty, sum(cost) AS cost, max(changed) AS changed
    FROM sent WHERE line <> '' GROUP BY line
)
SELECT 'sale' AS side, l.name AS line_id, o.name AS order_id, o.name AS order_no, o.company AS company_id,
    o.transaction_date AS date, concat('Customer/', o.customer) AS party_id, l.item_code AS product_id,
    CASE WHEN o.docstatus = 0 THEN 'quote' WHEN o.docstatus = 2 THEN 'cancelled'
        WHEN o.status IN ('Completed', 'Closed') THEN 'done' ELSE 'confirmed' END AS state,
    l.stock_qty AS qty, l.base_net_amount AS net_amount, o.currency, l.net_amount AS net_amount_currency,
    -- What has left at its own cost, the rest at the value when it was ordered.
    CASE WHEN moved.line IS NOT NULL THEN moved.cost + (l.stock_qty - moved.qty) * coalesce(l.valuation_rate, 0)
        WHEN p.is_stock_item THEN l.stock_qty * l.valuation_rate END AS cost_amount,
    coalesce(l.delivery_date, o.delivery_date) AS promised_date, moved.date AS delivered_date,
    CASE WHEN p.is_stock_item THEN l.delivered_qty * l.conversion_factor
        ELSE coalesce(l.stock_qty * l.billed_amt / nullif(l.amount, 0), 0) END AS fulfilled_qty,
    NULL AS rejected_qty, o.owner AS owner_id,
    greatest(o.modified, l.modified, coalesce(moved.changed, l.modified)) AS changed_at
FROM `tabSales Order Item` l
JOIN `tabSales Order` o ON o.name = l.parent
LEFT JOIN tabItem p ON p.name = l.item_code
LEFT JOIN moved ON moved.line = l.name
) sold
WHERE :since IS NULL OR changed_at >= :since
UNION ALL
SELECT * FROM (
WITH moved AS (
    SELECT i.purchase_order_item AS line, max(d.posting_date) AS date,
        sum(i.rejected_qty * i.conversion_factor) AS rejected, max(greatest(d.modified, i.modified)) AS changed
    FROM `tabPurchase Receipt Item` i
    JOIN `tabPurchase Receipt` d ON d.name = i.parent AND d.docstatus = 1
    WHERE i.purchase_order_item <> ''
    GROUP BY i.purchase_order_item
)
SELECT 'purchase' AS side, l.name AS line_id, o.name AS order_id, o.name AS order_no, o.company AS company_id,
    o.transaction_date AS date, concat('Supplier/', o.supplier) AS party_id, l.item_code AS product_id,
    CASE WHEN o.docstatus = 0 THEN 'quote' WHEN o.docstatus = 2 THEN 'cancelled'
        WHEN o.status IN ('Completed', 'Closed', 'Delivered') THEN 'done' ELSE 'confirmed' END AS state,
    l.stock_qty AS qty, l.base_net_amount AS net_amount, o.currency, l.net_amount AS net_amount_currency,
    NULL AS cost_amount, coalesce(l.schedule_date, o.schedule_date) AS promised_date, moved.date AS delivered_date,
    CASE WHEN p.is_stock_item THEN l.received_qty * l.conversion_factor
        ELSE coalesce(l.stock_qty * l.billed_amt / nullif(l.amount, 0), 0) END AS fulfilled_qty,
    coalesce(moved.rejected, 0) AS rejected_qty, o.owner AS owner_id,
    greatest(o.modified, l.modified, coalesce(moved.changed, l.modified)) AS changed_at
FROM `tabPurchase Order Item` l
JOIN `tabPurchase Order` o ON o.name = l.parent
LEFT JOIN tabItem p ON p.name = l.item_code
LEFT JOIN moved ON moved.line = l.name
) bought
WHERE :since IS NULL OR changed_at >= :since
