SELECT w.name AS order_id, w.name AS order_no, w.company AS company_id, w.production_item AS product_id,
    CASE WHEN w.docstatus = 2 OR w.status = 'Cancelled' THEN 'cancelled' WHEN w.docstatus = 0 THEN 'planned'
        WHEN w.status IN ('Completed', 'Closed', 'Stopped') THEN 'done'
        WHEN w.status = 'In Process' THEN 'in_progress' ELSE 'released' END AS state,
    w.qty AS planned_qty, w.produced_qty AS good_qty, w.process_loss_qty AS scrap_qty,
    date(w.planned_start_date) AS planned_start, date(coalesce(w.planned_end_date, w.expected_delivery_date)) AS planned_end,
    date(w.actual_start_date) AS actual_start,
    CASE WHEN w.status IN ('Completed', 'Closed', 'Stopped') THEN date(w.actual_end_date) END AS actual_end,
    (SELECT sum(d.amount) FROM `tabStock Entry` e JOIN `tabStock Entry Detail` d ON d.parent = e.name
        WHERE e.work_order = w.name AND e.docstatus = 1 AND e.purpose = 'Manufacture' AND d.is_finished_item)
        AS actual_cost
FROM `tabWork Order` w
