select
    -- keys
    mql_id as lead_id,
    seller_id,

    -- the deal
    won_date as won_at,

    -- what the seller said of the business
    business_segment,
    lead_type,
    lead_behaviour_profile as behaviour_profile,
    business_type,
    has_company,
    has_gtin,
    nullif(average_stock, 'unknown') as average_stock,
    declared_product_catalog_size as declared_catalog_size,
    -- 0 stands on 797 of 842 deals: the form's default, not an answer
    nullif(cast(declared_monthly_revenue as decimal(14, 2)), 0) as declared_monthly_revenue

from {{ source('olist', 'deals') }}
