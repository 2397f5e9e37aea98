"""The promises in force: contracts, glossary, source contracts, use cases and clocks, read together.

Belongs here: one load for every step of a run. Does not: anything about how they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from expectations.clock import Clock, load_clocks
from expectations.contract import Contract, SourceContract, Term
from expectations.loader import load_contracts, load_glossary, load_sources, load_use_cases
from expectations.signing.endorsement import demand_fit
from expectations.signing.profiles import load_profiles
from expectations.use_case import UseCase
from orchestration.settings import Settings


@dataclass(frozen=True)
class Promises:
    """Everything that was agreed.

    Args:
        contracts: by dataset.
        sources: by system.
        clocks: by system; a system without one runs on the wall clock.
        use_cases: by name.
        glossary: business terms, by name.
    """

    contracts: Mapping[str, Contract]
    sources: Mapping[str, SourceContract]
    clocks: Mapping[str, Clock]
    use_cases: Mapping[str, UseCase] = field(default_factory=dict)
    glossary: Mapping[str, Term] = field(default_factory=dict)

    def group(self, release: str) -> tuple[str, ...]:
        """Datasets that are published together under that release name."""
        return tuple(sorted(name for name, c in self.contracts.items() if c.release == release))

    @property
    def releases(self) -> tuple[str, ...]:
        """Every release name."""
        return tuple(sorted({c.release for c in self.contracts.values()}))


def load_promises(settings: Settings) -> Promises:
    """Read every promise.

    Args:
        settings: where the PROMISE room is.

    Raises:
        expectations.loader.ContractError: a file is not what it must be; it names file, line and field.
    """
    room = settings.expectations
    sources = load_sources(room / "sources")
    glossary = load_glossary(room / "definitions")
    contracts = load_contracts(room / "contracts", glossary)
    demand_fit(contracts.values(), load_profiles(room))
    return Promises(
        contracts=contracts,
        sources=sources,
        clocks=load_clocks(settings.replay, sources),
        use_cases=load_use_cases(room / "use_cases", contracts),
        glossary=glossary,
    )
