"""The wholesaler's invoice lines, generated: one Parquet file, with the shares and the dirt of the real one.

Belongs here: how customers order, invoices follow and lines fill them, as SQL. Does not: numbers (`invoice_shares.py`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.sample import invoice_shares as shares
from orchestration.sample.draws import Draws, curve, pick

CUSTOMERS_PER_SCALE = 437
# Ranges of numbers for what no customer ordered.
ADJUSTMENTS, COUNTER, FEES = 10**12, 10**13, 10**14
START, END = "timestamp '2010-12-01 08:26'", "timestamp '2011-12-09 12:50'"


def write_invoices(connection: duckdb.DuckDBPyConnection, draws: Draws, folder: Path, scale: float) -> None:
    """Write `onlineretail.parquet`.

    Args:
        connection: a scratch database.
        draws: of the sample's seed.
        folder: is made.
        scale: 1 is 437 customers, some 2,600 invoices and 54,000 lines.
    """
    folder.mkdir()
    count = max(20, round(CUSTOMERS_PER_SCALE * scale))
    connection.execute(f"create table customers as {_customers(draws, count)}")
    connection.execute(f"create table orders as {_orders(draws)}")
    connection.execute(f"create table invoices as {_invoices(draws)}")
    connection.execute(f"copy ({_lines(draws)}) to '{folder / 'onlineretail.parquet'}' (format parquet)")
    for table in ("customers", "orders", "invoices"):
        connection.execute(f"drop table {table}")


def _customers(draws: Draws, count: int) -> str:
    """One row per customer: where, how often, and how long before the end they ordered first and last."""

    def tenure(draw: str, which: int) -> str:
        arms = (f"when orders <= {most} then {curve(draw, days[which])}" for most, days in shares.TENURE.items())
        return f"case {' '.join(arms)} end"

    # A rank in random order and not a draw: a heavy tail of few customers would vary too much from seed to seed.
    rank = f"(row_number() over (order by {draws.uniform('rank', 'c')}) - 0.5) / {count}"
    return f"""
        with ranked as (
            select c, {rank} as u_rank, {draws.columns("c", "country", "first", "last")} from range({count}) t(c)
        ),
        counted as (select *, floor({curve("u_rank", shares.ORDERS)})::integer as orders from ranked),
        bounded as (select *, {tenure("u_first", 0)} as first_day, {tenure("u_last", 1)} as last_draw from counted)
        select c, 12346 + c * {max(1, 5941 // count)} as customer_id, orders, first_day,
            case when orders <= 1 then first_day else least(first_day, last_draw) end as last_day,
            {pick("u_country", shares.COUNTRIES)} as country,
        from bounded
    """


def _time(days: str, hour: str, minute: str) -> str:
    """SQL expression: an office hour so many days before the end, never on a Saturday."""
    day = f"(date_trunc('day', {END}) - to_days(cast(floor({days}) as integer)))"
    weekday = f"({day} - case when dayofweek({day}) = 6 then to_days(1) else to_days(0) end)"
    time = f"to_hours({pick(hour, shares.HOURS)}::integer) + to_minutes(cast(floor({minute} * 60) as bigint))"
    return f"least(greatest({weekday} + {time}, {START}), {END})"


def _orders(draws: Draws) -> str:
    """One row per order of a customer; customers without any are there once, with what they only cancelled."""
    key = "c * 512 + o"
    between = "first_day - (first_day - last_day) * u_day"
    days = f"case when o = 0 then first_day when o = orders - 1 then last_day else {between} end"
    return f"""
        with unfolded as (select *, unnest(range(greatest(orders, 1))) as o from customers),
        drawn as (select *, {key} as k, {draws.columns(key, "day", "hour", "minute", "cancel", "delay")} from unfolded),
        placed as (
            select k, customer_id, country, orders, u_cancel, u_delay, {_time(days, "u_hour", "u_minute")} as placed_at
            from drawn
        )
        from placed
        -- the first and the last minute of the real file are always there
        union all (select -1, customer_id, country, 1, 1, 0, {START} from placed order by k limit 1)
        union all (select -2, customer_id, country, 1, 1, 0, {END} from placed order by k limit 1)
    """


def _invoices(draws: Draws) -> str:
    """One row per invoice, numbered in order of time: orders, cancellations, the counter, reversed fees, bad debts.

    `base` is what the lines are drawn from: a cancellation has its order's, so that it gives back what was bought.
    """
    returned_after = curve("u_delay", [(0, 0.0), (0.5, 4.0), (0.9, 25.0), (1, 60.0)])
    kinds = " ".join(f"when kind = '{kind}' then {curve('u_lines', points)}" for kind, points in shares.LINES.items())
    return f"""
        with counted as (select cast(round(count(*) * 0.19) as bigint) as n from orders),
        counter as (
            select i, {draws.columns("i", "day", "hour", "minute", "country")},
                {_time(curve("u_day", shares.COUNTER_DAYS), "u_hour", "u_minute")} as placed_at,
            from (select unnest(range(n)) as i from counted)
        ),
        every as (
            select 'order' as kind, k as base, placed_at, customer_id, country from orders where orders > 0
            union all
            select 'cancellation', k, least(placed_at + to_minutes(cast({returned_after} * 1440 as bigint)), {END}),
                customer_id, country
            from orders where u_cancel < 0.197 or orders = 0
            union all
            select 'counter', {COUNTER} + i, placed_at, null, {pick("u_country", shares.COUNTER_COUNTRIES)}
            from counter
            union all
            select 'fee', {FEES} + i, placed_at, null, 'United Kingdom' from counter where i % 19 = 7
            union all
            select 'adjustment', {ADJUSTMENTS} + i, timestamp '2011-08-12 14:50', null, 'United Kingdom'
            from range(3) t(i)
        ),
        numbered as (select *, row_number() over (order by placed_at, kind, base) as seq from every),
        drawn as (select *, {draws.columns("base", "lines", "returned", "type")} from numbered),
        sized as (
            select *, cast(floor(case {kinds} else 1 end) as integer) as most,
                case when kind = 'cancellation'
                    then least(most, cast(floor({curve("u_returned", shares.RETURNS)}) as integer))
                    else most end as lines,
            from drawn
        )
        select seq, placed_at, customer_id, country, lines, base,
            -- a single line over the counter is mostly stock that was lost or found, at no price
            case when kind = 'counter' and lines = 1 and u_type < 0.576 then 'lost'
                when kind = 'counter' and lines = 1 and u_type < 0.95 then 'found' else kind end as kind,
            concat(case when kind in ('cancellation', 'fee') then 'C' when kind = 'adjustment' then 'A' else '' end,
                536365 + seq) as invoice_no,
        from sized order by seq
    """


def _lines(draws: Draws) -> str:
    """One row per line, under the names and types of the export."""

    # A line that repeats the one before is a full duplicate.
    key = "base * 2048 + case when j > 0 and kind = 'order' and u_again < 0.006 then j - 1 else j end"
    again = draws.uniform("again", "base * 2048 + j")
    product = f"cast(floor({shares.PRODUCTS} * power(u_product, 1.5)) as bigint)"
    codes = " ".join(f"when '{kind}' then {pick('u_code', weights)}" for kind, weights in shares.CODES.items())
    variant = pick("u_variant", shares.VARIANTS)
    names = " ".join(f"when '{code}' then '{name}'" for code, name in shares.NAMES.items())
    fees = " ".join(f"when '{code}' then {fee}" for code, fee in shares.FEES.items())
    return f"""
        with unfolded as (select *, unnest(range(lines)) as j from invoices),
        keyed as (select *, {key} as line from (select *, {again} as u_again from unfolded)),
        drawn as (select *, {draws.columns("line", "product", "code", "quantity", "text", "fee")} from keyed),
        chosen as (
            select *, {product} as p, case kind {codes} end as fee_code,
            from drawn
        ),
        known as (select *, {draws.columns("p", "variant", "price", "material", "thing")} from chosen),
        priced as (
            select *, {pick("u_material", shares.MATERIALS)} as material, {pick("u_thing", shares.THINGS)} as thing,
                round({curve("u_price", shares.PRICES)} * case kind when 'counter' then 1.66 else 1 end, 2) as price,
                -- dear things sell in ones and twos
                greatest(1, floor({curve("u_quantity", shares.QUANTITIES)} * least(1.3, power(2.3 / price, 0.6))))
                    as bought,
            from known
        )
        select invoice_no as "InvoiceNo",
            case when kind = 'adjustment' then 'B' else coalesce(fee_code, concat(10002 + p * 21, {variant})) end
                as "StockCode",
            case when kind = 'adjustment' then 'Adjust bad debt'
                when kind = 'lost' then {pick("u_text", shares.CORRECTIONS)}
                when kind = 'found' and u_text < 0.52 then null
                else coalesce(case fee_code {names} end, concat(material, ' ', thing, ' ', 1 + p % 36))
                end as "Description",
            cast(case kind when 'adjustment' then 1
                when 'fee' then -1
                when 'cancellation' then -case when u_text < 0.5 or fee_code is not null then 1 else bought end
                when 'lost' then -floor(3 * {curve("u_quantity", shares.RETURNED)})
                when 'order' then case when fee_code is null then bought else 1 end
                else ceil(0.2 + 3 * power(u_quantity, 6) + 20 * power(u_quantity, 30)) end as double) as "Quantity",
            placed_at as "InvoiceDate",
            cast(case when kind = 'adjustment' then case when base = {ADJUSTMENTS} then 11062.06 else -11062.06 end
                when kind in ('lost', 'found') or u_fee < 0.0001 then 0
                else coalesce(round(case fee_code {fees} end * (0.5 + u_fee), 2), price) end as double) as "UnitPrice",
            cast(customer_id as double) as "CustomerID", country as "Country"
        from priced
    """
