with

product_lines as (

    select
        invoice_no,
        account_id,
        is_cancellation,
        invoiced_at,
        country,
        quantity * unit_price as line_value

    from {{ ref('stg_online_retail__invoice_lines') }}
    where
        copy_number = 1
        and account_id is not null
        and is_product
        and unit_price > 0
        -- an invoice sells and a cancellation takes back; anything else is a stock correction
        and (quantity < 0) = is_cancellation

)

select
    -- keys
    account_id,
    invoice_no,

    -- facts
    is_cancellation,
    min(invoiced_at) as invoiced_at,
    max(country) as country,
    abs(sum(line_value)) as invoice_value

from product_lines
group by account_id, invoice_no, is_cancellation
