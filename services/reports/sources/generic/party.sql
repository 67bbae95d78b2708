SELECT party_id, name, segment, country
FROM rpt.party
