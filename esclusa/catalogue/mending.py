"""What is shut, by who can mend it: who owns what failed is often not who owns the dataset.

Belongs here: which owner a refusal, an expiry or a withdrawal waits for. Does not: judging; words; HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from esclusa.catalogue.datasets import Dataset
from esclusa.evidence import Finding

NEWER = "newer"  # served, while a newer candidate was refused


@dataclass(frozen=True)
class Shut:
    """What waits for one owner at one dataset.

    Args:
        dataset: that is not served, or whose newest candidate was refused.
        findings: that its owner answers for; empty where no rule shut it.
    """

    dataset: Dataset
    findings: tuple[Finding, ...]

    @property
    def state(self) -> str:
        """State of the dataset, or `NEWER`."""
        return NEWER if self.dataset.standing.served else self.dataset.standing.state


def shut_by_owner(datasets: Iterable[Dataset]) -> Mapping[str, tuple[Shut, ...]]:
    """Who can mend it → what is shut; who is not known comes last, under an empty name.

    Args:
        datasets: of a catalogue.
    """
    found: dict[str, list[Shut]] = {}
    for dataset in datasets:
        if dataset.shut:
            for owner, findings in _menders(dataset).items():
                found.setdefault(owner, []).append(Shut(dataset, findings))
    return {owner: tuple(found[owner]) for owner in sorted(found, key=lambda name: (not name, name))}


def _menders(dataset: Dataset) -> Mapping[str, tuple[Finding, ...]]:
    last = dataset.why.decision
    findings = last.findings if last and dataset.why.candidate_refused else ()
    owners = dict.fromkeys(finding.owner or dataset.owner for finding in findings) or {dataset.owner: None}
    return {owner: tuple(f for f in findings if (f.owner or dataset.owner) == owner) for owner in owners}
