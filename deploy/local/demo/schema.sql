-- The ERP of the demo company. Documents are only ever added to, never changed: what became of an order or a
-- production order is a row of its own, so the trading player and a report reading meanwhile cannot disagree.
create schema erp;
create table erp.company (id text primary key, name text not null, currency text not null, seed text not null,
    started date not null, today date not null);
create table erp.party (id int primary key, name text not null, segment text not null, country text not null);
create table erp.product (id int primary key, code text not null unique, name text not null, category text not null,
    uom text not null, kind text not null, cost bigint not null);
create table erp.account (id text primary key, name text not null, statement_line text not null, class text not null,
    subtype text);
create table erp.fx_rate (currency text, date date, rate numeric not null, primary key (currency, date));
create table erp.assignment (employee_id int, name text not null, department text not null, job text not null,
    gender text not null, start_date date, end_date date, monthly_cost bigint not null,
    primary key (employee_id, start_date));
create table erp.timesheet (employee_id int not null, date date not null, kind text not null, hours numeric not null,
    primary key (employee_id, date, kind));
create table erp.budget (account_id text references erp.account, month date, amount bigint not null,
    primary key (account_id, month));
create table erp.orders (id int primary key, side text not null, no text not null unique, date date not null,
    party_id int not null references erp.party, currency text not null, promised_date date not null, owner_id int,
    at timestamptz not null);
create table erp.order_line (id int primary key, order_id int not null references erp.orders,
    product_id int not null references erp.product, qty int not null, net bigint not null, net_doc bigint not null,
    cost bigint);
create table erp.order_event (order_id int not null references erp.orders, kind text not null, at timestamptz not null,
    primary key (order_id, kind));
create table erp.delivery (line_id int not null references erp.order_line, date date not null, qty int not null,
    rejected int not null, at timestamptz not null);
create table erp.stock_move (product_id int not null references erp.product, date date not null, qty int not null);
create table erp.production (id int primary key, no text not null unique, product_id int not null references erp.product,
    qty int not null, planned_start date not null, planned_end date not null);
create table erp.production_event (order_id int not null references erp.production, kind text not null,
    date date not null, good int not null, scrap int not null, cost bigint not null, primary key (order_id, kind));
create table erp.move (id int primary key, no text not null, date date not null, journal text not null,
    is_closing boolean not null, description text not null, at timestamptz not null);
create table erp.move_line (id int primary key, move_id int not null references erp.move,
    account_id text not null references erp.account, party_id int references erp.party, amount bigint not null,
    currency text not null, amount_doc bigint not null);
create table erp.invoice (id int primary key, side text not null, no text not null, date date not null,
    party_id int not null references erp.party, currency text not null, move_id int not null references erp.move);
create table erp.invoice_line (id int primary key, invoice_id int not null references erp.invoice, order_line_id int
    references erp.order_line, product_id int references erp.product, account_id text not null references erp.account,
    qty int not null, net bigint not null, net_doc bigint not null);
create table erp.open_item (id int primary key references erp.move_line, side text not null, party_id int not null
    references erp.party, doc_no text not null, doc_type text not null, doc_date date not null, due_date date not null,
    amount bigint not null, currency text not null, amount_doc bigint not null);
create table erp.settlement (item_id int not null references erp.open_item, date date not null, amount bigint not null,
    amount_doc bigint not null);
create index on erp.order_line (order_id);
create index on erp.delivery (line_id);
create index on erp.move_line (move_id);
create index on erp.settlement (item_id);

-- What a report may read: the canonical views. Money is kept in cents and shown in units.
create schema rpt;
create view rpt.company as
    select id as company_id, name, currency::char(3), 1 as fiscal_year_start_month from erp.company;
create view rpt.party as select id::text as party_id, name, segment, country from erp.party;
create view rpt.product as select id::text as product_id, code, name, category, uom, kind from erp.product;
create view rpt.account as
    select a.id as account_id, c.id as company_id, a.id as code, a.name, statement_line, class, subtype
    from erp.account a, erp.company c;
create view rpt.gl_line as
    select l.id::text as line_id, c.id as company_id, m.id::text as move_id, m.no as doc_no, m.date, l.account_id,
        l.party_id::text, l.amount * 0.01 as amount, greatest(l.amount, 0) * 0.01 as debit, l.currency::char(3),
        l.amount_doc * 0.01 as amount_currency,
        m.journal as journal_type, m.is_closing, m.description, m.at as changed_at
    from erp.move_line l join erp.move m on m.id = l.move_id, erp.company c;
create view rpt.open_item as
    select i.id::text as item_id, c.id as company_id, side, party_id::text, doc_no, doc_type, doc_date, due_date,
        amount * 0.01 as amount, i.currency::char(3), amount_doc * 0.01 as amount_currency
    from erp.open_item i, erp.company c;
create view rpt.settlement as
    select item_id::text, date, sum(amount) * 0.01 as amount, sum(amount_doc) * 0.01 as amount_currency
    from erp.settlement group by item_id, date;
create view rpt.order_line as
    select o.side, l.id::text as line_id, o.id::text as order_id, o.no as order_no, c.id as company_id, o.date,
        o.party_id::text, l.product_id::text,
        case when e.cancelled is not null then 'cancelled' when abs(d.qty) >= abs(l.qty) then 'done'
            when e.confirmed is not null then 'confirmed' else 'quote' end as state,
        l.qty::numeric, l.net * 0.01 as net_amount, o.currency::char(3), l.net_doc * 0.01 as net_amount_currency,
        l.cost * 0.01 as cost_amount, o.promised_date, d.date as delivered_date,
        coalesce(d.qty, 0)::numeric as fulfilled_qty, coalesce(d.rejected, 0)::numeric as rejected_qty,
        o.owner_id::text, greatest(o.at, d.at, e.confirmed, e.cancelled) as changed_at
    from erp.order_line l join erp.orders o on o.id = l.order_id
    left join (select line_id, max(date) as date, sum(qty) as qty, sum(rejected) as rejected, max(at) as at
        from erp.delivery group by line_id) d on d.line_id = l.id
    left join (select order_id, max(at) filter (where kind = 'confirmed') as confirmed,
        max(at) filter (where kind = 'cancelled') as cancelled
        from erp.order_event group by order_id) e on e.order_id = o.id, erp.company c;
create view rpt.invoice_line as
    select i.side, l.id::text as line_id, i.id::text as invoice_id, i.no as doc_no, c.id as company_id, i.date,
        i.party_id::text, l.product_id::text, l.account_id, l.qty::numeric, l.net * 0.01 as net_amount,
        i.currency::char(3), l.net_doc * 0.01 as net_amount_currency
    from erp.invoice_line l join erp.invoice i on i.id = l.invoice_id, erp.company c;
create view rpt.production as
    select p.id::text as order_id, p.no as order_no, c.id as company_id, p.product_id::text,
        case when f.order_id is not null then 'done' when s.order_id is not null then 'in_progress'
            when p.planned_start <= c.today then 'released' else 'planned' end as state,
        p.qty::numeric as planned_qty, coalesce(f.good, 0)::numeric as good_qty,
        coalesce(f.scrap, 0)::numeric as scrap_qty, p.planned_start, p.planned_end, s.date as actual_start,
        f.date as actual_end, f.cost * 0.01 as actual_cost
    from erp.production p
    left join erp.production_event s on s.order_id = p.id and s.kind = 'started'
    left join erp.production_event f on f.order_id = p.id and f.kind = 'finished', erp.company c;
create view rpt.employment as
    select employee_id::text, c.id as company_id, a.name, department, job, gender, start_date, end_date,
        monthly_cost * 0.01 as monthly_cost
    from erp.assignment a, erp.company c;
create view rpt.hr_time as
    select employee_id::text, c.id as company_id, date, kind, hours from erp.timesheet, erp.company c;
create view rpt.budget as
    select c.id as company_id, account_id, month, 'Plan' as scenario, amount * 0.01 as amount
    from erp.budget, erp.company c;
create view rpt.fx_rate as select r.currency::char(3), date, rate, c.id as company_id from erp.fx_rate r, erp.company c
    where r.currency <> c.currency;
