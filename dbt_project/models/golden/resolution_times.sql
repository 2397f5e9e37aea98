select
    -- key
    cast(incident_number as varchar) as incident_number,

    -- times
    cast(opened_at as timestamp) as opened_at,
    cast(resolved_at as timestamp) as resolved_at,
    cast(closed_at as timestamp) as closed_at,

    -- outcome
    cast(round(date_diff('minute', opened_at, resolved_at) / 60, 2) as double) as time_to_resolution_hours,
    cast(resolution_basis as varchar) as resolution_basis,
    cast(sla_met as boolean) as sla_met,
    cast(closed_code as varchar) as closed_code,

    -- triage
    cast(priority as integer) as priority,
    cast(impact as integer) as impact,
    cast(urgency as integer) as urgency,

    -- subject
    cast(contact_type as varchar) as contact_type,
    cast(category as varchar) as category,
    cast(subcategory as varchar) as subcategory,
    cast(assignment_group as varchar) as assignment_group,

    -- effort
    cast(reassignment_count as integer) as reassignment_count,
    cast(reopen_count as integer) as reopen_count,
    cast(event_count as integer) as event_count,
    cast(has_opening_event as boolean) as has_opening_event

from {{ ref('int_incidents') }}
