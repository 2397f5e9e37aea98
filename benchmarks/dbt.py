"""The same forty rules as tests of dbt, on the same Parquet files.

Belongs here: a dbt project written from the contract, and which of its tests fail. Does not: measuring (`bench.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.orders import CLOCK_AT, contract
from benchmarks.steps import customers, relation
from expectations.rules.expansion import Rule, rules_of
from expectations.rules.kinds import kind_of
from expectations.rules.measures import Count
from expectations.rules.scope import Scope

PROJECT = "name: bench\nprofile: bench\nflags: {send_anonymous_usage_stats: false}\n"


def write(directory: Path) -> Path:
    """Write the project; a rule that dbt has a test for becomes that test, any other a query of its own.

    Args:
        directory: of the benchmark's files.

    Returns:
        the project's directory.
    """
    project = directory / "dbt"
    for folder in ("models", "tests"):
        (project / folder).mkdir(parents=True, exist_ok=True)
    database = {"type": "duckdb", "path": str(project / "dbt.duckdb"), "threads": 1, "settings": {"threads": 2}}
    (project / "dbt_project.yml").write_text(PROJECT)
    (project / "profiles.yml").write_text(json.dumps({"bench": {"target": "dev", "outputs": {"dev": database}}}))
    for name, source in (("orders", relation(directory)), ("customers", customers(directory))):
        (project / "models" / f"{name}.sql").write_text(f"select * from {source}\n")
    described = duckdb.execute(f"DESCRIBE SELECT * FROM {relation(directory)}").fetchall()
    types = {name: kind for name, kind, *_ in described}
    columns: dict[str, list[dict[str, Any]]] = {}
    for rule in rules_of(contract()):
        test = _builtin(rule)
        if test is None:
            (project / "tests" / f"{rule.id}.sql").write_text(_query(rule, types))
        else:
            columns.setdefault(rule.columns[0], []).append(test)
    tested = [{"name": name, "data_tests": tests} for name, tests in columns.items()]
    (project / "models" / "schema.yml").write_text(json.dumps({"models": [{"name": "orders", "columns": tested}]}))
    return project


def failed(project: Path) -> list[str]:
    """Rules whose tests did not pass in the last `dbt test`."""
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    return [result["unique_id"].split(".")[2] for result in results if result["status"] != "pass"]


def _builtin(rule: Rule) -> dict[str, Any] | None:
    values = rule.arguments.get("validValues")
    if rule.kind == "nullValues" and rule.unit == "rows":
        return {"not_null": {"name": rule.id}}
    if rule.kind == "primaryKey":
        return {"unique": {"name": rule.id}}
    if rule.kind == "invalidValues" and values:
        quoted = isinstance(values[0], str)
        return {"accepted_values": {"name": rule.id, "arguments": {"values": list(values), "quote": quoted}}}
    if rule.kind == "references":
        to = f"ref('{rule.arguments['dataset']}')"
        return {"relationships": {"name": rule.id, "arguments": {"to": to, "field": rule.arguments["key"]}}}
    return None


def _query(rule: Rule, types: dict[str, str]) -> str:
    """A query that gives a row where the rule is broken, as people write them for dbt."""
    table = "{{ ref('orders') }}"
    kind, scope = kind_of(rule), Scope(table, types, clock_at=CLOCK_AT)
    if rule.kind == "invalidValues" and rule.unit == "rows":
        assert kind.broken is not None
        return f"select * from {table} where {kind.broken(rule, scope)}\n"
    if rule.kind == "duplicateValues":
        keys = ", ".join(rule.columns)
        there = " and ".join(f"{column} is not null" for column in rule.columns)
        return f"select {keys} from {table} where {there} group by {keys} having count(*) > 1\n"
    if rule.kind == "sql":
        query = rule.arguments["query"].replace("{object}", table)
        return f"select * from ({query}) as t(v) where v > 0\n"
    if rule.kind == "rowCount":
        return f"select * from (select count(*) as v from {table}) where v < {rule.bound}\n"
    if rule.kind == "psi":
        return _psi(rule, table)
    if rule.kind in {"freshness", "retention"}:
        end, unit = ("max", 3600) if rule.kind == "freshness" else ("min", 86400)
        age = f"epoch(timestamp '{CLOCK_AT:%Y-%m-%d %H:%M:%S}' - {end}(ordered_at)) / {unit}"
        return f"select * from (select {age} as v from {table}) where v > {rule.bound}\n"
    rows = kind.measures(rule, scope)["rows"]
    assert isinstance(rows, Count)
    held = f"v {'=' if rule.operator == 'mustBe' else '<'} {rule.bound}"
    return f"select * from (select 100.0 * {rows.sql} / count(*) as v from {table}) where not {held}\n"


def _psi(rule: Rule, table: str) -> str:
    name, baseline = rule.columns[0], rule.arguments["baseline"]
    edges = ["'-infinity'::double", *map(str, baseline["edges"]), "'infinity'::double"]
    bins = zip(edges, edges[1:], baseline["shares"], strict=False)
    shares = [
        f"select greatest(count(*) filter (where {name} > {low} and {name} <= {high}) / count({name}), 0.0001) as o, "
        f"{share} as e from {table}"
        for low, high, share in bins
    ]
    index = f"select sum((o - e) * ln(o / e)) as v from ({' union all '.join(shares)})"
    return f"select * from ({index}) where v >= {rule.bound}\n"
