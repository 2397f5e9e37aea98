-- Whole-row duplicates of a delivery count once; two updates that share a number but not a time are two events.
select distinct
    -- keys
    number as incident_number,
    sys_mod_count as update_number,
    sys_updated_at as updated_at,

    -- state after the update
    incident_state,
    made_sla as sla_met,
    reassignment_count,
    reopen_count,

    -- triage
    priority,
    impact,
    urgency,

    -- what it was about and who worked on it (a group, never a person)
    contact_type,
    category,
    subcategory,
    assignment_group,
    closed_code,

    -- times
    opened_at,
    resolved_at,
    closed_at

from {{ source('servicenow', 'incident_events') }}
