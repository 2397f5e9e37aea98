"""Which way the plan chooses, and what it does not believe."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.audit import plan as planning
from expectations.audit.answers import Unanswered, alone, answers
from expectations.audit.plan import Facts, plan, proofs, repetition
from expectations.rules.measures import ROWS, Aggregate, Count, Duplicates, Orphans
from expectations.rules.scope import Scope, files


def test_a_parent_of_fractions_proves_nothing() -> None:
    """1, 1.5 and 3 are three keys from 1 to 3, but 2 is none of them."""
    orphans = Orphans("id", "(VALUES (1.0), (1.5), (3.0)) p(k)", "k")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 2::BIGINT AS id")
        assert answers(connection, Scope("t", {"id": "BIGINT"}), [orphans])[orphans] == 1


def test_a_parent_with_a_gap_proves_nothing() -> None:
    orphans = Orphans("id", "(VALUES (1), (3)) p(k)", "k")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 2::BIGINT AS id")
        assert answers(connection, Scope("t", {"id": "BIGINT"}), [orphans])[orphans] == 1


def test_values_far_apart_are_not_counted_in_a_bitmap() -> None:
    key = Duplicates(("id",), "id IS NOT NULL")
    scope = Scope("t", {"id": "BIGINT"})
    (dense,) = plan([key], scope, Facts(1000, ranges={"id": (0, 999)}))
    (sparse,) = plan([key], scope, Facts(1000, ranges={"id": (-(2**40), 2**40)}))
    (huge,) = plan([key], scope, Facts(1000, ranges={"id": (-(2**63), 2**63 - 1)}))
    assert "bitstring_agg" in dense.sql
    assert "count(DISTINCT (" in sparse.sql
    assert huge.sql == key.naive("t")


@pytest.mark.parametrize("values", [[-(2**63), 2**63 - 1, 2**63 - 1], [2**63 - 1] * 3, [-(2**63)] * 2 + [0]])
def test_the_widest_integers_are_counted_exactly(values: list[int]) -> None:
    key = Duplicates(("id",), "id IS NOT NULL")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (id BIGINT)")
        connection.executemany("INSERT INTO t VALUES (?)", [(v,) for v in values])
        assert answers(connection, Scope("t", {"id": "BIGINT"}), [key])[key] == len(values) - len(set(values))


def test_measures_of_one_column_share_a_query_and_strangers_do_not() -> None:
    scope = Scope("t", dict.fromkeys("abcdefgh", "INTEGER"))
    asked = [Count("a > b", ("a", "b")), Count("b > c", ("b", "c")), Count("a = 1", ("a",)), Count("h = 1", ("h",))]
    shared, apart = plan(asked, scope, Facts())
    assert (len(shared.measures), apart.measures) == (3, (asked[3],))
    wide = Count("true", tuple("abcdef"))
    assert len(plan([wide, Count("f > g", ("f", "g"))], scope, Facts())) == 2


def test_a_column_that_repeats_is_judged_on_its_groups() -> None:
    scope = Scope("t", {"a": "VARCHAR"})
    (question,) = plan([Count("a = 'x'", ("a",))], scope, Facts(repeating=frozenset({"a"})))
    assert "GROUP BY" in question.sql


def test_statistics_are_asked_column_by_column() -> None:
    """One column that needs a scan must not drag the others' footers into it."""
    scope = Scope("t", {"a": "INTEGER", "b": "INTEGER"})
    missing = "c0.all_rows - c0.with_value"
    asked = [ROWS, Count("a IS NULL", ("a",), missing), Count("b IS NULL", ("b",), missing)]
    assert [len(q.measures) for q in proofs(asked, scope)] == [1, 1, 1]


def test_repetition_is_guessed_from_a_head_of_the_rows() -> None:
    scope = Scope("t", {"a": "VARCHAR", "b": "VARCHAR"})
    sql, columns = repetition([Count("a = 'x'", ("a",)), Count("b = 'x'", ("b",))], scope)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT i % 3 AS a, i AS b FROM range(30000) r(i)")
        shares = dict(zip(columns, connection.execute(sql).fetchone() or (), strict=True))
    assert shares["a"] < planning.REPEATS < shares["b"]


def test_a_measure_that_raises_leaves_the_others_their_answers() -> None:
    good, bad = Aggregate("max(id)", ("id",)), Aggregate("max(CAST('secret' || id AS INTEGER))", ("id",))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 7::BIGINT AS id")
        values = answers(connection, Scope("t", {"id": "BIGINT"}), [good, bad])
    assert values[good] == 7
    assert isinstance(values[bad], Unanswered)
    assert "secret" not in values[bad].reason


def test_timestamps_and_dates_pack_into_one_key() -> None:
    key = Duplicates(("at", "on"), '"at" IS NOT NULL AND "on" IS NOT NULL')
    scope = Scope("t", {"at": "TIMESTAMP", "on": "DATE"})
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT TIMESTAMP '2020-01-01' + to_seconds(i % 5) AS at, "
            "DATE '2020-01-01' + (i % 3)::INT AS \"on\" FROM range(30) r(i)"
        )
        assert answers(connection, scope, [key])[key] == alone(connection, scope, key) == 15


def test_several_files_are_summed_up_file_by_file(tmp_path: Path) -> None:
    """DuckDB answers from the statistics of one file, but not of several."""
    paths = [f"{tmp_path}/it's {n}.parquet" for n in range(3)]
    for n, path in enumerate(paths):
        pq.write_table(pa.table({"id": [n, n + 10]}), path)
    quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    scope = Scope(f"read_parquet([{quoted}])", {"id": "BIGINT"}, files=files(f"read_parquet([{quoted}])"))
    low = Aggregate("min(id)", ("id",), "c0.lowest")
    high = Aggregate("max(id)", ("id",), "c0.highest")
    with duckdb.connect() as connection:
        values = answers(connection, scope, [low, high, ROWS])
        (question,) = proofs([low, high], scope)
        ((_, explained),) = connection.execute(f"EXPLAIN {question.sql}").fetchall()
    assert (values[low], values[high], values[ROWS]) == (0, 12, 6)
    assert "READ_PARQUET" not in explained


@pytest.mark.parametrize(
    "relation",
    ["t", "(SELECT 1)", "read_parquet('x-*.parquet')", "read_parquet(['a'], union_by_name=true)", "((", "f(x)"],
)
def test_any_other_relation_is_taken_as_a_whole(relation: str) -> None:
    assert files(relation) == ()
