"""Facets of datasets: what a contract, a table and a count say, as OpenLineage says it.

Belongs here: one function per facet. Does not: which event carries which.
Source: OpenLineage facets, at the versions of openlineage-python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    OutputDatasetFacet,
    column_lineage_dataset,
    data_quality_metrics_dataset,
    data_quality_metrics_input_dataset,
    dataset_version_dataset,
    datasource_dataset,
    documentation_dataset,
    lifecycle_state_change_dataset,
    output_statistics_output_dataset,
    ownership_dataset,
    schema_dataset,
    storage_dataset,
    symlinks_dataset,
    tags_dataset,
)

from expectations.contract import Column, Contract, Table
from lineage.events.places import Atlas, Place
from lineage.events.runs import INTEGRATION, moment
from lineage.tracing.edges import EVERY, ROWS, Flow, Node

Change = lifecycle_state_change_dataset.LifecycleStateChange
Transformation = column_lineage_dataset.Transformation
InputField = column_lineage_dataset.InputField
_FLOWS = {
    Flow.KEPT: Transformation(type="DIRECT", description="the value itself arrives"),
    **dict.fromkeys(
        (Flow.REWORKED, Flow.COMPUTED),
        Transformation(type="DIRECT", subtype="TRANSFORMATION", description="something computed from it"),
    ),
    Flow.DECIDING: Transformation(type="INDIRECT", description="it decides which value, or which rows"),
}


def described(
    place: Place, table: Table, owner: str, *, tags: Mapping[str, str], version: str = ""
) -> dict[str, DatasetFacet]:
    """Schema, documentation, owner, tags, data source and version of a table that a contract describes.

    Args:
        place: where it is.
        table: its description.
        owner: who answers for it.
        tags: key → value, of the whole dataset; those of its columns come from the table.
        version: digest of what it holds.
    """
    facets: dict[str, DatasetFacet] = {
        "schema": schema(table.columns),
        "documentation": documented(table.description),
        "ownership": ownership(owner),
        "tags": tagged(table.columns, tags),
        "dataSource": source(place),
    }
    return facets | ({"version": dataset_version_dataset.DatasetVersionDatasetFacet(version)} if version else {})


def as_input(
    place: Place, made: Mapping[str, DatasetFacet], asked: Mapping[str, InputDatasetFacet] | None = None
) -> InputDataset:
    """A dataset that was read.

    Args:
        place: where it is.
        made: facets of the dataset.
        asked: facets of the reading.
    """
    return InputDataset(place.namespace, place.name, facets=dict(made), inputFacets=dict(asked or {}))


def as_output(
    place: Place, made: Mapping[str, DatasetFacet], counted: OutputDatasetFacet | None = None
) -> OutputDataset:
    """A dataset that was written.

    Args:
        place: where it is.
        made: facets of the dataset.
        counted: how much was written.
    """
    statistics = {} if counted is None else {"outputStatistics": counted}
    return OutputDataset(place.namespace, place.name, facets=dict(made), outputFacets=statistics)


def documented(text: str) -> documentation_dataset.DocumentationDatasetFacet:
    """What it is, in words."""
    return documentation_dataset.DocumentationDatasetFacet(text)


def schema(columns: Iterable[Column]) -> schema_dataset.SchemaDatasetFacet:
    """Columns with their type and their definition."""
    return schema_dataset.SchemaDatasetFacet(
        [
            schema_dataset.SchemaDatasetFacetFields(c.name, c.physical_type, c.description, ordinal_position=i)
            for i, c in enumerate(columns, start=1)
        ]
    )


def schema_as_found(columns: Mapping[str, str], known: Iterable[Column] = ()) -> schema_dataset.SchemaDatasetFacet:
    """Columns as they are.

    Args:
        columns: column → type.
        known: columns that somebody described.
    """
    words = {column.name: column.description for column in known}
    return schema_dataset.SchemaDatasetFacet(
        [
            schema_dataset.SchemaDatasetFacetFields(name, kind, words.get(name), ordinal_position=i)
            for i, (name, kind) in enumerate(columns.items(), start=1)
        ]
    )


def ownership(owner: str) -> ownership_dataset.OwnershipDatasetFacet:
    """Who answers for a dataset."""
    return ownership_dataset.OwnershipDatasetFacet([ownership_dataset.Owner(owner, "OWNER")])


def tagged(columns: Iterable[Column], tags: Mapping[str, str]) -> tags_dataset.TagsDatasetFacet:
    """Tags of a dataset, and the classification of each of its columns."""
    field = tags_dataset.TagsDatasetFacetFields
    whole = [field(key, value, INTEGRATION) for key, value in tags.items()]
    classified = [field("classification", c.classification, INTEGRATION, c.name) for c in columns if c.classification]
    own = [field(tag, "true", INTEGRATION, c.name) for c in columns for tag in c.tags]
    return tags_dataset.TagsDatasetFacet([*whole, *classified, *own])


def tags_of(contract: Contract) -> dict[str, str]:
    """Tags of a golden dataset and its candidate."""
    terms = {f"term:{use.term}": f"version {use.version}" for use in contract.terms}
    own = dict.fromkeys(contract.tags, "true")
    return {"domain": contract.domain or "none", "release": contract.release, "status": contract.status, **own, **terms}


def source(place: Place) -> datasource_dataset.DatasourceDatasetFacet:
    """The data source that a dataset is in."""
    return datasource_dataset.DatasourceDatasetFacet(name=place.namespace, uri=place.uri or place.namespace)


def version(digest: str) -> dataset_version_dataset.DatasetVersionDatasetFacet:
    """Which version it is, by digest."""
    return dataset_version_dataset.DatasetVersionDatasetFacet(digest)


def changed(change: Change) -> lifecycle_state_change_dataset.LifecycleStateChangeDatasetFacet:
    """What became of a dataset."""
    return lifecycle_state_change_dataset.LifecycleStateChangeDatasetFacet(change)


def stored(layer: str, file_format: str) -> storage_dataset.StorageDatasetFacet:
    """How it is stored."""
    return storage_dataset.StorageDatasetFacet(layer, file_format)


def lies_at(place: Place) -> symlinks_dataset.SymlinksDatasetFacet:
    """Where the files of a dataset are, beside its name."""
    identifier = symlinks_dataset.Identifier(place.namespace, place.name, "LOCATION")
    return symlinks_dataset.SymlinksDatasetFacet([identifier])


def written(
    rows: int, size: int | None = None, files: int | None = None
) -> output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet:
    """How much was written: rows, bytes, files."""
    return output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rows, size, files)


def measured(
    rows: int, size: int | None, files: int | None, nulls: Mapping[str, int]
) -> data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet:
    """What was counted of an input: rows, bytes, files, and per column the rows without a value."""
    metrics = data_quality_metrics_input_dataset.ColumnMetrics
    return data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
        columnMetrics={name: metrics(nullCount=count, count=rows - count) for name, count in nulls.items()},
        rowCount=rows,
        bytes=size,
        fileCount=files,
    )


def holds(
    rows: int, size: int, files: int, updated: datetime
) -> data_quality_metrics_dataset.DataQualityMetricsDatasetFacet:
    """What a published dataset holds: rows, bytes, files, and since when."""
    return data_quality_metrics_dataset.DataQualityMetricsDatasetFacet(
        columnMetrics={}, rowCount=rows, bytes=size, fileCount=files, lastUpdated=moment(updated)
    )


def copied(origin: Place, columns: Mapping[str, tuple[str, bool]]) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """Column lineage of a copy: each column from one of the same table.

    Args:
        origin: what was copied.
        columns: column → the column that it comes from, and whether its values were masked on the way.
    """
    fields = {}
    for name, (came_from, masked) in columns.items():
        kind = Transformation(type="DIRECT", subtype="TRANSFORMATION" if masked else "IDENTITY", masking=masked)
        fields[name] = column_lineage_dataset.Fields([InputField(origin.namespace, origin.name, came_from, [kind])])
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields)


def gathered(origin: Place, column: str, columns: Iterable[str]) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """Column lineage of a column that holds whole rows of something.

    Args:
        origin: what the rows are of.
        column: that holds them.
        columns: of the origin.
    """
    every = [InputField(origin.namespace, origin.name, name, [_FLOWS[Flow.KEPT]]) for name in columns]
    return column_lineage_dataset.ColumnLineageDatasetFacet({column: column_lineage_dataset.Fields(every)})


def lineage(
    relation: str, columns: Iterable[str], links: Mapping[Node, Mapping[Node, Flow]], atlas: Atlas
) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """Column lineage of a model, as esclusa follows it through its compiled SQL.

    Args:
        relation: `<schema>.<table>` of the model.
        columns: its columns.
        links: column, or rows, of a relation → what it comes from in the relations that it reads.
        atlas: names relations.
    """
    fields = {}
    for column in columns:
        found = links.get((relation, column.lower())) or links.get((relation, EVERY), {})
        fields[column] = column_lineage_dataset.Fields(_fields(found, atlas))
    deciding = links.get((relation, ROWS), {})
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields, _fields(deciding, atlas))


def _fields(origins: Mapping[Node, Flow], atlas: Atlas) -> list[InputField]:
    """Columns that something comes from; `*` where it may be any of a relation."""
    named = sorted((origin, flow) for origin, flow in origins.items() if origin[1] != ROWS)
    places = ((atlas.relation(relation), column, flow) for (relation, column), flow in named)
    return [InputField(p.namespace, p.name, "*" if c == EVERY else c, [_FLOWS[flow]]) for p, c, flow in places]
