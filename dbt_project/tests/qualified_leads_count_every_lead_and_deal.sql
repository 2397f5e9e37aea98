select coalesce(golden.lead_id, leads.lead_id, deals.lead_id) as lead_id

from {{ ref('qualified_leads') }} as golden
full outer join {{ ref('stg_olist__leads') }} as leads on golden.lead_id = leads.lead_id
full outer join {{ ref('stg_olist__deals') }} as deals on golden.lead_id = deals.lead_id
where
    golden.lead_id is null
    or leads.lead_id is null
    or golden.is_won <> (deals.lead_id is not null)
