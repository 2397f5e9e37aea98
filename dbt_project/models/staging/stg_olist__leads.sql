select
    mql_id as lead_id,
    first_contact_date,
    landing_page_id,
    -- `unknown` is how the funnel tool writes that nobody knows
    nullif(origin, 'unknown') as origin

from {{ source('olist', 'leads') }}
