"""Column lineage of the platform's own project: what dbt compiled, from the tables that the source contracts describe.

Belongs here: handing the one to the other. Does not: following columns (`lineage/tracing/columns.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from expectations.contract import SourceContract
from expectations.landing.rawtables import STAMP_NAMES
from expectations.origins import Origin, Origins
from lineage.tracing.columns import ColumnLineage, LandedTable, Model, SourceColumn, column_lineage
from orchestration.manifest import Manifest, SourceTable
from orchestration.platform import Platform


def lineage_of(platform: Platform) -> ColumnLineage:
    """Column lineage of every golden dataset.

    Args:
        platform: its manifest and source contracts.
    """
    return trace_project(platform.manifest, platform.promises.sources)


def trace_project(manifest: Manifest, sources: Mapping[str, SourceContract]) -> ColumnLineage:
    """Column lineage of a dbt project.

    Args:
        manifest: with the SQL that dbt compiled.
        sources: every source contract, by system; a table that no contract describes has no columns that are known.
    """
    return column_lineage(_models(manifest), _tables(manifest, sources))


def origins_of(lineage: ColumnLineage, dataset: str) -> Origins:
    """What lineage found of one dataset, as the gate reads it.

    Args:
        lineage: of the project.
        dataset: a golden dataset.
    """
    return Origins(
        columns={
            column: Origin(_names(lineage.sources(dataset, column)), _names(lineage.deciding(dataset, column)))
            for column in lineage.columns(dataset)
        },
        used=_names(lineage.feeding(dataset)),
        tables=frozenset(f"{system}.{table}" for system, table in lineage.tables(dataset)),
        doubts=lineage.uncertain[dataset],
    )


def concerned(platform: Platform, table: SourceTable, columns: Iterable[str] = ()) -> tuple[str, ...]:
    """The datasets that a difference in a source table reaches.

    Args:
        platform: its manifest and source contracts.
        table: the table.
        columns: the columns that differ; none where the table does as a whole.
    """
    lineage, differing = lineage_of(platform), frozenset(columns)
    named = f"{table.system}.{table.table}"
    reached = {d for d in lineage.datasets if origins_of(lineage, d).concerned(named, differing)}
    # dbt may know of a table that a query names and takes nothing of.
    return tuple(sorted(reached if differing else reached | set(platform.manifest.fed_by(table))))


def _names(columns: Iterable[SourceColumn]) -> frozenset[str]:
    return frozenset(map(str, columns))


def _models(manifest: Manifest) -> Iterable[Model]:
    datasets = {uid: dataset for dataset, uid in manifest.datasets.items()}
    for uid in sorted({uid for dataset in manifest.datasets for uid in manifest.upstream(dataset)}):
        if not uid.startswith("source."):
            reads = tuple(manifest.relation(parent) for parent in manifest.read_by(uid))
            yield Model(manifest.relation(uid), manifest.compiled(uid), reads, datasets.get(uid, ""))


def _tables(manifest: Manifest, sources: Mapping[str, SourceContract]) -> Iterable[LandedTable]:
    """Also the tables that no model declares: SQL may name them all the same."""
    agreed = {(s.system, t.name): tuple(c.name for c in t.columns) for s in sources.values() for t in s.tables}
    fed = {(t.system, t.table): () for dataset in manifest.datasets for t in manifest.feeding(dataset)}
    for (system, table), columns in {**fed, **agreed}.items():
        own = STAMP_NAMES if columns else ()
        yield LandedTable(f"raw.{system}__{table}", system, table, (*columns, *own))
