select account_id, as_of_date

from {{ ref('renewal_risk') }}
where
    (risk_band = 'low') <> (order_day_count >= 3 and overdue_ratio < 2)
    or (risk_band = 'high') <> (order_day_count = 1 or overdue_ratio >= 4)
    or (interval_basis = 'own') <> (order_day_count >= 3)
    -- published with two decimals
    or abs(overdue_ratio - days_since_last_order / typical_interval_days) > 0.0051
