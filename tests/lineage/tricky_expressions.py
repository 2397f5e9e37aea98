"""More queries that are easy to follow wrongly: about expressions, and about clauses that decide on rows unseen."""

from __future__ import annotations

from tests.lineage.tricky_tables import C, I, O

# name → (query, truth)
EXPRESSIONS: dict[str, tuple[str, dict[str, str]]] = {
    "method calls": (
        f"select name.upper() as u, c.name.replace('a', country).trim() as r from {C} as c",
        {"u": "c.name", "r": "c.name c.country"},
    ),
    "methods of a list and of a field": (
        f"select tags.list_sort() as sorted, tags.len() as n, {{'k': amount, 'l': id}}.k.abs() as k from {O}",
        {"sorted": "o.tags", "n": "o.tags", "k": "o.amount"},
    ),
    "an aggregate as a method, with a filter": (
        f"select amount.sum() filter (where customer > 1) as s from {O}",
        {"s": "o.amount"},
    ),
    "a function of a schema": (f"select main.upper(name) as n from {C}", {"n": "c.name"}),
    "a column by its position": (f"select #2 as second from {C}", {"second": "c.name"}),
    "LATERAL VALUES": (
        f"select v.k, v.n from {O} as o, lateral (values (o.amount, 1), (o.customer, 2)) as v(k, n)",
        {"k": "o.amount o.customer", "n": ""},
    ),
    "a left join of LATERAL VALUES": (
        f"select v.* from {O} as o left join lateral (values (o.amount, o.customer)) as v(m, n) on true",
        {"m": "o.amount", "n": "o.customer"},
    ),
    "VALUES of another table's columns": (
        f"select v.k, o.id from {O} as o, (values (o.amount, o.customer)) as v(k, n)",
        {"k": "o.amount", "id": "o.id"},
    ),
    "VALUES whose columns have no names": (
        f"select v.col1 as second from {O} as o, (values (o.amount, o.customer)) as v",
        {"second": "o.customer"},
    ),
    "a subquery of VALUES": (f"select id, (values (o.amount)) as a from {O} as o", {"id": "o.id", "a": "o.amount"}),
    "ANY of VALUES": (f"select id from {O} where customer = any (values (1), (2))", {"id": "o.id"}),
    "WITHIN GROUP": (
        f"select mode() within group (order by amount) as usual, percentile_disc(0.5) within group (order by id) as mid from {O}",
        {"usual": "o.amount", "mid": "o.id"},
    ),
    "an aggregate with an order of its own": (
        f"select string_agg(sku, ',' order by price desc) as skus from {I}",
        {"skus": "i.sku"},
    ),
    "LAG with a default": (
        f"select lag(amount, 1, customer) over (order by placed_at) as previous from {O}",
        {"previous": "o.amount o.customer"},
    ),
    "list_filter and a comprehension that filters": (
        f"select list_filter(tags, lambda t: t > country) as f, [t for t in tags if t > name] as c from {O}, {C}",
        {"f": "o.tags", "c": "o.tags"},
    ),
    "two columns IN a subquery": (
        f"select id from {O} where (id, amount) in (select order_id, price from {I})",
        {"id": "o.id"},
    ),
    "EXISTS of a star": (
        f"select exists (select * from {I} as i where i.order_id = o.id) as has from {O} as o",
        {"has": ""},
    ),
    "a union that is ordered and cut": (
        f"with u as (select id, amount from {O} union all select order_id, price from {I} order by amount limit 2) select id from u",
        {"id": "o.id i.order_id"},
    ),
    "a union in parentheses that is ordered and cut": (
        f"with u as ((select id, amount from {O} union all select order_id, price from {I}) order by 2 limit 2) select id from u",
        {"id": "o.id i.order_id"},
    ),
    "ORDER BY ALL": (
        f"with few as (select id, amount from {O} order by all limit 1) select id from few",
        {"id": "o.id"},
    ),
    "UNNEST that only makes rows": (
        f"with t as (select id, unnest(tags) as tag from {O}) select id from t",
        {"id": "o.id"},
    ),
    "UNNEST WITH ORDINALITY": (
        f"select t.tag, t.n from {O} as o, unnest(o.tags) with ordinality as t(tag, n)",
        {"tag": "o.tags", "n": ""},
    ),
    "a series that only makes rows": (
        f"select o.id from {O} as o, generate_series(1, o.amount) as g(n)",
        {"id": "o.id"},
    ),
    "a field in brackets": (
        f"select {{'a': amount, 'b': customer}}['b'] as b, struct_extract({{'a': amount, 'b': customer}}, 'a') as a from {O}",
        {"b": "o.customer", "a": "o.amount"},
    ),
    "a field in brackets of another query's struct": (
        f"with s as (select {{'a': amount, 'b': customer}} as s from {O}) select s['b'] as b, struct_extract(s, 'a') as a from s",
        {"b": "o.customer", "a": "o.amount"},
    ),
    "a field in brackets of a source's struct": (f"select address['city'] as city from {O}", {"city": "o.address"}),
    "a part of a row by its position": (f"select (amount, customer)[1] as a from {O}", {"a": "o.amount"}),
    "an alias that hides a column": (
        f"select amount as id, id + 1 as next from {O}",
        {"id": "o.amount", "next": "o.id"},
    ),
    "GROUP BY a column that an alias hides": (
        f"select upper(name) as country, count(*) as n from {C} group by country, name",
        {"country": "c.name", "n": ""},
    ),
    "CTEs of one name": (
        f"with c as (select id as v from {O}), d as (with c as (select price as v from {I}) select v from c) select d.v, c.v as w from d, c",
        {"v": "i.price", "w": "o.id"},
    ),
    "PIVOT inside a query": (
        f"select * from (pivot {I} on sku using sum(price) group by order_id)",
        {"order_id": "i.order_id"},
    ),
    "a table whose name is a text": (f"select order_id from query_table('{I}')", {"order_id": "i.order_id"}),
}
