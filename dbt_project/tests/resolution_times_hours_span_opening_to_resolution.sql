select incident_number

from {{ ref('resolution_times') }}
where
    (time_to_resolution_hours is null) <> (resolved_at is null)
    or (resolution_basis is null) <> (resolved_at is null)
    -- hours carry two decimals: half a minute is more than rounding can move them
    or abs(time_to_resolution_hours - date_diff('second', opened_at, resolved_at) / 3600) > 0.5 / 60
