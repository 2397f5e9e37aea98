select
    -- keys
    leads.lead_id,
    deals.seller_id,

    -- the lead
    leads.first_contact_date,
    leads.landing_page_id,
    leads.origin,

    -- the outcome
    deals.lead_id is not null as is_won,
    deals.won_at,
    date_diff('day', leads.first_contact_date, cast(deals.won_at as date)) as days_to_close,
    coalesce(cast(deals.won_at as date) < leads.first_contact_date, false) as is_won_before_contact,

    -- what the seller said of the business
    deals.business_segment,
    deals.lead_type,
    deals.behaviour_profile,
    deals.business_type,
    deals.has_company,
    deals.has_gtin,
    deals.average_stock,
    deals.declared_catalog_size,
    deals.declared_monthly_revenue

from {{ ref('stg_olist__leads') }} as leads
left join {{ ref('stg_olist__deals') }} as deals on leads.lead_id = deals.lead_id
