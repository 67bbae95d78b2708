-- Tryton has categories (several, in trees) where we have one segment: the first by name, in its full path's top.
-- Country is that of the first address.
WITH RECURSIVE root AS (
    SELECT id, id AS category, parent, name FROM party_category
    UNION ALL
    SELECT root.id, up.id, up.parent, up.name FROM root JOIN party_category up ON up.id = root.parent
)
SELECT p.id::text AS party_id, coalesce(p.name, p.code, p.id::text) AS name, s.segment, a.country
FROM party_party p
LEFT JOIN (SELECT l.party, min(root.name) AS segment FROM "party_party-party_category" l
    JOIN root ON root.id = l.category AND root.parent IS NULL GROUP BY l.party) s ON s.party = p.id
LEFT JOIN (SELECT DISTINCT ON (a.party) a.party, c.code AS country FROM party_address a
    JOIN country_country c ON c.id = a.country
    ORDER BY a.party, a.active DESC, a.sequence NULLS FIRST, a.id) a ON a.party = p.id
