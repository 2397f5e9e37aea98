-- Counted a second way, from the delivered lines, for the latest state.
with

latest as (

    select
        max(as_of_date) as as_of_date,
        sum(net_value) as net_value

    from {{ ref('renewal_risk') }}
    where as_of_date = (select max(as_of_date) from {{ ref('renewal_risk') }})

),

sold as (

    select
        account_id,
        sum(quantity * unit_price) filter (
            where cast(invoiced_at as date) between latest.as_of_date - 364 and latest.as_of_date
        ) as net_value

    from {{ ref('stg_online_retail__invoice_lines') }}
    cross join latest
    where
        copy_number = 1
        and is_product
        and unit_price > 0
        and account_id in (select account_id from {{ ref('renewal_risk') }})
    group by account_id

)

select
    latest.net_value as published,
    sum(sold.net_value) as delivered

from latest
cross join sold
group by latest.net_value
-- a penny of rounding an account at most
having abs(latest.net_value - sum(sold.net_value)) > 0.01 * count(*)
