"""Clauses on what column lineage found: every column followed, as declared; and on the version that a change demands.

Belongs here: these demands of the lineage item. Does not: following columns (`lineage/tracing`), the contract's own
words on its sources and its sources' changes (`upstream.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from expectations.change.revision import bump_demanded, bump_made, changes_between, version_demanded
from expectations.clauses.clause import Clause, Evidence
from expectations.contract import Column, Contract
from expectations.loader.problem import nearest
from expectations.origins import Origin, Origins
from expectations.verdict import GateItem

_ROWS = "*"
_UNFOLLOWED = Origins(columns={}, doubts={_ROWS: "nobody followed the dataset's columns"})


def _uncertain(evidence: Evidence) -> Iterator[str]:
    found = evidence.origins or _UNFOLLOWED
    columns = evidence.contract.table.columns
    # Which rows there are is no column's own: it stands on somebody's word where every column does.
    if _ROWS in found.doubts and not all(column.declared_lineage for column in columns):
        yield f"which rows there are: {found.doubts[_ROWS]}"
    for column in columns:
        if column.declared_lineage:
            continue
        if doubt := found.doubts.get(column.name):
            yield f"{column.name}: {doubt}"
        elif column.name not in found.columns:
            yield f"{column.name}: its query makes no such column"


def _misdeclared(evidence: Evidence) -> Iterator[str]:
    found = evidence.origins or _UNFOLLOWED
    for column in evidence.contract.table.columns:
        origin = found.columns.get(column.name)
        if origin is not None and not column.declared_lineage and column.name not in found.doubts:
            yield from _differences(column, origin)


def _differences(column: Column, origin: Origin) -> Iterator[str]:
    """A derived column may name others of the dataset instead of their sources; then there is nothing to compare."""
    declared = set(column.sources)
    unfound = sorted(declared - origin.values - origin.deciding)
    undeclared = sorted(origin.values - declared) if declared else []
    for name in unfound:
        meant = nearest(name, origin.values - declared)
        found = f"found: {meant}" if meant else f"found: {', '.join(sorted(origin.values)) or 'a constant or a count'}"
        yield f"{column.name}: declares {name}, which lineage does not find ({found})"
    for name in undeclared:
        yield f"{column.name}: comes from {name}, which it does not declare (declared: {', '.join(sorted(declared))})"


def unraised(contract: Contract, released: Mapping[str, Any] | None) -> Iterator[str]:
    """Changes since the last release whose version was not raised as their class demands.

    Args:
        contract: as it is now.
        released: the contract of the last release as published, or None before the first.
    """
    changes = changes_between(released, contract.document) if released is not None else ()
    if released is None or not changes:
        return
    last = str(released["version"])
    made = bump_made(last, contract.version)
    if made is None:
        yield f"version {contract.version} does not follow the released {last}"
        return
    least = version_demanded(last, bump_demanded(changes))
    for change in changes:
        if change.kind.bump > made:
            yield f"{change} ({change.kind}: demands {least}, the contract says {contract.version})"


def _unraised(evidence: Evidence) -> Iterator[str]:
    return unraised(evidence.contract, evidence.released)


CLAUSES = (
    Clause(
        "lineage_columns_followed",
        GateItem.LINEAGE,
        "Column lineage follows every column to source columns, a constant or a count, without doubt",
        "0 columns that cannot be followed",
        "write the SQL so that it can be followed, or say why not in `declaredLineage` of the column in {path}",
        _uncertain,
    ),
    Clause(
        "lineage_declared_as_found",
        GateItem.LINEAGE,
        "Each column declares the source columns that lineage finds it to come from, and no others",
        "0 differences between declared and found",
        "correct `transformSourceObjects` of the column in {path}, or the model",
        _misdeclared,
    ),
    Clause(
        "lineage_version_raised",
        GateItem.LINEAGE,
        "The contract's version is raised as the strongest change since the last release demands",
        "0 changes under too low a version",
        "raise `version` in {path} (see: esclusa check {dataset})",
        _unraised,
    ),
)
