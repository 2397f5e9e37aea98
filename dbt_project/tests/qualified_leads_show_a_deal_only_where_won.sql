select lead_id

from {{ ref('qualified_leads') }}
where
    is_won <> (won_at is not null)
    or is_won <> (seller_id is not null)
    or is_won <> (days_to_close is not null)
    or is_won_before_contact <> coalesce(days_to_close < 0, false)
    or (
        not is_won
        and coalesce(
            business_segment, lead_type, behaviour_profile, business_type, average_stock,
            cast(has_company as varchar), cast(has_gtin as varchar),
            cast(declared_catalog_size as varchar), cast(declared_monthly_revenue as varchar)
        ) is not null
    )
