with

invoices_to_date as (

    select
        as_of_dates.as_of_date,
        invoices.account_id,
        invoices.invoiced_at,
        invoices.country,
        not invoices.is_cancellation as is_order,
        cast(invoices.invoiced_at as date) > as_of_dates.as_of_date - 365 as is_in_year,
        invoices.invoice_value

    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join {{ ref('int_account_invoices') }} as invoices
        on as_of_dates.as_of_date >= cast(invoices.invoiced_at as date)

)

select
    -- keys
    account_id,
    as_of_date,

    -- account
    arg_max(country, invoiced_at) filter (where is_order) as country,

    -- recency
    min(invoiced_at) filter (where is_order) as first_order_at,
    max(invoiced_at) filter (where is_order) as last_order_at,

    -- frequency and money in the 365 days that end on the as-of date
    count(*) filter (where is_order and is_in_year) as order_count,
    coalesce(sum(invoice_value) filter (where is_order and is_in_year), 0) as ordered_value,
    coalesce(sum(invoice_value) filter (where not is_order and is_in_year), 0) as cancelled_value

from invoices_to_date
group by account_id, as_of_date
-- a cancellation alone, of an order placed before the records begin, makes no account
having bool_or(is_order)
