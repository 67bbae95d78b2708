-- requires: sale_opportunity
-- The amount is in the company's currency.
SELECT id::text AS opportunity_id, company::text AS company_id, party::text AS party_id, start_date AS created,
    CASE state WHEN 'won' THEN 'won' WHEN 'lost' THEN 'lost' WHEN 'cancelled' THEN 'lost' ELSE 'open' END AS state,
    (conversion_probability * 100)::numeric AS probability, amount AS expected_amount, end_date AS closed
FROM sale_opportunity
