-- requires: product_product
SELECT p.id::text AS product_id, nullif(p.default_code, '') AS code,
    coalesce(to_jsonb(t.name)->>'en_US', to_jsonb(t.name)#>>'{}') AS name, c.name AS category,
    coalesce(to_jsonb(u.name)->>'en_US', to_jsonb(u.name)#>>'{}') AS uom,
    CASE t.type WHEN 'service' THEN 'service' ELSE 'goods' END AS kind
FROM product_product p
JOIN product_template t ON t.id = p.product_tmpl_id
LEFT JOIN product_category c ON c.id = t.categ_id
LEFT JOIN uom_uom u ON u.id = t.uom_id
