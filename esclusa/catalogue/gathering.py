"""A whole catalogue, read from one pinned release: everything that the pages show, and nothing that opens a row.

Belongs here: reading a release once, and what is asked of all its datasets together. Does not: one dataset
(`datasets.py`), rendering.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from esclusa.catalogue.datasets import Dataset, read_dataset
from esclusa.catalogue.mending import Shut, shut_by_owner
from esclusa.catalogue.texts import STATES
from esclusa.promises import Promises, Source, Term, UseCase
from esclusa.release import Release
from esclusa.tracing.graph import Graph
from esclusa.tracing.walks import Impact, reached_by


@dataclass(frozen=True)
class Catalogue:
    """What pages are made of.

    Args:
        at: when it was gathered, UTC.
        repository: directory or URL that it was read from.
        version: of the release.
        alive_until: when the whole repository expires unless it is kept alive, UTC.
        fingerprint: SHA-256 (hex) of the root that the reader pinned, for others to pin.
        datasets: by name: certified, expired, withdrawn, refused.
        graph: what comes from what.
        promises: everything that is promised now.
    """

    at: datetime
    repository: str
    version: int
    alive_until: datetime
    fingerprint: str
    datasets: tuple[Dataset, ...]
    sources: tuple[Source, ...]
    terms: tuple[Term, ...]
    use_cases: tuple[UseCase, ...]
    graph: Graph
    promises: Promises

    @cached_property
    def by_name(self) -> Mapping[str, Dataset]:
        """Dataset by name."""
        return {dataset.name: dataset for dataset in self.datasets}

    @cached_property
    def term_titles(self) -> Mapping[str, str]:
        """Terms that have a page, and what people call them."""
        return {term.term: term.title or term.term for term in self.terms}

    @cached_property
    def system_names(self) -> frozenset[str]:
        """Source systems that have a page."""
        return frozenset(source.system for source in self.sources)

    @property
    def shelf(self) -> tuple[Dataset, ...]:
        """Every dataset, those that can be read now first."""
        return tuple(sorted(self.datasets, key=lambda d: (not d.standing.served, d.title.lower())))

    @property
    def states(self) -> Mapping[str, int]:
        """State → how many datasets are in it, those that occur, the best first."""
        counted = Counter(dataset.standing.state for dataset in self.datasets)
        return {state: counted[state] for state in STATES if counted[state]}

    @property
    def purposes(self) -> tuple[str, ...]:
        """Every purpose that some grant in force names."""
        return _sorted(grant.purpose for dataset in self.datasets for grant in dataset.open_grants)

    @property
    def owners(self) -> tuple[str, ...]:
        """Everyone who answers for a dataset."""
        return _sorted(dataset.owner for dataset in self.datasets)

    @property
    def used_terms(self) -> tuple[Term, ...]:
        """Terms that some dataset is described by."""
        used = {name for dataset in self.datasets if dataset.promised for name in dataset.promised.terms}
        return tuple(term for term in self.terms if term.term in used)

    @property
    def classifications(self) -> tuple[str, ...]:
        """Every class that some column has."""
        return _sorted(name for dataset in self.datasets for name in dataset.classifications)

    @property
    def shut(self) -> Mapping[str, tuple[Shut, ...]]:
        """Who can mend it → what is not served, or has a newer candidate that was refused."""
        return shut_by_owner(self.datasets)

    @property
    def shut_count(self) -> int:
        """How many datasets `shut` is about."""
        return sum(dataset.shut for dataset in self.datasets)

    @property
    def empty_pages(self) -> frozenset[str]:
        """Pages that have nothing to show, because nothing of their kind is published."""
        of = {"terms.html": self.terms, "sources.html": self.sources, "use-cases.html": self.use_cases}
        return frozenset(page for page, published in of.items() if not published)

    def use_cases_of(self, dataset: str) -> tuple[UseCase, ...]:
        """Use cases that read a dataset."""
        return tuple(case for case in self.use_cases if dataset in case.datasets)

    def stopped_by(self, case: UseCase) -> tuple[Dataset, ...]:
        """Datasets of a use case that cannot be read now."""
        found = (self.by_name.get(name) for name in case.datasets)
        return tuple(dataset for dataset in found if dataset and not dataset.standing.served)

    def first_end(self, case: UseCase) -> datetime | None:
        """When the first of its datasets that are read now expires, UTC."""
        known = (self.by_name.get(name) for name in case.datasets)
        ends = [d.standing.until for d in known if d and d.standing.served and d.standing.until]
        return min(ends, default=None)

    def fed_by(self, system: str) -> tuple[Dataset, ...]:
        """Datasets that a source system feeds."""
        return tuple(d for d in self.datasets if d.promised and system in d.promised.systems)

    def named_in(self, text: str) -> tuple[Dataset, ...]:
        """Datasets that a sentence names."""
        words = set(re.findall(r"[\w-]+", text))
        return tuple(d for d in self.datasets if d.name in words)

    def reached_by(self, table: str, column: str = "") -> Impact:
        """Whom a change of a source's table or column would reach, as `esclusa impact` tells it.

        Args:
            table: `<system>.<table>`.
        """
        states = {dataset.name: dataset.standing.state for dataset in self.datasets}
        return reached_by(
            self._promised, self.promises, (table, column), lambda name: states.get(name, "never decided")
        )

    @cached_property
    def _promised(self) -> Graph:
        """What comes from what as the next run will build it, whatever is certified."""
        return Graph(self.promises)

    def described_by(self, term: str) -> tuple[Dataset, ...]:
        """Datasets that a term describes."""
        return tuple(d for d in self.datasets if d.promised and term in d.promised.terms)


def gather(release: Release, now: datetime | None = None) -> Catalogue:
    """Read everything that the pages show.

    Args:
        release: pinned.
        now: UTC; default the clock's.

    Raises:
        EsclusaError: the release, or what it promises, is refused. A dataset that is broken is shown as such.
    """
    moment = now or datetime.now(UTC)
    promises = release.promises
    promised = {dataset.dataset: dataset for dataset in promises.datasets}
    datasets = tuple(read_dataset(release, name, promised.get(name), moment) for name in release.datasets)
    return Catalogue(
        at=moment,
        repository=release.repository,
        version=release.version,
        alive_until=release.alive_until,
        fingerprint=release.fingerprint,
        datasets=datasets,
        sources=promises.sources,
        terms=promises.terms,
        use_cases=promises.use_cases,
        graph=Graph(promises, {d.name: d.lineage for d in datasets if d.lineage}),
        promises=promises,
    )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))
