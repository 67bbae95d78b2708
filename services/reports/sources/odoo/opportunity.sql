-- requires: crm_lead
SELECT l.id::text AS opportunity_id, coalesce(l.company_id, (SELECT min(id) FROM res_company))::text AS company_id,
    l.partner_id::text AS party_id, l.create_date::date AS created,
    CASE WHEN s.is_won AND l.probability = 100 THEN 'won' WHEN NOT l.active AND l.probability = 0 THEN 'lost'
        ELSE 'open' END AS state,
    l.probability::numeric AS probability, l.expected_revenue AS expected_amount, l.date_closed::date AS closed
FROM crm_lead l
LEFT JOIN crm_stage s ON s.id = l.stage_id
WHERE l.type = 'opportunity'
