-- requires: tabBin
SELECT w.company AS company_id, b.item_code AS product_id, w.warehouse_name AS location, b.actual_qty AS qty,
    b.stock_value AS value
FROM tabBin b
JOIN tabWarehouse w ON w.name = b.warehouse
WHERE b.actual_qty <> 0 OR b.stock_value <> 0
