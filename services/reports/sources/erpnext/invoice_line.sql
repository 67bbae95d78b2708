-- Returns are rows of negative amount. What opens the books is no sale; what is deferred is booked elsewhere first.
SELECT 'ar' AS side, l.name AS line_id, i.name AS invoice_id, i.name AS doc_no, i.company AS company_id,
    i.posting_date AS date, concat('Customer/', i.customer) AS party_id, l.item_code AS product_id,
    CASE WHEN l.enable_deferred_revenue THEN l.deferred_revenue_account ELSE l.income_account END AS account_id,
    l.stock_qty AS qty, l.base_net_amount AS net_amount, i.currency, l.net_amount AS net_amount_currency
FROM `tabSales Invoice Item` l
JOIN `tabSales Invoice` i ON i.name = l.parent
WHERE i.docstatus = 1 AND coalesce(i.is_opening, 'No') <> 'Yes'
UNION ALL
SELECT 'ap', l.name, i.name, i.name, i.company, i.posting_date, concat('Supplier/', i.supplier), l.item_code,
    CASE WHEN l.enable_deferred_expense THEN l.deferred_expense_account ELSE l.expense_account END,
    l.stock_qty, l.base_net_amount, i.currency, l.net_amount
FROM `tabPurchase Invoice Item` l
JOIN `tabPurchase Invoice` i ON i.name = l.parent
WHERE i.docstatus = 1 AND coalesce(i.is_opening, 'No') <> 'Yes'
