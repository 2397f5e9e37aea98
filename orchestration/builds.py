"""What the last dbt build of a family did: its fingerprint, which models it made, how each test came out.

Belongs here: the record and how to read dbt's run results into it. Does not: running dbt (`assets/models.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

from orchestration.manifest import Manifest, SourceTable, family_of
from orchestration.workshop import Workshop


@dataclass(frozen=True)
class Build:
    """One build of one family of datasets.

    Args:
        fingerprint: digest of the code and the loads that went in.
        problems: dataset → why dbt made no candidate of it; empty where all were made.
        tests: unique id → (status, failing rows).
        let_go: dataset → terms under which rows past their time have left its candidate since.
    """

    fingerprint: str
    problems: Mapping[str, str]
    tests: Mapping[str, tuple[str, int | None]]
    let_go: Mapping[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """True where every dataset of the family has a candidate and no test is to be asked again."""
        return not self.problems and all(status in {"pass", "warn"} for status, _ in self.tests.values())

    def stands(self, fingerprint: str, terms: Mapping[str, str]) -> bool:
        """True where a build made now would make the same candidates.

        Args:
            fingerprint: of the code and the loads as they are now.
            terms: dataset → terms of its retention now; what has left under others would come back.
        """
        return self.settled and self.fingerprint == fingerprint and self.let_go.items() <= terms.items()

    def refusal(self, dataset: str, owner: str) -> str:
        """Why there is no candidate of a dataset, for a person; empty where there is one."""
        problem = self.problems.get(dataset)
        if problem is None:
            return ""
        return f"{dataset}: dbt built no candidate: {problem}; owner: {owner}; next: {remedy_for(dataset)}"


def remedy_for(dataset: str) -> str:
    """What to do about a candidate that cannot be built or pinned."""
    return f"correct the models, then: esclusa run --only {dataset}"


def read_results(manifest: Manifest, family: Iterable[str], fingerprint: str, results: Mapping[str, Any]) -> Build:
    """A Build from dbt's `run_results.json`.

    Args:
        results: the parsed document; a node that it does not name counts as not run.
    """
    by_id = {r["unique_id"]: r for r in results["results"]}
    problems = {}
    for dataset in family:
        above = manifest.upstream(dataset)
        if by_id.get(manifest.datasets[dataset], {}).get("status") != "success":
            problems[dataset] = _cause(by_id, manifest, above)
    tests = {uid: (str(r["status"]), r.get("failures")) for uid, r in by_id.items() if uid.startswith("test.")}
    return Build(fingerprint=fingerprint, problems=problems, tests=tests)


def _cause(by_id: Mapping[str, Any], manifest: Manifest, above: frozenset[str]) -> str:
    """Name the nodes that stopped it; dbt's own message stays in its log, for it can hold values of rows."""
    culprits = sorted(
        f"{uid.split('.')[0]} {uid.split('.')[2]} ({r['status']})"
        for uid, r in by_id.items()
        if r["status"] in {"error", "fail", "runtime error"} and (uid in above or above & _attached(manifest, uid))
    )
    return "; ".join(culprits) or "it was skipped, and dbt names no cause"


def _attached(manifest: Manifest, uid: str) -> set[str]:
    entry = manifest.document["nodes"].get(uid) or manifest.document["unit_tests"].get(uid) or {}
    return set(entry.get("depends_on", {}).get("nodes", []))


def remember_build(workshop: Workshop, family: Iterable[str], build: Build) -> None:
    """Keep the record of a family's build."""
    workshop.remember("builds", _name(family), asdict(build))


def recall_build(workshop: Workshop, manifest: Manifest, dataset: str) -> Build | None:
    """The last build of the family that a dataset belongs to, or None."""
    document = workshop.recall("builds", _name(family_of(manifest, dataset)))
    if document is None:
        return None
    tests = {uid: (status, failures) for uid, (status, failures) in document["tests"].items()}
    return Build(document["fingerprint"], document["problems"], tests, document.get("let_go", {}))


def current_fingerprint(connection: duckdb.DuckDBPyConnection, manifest: Manifest, dataset: str) -> str:
    """What a build made now would have as its fingerprint.

    Args:
        connection: on the warehouse.
        dataset: any of a family.
    """
    family = family_of(manifest, dataset)
    tables = {t for d in family for t in manifest.feeding(d)}
    return manifest.fingerprint(
        family, [load for t in sorted(tables, key=lambda t: t.name) for load in _loads(connection, t)]
    )


def _loads(connection: duckdb.DuckDBPyConnection, table: SourceTable) -> list[str]:
    """Every load, and how many of its rows were taken out since it landed: what was built with them is out of date."""
    try:
        rows = connection.execute(
            f"""SELECT DISTINCT r._load_id, r._file_digest, l.erased, l.expired, l.anonymised
                FROM raw."{table.name}" r LEFT JOIN meta.loads l ON l.load_id = r._load_id"""
        ).fetchall()
    except duckdb.CatalogException:  # nothing has landed yet
        return []
    return [f"{table.name} {' '.join(map(str, row))}" for row in rows]


def _name(family: Iterable[str]) -> str:
    return "+".join(sorted(family))
