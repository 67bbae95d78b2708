-- requires: product
SELECT product_id, code, name, category, uom, kind
FROM product
