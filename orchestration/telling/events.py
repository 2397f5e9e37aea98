"""Telling: what a step just did, as OpenLineage events in the file of its run.

Belongs here: one method for each thing that happens, and what stands of it for certificates to come.
Does not: what an event says (`lineage/events`), when the file is sent (`relaying.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import dagster as dg

from esclusa.certificate import Certificate, read_certificate
from expectations.landing import DeliveryRefused, Landing
from lineage.events import audits, loads, releases, removals
from lineage.events.places import Atlas
from lineage.events.runs import Event, Root, Work, begun, ended
from lineage.golden.release import CERTIFICATE_FILE
from orchestration.decisions import Decision, recall_decision
from orchestration.gate import BuildRefused
from orchestration.golden import open_golden
from orchestration.manifest import SourceTable
from orchestration.platform import Platform
from orchestration.publish import Outcome
from orchestration.telling import standing as standing_events
from orchestration.telling.project_facts import project_of
from orchestration.telling.runs import evidence_of, run_named, run_of
from orchestration.told import REFUSALS

_WORDS = (DeliveryRefused, BuildRefused, *REFUSALS)  # say what is wrong without a value of a row


def teller_of(platform: Platform, context: dg.AssetExecutionContext) -> Teller:
    """A teller for the run that a step is a part of.

    Args:
        platform: of the step.
        context: of the step.
    """
    return Teller(platform, run_of(platform.settings, context.run.run_id, context.run.job_name, _now()))


class Teller:
    """Tells what is done in one run.

    Args:
        platform: where it is done.
        root: the run.
    """

    def __init__(self, platform: Platform, root: Root) -> None:
        self.platform, self.root = platform, root
        self._evidence = evidence_of(platform.settings)

    @cached_property
    def atlas(self) -> Atlas:
        """Names of datasets."""
        settings = self.platform.settings
        first = settings.golden / "metadata" / "1.root.json"
        if not first.exists():
            open_golden(self.platform)
        return Atlas(
            settings.warehouse,
            settings.golden,
            sha256(first.read_bytes()).hexdigest(),
            settings.source_files,
            settings.postgres,
        )

    # --- landing

    @contextmanager
    def load(self, table: SourceTable) -> Iterator[Callable[[Landing], None]]:
        """Watch a load; hands out what is to be called with the landing.

        Args:
            table: that lands.
        """
        source, began = self.platform.promises.sources[table.system], _now()
        subject = loads.Landed(source, source.table(table.table))

        def landed(landing: Landing) -> None:
            kept = standing_events.of_load(self.platform.workshop, table)
            if landing.unchanged and kept.of == landing.load_id:
                return  # told when it landed
            told = loads.landed(subject, landing, subject.work(self.root, began, _now()), self.atlas)
            self._tell(told)
            appends = subject.table.custom["delivery"].get("mode") == "append"
            beside = self._loads_in(table) if appends else ()
            standing_events.keep_load(self.platform.workshop, table, landing.load_id, told, beside=beside)

        try:
            with self._watching(lambda problem: loads.failed(subject.work(self.root, began, _now()), problem)):
                yield landed
        except DeliveryRefused as refusal:
            self._tell(loads.refused(subject, refusal, subject.work(self.root, began, _now()), self.atlas))
            raise

    # --- building

    def built(self, family: Sequence[str], target: Path, fingerprint: str, *, whole: bool) -> None:
        """Tell what dbt did in one invocation; the caller holds the warehouse.

        Args:
            family: datasets that were to be built.
            target: the invocation's target folder.
            fingerprint: of the code and the loads that went in.
            whole: False where only a part of the models was asked for.
        """
        from lineage.events import builds  # its packages take seconds to import: only a build pays them

        told = builds.built(target, project_of(self.platform, family), fingerprint, self.root, self.atlas)
        self._tell(told)
        standing_events.keep_build(self.platform.workshop, family, fingerprint if whole else "", told)

    # --- the gate

    @contextmanager
    def audit(self, dataset: str) -> Iterator[Callable[[Decision], None]]:
        """Watch an audit; hands out what is to be called with the decision.

        Args:
            dataset: whose candidate is audited.
        """
        contract, began = self.platform.promises.contracts[dataset], _now()

        def decided(decision: Decision) -> None:
            subject = f"{decision.pin.digest} {decision.pinned_at.isoformat()}"
            if standing_events.of_audit(self.platform.workshop, dataset).of == subject:
                return  # an earlier decision that still holds
            work = audits.work(contract, self.root, began, _now())
            told = audits.audited(contract, decision.verdict, decision.pin, work, self.atlas)
            self._tell(told)
            standing_events.keep_audit(self.platform.workshop, dataset, subject, told)

        with self._watching(
            lambda problem: audits.failed(audits.work(contract, self.root, began, _now()), problem), BuildRefused
        ):
            yield decided

    # --- the golden repository

    @contextmanager
    def publication(self, datasets: Sequence[str]) -> Iterator[Callable[[Iterable[Outcome]], None]]:
        """Watch the publication of a release; hands out what is to be called with its outcomes.

        Args:
            datasets: of the release.
        """
        contracts, began = self.platform.promises.contracts, _now()

        def published(outcomes: Iterable[Outcome]) -> None:
            for outcome in outcomes:
                dataset, contract = outcome.dataset, contracts[outcome.dataset]
                self._tell_revocations(dataset)
                work = releases.publication(contract, self.root, began, _now())
                if not outcome.serves_newest:
                    self._tell(releases.held_back(work, self._held_back(dataset)))
                # Not whether this step published it: a step that was killed may have, and told nobody.
                elif outcome.certificate and outcome.certificate != self._told_published(dataset):
                    certificate = self._certificate(dataset, outcome.certificate)
                    self._tell(releases.published(contract, certificate, work, self.atlas))
                    standing_events.keep_publication(self.platform.workshop, dataset, outcome.certificate)

        def failed(problem: str) -> list[Event]:
            works = (releases.publication(contracts[name], self.root, began, _now()) for name in datasets)
            return [event for work in works for event in releases.held_back(work, problem)]

        with self._watching(failed):
            yield published

    @contextmanager
    def revocation(self, dataset: str) -> Iterator[None]:
        """Watch a revocation, which is a whole run, and tell it; an earlier one that was killed untold comes first.

        Args:
            dataset: a certificate of which is taken back.
        """
        contract = self.platform.promises.contracts[dataset]
        self._tell_revocations(dataset)
        try:
            yield
        except Exception as error:  # its words can be a person's: why, and who asked
            problem = f"{dataset}: {type(error).__name__}; next: esclusa why {dataset}"
            self._tell([ended(releases.revocation(contract, self.root, _now()), problem=problem)])
            raise
        self._tell_revocations(dataset)

    def _tell_revocations(self, dataset: str) -> None:
        """Tell what was taken back of a dataset and not told yet, each in a run of its own."""
        golden, promises, workshop = open_golden(self.platform), self.platform.promises, self.platform.workshop
        contract, every = promises.contracts[dataset], golden.revocations(dataset)
        told, digests = standing_events.of_revocation(workshop, dataset).of, [taken.certificate for taken in every]
        for taken in every[digests.index(told) + 1 if told in digests else 0 :]:
            serving = {name: digest for name in promises.group(contract.release) if (digest := golden.served(name))}
            served = {
                name: (promises.contracts[name], self._certificate(name, digest))
                for name, digest in serving.items()
                if digest != self._told_published(name)
            }
            root = run_named(self.platform.settings, f"revoke.{dataset} {taken.certificate}", taken.at)
            work, is_gone = releases.revocation(contract, root, taken.at), dataset not in serving
            certificate = self._certificate(dataset, taken.certificate)
            event = releases.revoked(contract, certificate, served, work, self.atlas, is_gone=is_gone)
            Teller(self.platform, root)._tell([event])
            for name in served:
                standing_events.keep_publication(workshop, name, serving[name])
            standing_events.keep_revocation(workshop, dataset, taken.certificate)

    # --- erasure and retention

    @contextmanager
    def removal(self, reference: str = "") -> Iterator[Callable[..., None]]:
        """Watch a removal, which is a whole run; hands out what is to be called with what lost rows.

        Args:
            reference: of the request, which names nobody.
        """

        def removed(relations: Iterable[str], withdrawn: Iterable[str] = (), problem: str = "") -> None:
            gone = [self.platform.promises.contracts[name] for name in withdrawn]
            work = removals.removal(self.root, _now(), reference)
            self._tell([removals.removed(work, relations, gone, self.atlas, problem)])

        with self._watching(lambda problem: [ended(removals.removal(self.root, _now(), reference), problem=problem)]):
            yield removed

    # --- the run

    def end(self, problem: str = "") -> None:
        """Tell that the run has ended; one in which nothing happened tells nothing.

        Args:
            problem: what failed, in names; empty where nothing did.
        """
        with self._evidence.turn():  # a command and the daemon may both find it over
            if self._evidence.is_unended(self.root):
                self._keep([ended(self._whole(), problem=problem)])

    def _tell(self, events: Sequence[Event]) -> None:
        with self._evidence.turn():
            self._keep(events)

    def _keep(self, events: Sequence[Event]) -> None:
        """Keep events; the first of a run come after the run's own START, and its own end ends it."""
        is_first = self._evidence.file_of(self.root.run) is None
        if is_first:
            self._evidence.begin(self.root)
        self._evidence.append(self.root, [*([begun(self._whole())] if is_first else ()), *events])
        if any(e["run"]["runId"] == self.root.run and e["eventType"] != "START" for e in events):
            self._evidence.end(self.root)

    def _whole(self) -> Work:
        return Work(self.root.job, "JOB", self.root, self.root.began, _now(), "A run of the platform.")

    @contextmanager
    def _watching(self, failed: Callable[[str], list[Event]], *spoken: type[Exception]) -> Iterator[None]:
        """Tell a failure in the words of a refusal; of any other exception only its class."""
        try:
            yield
        except DeliveryRefused:
            raise  # told by its own event
        except _WORDS as refusal:
            self._tell(failed(str(refusal)))
            raise
        except Exception as error:
            self._tell(failed(f"{type(error).__name__}; what it says is not repeated: it can hold values of rows"))
            raise

    def _held_back(self, dataset: str) -> str:
        """Why it is not published, in names of rules: what they saw, or a person wrote, can hold a value."""
        decision = recall_decision(self.platform.workshop, dataset)
        rules = [finding.rule for finding in decision.verdict.shutting] if decision else []
        shut_by = f"; its gate is shut by {', '.join(rules)}" if rules else ""
        return f"{dataset}: held back, golden keeps what it has{shut_by}; next: esclusa why {dataset}"

    def _told_published(self, dataset: str) -> str:
        """The certificate whose publication was the last that was told of a dataset; empty before the first."""
        return standing_events.of_publication(self.platform.workshop, dataset).of

    def _loads_in(self, table: SourceTable) -> list[str]:
        """Loads that have a row in a raw table."""
        with self.platform.workshop.warehouse() as connection:
            found = connection.execute(f'SELECT DISTINCT _load_id FROM raw."{table.name}"').fetchall()
        return [load for (load,) in found]

    def _certificate(self, dataset: str, digest: str) -> Certificate:
        path = self.platform.settings.golden / "targets" / dataset / f"{digest}.{CERTIFICATE_FILE}"
        return read_certificate(path.read_bytes())


def _now() -> datetime:
    return datetime.now(UTC)
