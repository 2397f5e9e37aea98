with

history as (

    select
        as_of_dates.as_of_date,
        order_days.account_id,
        order_days.days_since_previous

    from {{ ref('int_as_of_dates') }} as as_of_dates
    inner join {{ ref('int_order_days') }} as order_days
        on as_of_dates.as_of_date >= order_days.order_date

),

portfolio as (

    select
        as_of_date,
        median(days_since_previous) as typical_interval_days

    from history
    group by as_of_date

),

accounts as (

    select
        as_of_date,
        account_id,
        count(*) as order_day_count,
        median(days_since_previous) as typical_interval_days

    from history
    group by as_of_date, account_id

)

select
    -- keys
    accounts.account_id,
    accounts.as_of_date,

    -- rhythm
    accounts.order_day_count,
    if(accounts.order_day_count >= 3, 'own', 'portfolio') as interval_basis,
    if(
        accounts.order_day_count >= 3,
        accounts.typical_interval_days,
        portfolio.typical_interval_days
    ) as typical_interval_days

from accounts
inner join portfolio on accounts.as_of_date = portfolio.as_of_date
