"""Queries that are easy to follow wrongly, each with the truth written by hand: column → source columns of its values."""

from __future__ import annotations

from tests.lineage.tricky_expressions import EXPRESSIONS
from tests.lineage.tricky_tables import C, I, O

# name → (query, truth)
QUERIES: dict[str, tuple[str, dict[str, str]]] = {
    "a rename": (f"select amount as total, id from {O}", {"total": "o.amount", "id": "o.id"}),
    "two names exchanged": (f"select amount as id, id as amount from {O}", {"id": "o.amount", "amount": "o.id"}),
    "a constant beside a column": (f"select 'eu' as region, amount from {O}", {"region": "", "amount": "o.amount"}),
    "an alias used by its neighbour": (
        f"select amount * 2 as twice, twice + quantity as both from {O} join {I} on shop__orders.id = order_id",
        {"twice": "o.amount", "both": "o.amount i.quantity"},
    ),
    "CTEs in a row": (
        f"with a as (select id, amount from {O}), b as (select id as k, amount + 1 as v from a) select v, k from b",
        {"v": "o.amount", "k": "o.id"},
    ),
    "a CTE that hides a table's name": (
        f"with orders as (select order_id as id, price as amount from {I}) select amount from orders",
        {"amount": "i.price"},
    ),
    "a CTE used twice": (
        f"with a as (select id, amount from {O}) select x.amount - y.amount as step from a x join a y on x.id = y.id + 1",
        {"step": "o.amount"},
    ),
    "subqueries in subqueries": (
        f"select m from (select n as m from (select placed_at as n, amount as m from {O}) as p) as q",
        {"m": "o.placed_at"},
    ),
    "a star": (
        f"select * from {C}",
        {"id": "c.id", "name": "c.name", "country": "c.country", "referrer": "c.referrer"},
    ),
    "a star of one of two tables": (
        f"select c.*, o.amount from {C} as c join {O} as o on o.customer = c.id",
        {"id": "c.id", "name": "c.name", "country": "c.country", "referrer": "c.referrer", "amount": "o.amount"},
    ),
    "star exclude": (f"select * exclude (name, referrer) from {C}", {"id": "c.id", "country": "c.country"}),
    "star replace": (
        f"select * replace (name || country as name) from {C}",
        {"id": "c.id", "name": "c.name c.country", "country": "c.country", "referrer": "c.referrer"},
    ),
    "star rename": (
        f"select * rename (referrer as sent_by) from {C}",
        {"id": "c.id", "name": "c.name", "country": "c.country", "sent_by": "c.referrer"},
    ),
    "a self join": (
        f"select a.name, b.name as sent_by from {C} as a left join {C} as b on a.referrer = b.id",
        {"name": "c.name", "sent_by": "c.name"},
    ),
    "a join USING": (  # the SQL standard: the coalesce of both sides
        f"select id, name, amount from {C} full join {O} using (id)",
        {"id": "c.id o.id", "name": "c.name", "amount": "o.amount"},
    ),
    "a natural join": (
        f"select id, amount, country from {O} natural join {C}",
        {"id": "o.id c.id", "amount": "o.amount", "country": "c.country"},
    ),
    "a semi join": (
        f"select o.id, o.amount from {O} as o semi join {C} as c on o.customer = c.id",
        {"id": "o.id", "amount": "o.amount"},
    ),
    "an as-of join": (
        f"select o.amount, i.price from {O} as o asof join {I} as i on o.id = i.order_id and o.amount >= i.quantity",
        {"amount": "o.amount", "price": "i.price"},
    ),
    "UNION ALL by position": (
        f"select id, amount from {O} union all select quantity, price from {I}",
        {"id": "o.id i.quantity", "amount": "o.amount i.price"},
    ),
    "three parts and a difference": (
        f"(select id from {O} union select order_id from {I}) except select id from {C}",
        {"id": "o.id i.order_id c.id"},
    ),
    "UNION ALL BY NAME": (
        f"select id, amount from {O} union all by name select price as amount, order_id as id from {I}",
        {"id": "o.id i.order_id", "amount": "o.amount i.price"},
    ),
    "UNION BY NAME of unlike columns": (
        f"select id, amount from {O} union all by name select sku, order_id as id from {I}",
        {"id": "o.id i.order_id", "amount": "o.amount", "sku": "i.sku"},
    ),
    "a window": (
        f"select sum(amount) over (partition by customer order by placed_at) as so_far from {O}",
        {"so_far": "o.amount"},
    ),
    "a named window": (
        f"select lag(amount) over w as previous, row_number() over w as n from {O} window w as (partition by customer order by id)",
        {"previous": "o.amount", "n": ""},
    ),
    "QUALIFY": (
        f"select id, amount from {O} qualify row_number() over (partition by customer order by placed_at desc) = 1",
        {"id": "o.id", "amount": "o.amount"},
    ),
    "DISTINCT ON": (
        f"select distinct on (customer) customer, amount from {O} order by customer, placed_at",
        {"customer": "o.customer", "amount": "o.amount"},
    ),
    "CASE": (
        f"select case when amount > 10 then tags else address end as shown, case customer when 1 then 'a' else 'b' end as kind from {O}",
        {"shown": "o.tags o.address", "kind": ""},
    ),
    "IF and COALESCE and NULLIF": (
        f"select if(amount > 1, tags, 'none') as t, coalesce(address, tags) as a, nullif(customer, amount) as n from {O}",
        {"t": "o.tags", "a": "o.address o.tags", "n": "o.customer"},
    ),
    "aggregates that choose": (
        f"select arg_max(address, placed_at) as newest, max(amount) filter (where customer > 1) as most from {O} group by id",
        {"newest": "o.address", "most": "o.amount"},
    ),
    "counts": (
        f"select customer, count(*) as n, count(distinct address) as places from {O} group by all",
        {"customer": "o.customer", "n": "", "places": "o.address"},
    ),
    "HAVING and GROUP BY a position": (
        f"select year(placed_at) as y, sum(amount) as s from {O} group by 1 having max(customer) > 3",
        {"y": "o.placed_at", "s": "o.amount"},
    ),
    "a scalar subquery": (
        f"select id, (select sum(price * quantity) from {I}) as all_items from {O}",
        {"id": "o.id", "all_items": "i.price i.quantity"},
    ),
    "a correlated subquery": (
        f"select o.id, (select max(i.price) - o.amount from {I} as i where i.order_id = o.id) as gap from {O} as o",
        {"id": "o.id", "gap": "i.price o.amount"},
    ),
    "EXISTS and IN": (
        f"select id, exists (select 1 from {I} where order_id = id) as has, customer in (select id from {C}) as known from {O}",
        {"id": "o.id", "has": "", "known": "o.customer c.id"},
    ),
    "LATERAL": (
        f"select o.id, l.net from {O} as o, lateral (select o.amount - i.price as net from {I} as i where i.order_id = o.id) as l",
        {"id": "o.id", "net": "o.amount i.price"},
    ),
    "UNNEST in FROM": (f"select o.id, t.tag from {O} as o, unnest(o.tags) as t(tag)", {"id": "o.id", "tag": "o.tags"}),
    "UNNEST in SELECT": (f"select id, unnest(tags) as tag from {O}", {"id": "o.id", "tag": "o.tags"}),
    "a generated series": (
        f"select o.id, g.n from {O} as o, generate_series(1, o.amount) as g(n)",
        {"id": "o.id", "n": "o.amount"},
    ),
    "a lambda": (
        f"select list_transform(tags, lambda t: t || address) as shown from {O}",
        {"shown": "o.tags o.address"},
    ),
    "a list comprehension": (
        f"select [t || country for t in tags] as l from {O} join {C} on true",
        {"l": "o.tags c.country"},
    ),
    "a struct taken apart again": (
        f"select {{'a': amount, 'b': customer}}.b as b from {O}",
        {"b": "o.customer"},
    ),
    "a struct made in one query and taken apart in another": (
        f"with s as (select {{'a': amount, 'b': customer}} as s from {O}) select s.s.b as b from s",
        {"b": "o.customer"},
    ),
    "a struct unnested": (f"select unnest(address) from {O}", {"city": "o.address"}),
    "a struct's star": (f"select address.* from {O}", {"city": "o.address"}),
    "a field of a struct unnested": (f"select city from (select unnest(address) from {O})", {"city": "o.address"}),
    "a field of a source's struct": (f"select address.city as city from {O}", {"city": "o.address"}),
    "PIVOT with its group": (
        f"select * from (select customer, tags, amount from {O}) pivot (sum(amount) for tags in ('a', 'b') group by customer)",
        {"customer": "o.customer", "a": "o.amount", "b": "o.amount"},
    ),
    "PIVOT as a statement": (
        f"pivot {O} on tags using sum(amount) group by customer",
        {"customer": "o.customer"},
    ),
    "UNPIVOT": (
        f"select * from (select id, amount, customer from {O}) unpivot (value for name in (amount, customer))",
        {"id": "o.id", "name": "", "value": "o.amount o.customer"},
    ),
    "COLUMNS of a pattern": (f"select columns('am.*') from {O}", {"amount": "o.amount"}),
    "an aggregate over COLUMNS": (f"select max(columns(*)) from {C}", {"id": "c.id", "name": "c.name"}),
    "a recursive query that turns its columns": (
        f"with recursive r(a, b, c) as (select id, amount, customer from {O} union all select b, c, a from r) select a from r",
        {"a": "o.id o.amount o.customer"},
    ),
    "VALUES": (
        f"select v.name as kind, amount from {O} join (values (1, 'x'), (2, 'y')) as v(k, name) on customer = v.k",
        {"kind": "", "amount": "o.amount"},
    ),
    "a table's columns renamed by its alias": (f"select t.b from {C} as t(a, b, c, d)", {"b": "c.name"}),
    "a whole row as a value": (
        f"select c as everything from {C} as c",
        {"everything": "c.id c.name c.country c.referrer"},
    ),
    "FROM first": (f"from {O} select amount where id > 1", {"amount": "o.amount"}),
    "names in capitals": (f'SELECT AMOUNT AS Total, "ID" FROM {O.upper()}', {"total": "o.amount", "id": "o.id"}),
    "two columns of one name": (
        f"select * from {O} as o join {C} as c on o.customer = c.id",
        {"amount": "o.amount", "id": "o.id", "name": "c.name"},
    ),
    "a file read past the sources": ("select a from read_csv('x.csv')", {"a": "?"}),
    "a table that nobody declared": ("select t.a from legacy.t", {"a": "?"}),
    **EXPRESSIONS,
}

# name → every column that the query uses, be it only to decide on its rows
FEEDING: dict[str, str] = {
    "a rename": "o.amount o.id",
    "a semi join": "o.id o.amount o.customer c.id",
    "QUALIFY": "o.id o.amount o.customer o.placed_at",
    "DISTINCT ON": "o.customer o.amount o.placed_at",
    "HAVING and GROUP BY a position": "o.placed_at o.amount o.customer",
    "a window": "o.amount o.customer o.placed_at",
    "a named window": "o.amount o.customer o.id",
    "EXISTS and IN": "o.id o.customer i.order_id c.id",
    "CASE": "o.amount o.tags o.address o.customer",
    "an as-of join": "o.amount i.price o.id i.order_id i.quantity",
    "three parts and a difference": "o.id i.order_id c.id",
    "FROM first": "o.amount o.id",
    "two columns IN a subquery": "o.id o.amount i.order_id i.price",
    "EXISTS of a star": "o.id i.order_id",
    "a union that is ordered and cut": "o.id o.amount i.order_id i.price",
    "a union in parentheses that is ordered and cut": "o.id o.amount i.order_id i.price",
    "ORDER BY ALL": "o.id o.amount",
    "UNNEST that only makes rows": "o.id o.tags",
    "a series that only makes rows": "o.id o.amount",
    "LATERAL VALUES": "o.amount o.customer",
    "list_filter and a comprehension that filters": "o.tags c.country c.name",
}
