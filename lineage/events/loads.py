"""Loads: a delivery that landed, or was refused.

Belongs here: what a landing says as events. Does not: landing (`expectations/landing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from openlineage.client.event_v2 import InputDataset
from openlineage.client.facet_v2 import DatasetFacet, InputDatasetFacet, data_quality_assertions_dataset
from openlineage.client.facet_v2 import input_statistics_input_dataset as input_statistics

from expectations.contract import Column, SourceContract, Table
from expectations.landing import DeliveryRefused, Landing
from expectations.landing.rawtables import STAMPS
from expectations.landing.reader import DELIVERED
from lineage.events import facets
from lineage.events.places import POSTGRES, Atlas
from lineage.events.runs import Event, Root, Work, told

Assertion = data_quality_assertions_dataset.Assertion
KIND = "LOAD"
_QUARANTINED = {**dict(stamp.split() for stamp in STAMPS.split(", ")), "_rules": "varchar[]", DELIVERED: "json"}


@dataclass(frozen=True)
class Landed:
    """One table of a source, and where it lands.

    Args:
        source: its contract.
        table: one of its tables.
    """

    source: SourceContract
    table: Table

    @property
    def name(self) -> str:
        """`<system>__<table>`."""
        return f"{self.source.system}__{self.table.name}"

    @property
    def job(self) -> str:
        """Name of the job that loads it."""
        return f"land.{self.name}"

    def work(self, root: Root, began: datetime, ended: datetime) -> Work:
        """Its load as one run of that job."""
        text = f"Lands {self.source.system}.{self.table.name} as it was agreed: {self.table.description}"
        return Work(self.job, KIND, root, began, ended, text, self.source.owner)


def landed(subject: Landed, landing: Landing, work: Work, atlas: Atlas) -> list[Event]:
    """A delivery that landed: the file as input, raw and quarantine as outputs.

    Args:
        subject: the table.
        landing: what landed; of an unchanged delivery, what is held of it.
        work: the run.
        atlas: names datasets.
    """
    source, table = subject.source, subject.table
    delivered = atlas.delivery(source.system, landing.file)
    raw, quarantine = (atlas.relation(f"{schema}.{subject.name}") for schema in ("raw", "quarantine"))
    tags = {"system": source.system, **({"synthetic": "true"} if landing.synthetic else {})}
    made = facets.described(raw, table, source.owner, tags=tags, version=landing.file_digest)
    made["columnLineage"] = facets.copied(delivered, {c.name: (c.physical_name, False) for c in table.columns})
    if table.custom["delivery"].get("mode", "snapshot") == "snapshot":
        made["lifecycleStateChange"] = facets.changed(facets.Change.OVERWRITE)
    outputs = [facets.as_output(raw, made, facets.written(landing.accepted))]
    if landing.quarantined:
        held = {
            "schema": facets.schema_as_found(_QUARANTINED),
            "documentation": facets.documented(
                f"Rows of {source.system}.{table.name} that break a row rule, as delivered, with the rules."
            ),
            "columnLineage": facets.gathered(delivered, DELIVERED, (c.physical_name for c in table.columns)),
            "ownership": facets.ownership(source.owner),
            "tags": facets.tagged((), tags),
            "dataSource": facets.source(quarantine),
        }
        outputs.append(facets.as_output(quarantine, held, facets.written(landing.quarantined)))
    asked: dict[str, InputDatasetFacet] = {
        "dataQualityAssertions": _assertions(table, landing),
        "dataQualityMetrics": facets.measured(landing.delivered, None, 1, {}),
        "inputStatistics": input_statistics.InputStatisticsInputDatasetFacet(landing.delivered, None, 1),
    }
    return told(work, inputs=[_delivery(subject, landing.file, landing.file_digest, asked, atlas)], outputs=outputs)


def refused(subject: Landed, refusal: DeliveryRefused, work: Work, atlas: Atlas) -> list[Event]:
    """A delivery that was refused: raw keeps what it had, so there is no output.

    Args:
        subject, work, atlas: as for `landed`.
        refusal: holds names, counts and positions, never a value of a row.
    """
    agreed = Assertion("delivery", False, name=f"{subject.name}__agreed", severity="error",
                       expected=refusal.agreed, actual=refusal.seen)  # fmt: skip
    asked: dict[str, InputDatasetFacet] = {
        "dataQualityAssertions": data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet([agreed])
    }
    return told(work, inputs=[_delivery(subject, refusal.file, "", asked, atlas)], problem=str(refusal))


def failed(work: Work, problem: str) -> list[Event]:
    """A load that came to no answer.

    Args:
        problem: in words that hold no value of a row.
    """
    return told(work, problem=problem)


def _delivery(
    subject: Landed, file: str, digest: str, asked: dict[str, InputDatasetFacet], atlas: Atlas
) -> InputDataset:
    place, table = atlas.delivery(subject.source.system, file), subject.table
    form = "postgres" if file.startswith(POSTGRES) else str(table.custom["delivery"]["format"])
    described: dict[str, DatasetFacet] = {
        "schema": facets.schema_as_found({c.physical_name: _as_delivered(c, form) for c in table.columns}),
        "documentation": facets.documented(table.description),
        "ownership": facets.ownership(subject.source.owner),
        "dataSource": facets.source(place),
        "storage": facets.stored("database" if form == "postgres" else "file", form),
    }
    if digest:
        described["version"] = facets.version(digest)
    return facets.as_input(place, described, asked)


def _as_delivered(column: Column, form: str) -> str:
    return "text" if form == "csv" else column.logical_type


def _assertions(table: Table, landing: Landing) -> data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet:
    """One per row rule that rows broke, one for all the others, one for the columns."""
    columns = {c.name for c in table.columns}
    broken = [
        Assertion(rule.rpartition("__")[2], False, column=column if (column := rule.rpartition("__")[0]) in columns
                  else None, severity="warn", name=rule, expected="0 rows", actual=f"{count} rows")
        for rule, count in sorted(landing.broken.items())
    ]  # fmt: skip
    held_back = Assertion(
        "row_rules",
        not landing.quarantined,
        name=f"{table.name}__row_rules",
        severity="warn",
        description="Rows that break a row rule are quarantined; their share stays tolerable.",
        expected="0 rows, or no more than the agreed tolerance",
        actual=f"{landing.quarantined} of {landing.delivered} rows",
    )
    agreed = Assertion(
        "schema",
        not landing.differences,
        name=f"{table.name}__agreed_schema",
        severity="warn",
        description="The delivery has the columns that were agreed.",
        expected="the agreed columns",
        actual=f"{len(landing.differences)} differences",
    )
    return data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet([*broken, held_back, agreed])
