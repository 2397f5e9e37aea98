"""Events that stand: those of the loads, builds and audits that the next certificate will rest on.

Belongs here: keeping them between runs, and as the document that travels with a dataset. Does not: making them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lineage.events.evidence import lines
from lineage.events.places import unlocated
from lineage.events.runs import Event
from orchestration.manifest import Manifest, SourceTable, family_of
from orchestration.workshop import Workshop

RECORD = "events"
DOCUMENT = "openlineage.ndjson"


@dataclass(frozen=True)
class Standing:
    """What was told of one thing.

    Args:
        of: which state of it: a load, a build, a candidate, a certificate.
        events: job → its events.
    """

    of: str = ""
    events: Mapping[str, Sequence[Event]] = field(default_factory=dict)


def of_load(workshop: Workshop, table: SourceTable) -> Standing:
    """What was told of the loads that a raw table holds."""
    return _recalled(workshop, f"load-{table.name}")


def keep_load(
    workshop: Workshop, table: SourceTable, load: str, events: Sequence[Event], *, beside: Collection[str] = ()
) -> None:
    """Keep what was told of a load.

    Args:
        load: its id.
        events: of it.
        beside: loads that the table holds besides; what was told of any other stands no more.
    """
    before = {held: told for held, told in of_load(workshop, table).events.items() if held in beside}
    _keep(workshop, f"load-{table.name}", load, {**before, load: list(events)})


def of_build(workshop: Workshop, family: Iterable[str]) -> Standing:
    """What was told of the last build of a family."""
    return _recalled(workshop, _build(family))


def keep_build(workshop: Workshop, family: Iterable[str], fingerprint: str, events: Iterable[Event]) -> None:
    """Keep what was told of a build.

    Args:
        fingerprint: of the whole family; empty where only a part of it was built, which replaces that part.
        events: of it.
    """
    jobs: dict[str, list[Event]] = {}
    for event in events:
        jobs.setdefault(event["job"]["name"], []).append(event)
    before = {} if fingerprint else of_build(workshop, family).events
    _keep(workshop, _build(family), fingerprint, {**before, **jobs})


def of_audit(workshop: Workshop, dataset: str) -> Standing:
    """What was told of the decision that stands."""
    return _recalled(workshop, f"audit-{dataset}")


def keep_audit(workshop: Workshop, dataset: str, subject: str, events: Sequence[Event]) -> None:
    """Keep what was told of an audit.

    Args:
        subject: candidate and moment.
    """
    _keep(workshop, f"audit-{dataset}", subject, {dataset: list(events)})


def of_publication(workshop: Workshop, dataset: str) -> Standing:
    """What was told last of what golden serves of a dataset: `of` is its certificate."""
    return _recalled(workshop, f"publication-{dataset}")


def keep_publication(workshop: Workshop, dataset: str, certificate: str) -> None:
    """Keep that it was told.

    Args:
        certificate: SHA-256 (hex) of its file.
    """
    _keep(workshop, f"publication-{dataset}", certificate, {})


def of_revocation(workshop: Workshop, dataset: str) -> Standing:
    """What was told last of what was taken back of a dataset: `of` is its certificate."""
    return _recalled(workshop, f"revocation-{dataset}")


def keep_revocation(workshop: Workshop, dataset: str, certificate: str) -> None:
    """Keep that it was told. Args: as for `keep_publication`."""
    _keep(workshop, f"revocation-{dataset}", certificate, {})


def document(workshop: Workshop, manifest: Manifest, dataset: str) -> bytes:
    """What a certificate of a dataset rests on, as JSON lines: loads of its inputs, builds and tests of its models, its
    audit; whichever run they happened in, and without where this platform keeps things.

    Args:
        dataset: that is about to be certified.
    """
    settings = workshop.settings
    directories = {"esclusa": settings.home, "sources": settings.source_files, "project": settings.dbt_project}
    return unlocated(lines(_resting(workshop, manifest, dataset)), directories, settings.postgres)


def _resting(workshop: Workshop, manifest: Manifest, dataset: str) -> Iterator[Event]:
    for table in manifest.feeding(dataset):
        for events in of_load(workshop, table).events.values():
            yield from events
    above = manifest.upstream(dataset)
    for events in of_build(workshop, family_of(manifest, dataset)).events.values():
        yield from (event for event in events if _concerns(manifest, above, event))
    for events in of_audit(workshop, dataset).events.values():
        yield from events


def _concerns(manifest: Manifest, above: frozenset[str], event: Event) -> bool:
    """True for a model that the dataset is made of, and for a test of one."""
    uid = str(event["job"]["facets"]["dbt_node"]["unique_id"])
    entry = manifest.document["nodes"].get(uid, {})
    return uid in above or bool(above & set(entry.get("depends_on", {}).get("nodes", ())) and uid.startswith("test."))


def _build(family: Iterable[str]) -> str:
    return f"build-{'+'.join(sorted(family))}"


def _recalled(workshop: Workshop, name: str) -> Standing:
    held: dict[str, Any] | None = workshop.recall(RECORD, name)
    return Standing() if held is None else Standing(held["of"], held["events"])


def _keep(workshop: Workshop, name: str, of: str, events: Mapping[str, Sequence[Event]]) -> None:
    workshop.remember(RECORD, name, {"of": of, "events": events})
