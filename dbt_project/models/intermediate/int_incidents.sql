with

events as (

    select
        *,
        -- a reused update number is decided by time: the later one is the last
        row_number() over (
            partition by incident_number
            order by update_number desc, updated_at desc
        ) = 1 as is_last

    from {{ ref('stg_servicenow__incident_events') }}

),

histories as (

    select
        incident_number,
        count(*) as event_count,
        bool_or(incident_state = 'New') as has_opening_event,
        max(updated_at) filter (where incident_state = 'Resolved') as last_resolved_event_at

    from events
    group by incident_number

),

last_events as (

    select * from events where is_last

)

select
    -- key
    last_events.incident_number,

    -- times
    last_events.opened_at,
    coalesce(last_events.resolved_at, histories.last_resolved_event_at) as resolved_at,
    last_events.closed_at,
    case
        when last_events.resolved_at is not null then 'recorded'
        when histories.last_resolved_event_at is not null then 'event'
    end as resolution_basis,

    -- outcome
    last_events.sla_met,
    last_events.closed_code,

    -- triage
    last_events.priority,
    last_events.impact,
    last_events.urgency,

    -- subject
    last_events.contact_type,
    last_events.category,
    last_events.subcategory,
    last_events.assignment_group,

    -- effort
    last_events.reassignment_count,
    last_events.reopen_count,
    histories.event_count,
    histories.has_opening_event

from last_events
inner join histories on last_events.incident_number = histories.incident_number
