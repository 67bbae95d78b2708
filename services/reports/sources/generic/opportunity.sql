-- requires: rpt.opportunity
SELECT opportunity_id, company_id, party_id, created, state, probability, expected_amount, closed
FROM rpt.opportunity
