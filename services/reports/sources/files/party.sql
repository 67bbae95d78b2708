-- requires: party
SELECT party_id, name, segment, country
FROM party
