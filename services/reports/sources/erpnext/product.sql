SELECT name AS product_id, item_code AS code, item_name AS name, item_group AS category, stock_uom AS uom,
    CASE WHEN is_stock_item OR is_fixed_asset THEN 'goods' ELSE 'service' END AS kind
FROM tabItem
