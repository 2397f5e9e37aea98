"""The plan may choose the way, never the answer: planned = one query per rule = plain Python, on any data."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.audit.answers import alone, answers
from expectations.audit.plan import Facts, plan, proofs
from expectations.rules.kinds import kind_of
from expectations.rules.measures import Duplicates, Measure
from expectations.rules.rule import Rule
from expectations.rules.scope import Scope, files

TYPES = {"id": "BIGINT", "part": "INTEGER", 'it\'s "odd" ü': "VARCHAR", "x": "DOUBLE", "on": "DATE"}
WORD, NUMBER = 'it\'s "odd" ü', "x"
WORDS = ["a", "b", "A-1", "B-22", "", "n/a", "'; DROP TABLE t; --", "x\ny", "ü"]
PARENTS = [0, 1, 2, 3, 5]
RELATIONS = {"parents": f"(SELECT unnest({PARENTS}) AS k)", "range": "(SELECT range AS k FROM range(10))"}
SCOPE = Scope("t", TYPES, RELATIONS, key=("id", "part"))

rows = st.lists(
    st.tuples(
        st.none() | st.integers(-3, 12),
        st.none() | st.integers(0, 3),
        st.none() | st.sampled_from(WORDS),
        st.none() | st.floats(-3, 3, width=16) | st.just(math.nan) | st.just(math.inf),
        st.none() | st.dates(date(2020, 1, 1), date(2020, 1, 9)),
    ),
    max_size=40,
)


def none(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def counted(column: str, breaks: Any) -> Any:
    """Oracle of a rule on one column."""
    index = list(TYPES).index(column)
    return lambda table: sum(bool(breaks(row[index])) for row in table)


def repeated(*columns: str) -> Any:
    """Oracle of duplicates."""
    indexes = [list(TYPES).index(c) for c in columns]

    def count(table: list[Any]) -> int:
        keys = [tuple(row[i] for i in indexes) for row in table if not any(none(row[i]) for i in indexes)]
        return len(keys) - len(set(keys))

    return count


def groups(table: list[Any], *columns: str) -> dict[str, list[Any]]:
    """Rows by a key, nothing like nothing and NaN like NaN."""
    found: dict[str, list[Any]] = {}
    for row in table:
        found.setdefault(repr([row[list(TYPES).index(c)] for c in columns]), []).append(row)
    return found


def smallest_share(table: list[Any]) -> float | None:
    values = [row[2] for row in table if row[2] is not None]
    return min((values.count(v) * 100 / len(values) for v in values), default=None)


def fewest_words(table: list[Any]) -> int | None:
    """Distinct words of the rows of a part, of a part that has any."""
    words = [{row[2] for row in rows if row[2] is not None} for rows in groups(table, "part").values()]
    return min((len(w) for w in words if w), default=None)


def keyless(table: list[Any]) -> int:
    return sum(row[0] is None or row[1] is None for row in table)


def rule(kind: str, *columns: str, **arguments: Any) -> Rule:
    return Rule("r", kind, columns, arguments)


CASES: list[tuple[Rule, Any]] = [
    (rule("nullValues", WORD), counted(WORD, none)),
    (rule("nullValues", NUMBER), counted(NUMBER, none)),
    (rule("nullValues", "on"), counted("on", none)),
    (
        rule("missingValues", WORD, missingValues=[None, "", "n/a", "'; DROP TABLE t; --"]),
        counted(WORD, lambda v: v in {None, "", "n/a", "'; DROP TABLE t; --"}),
    ),
    (rule("missingValues", "part", missingValues=["", 3]), counted("part", lambda v: v is None or v == 3)),
    (
        rule("invalidValues", WORD, validValues=["a", "'; DROP TABLE t; --"]),
        counted(WORD, lambda v: v is not None and v not in {"a", "'; DROP TABLE t; --"}),
    ),
    (
        rule("invalidValues", "part", validValues=("1", "2")),
        counted("part", lambda v: v is not None and v not in {1, 2}),
    ),
    (
        rule("invalidValues", WORD, pattern="^[A-Z]-[0-9]+$"),
        counted(WORD, lambda v: v is not None and not re.search(r"^[A-Z]-[0-9]+\Z", v)),
    ),
    (rule("invalidValues", WORD, pattern="'"), counted(WORD, lambda v: v is not None and "'" not in v)),
    (
        rule("invalidValues", WORD, minLength=1, maxLength=3),
        counted(WORD, lambda v: v is not None and not 1 <= len(v) <= 3),
    ),
    (
        rule("invalidValues", NUMBER, minimum=-1.5),
        counted(NUMBER, lambda v: v is not None and (math.isnan(v) or v < -1.5)),
    ),
    (rule("invalidValues", NUMBER, maximum=1), counted(NUMBER, lambda v: v is not None and not v <= 1)),
    (
        rule("invalidValues", NUMBER, minimum=0, exclusiveMaximum=2),
        counted(NUMBER, lambda v: v is not None and not 0 <= v < 2),
    ),
    (rule("invalidValues", "part", exclusiveMinimum=0), counted("part", lambda v: v is not None and not v > 0)),
    (rule("invalidValues", "id", multipleOf=3), counted("id", lambda v: v is not None and v % 3 != 0)),
    (
        rule("invalidValues", "on", minimum="2020-01-03", maximum="2020-01-05T00:00:00Z"),
        counted("on", lambda v: v is not None and not date(2020, 1, 3) <= v <= date(2020, 1, 5)),
    ),
    (rule("duplicateValues", "id"), repeated("id")),
    (rule("duplicateValues", WORD), repeated(WORD)),
    (rule("duplicateValues", NUMBER), repeated(NUMBER)),
    (rule("duplicateValues", "on", "part"), repeated("on", "part")),
    (rule("duplicateValues", "id", WORD), repeated("id", WORD)),
    (rule("primaryKey", "id", "part"), lambda table: repeated("id", "part")(table) + keyless(table)),
    (
        rule("references", "part", dataset="parents", key="k"),
        counted("part", lambda v: v is not None and v not in PARENTS),
    ),
    (
        rule("references", "id", dataset="range", key="k"),
        counted("id", lambda v: v is not None and not 0 <= v < 10),
    ),
    (rule("rowCount"), len),
    (
        rule("sql", query="select count(*) from {object} t where t.id < part"),
        lambda table: sum(r[0] is not None and r[1] is not None and r[0] < r[1] for r in table),
    ),
    (
        rule("sql", WORD, query="select count(distinct {property}) from {object} where id in (select k from parents)"),
        lambda table: len({r[2] for r in table if r[2] is not None and r[0] in PARENTS}),
    ),
    (
        rule("k_anonymity", "part", "on", quasiIdentifiers=["part", "on"]),
        lambda table: min((len(rows) for rows in groups(table, "part", "on").values()), default=None),
    ),
    (rule("l_diversity", "part", WORD, quasiIdentifiers=["part"], sensitive=WORD), fewest_words),
    (rule("representation", WORD), smallest_share),
    (
        rule("reconciliation", aggregate="count(part)", against={"relation": "parents", "aggregate": "sum(k)"}),
        lambda table: abs(sum(row[1] is not None for row in table) - sum(PARENTS)),
    ),
]


def pinned(table: list[Any], directory: Path) -> Scope:
    """The same rows as Parquet in small row groups, as a pin writes them: statistics then stand in for rows."""
    types = [pa.int64(), pa.int32(), pa.string(), pa.float64(), pa.date32()]
    columns = [pa.array([row[i] for row in table], kind) for i, kind in enumerate(types)]
    whole, half = pa.table(columns, list(TYPES)), len(table) // 2
    paths = [str(directory / f"part-{n}.parquet") for n in range(2)]
    for path, part in zip(paths, (whole.slice(0, half), whole.slice(half)), strict=True):
        pq.write_table(part, path, row_group_size=7)
    return replace(SCOPE, relation=f"read_parquet({paths})", files=files(f"read_parquet({paths})"))


def loaded(connection: duckdb.DuckDBPyConnection, table: list[Any]) -> Scope:
    columns = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" {kind}' for name, kind in TYPES.items())
    connection.execute(f"CREATE TABLE t ({columns})")
    if table:
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", table)
    return SCOPE


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pins")


def judged(rule: Rule, scope: Scope, values: dict[Measure, Any]) -> Any:
    kind = kind_of(rule)
    return kind.judge(rule, scope, {k: values[m] for k, m in kind.measures(rule, scope).items()}).value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=rows, parquet=st.booleans())
def test_planned_and_naive_and_python_agree_on_every_rule_kind(scratch: Path, table: list[Any], parquet: bool) -> None:
    with duckdb.connect() as connection:
        scope = pinned(table, scratch) if parquet else loaded(connection, table)
        wanted = [m for r, _ in CASES for m in kind_of(r).measures(r, scope).values()]
        planned = answers(connection, scope, wanted)
        naive = {m: alone(connection, scope, m) for m in wanted}
    for r, oracle in CASES:
        assert judged(r, scope, planned) == judged(r, scope, naive) == oracle(table), r


@settings(max_examples=20, deadline=None)
@given(rows, st.integers(1, 5), st.booleans())
def test_no_choice_of_way_changes_a_number(table: list[Any], bits: int, groups: bool) -> None:
    """Whatever the planner believes about ranges and repetition, right or wrong."""
    with duckdb.connect() as connection:
        scope = loaded(connection, table)
        wanted = list(dict.fromkeys(m for r, _ in CASES for m in kind_of(r).measures(r, scope).values()))
        ids = [row[0] for row in table if row[0] is not None] or [0]
        facts = Facts(
            rows=len(table) * bits,
            repeating=frozenset(TYPES) if groups else frozenset(),
            ranges={"id": (min(ids), max(ids)), "part": (0, 3), "on": (18262, 18270)},
        )
        for question in plan(wanted, scope, facts):
            (row,) = connection.execute(question.sql).fetchall()
            assert list(row) == [alone(connection, scope, m) for m in question.measures], question.sql


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", None]) | st.text(max_size=3), max_size=12))
def test_the_proof_by_order_never_passes_a_duplicate(words: list[str | None]) -> None:
    words = [w and w.replace("\0", "") for w in words]
    key = Duplicates(("w",), "w IS NOT NULL")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (w VARCHAR)")
        if words:
            connection.executemany("INSERT INTO t VALUES (?)", [(w,) for w in words])
        (question,) = proofs([key], Scope("t", {"w": "VARCHAR"}, key=("w",)))
        (proved,) = connection.execute(question.sql).fetchone() or ()
        if proved is not None:
            assert proved == alone(connection, Scope("t", {"w": "VARCHAR"}), key) == 0


@pytest.mark.parametrize("option", [{"minimum": 0}, {"maximum": 5}])
def test_nan_does_not_hide_behind_statistics_that_leave_it_out(tmp_path: Path, option: dict[str, int]) -> None:
    """Parquet's writers keep NaN out of min and max, and the engine answers from those where it can."""
    table = [(1, 1, "a", 1.0, None), (2, 1, "a", math.nan, None)]
    asked = {
        kind: rule(kind, NUMBER, **(option if kind == "invalidValues" else {}))
        for kind in ("nullValues", "invalidValues")
    }
    with duckdb.connect() as connection:
        scope = pinned(table, tmp_path)
        wanted = [m for r in asked.values() for m in kind_of(r).measures(r, scope).values()]
        values = answers(connection, scope, wanted)
    assert {kind: judged(r, scope, values) for kind, r in asked.items()} == {"nullValues": 1, "invalidValues": 1}
