"""Every rule of every contract bites: a mutation made from the rule makes it fail, and with it only what it is tied to.

The sample's certified candidates are mutated in memory and audited as the gate audits them. Most rules fail exactly
alone. The others are tied: no mutation was found that breaks them alone, and what fails with them reads what they read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

from expectations.audit.auditing import audit
from expectations.audit.suite import run_suite
from expectations.clock import dataset_clock
from expectations.loader import load_contracts, load_glossary
from expectations.rules.expansion import GREAT_EXPECTATIONS, Rule, rules_of
from expectations.rules.kinds import kind_of
from expectations.rules.scope import scoped
from expectations.sql import quote
from expectations.verdict import Finding, State
from orchestration.platform import Platform, load_platform
from orchestration.settings import read_settings
from tests.journeys.conftest import settings_in
from tests.mutations import Mutation, mutations
from tests.workbench import Workbench

PROMISES = read_settings({}).expectations
CONTRACTS = load_contracts(PROMISES / "contracts", load_glossary(PROMISES / "definitions"))
RULES = [pytest.param(name, rule, id=rule.id) for name in CONTRACTS for rule in rules_of(CONTRACTS[name])]
ENOUGH = 2  # mutations that break a rule and others too, before the rule counts as tied to those
FAILED = {"error": State.FAIL, "warning": State.WARN}


@dataclass(frozen=True)
class Bitten:
    """How a rule was made to fail.

    Args:
        state: of the rule.
        others: rules that failed with it.
    """

    said: str
    state: State
    others: frozenset[str]


class Stand:
    """A candidate that can be mutated and audited.

    Args:
        bench: the candidate, in the table `candidate`; the last mutated one is the table `mutated`.
        relations: what it is made of.
        file: where Great Expectations finds a mutated candidate.
    """

    def __init__(self, bench: Workbench, relations: Mapping[str, str], file: Path) -> None:
        self.bench, self.relations, self.file = bench, relations, file
        self.connection, self.contract, self.clock_at = bench.connection, bench.contract, bench.scope.clock_at

    def audited(self, relation: str) -> tuple[Finding, ...]:
        """What SQL finds."""
        return audit(self.connection, relation, self.contract, clock_at=self.clock_at, relations=self.relations)

    def expected(self, relation: str) -> tuple[Finding, ...]:
        """What Great Expectations finds."""
        self.connection.execute(f"COPY {relation} TO '{self.file}' (FORMAT parquet)")
        return run_suite(self.contract, [self.file])

    def failing(self) -> dict[str, State]:
        """Rule id → state of whatever does not pass on the mutated candidate.

        Great Expectations is asked only where a column that it reads holds other values than before: an expectation is
        a function of the bag of values of its columns, and says of the same bag what it said of the candidate.
        """
        found = self.audited("mutated")
        if self.fingerprint("mutated") != self.fingerprint("candidate"):
            found += self.expected("mutated")
        return {f.rule: f.state for f in found if f.state is not State.PASS}

    def fingerprint(self, relation: str) -> Any:
        """Rows, and types and values of the columns that Great Expectations reads, whatever their order."""
        read = {c for r in self.bench.rules if r.engine == GREAT_EXPECTATIONS for c in self.bench.reads(r)}
        bag = [f"sum(hash({quote(c)}, typeof({quote(c)}))::HUGEINT)" for c in sorted(read)]
        return self.bench.value(f"SELECT [count(*), {', '.join(bag)}] FROM {relation}")

    def breaks(self, rule: Rule, mutation: Mutation, measure: int) -> bool:
        """Mutate by so much, and ask this rule only."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW tried AS {mutation.sql(measure)}")
        if rule.engine == GREAT_EXPECTATIONS:
            return any(f.rule == rule.id and f.state is FAILED[rule.severity] for f in self.expected("tried"))
        with scoped(self.connection, "tried", self.contract, self.clock_at, self.relations) as scope:
            measures = kind_of(rule).measures(rule, scope)
            measured = {name: self.bench.value(measure.naive("tried")) for name, measure in measures.items()}
            return kind_of(rule).judge(rule, scope, measured).holds is False

    def mutate(self, rule: Rule, mutation: Mutation) -> bool:
        """Mutate by little more than the least that breaks a rule; whether anything does."""
        low, high = 0, 1
        if not self.breaks(rule, mutation, high):
            low, high = 1, mutation.most
            if high == 1 or not self.breaks(rule, mutation, high):
                return False
        while high - low > max(1, high // 20):
            middle = (low + high) // 2
            low, high = (low, middle) if self.breaks(rule, mutation, middle) else (middle, high)
        self.connection.execute(f"CREATE OR REPLACE TABLE mutated AS {mutation.sql(high)}")
        return True

    def bite(self, rule: Rule) -> Bitten | None:
        """The first mutation that breaks a rule alone, else the one of a few that breaks the fewest others."""
        found: list[Bitten] = []
        tied = self.tied(rule)
        for mutation in mutations(self.bench, rule):
            if self.mutate(rule, mutation):
                failing = self.failing()
                found.append(Bitten(mutation.said, failing.pop(rule.id), frozenset(failing)))
                if not failing or (len(found) >= ENOUGH and any(b.others <= tied for b in found)):
                    break
        return min(found, key=lambda bitten: (len(bitten.others - tied), len(bitten.others)), default=None)

    def tied(self, rule: Rule) -> frozenset[str]:
        """The rules that read a column that this one reads or that it follows from; or that count rows as it does."""
        read = self.bench.reads(rule)
        return frozenset(other.id for other in self.bench.rules if read & self.bench.reads(other))


@pytest.fixture(scope="module")
def platform(certified: Path) -> Platform:
    """The platform that certified the sample."""
    return load_platform(settings_in(certified, certified / "data"))


@pytest.fixture(scope="module")
def stands(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stand]]:
    """A stand for the pinned candidate of each dataset, at the time of its clock."""
    files, settings, now = tmp_path_factory.mktemp("mutated"), platform.settings, datetime.now(UTC)
    with ExitStack() as stack:
        made = {}
        for name, contract in CONTRACTS.items():
            connection = stack.enter_context(duckdb.connect(config={"threads": 1}))
            connection.execute("SET TimeZone = 'UTC'")
            relations = _upstream(connection, settings.warehouse)
            (pin,) = (d for d in (settings.workshop / "pins" / name).iterdir() if ".sealed-" not in d.name)
            connection.execute(f"CREATE TABLE candidate AS FROM read_parquet('{pin}/*.parquet')")
            at = dataset_clock(contract, platform.promises.clocks).at(now, now)
            with scoped(connection, "candidate", contract, at, relations) as scope:
                bench = Workbench(connection, contract, rules_of(contract), scope)
            made[name] = Stand(bench, relations, files / f"{name}.parquet")
        yield made


def _upstream(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> dict[str, str]:
    """Copies of what golden models are made of, by the names that contracts give them."""
    connection.execute(f"ATTACH '{warehouse}' AS warehouse (READ_ONLY)")
    found = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = 'warehouse' AND table_schema IN ('staging', 'intermediate')"
    ).fetchall()
    for schema, table in found:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute(f"CREATE TABLE {schema}.{table} AS FROM warehouse.{schema}.{table}")
    connection.execute("DETACH warehouse")
    return {f"{schema}.{table}": f"{schema}.{table}" for schema, table in found}


@pytest.fixture(scope="module")
def bitten() -> dict[str, Bitten]:
    """What the tests of this module have bitten, by rule."""
    return {}


@pytest.mark.parametrize("dataset", CONTRACTS)
def test_the_certified_candidate_keeps_every_rule(stands: dict[str, Stand], dataset: str) -> None:
    stand = stands[dataset]
    found = [*stand.audited("candidate"), *stand.expected("candidate")]
    assert {f.rule for f in found} == {rule.id for rule in stand.bench.rules}
    assert [f.message for f in found if f.state is not State.PASS] == []


@pytest.mark.parametrize(("dataset", "rule"), RULES)
def test_a_mutation_made_from_the_rule_breaks_it_and_only_what_is_tied_to_it(
    stands: dict[str, Stand], bitten: dict[str, Bitten], dataset: str, rule: Rule
) -> None:
    found = stands[dataset].bite(rule)
    assert found is not None, f"{rule.id} is toothless: no mutation makes it fail"
    assert found.state is FAILED[rule.severity], found.said
    assert found.others <= stands[dataset].tied(rule), found.said
    bitten[rule.id] = found


def test_most_rules_fail_exactly_alone(bitten: dict[str, Bitten], capsys: pytest.CaptureFixture[str]) -> None:
    if len(bitten) < len(RULES):
        pytest.skip("only some of the rules were asked")
    company = {rule: found.others for rule, found in bitten.items() if found.others}
    with capsys.disabled():
        print(f"\n{len(bitten) - len(company)} of {len(bitten)} rules fail exactly alone; with others fail")
        for rule, others in company.items():
            print(f"  {rule}: {', '.join(sorted(others))}")
    # A strange value in a quasi-identifier is a group of one as well, and a changed amount no longer adds up.
    assert len(company) < len(bitten) / 4


@pytest.mark.parametrize("dataset", CONTRACTS)
def test_every_dbt_test_of_a_golden_model_bites(stands: dict[str, Stand], platform: Platform, dataset: str) -> None:
    stand, manifest = stands[dataset], platform.manifest
    schemas = {node["name"]: node["schema"] for node in manifest.document["nodes"].values()}

    def ref(name: str) -> str:
        return dataset if name == dataset else f"{schemas[name]}.{name}"

    # Without the contract's rules: whatever else breaks is of no interest here.
    bench = Workbench(stand.connection.cursor(), stand.contract, (), stand.bench.scope)
    stand = Stand(bench, stand.relations, stand.file)
    assert manifest.tests(dataset)
    for test, uid in manifest.tests(dataset).items():
        sql = jinja2.Template(manifest.node(uid)["raw_code"]).render(ref=ref)
        rule = Rule(test, "sql", arguments={"query": f"select count(*) from (\n{sql}\n) as broken"})
        assert not stand.breaks(rule, Mutation("nothing", lambda _: "FROM candidate", 1), 1), test
        assert any(stand.mutate(rule, mutation) for mutation in mutations(bench, rule)), f"{test} is toothless"
