-- requires: tabOpportunity
SELECT name AS opportunity_id, company AS company_id,
    CASE WHEN opportunity_from IN ('Customer', 'Supplier') THEN concat(opportunity_from, '/', party_name) END AS party_id,
    transaction_date AS created,
    CASE status WHEN 'Converted' THEN 'won' WHEN 'Lost' THEN 'lost' WHEN 'Closed' THEN 'lost' ELSE 'open' END AS state,
    probability, base_opportunity_amount AS expected_amount,
    CASE WHEN status IN ('Converted', 'Lost', 'Closed') THEN date(modified) END AS closed
FROM tabOpportunity
