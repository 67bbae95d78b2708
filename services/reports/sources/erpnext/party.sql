-- Customers, suppliers and employees may share a name: it is told apart by what they are.
SELECT concat('Customer/', c.name) AS party_id, c.customer_name AS name, c.customer_group AS segment,
    (SELECT max(upper(l.code)) FROM `tabDynamic Link` d JOIN tabAddress a ON a.name = d.parent
        JOIN tabCountry l ON l.name = a.country
        WHERE d.parenttype = 'Address' AND d.link_doctype = 'Customer' AND d.link_name = c.name) AS country
FROM tabCustomer c
UNION ALL
SELECT concat('Supplier/', s.name), s.supplier_name, s.supplier_group, upper(l.code)
FROM tabSupplier s
LEFT JOIN tabCountry l ON l.name = s.country
UNION ALL
SELECT concat('Employee/', e.name), e.employee_name, NULL, NULL
FROM tabEmployee e
