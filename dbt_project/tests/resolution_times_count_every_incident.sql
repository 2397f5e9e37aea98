select coalesce(golden.incident_number, events.incident_number) as incident_number

from {{ ref('resolution_times') }} as golden
full outer join {{ ref('stg_servicenow__incident_events') }} as events
    on golden.incident_number = events.incident_number
where golden.incident_number is null or events.incident_number is null
