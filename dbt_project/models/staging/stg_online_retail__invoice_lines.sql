select
    -- keys
    invoice_no,
    cast(customer_id as varchar) as account_id,
    stock_code,

    -- what kind of line it is
    invoice_no like 'C%' as is_cancellation,
    regexp_matches(stock_code, '^[0-9]{5}') as is_product,
    -- the export has no line number: equal lines are the same line, delivered again
    row_number() over (
        partition by invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country
    ) as copy_number,

    -- facts
    invoice_date as invoiced_at,
    country,
    quantity,
    -- exact, so that sums do not depend on the order of the rows
    cast(unit_price as decimal(12, 4)) as unit_price

from {{ source('online_retail', 'invoice_lines') }}
