-- A contact of a company goes by the company's segment and country. The segment is the first tag by name.
SELECT p.id::text AS party_id, coalesce(nullif(p.name, ''), whole.name, p.id::text) AS name,
    (SELECT min(coalesce(to_jsonb(t.name)->>'en_US', to_jsonb(t.name)#>>'{}'))
        FROM res_partner_res_partner_category_rel l JOIN res_partner_category t ON t.id = l.category_id
        WHERE l.partner_id IN (p.id, p.commercial_partner_id)) AS segment,
    c.code AS country
FROM res_partner p
LEFT JOIN res_partner whole ON whole.id = p.commercial_partner_id
LEFT JOIN res_country c ON c.id = coalesce(p.country_id, whole.country_id)
