select
    -- keys
    cast(lead_id as varchar) as lead_id,
    cast(seller_id as varchar) as seller_id,

    -- the lead
    cast(first_contact_date as date) as first_contact_date,
    cast(landing_page_id as varchar) as landing_page_id,
    cast(origin as varchar) as origin,

    -- the outcome
    cast(is_won as boolean) as is_won,
    cast(won_at as timestamp) as won_at,
    cast(days_to_close as integer) as days_to_close,
    cast(is_won_before_contact as boolean) as is_won_before_contact,

    -- what the seller said of the business
    cast(business_segment as varchar) as business_segment,
    cast(lead_type as varchar) as lead_type,
    cast(behaviour_profile as varchar) as behaviour_profile,
    cast(business_type as varchar) as business_type,
    cast(has_company as boolean) as has_company,
    cast(has_gtin as boolean) as has_gtin,
    cast(average_stock as varchar) as average_stock,
    cast(declared_catalog_size as integer) as declared_catalog_size,
    cast(declared_monthly_revenue as decimal(14, 2)) as declared_monthly_revenue

from {{ ref('int_lead_outcomes') }}
