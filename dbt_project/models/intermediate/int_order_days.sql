with

order_days as (

    select distinct
        account_id,
        cast(invoiced_at as date) as order_date

    from {{ ref('int_account_invoices') }}
    where not is_cancellation

)

select
    account_id,
    order_date,
    date_diff(
        'day',
        lag(order_date) over (partition by account_id order by order_date),
        order_date
    ) as days_since_previous

from order_days
