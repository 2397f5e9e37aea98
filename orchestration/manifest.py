"""What dbt's manifest says: which models build a golden dataset, from which source tables, tested by what.

Belongs here: reading the manifest as a graph. Does not: running dbt (`assets/models.py`), judging (`expectations`).
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path
from typing import Any

from orchestration.settings import Settings

GOLDEN = "golden"
DBT = Path(sys.executable).parent / "dbt"  # of this very environment, whatever PATH says


class ManifestError(RuntimeError):
    """dbt could not read its project."""


@dataclass(frozen=True)
class SourceTable:
    """A table of a source system, as dbt names it: `<system>__<table>`."""

    system: str
    table: str

    @property
    def name(self) -> str:
        """The table's name in schema `raw`."""
        return f"{self.system}__{self.table}"


class Manifest:
    """The dbt project as a graph.

    Args:
        document: the parsed `manifest.json`.
        project_digest: digest of files that the manifest does not hold, such as `dbt_project.yml`.
    """

    def __init__(self, document: Mapping[str, Any], project_digest: str = "") -> None:
        self.document = document
        self._project_digest = project_digest
        self._nodes: Mapping[str, Any] = document["nodes"]
        self._parents: Mapping[str, list[str]] = document["parent_map"]

    @cached_property
    def datasets(self) -> dict[str, str]:
        """Golden dataset → unique id of its model."""
        return {
            node["name"]: uid
            for uid, node in sorted(self._nodes.items())
            if node["resource_type"] == "model" and GOLDEN in node["fqn"]
        }

    def upstream(self, dataset: str) -> frozenset[str]:
        """Unique ids of every model, seed and source above a dataset, its own model included."""
        seen: set[str] = set()
        ahead = [self.datasets[dataset]]
        while ahead:
            uid = ahead.pop()
            if uid not in seen:
                seen.add(uid)
                ahead += self.read_by(uid)
        return frozenset(seen)

    def build_order(self, datasets: Iterable[str]) -> tuple[Mapping[str, Any], ...]:
        """Entries of the models above these datasets, each after those it reads."""
        models = {u for d in datasets for u in self.upstream(d) if not u.startswith("source.")}
        ordered = TopologicalSorter({u: models & set(self._parents[u]) for u in models}).static_order()
        return tuple(self._nodes[uid] for uid in ordered)

    def feeding(self, dataset: str) -> tuple[SourceTable, ...]:
        """The source tables that really feed a dataset, by lineage."""
        uids = sorted(uid for uid in self.upstream(dataset) if uid.startswith("source."))
        return tuple(self._source_table(uid) for uid in uids)

    def fed_by(self, table: SourceTable) -> tuple[str, ...]:
        """The datasets that a source table feeds."""
        return tuple(d for d in self.datasets if table in self.feeding(d))

    def _source_table(self, uid: str) -> SourceTable:
        system, _, table = str(self.document["sources"][uid]["identifier"]).partition("__")
        return SourceTable(system, table)

    @cached_property
    def families(self) -> tuple[tuple[str, ...], ...]:
        """Datasets that share a model are built together; the rest apart, so that one failure stays with its own."""
        families: list[tuple[set[str], list[str]]] = []
        for dataset in self.datasets:
            models = {uid for uid in self.upstream(dataset) if not uid.startswith("source.")}
            touching = [f for f in families if f[0] & models]
            families = [f for f in families if f not in touching]
            families.append((models.union(*(f[0] for f in touching)), [*(d for f in touching for d in f[1]), dataset]))
        return tuple(tuple(sorted(names)) for _, names in sorted(families, key=lambda f: sorted(f[1])))

    def tests(self, dataset: str) -> dict[str, str]:
        """Data tests of the golden model itself: rule id → unique id of the test."""
        model = self.datasets[dataset]
        return {
            f"{dataset}__dbt_{node['alias'].removeprefix(dataset + '_')}": uid
            for uid, node in sorted(self._nodes.items())
            if node["resource_type"] == "test" and model in node["depends_on"]["nodes"]
        }

    @property
    def exposures(self) -> tuple[Mapping[str, Any], ...]:
        """The manifest's entries of what reads the project's models, by name."""
        return tuple(entry for _, entry in sorted(self.document.get("exposures", {}).items()))

    def node(self, uid: str) -> Mapping[str, Any]:
        """The manifest's entry of a node."""
        entry: Mapping[str, Any] = self._nodes[uid]
        return entry

    def read_by(self, uid: str) -> tuple[str, ...]:
        """Unique ids of the models, seeds and sources that a model reads."""
        return tuple(p for p in self._parents.get(uid, ()) if p.split(".")[0] in {"model", "seed", "source"})

    def relation(self, uid: str) -> str:
        """`<schema>.<table>` of a model, seed or source."""
        entry = self.document["sources"].get(uid) or self._nodes[uid]
        return f"{entry['schema']}.{entry.get('identifier') or entry['alias']}"

    def compiled(self, uid: str) -> str:
        """The SQL that dbt made of a model; empty where it made none."""
        return str(self._nodes[uid].get("compiled_code") or "")

    def fingerprint(self, datasets: Iterable[str], loads: Iterable[str]) -> str:
        """Digest of all that a build depends on: code of the models, tests and macros, and the loads they read.

        Args:
            datasets: a family.
            loads: digests of what is in `raw`, in any order.
        """
        models = set().union(*(self.upstream(d) for d in datasets))
        code = [
            [uid, node.get("raw_code") or "", json.dumps(node.get("config", {}), sort_keys=True, default=str)]
            for uid, node in sorted({**self._nodes, **self.document["unit_tests"]}.items())
            if uid in models or models & set(node["depends_on"]["nodes"])
        ]
        package = self.document["metadata"]["project_name"]
        macros = [
            [uid, m["macro_sql"]] for uid, m in sorted(self.document["macros"].items()) if m["package_name"] == package
        ]
        tools = self.document["metadata"]["dbt_version"]
        return sha256(json.dumps([code, macros, sorted(loads), tools, self._project_digest]).encode()).hexdigest()


def family_of(manifest: Manifest, dataset: str) -> tuple[str, ...]:
    """The datasets that are built together with this one."""
    return next(f for f in manifest.families if dataset in f)


def load_manifest(settings: Settings) -> Manifest:
    """The manifest of the project as it is on disk: parsed again when a file of the project is newer.

    Args:
        settings: where the project and dbt's target directory are.

    Raises:
        ManifestError: dbt refuses the project; the message ends with the command to run.
    """
    path = settings.dbt_target / "manifest.json"
    settings.dbt_target.mkdir(parents=True, exist_ok=True, mode=0o700)  # logs can quote rows
    with (settings.dbt_target / "parse.flock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not path.exists() or path.stat().st_mtime < _newest(settings.dbt_project):
            _parse(settings)
        document = json.loads(path.read_text(encoding="utf-8"))
        if not any(node.get("compiled_code") for node in document["nodes"].values()):  # of an earlier version
            _parse(settings)
            document = json.loads(path.read_text(encoding="utf-8"))
    digest = sha256((settings.dbt_project / "dbt_project.yml").read_bytes()).hexdigest()
    return Manifest(document, digest)


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Variables for dbt: where the warehouse and the target are, and no telemetry."""
    return {
        **os.environ,
        "ESCLUSA_WAREHOUSE": str(settings.warehouse),
        "DBT_TARGET_PATH": str(settings.dbt_target),
        "DBT_LOG_PATH": str(settings.dbt_target / "logs"),
        "DBT_PROFILES_DIR": str(settings.dbt_project),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def _newest(project: Path) -> float:
    return max(f.stat().st_mtime for f in project.rglob("*") if f.suffix in {".sql", ".yml", ".csv"})


def _parse(settings: Settings) -> None:
    # Compiled, for column lineage; without a look into the warehouse, which another process may hold.
    offline = ("--no-introspect", "--no-populate-cache")
    command = [str(DBT), "--quiet", "compile", *offline, "--project-dir", str(settings.dbt_project)]
    done = subprocess.run(command, env=dbt_environment(settings), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ManifestError(
            f"dbt cannot read {settings.dbt_project.name}: {(done.stdout + done.stderr).strip()[-2000:]}\n"
            f"next: correct the project, then run `dbt compile --project-dir {settings.dbt_project.name}`"
        )
