"""The marketplace's funnel, generated: leads and deals as two CSV files, with the shares and the dirt of the real ones.

Belongs here: what leads and deals look like. Does not: landing's rules.
Source of the shares: Olist's marketing funnel, 8,000 leads and 842 deals.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.sample.draws import Draws, Weights, curve, pick, points, weights

PER_SCALE = 8000
LEADS, DEALS = "olist_marketing_qualified_leads_dataset.csv", "olist_closed_deals_dataset.csv"
# Days after 2017-06-14 by share of leads: the funnel opens in earnest in January 2018.
CONTACT = points(
    "0 0, 0.0005 17, 0.0304 48, 0.0786 79, 0.1176 109, 0.1696 140, 0.2253 170, 0.2503 201, 0.3929 232, "
    "0.5214 260, 0.6681 291, 0.8371 321, 1 351.99"
)
ORIGINS = weights(
    "organic_search 2296, paid_search 1586, social 1350, unknown 1099, direct_traffic 499, email 493, "
    "referral 284, other 150, display 118, other_publicities 65, NULL 60"
)
# Share of the leads of an origin that became sellers.
WON = weights(
    "organic_search 0.118, paid_search 0.123, social 0.0556, unknown 0.163, direct_traffic 0.112, email 0.03, "
    "referral 0.0845, other 0.027, display 0.051, other_publicities 0.046"
)
# Days from contact to deal, by year of the contact.
SLOW = points("0 4, 0.25 150, 0.5 270, 0.75 325, 1 420")
QUICK = points("0 0, 0.05 0.9, 0.25 4.5, 0.5 12, 0.75 36, 0.9 110, 1 290")
HOURS = weights("11 28, 12 86, 13 84, 14 63, 15 25, 16 66, 17 97, 18 81, 19 87, 20 89, 21 56, 22 15")
SEGMENTS = weights(
    "home_decor 105, health_beauty 93, car_accessories 77, household_utilities 71, audio_video_electronics 64, "
    "construction_tools_house_garden 69, computers 34, pet 30, food_supplement 28, food_drink 26, "
    "sports_leisure 25, bags_backpacks 22, bed_bath_table 22, toys 20, fashion_accessories 19, "
    "home_office_furniture 14, phone_mobile 13, stationery 13, small_appliances 12, handcrafted 12, baby 10, "
    "books 9, music_instruments 9, jewerly 8, watches 8, home_appliances 7, party 5, gifts 5, "
    "air_conditioning 3, other 3, games_consoles 2, perfume 2, NULL 1, religious 1"
)
TYPES = weights(
    "online_medium 332, online_big 126, industry 123, offline 104, online_small 77, online_beginner 57, "
    "online_top 14, NULL 6, other 3"
)
PROFILES: Weights = {
    **weights("cat 407, NULL 177, eagle 123, wolf 95, shark 24"),
    **{"cat, wolf": 8, "eagle, cat": 3, "eagle, wolf": 3, "shark, cat": 1, "shark, wolf": 1},
}
STOCKS = weights("5-20 22, 50-200 15, 1-5 10, 20-50 8, 200+ 7, unknown 4")
BUSINESSES = weights("reseller 587, manufacturer 242, NULL 10, other 3")
SIZES = points("0 1, 0.1 10, 0.25 30, 0.5 100, 0.75 300, 0.9 620, 1 2000")


def write_funnel(connection: duckdb.DuckDBPyConnection, draws: Draws, folder: Path, scale: float) -> None:
    """Write the leads and the deals.

    Args:
        connection: a scratch database.
        draws: of the sample's seed.
        folder: is made.
        scale: 1 is 8,000 leads.
    """
    folder.mkdir()
    count = max(2, round(PER_SCALE * scale))
    connection.execute(f"create table leads as {_leads(draws, count)}")
    shown = "mql_id, first_contact_date, landing_page_id, origin"
    connection.execute(f"copy (select {shown} from leads) to '{folder / LEADS}' (format csv, header true)")
    connection.execute(f"copy ({_deals(draws)}) to '{folder / DEALS}' (format csv, header true)")
    connection.execute("drop table leads")


def _leads(draws: Draws, count: int) -> str:
    rates = " ".join(f"when '{origin}' then {rate}" for origin, rate in WON.items())
    day = f"timestamp '2017-06-14' + to_days(cast(floor({curve('u_day', CONTACT)}) as integer))"
    return f"""
        with drawn as (
            select i, {draws.columns("i", "day", "weekend", "page", "origin", "won")} from range({count}) t(i)
        ),
        dated as (
            select *, {pick("u_origin", ORIGINS)} as origin,
                case when i = 0 then timestamp '2017-06-14' when i = 1 then timestamp '2018-05-31'
                    -- half of a weekend's leads wait for Monday
                    when u_weekend < 0.5 and dayofweek({day}) in (0, 6) then
                        least({day} + to_days(case dayofweek({day}) when 0 then 1 else 2 end), timestamp '2018-05-31')
                    else {day} end as contact,
            from drawn
        )
        select i, {draws.identifier("lead", "i")} as mql_id, contact,
            strftime(contact, '%Y-%m-%d') as first_contact_date,
            {draws.identifier("page", "floor(495 * power(u_page, 3.2))::integer")} as landing_page_id, origin,
            u_won < case origin {rates} else 0.233 end * case when year(contact) = 2017 then 0.29 else 1.237 end as won,
        from dated
    """


def _deals(draws: Draws) -> str:
    drawn = draws.columns(
        *("i", "gap", "midnight", "hour", "minute", "second", "sdr", "sr", "segment", "type", "profile"),
        *("company", "gtin", "stock", "stock_told", "business", "size", "size_told", "revenue"),
    )
    return f"""
        with ordered as (select *, row_number() over (order by i) as n, count(*) over () as deals from leads where won),
        -- Who tells of the business is spread evenly over the deals: few of few would vary too much from seed to seed.
        drawn as (select *, (n * 0.6180339887498949) % 1 as u_told, {drawn} from ordered),
        waited as (
            select *, contact + to_days(cast(floor(case when year(contact) = 2017 then {curve("u_gap", SLOW)}
                else {curve("u_gap", QUICK)} end) as integer)) as day,
            from drawn
        ),
        dated as (
            select *, case
                when n = deals then timestamp '2018-11-14 18:04:19'
                when n = 1 + deals // 2 then contact - to_days(2) + to_hours(15)  -- one deal precedes its first contact
                when u_midnight < 0.072 then least(day, timestamp '2018-11-13') + to_hours(3)  -- midnight in Brazil
                else least(day, timestamp '2018-11-13') + to_hours({pick("u_hour", HOURS)}::integer)
                    + to_minutes(cast(floor(u_minute * 60) as bigint)) + to_seconds(floor(u_second * 60)) end as won_at,
            from waited
        )
        select mql_id, {draws.identifier("seller", "i")} as seller_id,
            {draws.identifier("employee", "floor(32 * power(u_sdr, 2.2))::integer")} as sdr_id,
            {draws.identifier("employee", "floor(6 + 22 * power(u_sr, 1.8))::integer")} as sr_id,
            strftime(won_at, '%Y-%m-%d %H:%M:%S') as won_date,
            {pick("u_segment", SEGMENTS)} as business_segment, {pick("u_type", TYPES)} as lead_type,
            {pick("u_profile", PROFILES)} as lead_behaviour_profile,
            case when u_told < 0.0748 then case when u_company < 0.92 then 'True' else 'False' end end as has_company,
            case when u_told < 0.0760 then case when u_gtin < 0.844 then 'True' else 'False' end end as has_gtin,
            case when u_told < 0.0810 and u_stock_told < 0.97 then {pick("u_stock", STOCKS)} end as average_stock,
            {pick("u_business", BUSINESSES)} as business_type,
            case when u_told < 0.0748 and u_size_told < 0.53 or u_told > 0.966
                then round({curve("u_size", SIZES)})::double end as declared_product_catalog_size,
            case when u_told < 0.0748 and u_size_told < 0.46 or u_told > 0.981
                then round(power(10, 3 + 3.2 * u_revenue), -3) else 0.0 end as declared_monthly_revenue
        from dated
    """
