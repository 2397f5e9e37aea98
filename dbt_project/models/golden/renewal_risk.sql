with

states as (

    select
        activity.account_id,
        activity.as_of_date,
        activity.country,
        activity.first_order_at,
        activity.last_order_at,
        activity.order_count,
        activity.ordered_value,
        activity.cancelled_value,
        rhythms.order_day_count,
        rhythms.interval_basis,
        rhythms.typical_interval_days,
        date_diff('day', cast(activity.last_order_at as date), activity.as_of_date) as days_since_last_order

    from {{ ref('int_account_activity') }} as activity
    inner join {{ ref('int_account_rhythms') }} as rhythms
        on activity.account_id = rhythms.account_id and activity.as_of_date = rhythms.as_of_date

),

scored as (

    select
        *,
        round(days_since_last_order / typical_interval_days, 2) as overdue_ratio

    from states

)

select
    -- keys
    cast(account_id as varchar) as account_id,
    cast(as_of_date as date) as as_of_date,

    -- account
    cast(country as varchar) as country,
    cast(days_since_last_order < 180 as boolean) as is_active,

    -- recency
    cast(first_order_at as timestamp) as first_order_at,
    cast(last_order_at as timestamp) as last_order_at,
    cast(days_since_last_order as integer) as days_since_last_order,

    -- frequency
    cast(order_count as integer) as order_count,
    cast(order_day_count as integer) as order_day_count,
    cast(typical_interval_days as double) as typical_interval_days,
    cast(interval_basis as varchar) as interval_basis,

    -- money
    cast(ordered_value as decimal(14, 2)) as ordered_value,
    cast(cancelled_value as decimal(14, 2)) as cancelled_value,
    cast(cast(ordered_value as decimal(14, 2)) - cast(cancelled_value as decimal(14, 2)) as decimal(14, 2)) as net_value,
    cast(round(cancelled_value / nullif(ordered_value, 0), 4) as double) as cancelled_share,

    -- risk that no order follows within 90 days
    cast(overdue_ratio as double) as overdue_ratio,
    cast(
        case
            when order_day_count = 1 or overdue_ratio >= 4 then 'high'
            when order_day_count >= 3 and overdue_ratio < 2 then 'low'
            else 'medium'
        end as varchar
    ) as risk_band

from scored
