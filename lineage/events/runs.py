"""Runs: what began, how it ended, and which run it is a part of, as START with COMPLETE or FAIL.

Belongs here: the frame of every event. Does not: facets of datasets (`facets.py`).
Source: OpenLineage 2-0-2, RunEvent; ParentRunFacet 1-2-0, JobTypeJobFacet, ErrorMessageRunFacet 1-0-1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState, set_producer
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    documentation_job,
    error_message_run,
    job_type_job,
    ownership_job,
    parent_run,
    tags_run,
)
from openlineage.client.serde import Serde
from openlineage.client.uuid import generate_static_uuid

PRODUCER = f"urn:esclusa:platform:{version('esclusa')}"
INTEGRATION = "ESCLUSA"
Event = dict[str, Any]  # as JSON

set_producer(PRODUCER)  # of every facet: the library names itself where nobody else does


@dataclass(frozen=True)
class Root:
    """The run that others are parts of.

    Args:
        run: its UUID.
        job: its name.
        namespace: of every job of this platform.
        began: timezone-aware.
    """

    run: str
    job: str
    namespace: str
    began: datetime


@dataclass(frozen=True)
class Work:
    """One run of one job.

    Args:
        job: `land.<table>`, `audit.<dataset>` …
        kind: what OpenLineage calls the type of a job: `LOAD`, `AUDIT` …
        root: the run that it is a part of; or that it is itself.
        began, ended: timezone-aware.
        description, owner: of the job.
        tags: of the run: key → value.
    """

    job: str
    kind: str
    root: Root
    began: datetime
    ended: datetime
    description: str = ""
    owner: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def run(self) -> str:
        """UUID of this run; the same for the same work."""
        if self.job == self.root.job:
            return self.root.run
        return named_run(f"{self.root.run} {self.job}", self.began)


def named_run(name: str, began: datetime) -> str:
    """UUID of a run: the same for the same name and moment.

    Args:
        name: of what is done.
        began: timezone-aware.
    """
    return str(generate_static_uuid(began, name.encode()))


def told(
    work: Work,
    *,
    inputs: Sequence[InputDataset] = (),
    outputs: Sequence[OutputDataset] = (),
    problem: str = "",
) -> list[Event]:
    """START, and COMPLETE or FAIL; the second stands on its own.

    Args:
        work: what was done.
        inputs, outputs: with all their facets.
        problem: why it failed, in words that hold no value of a row; empty where it did not.
    """
    return [begun(work), ended(work, inputs=inputs, outputs=outputs, problem=problem)]


def begun(work: Work) -> Event:
    """START alone, of work that is still to be done."""
    return _event(RunState.START, work, work.began, {})


def ended(
    work: Work, *, inputs: Sequence[InputDataset] = (), outputs: Sequence[OutputDataset] = (), problem: str = ""
) -> Event:
    """COMPLETE or FAIL, with everything that is known. Args: as for `told`."""
    failed = {"errorMessage": error_message_run.ErrorMessageRunFacet(problem, "Python")} if problem else {}
    state = RunState.FAIL if problem else RunState.COMPLETE
    return _event(state, work, work.ended, failed, inputs, outputs)


def parent_of(root: Root) -> parent_run.ParentRunFacet:
    """The parent facet of a part of this run."""
    return parent_run.ParentRunFacet(
        run=parent_run.Run(runId=root.run),
        job=parent_run.Job(namespace=root.namespace, name=root.job),
        root=parent_run.Root(
            run=parent_run.RootRun(runId=root.run),
            job=parent_run.RootJob(namespace=root.namespace, name=root.job),
        ),
    )


def moment(at: datetime) -> str:
    """ISO 8601, UTC, as an event's time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def as_json(event: RunEvent) -> Event:
    """An event of the library as JSON."""
    return Serde.to_dict(event)


def job_type(kind: str) -> job_type_job.JobTypeJobFacet:
    """What sort of job it is."""
    return job_type_job.JobTypeJobFacet(processingType="BATCH", integration=INTEGRATION, jobType=kind)


def _event(
    state: RunState,
    work: Work,
    at: datetime,
    facets: Mapping[str, RunFacet],
    inputs: Iterable[InputDataset] = (),
    outputs: Iterable[OutputDataset] = (),
) -> Event:
    run: dict[str, RunFacet] = dict(facets)
    if work.job != work.root.job:
        run["parent"] = parent_of(work.root)
    if work.tags:
        fields = [tags_run.TagsRunFacetFields(key, value, INTEGRATION) for key, value in work.tags.items()]
        run["tags"] = tags_run.TagsRunFacet(fields)
    job: dict[str, JobFacet] = {"jobType": job_type(work.kind)}
    if work.description:
        job["documentation"] = documentation_job.DocumentationJobFacet(work.description)
    if work.owner:
        job["ownership"] = ownership_job.OwnershipJobFacet([ownership_job.Owner(work.owner, "OWNER")])
    return as_json(
        RunEvent(
            eventType=state,
            eventTime=moment(at),
            run=Run(work.run, run),
            job=Job(work.root.namespace, work.job, job),
            producer=PRODUCER,
            inputs=list(inputs),
            outputs=list(outputs),
        )
    )
