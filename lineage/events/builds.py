"""Builds: what dbt left of one invocation, read by `openlineage-dbt`, and put right where it is wrong or silent.

Belongs here: calling its artifact processor on a target folder, and amending what comes of it. Does not: running dbt.

What is put right: a source is called by its table in the warehouse, not by its name in the project; column lineage is
ours, for that of the processor loses columns on their way through CTEs; a test that was skipped is no failed one; SQL
is what dbt compiles without a look at the rows, so that no value of a row is in it.
Source: openlineage-integration-common 1.54, `openlineage.common.provider.dbt`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openlineage.client.event_v2 import RunEvent, RunState
from openlineage.client.facet_v2 import error_message_run
from openlineage.client.serde import Serde
from openlineage.common.provider.dbt.facets import ParentRunMetadata
from openlineage.common.provider.dbt.local import DbtLocalArtifactProcessor

from expectations.contract import Contract
from lineage.events import facets
from lineage.events.places import Atlas
from lineage.events.runs import PRODUCER, Event, Root, as_json
from lineage.tracing.edges import Flow, Node

SILENT = "what dbt said is not repeated, for it can hold values of rows; it is in the log of the run"


@dataclass(frozen=True)
class Project:
    """What is known of a dbt project, besides what an invocation leaves.

    Args:
        directory: of `dbt_project.yml`.
        compiled: unique id → SQL that dbt compiled without a look at the rows.
        contracts: relation of a candidate → its contract.
        links: column, or rows, of a relation → what it comes from.
        columns: relation → column → type, as they are in the warehouse after the build.
        rows: table → number of its rows; a view has none of its own.
    """

    directory: Path
    compiled: Mapping[str, str]
    contracts: Mapping[str, Contract]
    links: Mapping[Node, Mapping[Node, Flow]]
    columns: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, int]


def built(target: Path, project: Project, fingerprint: str, root: Root, atlas: Atlas) -> list[Event]:
    """Every model and every test of one invocation, each as START with COMPLETE or FAIL.

    Args:
        target: its target folder, with `manifest.json` and `run_results.json`.
        project: what else is known.
        fingerprint: digest of the code and the loads that went in; the version of what came out.
        root: the run that it was a part of.
        atlas: names datasets.
    """
    processor = _Artifacts(project, atlas, target, root)
    events = processor.parse()
    amended = [_amended(event, project, fingerprint, atlas) for event in events.events()]
    # START, then how it ended: one work after the other, as it was done.
    order = {event["run"]["runId"]: number for number, event in enumerate(amended)}
    return sorted(amended, key=lambda event: order[event["run"]["runId"]])


def node_of(event: Event) -> str:
    """Unique id of the model or test that an event of dbt's speaks of; empty for any other event."""
    return str(event["job"].get("facets", {}).get("dbt_node", {}).get("unique_id", ""))


class _Artifacts(DbtLocalArtifactProcessor):  # type: ignore[misc]  # its package has no types
    """The processor on amended artifacts.

    Args:
        project, target, root: as for `built`.
        atlas: names the warehouse; the profile may name it by a variable that only dbt was given.
    """

    def __init__(self, project: Project, atlas: Atlas, target: Path, root: Root) -> None:
        super().__init__(
            project_dir=str(project.directory),
            target_path=str(target),
            producer=PRODUCER,
            job_namespace=root.namespace,
        )
        self.project, self.atlas = project, atlas
        self.dbt_run_metadata = ParentRunMetadata(
            run_id=root.run,
            job_name=root.job,
            job_namespace=root.namespace,
            root_parent_run_id=root.run,
            root_parent_job_name=root.job,
            root_parent_job_namespace=root.namespace,
        )

    def get_dbt_metadata(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
        manifest = self.load_metadata(self.manifest_path, list(range(2, 13)), self.logger)
        results = self.load_metadata(self.run_result_path, list(range(2, 7)), self.logger)
        for source in manifest["sources"].values():
            source["name"] = source["identifier"]
        for uid, node in manifest["nodes"].items():
            node["compiled_code"] = self.project.compiled.get(uid) or None
        results["results"] = [
            {**result, "compiled_code": None} for result in results["results"] if result["status"] != "skipped"
        ]
        catalog = {kind: dict(self._catalogued(manifest[kind])) for kind in ("nodes", "sources")}
        return manifest, results, {"type": "duckdb", "path": str(self.atlas.warehouse)}, catalog

    def get_column_lineage(self, namespace: str, compiled_sql: str) -> None:
        return None

    def _catalogued(self, nodes: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
        """As `catalog.json` of `dbt docs generate`: the columns that the warehouse really has."""
        for uid, node in nodes.items():
            relation = f"{node['schema']}.{node.get('identifier') or node.get('alias')}"
            if columns := self.project.columns.get(relation):
                yield uid, {"columns": {n: {"name": n, "type": t} for n, t in columns.items()}}


def _amended(event: RunEvent, project: Project, fingerprint: str, atlas: Atlas) -> Event:
    told = as_json(event)
    for output in told["outputs"]:
        relation = atlas.relation_of(output["namespace"], output["name"])
        output["facets"] = {**output.get("facets", {}), **_described(relation, project, fingerprint, atlas)}
        if (rows := project.rows.get(relation)) is not None:
            output["outputFacets"] = {"outputStatistics": Serde.to_dict(facets.written(rows))}
    for test in told["run"]["facets"].get("test", {}).get("tests", ()):
        test.pop("content", None)
        test.pop("contentType", None)
    if event.eventType is RunState.FAIL:
        message = error_message_run.ErrorMessageRunFacet(_problem(told), "SQL")
        told["run"] = {**told["run"], "facets": {**told["run"]["facets"], "errorMessage": Serde.to_dict(message)}}
    return told


def _described(relation: str, project: Project, fingerprint: str, atlas: Atlas) -> dict[str, Any]:
    """What we know better of a model that was built."""
    columns = project.columns.get(relation, {})
    made: dict[str, Any] = {
        "lifecycleStateChange": facets.changed(facets.Change.OVERWRITE),
        "columnLineage": facets.lineage(relation, columns, project.links, atlas),
    }
    if contract := project.contracts.get(relation):
        # Its version is the digest of its bytes, which are pinned only when they are audited.
        place, tags = atlas.relation(relation), facets.tags_of(contract)
        made |= facets.described(place, contract.table, contract.owner, tags=tags)
        # As it was built: that may not be what the contract says.
        made["schema"] = facets.schema_as_found(columns, contract.table.columns)
    else:
        made["version"] = facets.version(fingerprint)
    return {key: Serde.to_dict(facet) for key, facet in made.items()}


def _problem(told: Event) -> str:
    uid, asked = node_of(told), [a for dataset in told["inputs"] for a in _assertions(dataset)]
    if broken := [a for a in asked if not a["success"]]:
        return f"{uid}: {len(broken)} of {len(asked)} tests do not hold: {'; '.join(map(_seen, broken))}"
    if tests := told["run"]["facets"].get("test", {}).get("tests"):
        return f"{uid}: {_seen(tests[0])}"
    return f"{uid} was not built; {SILENT}"


def _assertions(dataset: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dataset.get("inputFacets", {}).get("dataQualityAssertions", {}).get("assertions", [])
    return found


def _seen(test: Mapping[str, Any]) -> str:
    return f"{test['name']}: {test.get('actual', 'no number of')} rows, expected {test.get('expected', '0')}"
