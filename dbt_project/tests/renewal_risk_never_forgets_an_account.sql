select account_id

from {{ ref('renewal_risk') }}
group by account_id
having
    count(*) <> (
        select count(distinct later.as_of_date)
        from {{ ref('renewal_risk') }} as later
        where later.as_of_date >= min(renewal_risk.as_of_date)
    )
