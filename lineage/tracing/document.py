"""`lineage.json`: what column lineage found of a dataset when it was certified, as it travels with the data.

Belongs here: its format (docs/release-format.md). Does not: finding lineage (`columns.py`), reading it
(`esclusa/tracing/origins.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from expectations.contract import Contract
from lineage.tracing.columns import ColumnLineage, SourceColumn
from lineage.tracing.edges import EVERY, ROWS, Flow, Node

LINEAGE_FILE = "lineage.json"
FORMAT = 1
ANY = "*"  # a relation's rows, and any of its columns where those are not known before it runs
FLOWS = {Flow.KEPT: "copied", Flow.REWORKED: "computed", Flow.COMPUTED: "computed", Flow.DECIDING: "deciding"}


def lineage_file(contract: Contract, lineage: ColumnLineage) -> bytes:
    """The document as it is published; the same lineage gives the same bytes.

    Args:
        contract: of the dataset.
        lineage: of the project that builds it.
    """
    return (json.dumps(lineage_document(contract, lineage), ensure_ascii=False, indent=1) + "\n").encode()


def lineage_document(contract: Contract, lineage: ColumnLineage) -> dict[str, Any]:
    """What lineage found of a dataset.

    Args:
        contract: of the dataset.
        lineage: of the project that builds it.
    """
    dataset, doubts = contract.name, lineage.uncertain[contract.name]
    found, made = lineage.links(dataset), lineage.columns(dataset)
    unmade = doubts.get(ANY, "") or "its query makes no such column"
    return {
        "format": FORMAT,
        "dataset": dataset,
        "columns": {
            column.name: {
                # What lineage cannot follow stands on the word of whoever declared it.
                "from": sorted(column.sources)
                if column.declared_lineage
                else _names(lineage.sources(dataset, column.name)),
                "decidedBy": _names(lineage.deciding(dataset, column.name)),
                "declared": column.declared_lineage,
                "uncertain": ""
                if column.declared_lineage
                else doubts.get(column.name, "" if column.name in made else unmade),
            }
            for column in contract.table.columns
        },
        "rows": {"decidedBy": _names(lineage.rows_decided_by(dataset)), "uncertain": doubts.get(ANY, "")},
        "relations": list(_relations(found, lineage)),
        "edges": list(_edges(found, lineage)),
    }


def _relations(found: Mapping[Node, Mapping[Node, Flow]], lineage: ColumnLineage) -> Iterable[dict[str, Any]]:
    reads: dict[str, set[str]] = {}
    for (relation, _), origins in found.items():
        reads.setdefault(relation, set()).update(name for name, _ in origins if name != relation)
    for relation in sorted(reads):
        entry = {"name": relation, "layer": relation.partition(".")[0], "reads": sorted(reads[relation])}
        landed = lineage.source_of(relation)
        yield {**entry, "source": f"{landed.system}.{landed.table}"} if landed else entry


def _edges(found: Mapping[Node, Mapping[Node, Flow]], lineage: ColumnLineage) -> Iterable[dict[str, str]]:
    for node, origins in sorted(found.items()):
        for origin, flow in sorted(origins.items()):
            # What the landing adds to a delivery is no column of the source.
            if not (lineage.source_of(origin[0]) and origin[1].startswith("_")):
                yield {"to": _shown(node), "from": _shown(origin), "flow": FLOWS[flow]}


def _shown(node: Node) -> str:
    relation, column = node
    return f"{relation}.{ANY if column in {ROWS, EVERY} else column}"


def _names(columns: Iterable[SourceColumn]) -> list[str]:
    return sorted(map(str, columns))
