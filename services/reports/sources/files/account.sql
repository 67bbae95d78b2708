-- requires: account
SELECT account_id, company_id, code, name, statement_line, class, subtype
FROM account
