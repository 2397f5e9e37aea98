"""What events of a build tell besides what dbt leaves: tables as they are, contracts, column lineage.

Belongs here: gathering it. Does not: making events of it (`lineage/events/builds.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from orchestration.columns import lineage_of
from orchestration.platform import Platform

if TYPE_CHECKING:
    from lineage.events.builds import Project


def project_of(platform: Platform, family: Iterable[str]) -> Project:
    """The dbt project after a build; the caller holds the warehouse.

    Args:
        platform: its models, contracts and warehouse.
        family: datasets that were to be built.
    """
    from lineage.events.builds import Project  # its packages take a second to import: only a build pays it

    manifest, contracts, lineage = platform.manifest, platform.promises.contracts, lineage_of(platform)
    columns: dict[str, dict[str, str]] = {}
    with platform.workshop.held() as connection:
        every = (
            "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY schema_name, table_name, column_index"
        )
        for relation, column, kind in connection.execute(every).fetchall():
            columns.setdefault(relation, {})[column] = kind.lower()
        # Of a table of its own, DuckDB's estimate is the count.
        counted = "SELECT schema_name || '.' || table_name, estimated_size FROM duckdb_tables()"
        rows = dict(connection.execute(counted).fetchall())
    return Project(
        directory=platform.settings.dbt_project,
        compiled={uid: manifest.compiled(uid) for uid in manifest.document["nodes"]},
        contracts={f"candidate.{name}": contracts[name] for name in platform.datasets},
        links={node: origins for dataset in family for node, origins in lineage.links(dataset).items()},
        columns=columns,
        rows=rows,
    )
