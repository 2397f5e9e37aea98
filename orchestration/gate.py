"""The gate of one dataset: pin the candidate, audit those bytes, judge; the decision is kept for the publishing step.

Belongs here: the order of the moves and when an earlier decision still holds.
Does not: rules and thresholds (contracts), Dagster (`assets/gates.py`), publishing (`publish.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import duckdb

from esclusa.ledger.ledger import Ledger
from expectations.audit.auditing import audit, examples, rules_digest
from expectations.audit.suite import run_suite
from expectations.clock import Clock, dataset_clock, valid_until
from expectations.contract import Contract
from expectations.erasure.tombstones import erased_in
from expectations.pii.scan import scan
from expectations.readiness import expected_rules, judge
from expectations.rules.expansion import remedy
from expectations.signing.endorsement import endorse
from expectations.sql import quote, text
from expectations.verdict import Finding, GateItem, State
from lineage.certificate import Input
from lineage.errors import PinRefused
from lineage.pin import Pin, pin
from orchestration.builds import Build, current_fingerprint, recall_build
from orchestration.columns import origins_of, trace_project
from orchestration.decisions import (
    Decision,
    circumstances,
    recall_decision,
    referred_datasets,
    remember_decision,
)
from orchestration.delivery import observed_changes
from orchestration.erasure.tombstones import read_tombstones
from orchestration.golden import served_statistics
from orchestration.keyrings import pseudonym_secrets, sealed
from orchestration.letting_go import let_go
from orchestration.manifest import Manifest, SourceTable
from orchestration.promises import Promises
from orchestration.recorded import verdict_body
from orchestration.released import released_contract
from orchestration.signing import register_at
from orchestration.workshop import Workshop

Progress = Callable[[str], None]


class BuildRefused(RuntimeError):
    """There is no candidate to audit: dbt did not build it from what is in `raw` now."""


def decide(
    workshop: Workshop, promises: Promises, manifest: Manifest, dataset: str, *, now: datetime, progress: Progress
) -> Decision:
    """Judge the candidate as it is now, or find that the last decision still holds.

    Args:
        dataset: name of the dataset.
        now: wall clock, UTC.
        progress: told each move in a few words.

    Raises:
        BuildRefused: dbt built no candidate from what is in `raw`.
        esclusa.LedgerUnavailable: the verdict could not be recorded, so there is none.
    """
    contract = promises.contracts[dataset]
    with workshop.warehouse() as connection:
        build = _built(workshop, connection, promises, manifest, dataset)
        last, around = recall_decision(workshop, dataset), circumstances(workshop, promises, dataset)
        if last is not None and last.still_holds(build.fingerprint, around, contract, now):
            return replace(last, renewed=False)
        let_go(workshop, connection, promises, manifest, dataset, build, now=now, progress=progress)
        progress("pinning")
        try:
            pinned = pin(
                connection,
                f'candidate."{dataset}"',
                contract,
                workshop.settings.workshop / "pins" / dataset,
                secrets=pseudonym_secrets(workshop.settings, contract),
            )
        except PinRefused as refusal:
            raise BuildRefused(str(refusal)) from None
        decision = _judge(connection, workshop, promises, manifest, build, pinned, now, progress)
        # Still alone with the warehouse: no other gate can pin, or decide, in between.
        said = verdict_body(decision.verdict)
        if decision.verdict.open or last is None or said != verdict_body(last.verdict):
            Ledger(workshop.settings.ledger).append("verdict", dataset, said, at=now)
        remember_decision(workshop, decision)
        _forget_superseded_pins(decision.pin)
        if decision.verdict.open:
            progress("sealing")  # here and not when publishing, which then takes no longer for more rows
            sealed(workshop.settings, decision.pin, contract)
    return decision


def _forget_superseded_pins(pinned: Pin) -> None:
    """Only the newest candidate is kept, refused ones for triage; what was published lies in golden."""
    kept = pinned.parts[0].path.parent
    for directory in kept.parent.iterdir():
        if not directory.name.startswith(kept.name):  # beside a pin lies what was sealed of it
            shutil.rmtree(directory)


def _built(
    workshop: Workshop, connection: duckdb.DuckDBPyConnection, promises: Promises, manifest: Manifest, dataset: str
) -> Build:
    build = recall_build(workshop, manifest, dataset)
    owner = promises.contracts[dataset].owner
    if build is None or build.fingerprint != current_fingerprint(connection, manifest, dataset):
        raise BuildRefused(
            f"{dataset}: the candidate was not built from what is in raw now; required: a build of exactly these loads "
            f"and models; owner: {owner}; next: materialise candidate/{dataset}, or `esclusa run --only {dataset}`"
        )
    if refusal := build.refusal(dataset, owner):
        raise BuildRefused(refusal)
    return build


def _judge(
    connection: duckdb.DuckDBPyConnection,
    workshop: Workshop,
    promises: Promises,
    manifest: Manifest,
    build: Build,
    pinned: Pin,
    now: datetime,
    progress: Progress,
) -> Decision:
    contract = promises.contracts[pinned.dataset]
    relation = relation_of(pinned)
    relations = _relations(workshop, manifest, contract)
    clock = dataset_clock(contract, promises.clocks)
    tombstones = read_tombstones(workshop.settings)
    progress(f"auditing {pinned.rows:,} rows")
    measured = [
        *audit(
            connection,
            relation,
            contract,
            clock_at=clock.at(now, now),
            relations=relations,
            reference=served_statistics(workshop, pinned.dataset),
        ),
        *run_suite(contract, [part.path for part in pinned.parts]),
        scan(connection, relation, contract),
        *_dbt_findings(manifest, build, contract),
    ]
    origins = origins_of(trace_project(manifest, promises.sources), pinned.dataset)
    # SQL may also name a table of the warehouse that dbt was never told of.
    feeding = {*manifest.feeding(pinned.dataset), *(SourceTable(*t.split(".", 1)) for t in origins.tables)}
    verdict = judge(
        contract,
        candidate_digest=pinned.digest,
        audited_at=now,
        findings=measured,
        sources=promises.sources,
        feeding=frozenset(t.system for t in feeding),
        others=[c for name, c in promises.contracts.items() if name != pinned.dataset],
        source_changes=observed_changes(connection, feeding),
        today=now.date(),
        rules_digest=rules_digest(contract),
        environment=workshop.settings.environment,
        origins=origins,
        released=released_contract(workshop.settings, pinned.dataset),
        # Of a column that is published as a pseudonym, only the candidate tells who it is.
        erased={
            **erased_in(connection, f"candidate.{quote(contract.name)}", contract, tombstones),
            **erased_in(connection, relation, contract, tombstones),
        },
    )
    verdict = replace(verdict, expected_rules=expected_rules(contract) | set(manifest.tests(pinned.dataset)))
    endorsed = endorse(verdict, contract, register_at(workshop.settings, now))
    fresh_until = _valid_until(connection, relation, contract, clock, now)
    failing = [f for f in measured if f.state in {State.FAIL, State.WARN} and f.engine == "sql"]
    return Decision(
        verdict=endorsed.verdict,
        pin=pinned,
        fingerprint=build.fingerprint,
        circumstances=circumstances(workshop, promises, pinned.dataset),
        inputs=_inputs(connection, manifest, pinned.dataset),
        clock=clock,
        pinned_at=now,
        # A certificate does not outlive a signature that it rests on.
        valid_until=min(fresh_until, endorsed.until or fresh_until),
        examples={f.rule: tuple(examples(connection, relation, contract, f, relations=relations)) for f in failing},
        signoffs=endorsed.signoffs,
        waivers=endorsed.waivers,
    )


def relation_of(pinned: Pin) -> str:
    """SQL that reads the pinned bytes and nothing else."""
    paths = ", ".join(text(str(part.path)) for part in pinned.parts)
    return f"read_parquet([{paths}])"


def _relations(workshop: Workshop, manifest: Manifest, contract: Contract) -> dict[str, str]:
    """What a contract may reconcile with: upstream tables as `<schema>.<table>`, and the datasets that it refers to."""
    names = set()
    for uid in manifest.upstream(contract.name):
        entry = manifest.document["sources"].get(uid) or manifest.node(uid)
        names.add((entry["schema"], entry.get("identifier") or entry["alias"]))
    upstream = {f"{schema}.{table}": f'"{schema}"."{table}"' for schema, table in sorted(names)}
    others = {name: recall_decision(workshop, name) for name in referred_datasets(contract, manifest.datasets)}
    return upstream | {name: relation_of(d.pin) for name, d in others.items() if d is not None and d.verdict.open}


def _valid_until(
    connection: duckdb.DuckDBPyConnection, relation: str, contract: Contract, clock: Clock, now: datetime
) -> datetime:
    """When the freshness promise runs out; at once where the contract makes none or there is no row."""
    freshness = contract.sla("freshness")
    if freshness is None:
        return now
    row = connection.execute(f'SELECT TRY_CAST(max("{freshness.column}") AS TIMESTAMP) FROM {relation}').fetchone()
    if row is None or row[0] is None:
        return now
    return valid_until(contract, clock, now, row[0].replace(tzinfo=UTC))


def _inputs(connection: duckdb.DuckDBPyConnection, manifest: Manifest, dataset: str) -> tuple[Input, ...]:
    inputs = []
    for table in manifest.feeding(dataset):
        rows = connection.execute(
            f"""SELECT l.file, l.file_digest, r.n, l.load_id, l.landed_at, l.contract_digest, l.synthetic
                FROM (SELECT _load_id, count(*) AS n FROM raw."{table.name}" GROUP BY 1) r
                JOIN meta.loads l ON l.load_id = r._load_id ORDER BY l.landed_at, l.load_id"""
        ).fetchall()
        for file, digest, count, load_id, landed_at, contract_digest, synthetic in rows:
            inputs.append(
                Input(
                    system=table.system,
                    table=table.table,
                    file=file,
                    file_digest=digest,
                    rows=count,
                    load_id=load_id,
                    landed_at=landed_at,
                    contract_digest=contract_digest,
                    synthetic=synthetic,
                )
            )
    return tuple(inputs)


_DBT_STATES = {"pass": State.PASS, "warn": State.WARN, "fail": State.FAIL, "error": State.ERROR}


def _dbt_findings(manifest: Manifest, build: Build, contract: Contract) -> Iterable[Finding]:
    for rule, uid in manifest.tests(contract.name).items():
        status, failures = build.tests.get(uid, ("missing", None))
        state = _DBT_STATES.get(status, State.MISSING)
        node = manifest.node(uid)
        severity = "warning" if str(node["config"].get("severity", "error")).lower() == "warn" else "error"
        yield Finding(
            rule=rule,
            item=GateItem.QUALITY,
            state=state,
            severity=severity,
            observed=failures,
            required="0 rows",
            threshold=0.0,
            unit="rows",
            description=str(node.get("description") or f"dbt test {node['name']}"),
            message=""
            if state is State.PASS
            else f"dbt test {node['name']}: {status}, {failures} rows; required: 0 rows",
            owner=contract.owner,
            remedy=remedy(contract),
            engine="dbt",
        )
