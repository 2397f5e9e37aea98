"""A query that an author wrote reads the candidate and what was declared, and nothing else."""

from __future__ import annotations

import pytest

from expectations.contract import Contract
from expectations.rules.authored import as_aggregate, parse
from expectations.rules.measures import Aggregate, Count
from expectations.verdict import State
from tests.expectations.audited import audited, column, contract, quality

ONE = "SELECT 1 AS c"
PARENTS = {"parents": "(SELECT unnest([1, 2]) AS k)"}
TYPES = {"c": "INTEGER", "d": "INTEGER"}


def query(sql: str, operator: str, bound: float) -> Contract:
    return contract(
        column(), quality=[quality("r", kind="sql", operator=operator, bound=bound, column=None, query=sql)]
    )


@pytest.mark.parametrize(
    "sql",
    [
        "delete from {object}",
        "select 1; drop table t",
        "select count(*) from secrets",
        "select count(*) from 'secrets.csv'",
        "select count(*) from read_text('/etc/passwd')",
        "select length(content) from read_blob('/etc/passwd')",
        "select count(*) from information_schema.tables",
        "select getenv('HOME') is null from {object}",
        'with "x.csv" as (select 1) select count(*) from "x.csv"',
        "with parents as (select 1) select count(*) from parents",
        "select count(*) from {object} where c < now()",
        "select count(*) from {object} where c < current_date",
        "select count(*), 1 from {object}",
        "select * from {object}",
        "attach 'x.db'",
        "copy (select 1) to 'x.csv'",
        "select (select count(*) from query('select 1'))",
    ],
)
def test_a_query_that_does_more_than_read_what_was_declared_is_refused(sql: str) -> None:
    (finding,) = audited(query(sql, "mustBeGreaterOrEqualTo", 0), ONE, relations=PARENTS).values()
    assert finding.state is State.ERROR
    assert "could not be evaluated" in finding.message


def test_a_part_of_a_struct_is_not_mistaken_for_a_column_of_that_name() -> None:
    rows = "SELECT {'d': 5} AS c, 1 AS d"
    (finding,) = audited(query("select max(c.d) from {object}", "mustBe", 5), rows).values()
    assert finding.state is State.PASS


@pytest.mark.parametrize(
    ("sql", "measure"),
    [
        ("select count(*) from {object} where c > d", Count("c > d", ("c", "d"))),
        ("select count(*) from {object} as o where o.c > 1", Count("c > 1", ("c",))),
        ("select max({property}) from {object}", Aggregate('MAX("c")', ("c",))),
    ],
)
def test_a_plain_aggregate_shares_a_scan_with_others(sql: str, measure: Aggregate | Count) -> None:
    assert as_aggregate(parse(sql, "c", ()), TYPES) == measure


@pytest.mark.parametrize(
    "sql",
    [
        "select c from {object}",
        "select 1 from {object}",
        "select max(c) - d from {object}",
        "select max(c) from {object} where d > 1",
        "select count(*) from {object} group by d",
        "select count(*) from {object} limit 1",
        "select distinct count(*) from {object}",
        "select count(*) from {object} tablesample 10%",
        "select count(*) from {object} using sample 5",
        "select count(*) from {object}, {object} b",
        "select count(*) from {object} where c in (select k from parents)",
        "select count(*) from {object} where s.c > 1",
        "select count(*) over () from {object}",
        "select my_aggregate(c) from {object}",
    ],
)
def test_anything_more_is_asked_as_it_was_written(sql: str) -> None:
    assert as_aggregate(parse(sql, "c", PARENTS), TYPES) is None
