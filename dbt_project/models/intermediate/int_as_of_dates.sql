with

trading as (

    select
        cast(min(invoiced_at) as date) as first_day,
        cast(max(invoiced_at) as date) as last_day

    from {{ ref('stg_online_retail__invoice_lines') }}

),

days as (

    select
        cast(unnest(generate_series(first_day + 90, last_day, interval 1 day)) as date) as as_of_date,
        last_day

    from trading

)

select as_of_date

from days
where
    as_of_date = last_day(as_of_date)
    or as_of_date = last_day
