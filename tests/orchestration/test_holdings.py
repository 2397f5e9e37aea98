"""The search for a subject in what lineage does not name."""

from __future__ import annotations

import duckdb

from expectations.erasure.subject import Subject
from orchestration.erasure.holdings import elsewhere

ANN = Subject("shop.sales.buyer", "17", ("shop.sales.buyer",))


def test_a_key_is_found_inside_texts_lists_structs_and_json_and_not_inside_numbers_and_times() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            """
            CREATE SCHEMA side;
            CREATE TABLE side.seen AS SELECT
                17 AS number, 117 AS another, 17.5 AS price, TIMESTAMP '2026-11-27 20:17:00' AS at, '17' AS text,
                'buyer 17, twice' AS note, 'lot-1799' AS lot, [3, 17] AS list, {'buyer': 17} AS made,
                MAP {'buyer': '17'} AS pairs, to_json({'buyer': 17}) AS packed, '{"buyer":17}' AS written, '17' AS known
            """
        )
        found = elsewhere(connection, ANN, {("side", "seen", "known")})
    holding = ("number", "text", "note", "list", "made", "pairs", "packed", "written")
    assert found == {f"side.seen.{column}": 1 for column in holding}
