-- The category is the first by name of those not meant for accounting.
SELECT p.id::text AS product_id, nullif(concat(t.code, p.suffix_code), '') AS code, t.name,
    (SELECT min(c.name) FROM "product_template-product_category" l JOIN product_category c ON c.id = l.category
        WHERE l.template = t.id AND NOT coalesce(c.accounting, false)) AS category,
    u.symbol AS uom, CASE t.type WHEN 'service' THEN 'service' ELSE 'goods' END AS kind
FROM product_product p
JOIN product_template t ON t.id = p.template
JOIN product_uom u ON u.id = t.default_uom
