"""ServiceNow's incident log, generated: a CSV in a zip, with the shares and the dirt of the real one.

Belongs here: how an incident is opened, updated, resolved and closed, as SQL. Does not: numbers (`incident_shares.py`).
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import duckdb

from orchestration.sample import incident_shares as shares
from orchestration.sample.draws import Draws, curve, pick

PER_SCALE = 1500
LARGEST_NUMBER = 9_999_999
HEADER = (
    "number,ident_state,active,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,opened_by,opened_at,"
    "sys_created_by,sys_created_at,sys_updated_by,sys_updated_at,contact_type,location,category,category,u_symptom,cmdb_ci,"
    "impact,urgency,priority,assignment_group,assigned_to,knowledge,u_priority_confirmation,notify,problem_id,rfc,vendor,"
    "caused_by,closed_code,resolved_by,resolved_at,closed_at\n"
)


def write_incidents(connection: duckdb.DuckDBPyConnection, draws: Draws, folder: Path, scale: float) -> None:
    """Write `incident_event_log.zip`.

    Args:
        connection: a scratch database.
        draws: of the sample's seed.
        folder: is made.
        scale: 1 is 1,500 incidents.
    """
    folder.mkdir()
    count = max(2, round(PER_SCALE * scale))
    connection.execute(f"create table incidents as {_incidents(draws, count)}")
    rows = folder / "events.csv"
    connection.execute(f"copy ({_events(draws)}) to '{rows}' (format csv, header false, nullstr '?')")
    connection.execute("drop table incidents")
    # DuckDB refuses the real header, which names two columns `category`; a fixed date makes the same bytes every time.
    entry = zipfile.ZipInfo("incident_event_log/incident_event_log.csv", date_time=(2017, 2, 19, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with (
        zipfile.ZipFile(folder / "incident_event_log.zip", "w") as archive,
        archive.open(entry, "w", force_zip64=True) as target,
        rows.open("rb") as source,
    ):
        target.write(HEADER.encode())
        shutil.copyfileobj(source, target, 1 << 20)
    rows.unlink()


def _incidents(draws: Draws, count: int) -> str:
    """One row per incident: its fields and its three dates."""
    place = f"((i + u_day) / {count}.0)"
    step = max(1, min(4, (LARGEST_NUMBER - 45) // count))
    uniform = draws.columns(
        *(
            "i",
            "day",
            "hour",
            "minute",
            "weekend",
            "resolution",
            "closing",
            "events",
            "unresolved",
            "priority",
            "missed",
        ),
        *("caller", "opener", "recorded", "recorder", "channel", "place", "category", "subcategory", "symptom", "item"),
        *(
            "group_",
            "person",
            "knowledge",
            "confirmed",
            "notify",
            "problem",
            "change",
            "vendor",
            "cause",
            "code",
            "resolver",
        ),
        *("first", "moves", "gap", "reopened"),
    )
    return f"""
        with drawn as (select i, {uniform} from range({count}) as t(i)),
        opened as (
            select *,
                date_trunc('day', timestamp '2016-02-29' + {curve(place, shares.OPENED)} * interval 1 day) as day,
                {pick("u_hour", shares.HOURS)}::integer as opened_hour,
                i % 12000 = 1000 as loses_state,
                i % 5000 = 700 as repeats_number,
                u_unresolved < 0.0616 and i % 12000 <> 1000 and i % 5000 <> 700 as unresolved,
                {curve("u_resolution", shares.RESOLUTION)} as hours,
            from drawn
        ),
        dated as (
            select *,
                least(greatest(
                    day + to_hours(opened_hour) + to_minutes(cast(floor(u_minute * 60) as bigint))
                        + case when u_weekend < 0.85 and dayofweek(day) in (0, 6)
                            then to_days(case when dayofweek(day) = 0 then 1 else 2 end) else to_days(0) end,
                    timestamp '2016-02-29 01:16'), timestamp '2017-02-16 14:17') as opened_early,
                case when i = {count - 1} then timestamp '2017-02-16 14:17' else opened_early end as opened_at,
                case when i = {count - 1} then timestamp '2017-02-17 00:47' when unresolved then opened_at
                    else least(opened_at + to_minutes(cast(round(hours * 60) as bigint)), timestamp '2017-02-17 00:47')
                end as done_at,
                case when i = {count - 1} then timestamp '2017-02-18 15:00'
                    else least(done_at
                        + to_minutes(cast(round({curve("u_closing", shares.CLOSING)} * 60) as bigint)),
                        timestamp '2017-02-18 15:00')
                end as closed_at,
                case when unresolved and i <> {count - 1} then null else done_at end as resolved_at,
                {pick("u_priority", shares.PRIORITIES)} as ranks,
                case when unresolved then 2 when loses_state or repeats_number then 6
                    when hours < 1.5 then {pick("u_events", shares.EVENTS_QUICK)}::integer
                    else {pick("u_events", shares.EVENTS_SLOW)}::integer end as events,
            from opened
        )
        select i, lpad((45 + i * {step} + hash(i) % {step})::varchar, 7, '0') as number,
            events, opened_at, done_at, resolved_at, closed_at, loses_state, repeats_number, u_first, u_gap,
            ranks[1] as impact, ranks[2] as urgency, ranks[3] as priority,
            u_missed < case when ranks[3] in ('1', '2') then 0.985 when unresolved then 0.12
                when ranks[3] = '4' then case when hours < 190 then 0.03 else 0.7 end
                when hours < 7.65 then 0.068 when hours < 73 then 0.165 when hours < 107.6 then 0.39
                when hours < 147 then 0.775 else 0.995 end as missed,
            least(events - 2, {curve("u_moves", shares.MOVES)}) as moves,
            u_reopened < 0.011 as reopened,
            case when u_caller < 0.9998 then 1 + floor(5244 * u_caller * u_caller) end as caller_id,
            case when u_opener >= 0.034 then 1 + floor(207 * power((u_opener - 0.034) / 0.966, 4)) end as opened_by,
            case when u_recorded >= 0.4 then 1 + floor(185 * power(u_recorder, 3)) end as sys_created_by,
            case when u_recorded >= 0.4 then opened_at + to_minutes(cast(floor(u_recorder * 20) as bigint)) end
                as sys_created_at,
            {pick("u_channel", shares.CHANNELS)} as contact_type,
            case when u_place < 0.9995 then 1 + floor(224 * power(u_place, 3)) end as location,
            case when u_category < 0.9995 then 1 + floor(58 * power(u_category, 2)) end as category,
            case when u_subcategory < 0.9992 then 1 + floor(254 * power(u_subcategory, 2)) end as subcategory,
            case when u_symptom >= 0.234 then case when u_symptom < 0.6 then 491
                else 1 + floor(525 * (u_symptom - 0.6) / 0.4) end end as u_symptom,
            case when u_item < 0.003 then concat('cmdb_ci ', 1 + floor(u_item / 0.00006)::integer) end as cmdb_ci,
            case when u_group_ < 0.45 then 70 else 1 + floor(78 * (u_group_ - 0.45) / 0.55) end as assignment_group,
            1 + floor(234 * power(u_person, 2)) as assigned_to,
            u_knowledge < 0.1425 as knowledge, u_confirmed < 0.289 as confirmed,
            case when u_notify < 0.0008 then 'Send Email' else 'Do Not Notify' end as notify,
            case when u_problem < 0.016 then 1 + floor(u_problem / 0.016 * 252) end as problem_id,
            case when u_change < 0.007 then lpad((47 + floor(u_change * 428571))::integer::varchar, 7, '0') end as rfc,
            case when u_vendor < 0.0012 then '8s' when u_vendor < 0.0017 then 'Vendor 1' end as vendor,
            case when u_cause < 0.0002 then '0000097' end as caused_by,
            {pick("u_code", shares.CODES)} as closed_code,
            case when u_resolver < 0.998 then 1 + floor(216 * power(u_resolver, 3)) end as resolved_by,
        from dated
    """


def _events(draws: Draws) -> str:
    """One row per update, in the order and under the texts of the export."""
    key = "i * 64 + j"
    day = "'%-d/%-m/%Y %H:%M'"
    whole = "{}::integer"
    numbers = {
        name: whole.format(name)
        for name in ("caller_id", "opened_by", "sys_created_by", "location", "category", "subcategory", "u_symptom")
    }
    return f"""
        with unfolded as (select *, unnest(range(events)) as j from incidents),
        drawn as (select *, {draws.columns(key, "state", "new", "updater", "unassigned", "nobody")} from unfolded),
        told as (
            select *,
                case when j = events - 1 then 'Closed'
                    when loses_state and j in (2, 3) then '-100'  -- 5 of 141,712 events have lost their state
                    when j = events - 2 then 'Resolved'
                    when j = 0 then {pick("u_first", shares.FIRST_STATES)}
                    when u_new < 0.36 and u_first < 0.709 then 'New'  -- nothing becomes new again
                    else {pick("u_state", shares.STATES)} end as state,
                case when j = events - 1 then closed_at
                    when j = events - 2 then done_at
                    else opened_at + to_minutes(cast(floor(
                        date_diff('minute', opened_at, done_at) * j / (events - 1)) as bigint)) end as updated_at,
            from drawn
        )
        select number, state, j < events - 1, floor(moves * j / (events - 1))::integer,
            case when reopened and j >= events - 2 then 1 else 0 end,
            -- 5 incidents of 24,918 use an update number twice
            case when repeats_number and j >= 2 then j - 1 else j end
                + case when j > 0 and not repeats_number then floor(power(u_gap, 3) * 4)::integer else 0 end,
            not (missed and j = events - 1), {numbers["caller_id"]}, {numbers["opened_by"]}, strftime(opened_at, {day}),
            {numbers["sys_created_by"]}, strftime(sys_created_at, {day}),
            case when j = events - 1 then 908 else 1 + floor(846 * power(u_updater, 2))::integer end,
            strftime(updated_at, {day}), contact_type, {numbers["location"]}, {numbers["category"]},
            {numbers["subcategory"]}, {numbers["u_symptom"]}, cmdb_ci, impact, urgency, priority,
            case when u_unassigned >= least(0.036 + 0.04 * j, 0.2) or j >= events - 2 and u_unassigned >= 0.015
                then assignment_group::integer end,
            case when u_nobody >= case when j = 0 then 0.287 else 0.24 end or j >= events - 2 and u_nobody >= 0.026
                then assigned_to::integer end,
            knowledge, confirmed or (j = events - 1 and u_state < 0.77), notify, problem_id::integer, rfc, vendor,
            caused_by, closed_code, resolved_by::integer, strftime(resolved_at, {day}), strftime(closed_at, {day})
        from told
    """
