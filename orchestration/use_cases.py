"""Use cases of the platform: those that are promised, and dbt's exposures, as one kind of consumer.

Belongs here: reading exposures from the manifest by the same rules as use cases. Does not: use case files
(`expectations/loader/use_cases.py`), whether they are served (`esclusa/supply.py`), Dagster (`assets/use_cases.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from expectations.contract import Contract
from expectations.use_case import UseCase, ungranted
from orchestration.manifest import Manifest, ManifestError
from orchestration.platform import Platform

USE_CASE, EXPOSURE = "use_case", "exposure"


@dataclass(frozen=True)
class Consumer:
    """Whatever reads golden datasets and is known by name.

    Args:
        kind: `use_case`, or `exposure` of the dbt project.
        form: what an exposure is, in dbt's words (`dashboard`, `application` …); "" of a use case.
        risk_tier: of a use case; "" of an exposure that says none.
        datasets: that it needs, all of them.
    """

    name: str
    kind: str
    title: str
    owner: str
    purpose: str
    role: str
    risk_tier: str
    datasets: tuple[str, ...]
    description: str
    url: str
    form: str = ""


def consumers_of(platform: Platform) -> tuple[Consumer, ...]:
    """Every use case and every exposure, by name.

    Args:
        platform: its promises and its manifest.

    Raises:
        ManifestError: an exposure reads past the gate, or what no contract grants it; names each.
    """
    promises = platform.promises
    found = [_promised(use_case) for use_case in promises.use_cases.values()]
    found += exposures_of(platform.manifest, promises.contracts, set(promises.use_cases))
    return tuple(sorted(found, key=lambda consumer: consumer.name))


def promised_entry(consumer: Consumer) -> dict[str, Any]:
    """Its entry of `useCases` in `catalogue/promises.json` (docs/release-format.md).

    Args:
        consumer: a use case or an exposure.
    """
    return {
        "useCase": consumer.name,
        "kind": consumer.kind,
        "title": consumer.title,
        "owner": consumer.owner,
        "purpose": consumer.purpose,
        "role": consumer.role,
        "riskTier": consumer.risk_tier,
        "description": consumer.description,
        "url": consumer.url,
        "datasets": list(consumer.datasets),
    }


def needing(platform: Platform, datasets: Iterable[str]) -> tuple[Consumer, ...]:
    """Who needs any of these datasets.

    Args:
        datasets: names of golden datasets.
    """
    named = set(datasets)
    return tuple(consumer for consumer in consumers_of(platform) if named & set(consumer.datasets))


def exposures_of(manifest: Manifest, contracts: Mapping[str, Contract], taken: Iterable[str] = ()) -> list[Consumer]:
    """The exposures of a dbt project, each as a consumer.

    Args:
        contracts: of every golden dataset.
        taken: names of use cases, which an exposure may not bear.

    Raises:
        ManifestError: as in `consumers_of`.
    """
    golden = {uid: dataset for dataset, uid in manifest.datasets.items()}
    problems = [
        f"{entry['original_file_path']}: exposure {entry['name']}: {problem}"
        for entry in manifest.exposures
        for problem in _problems(entry, golden, contracts, set(taken))
    ]
    if problems:
        raise ManifestError("\n".join([*problems, "next: correct the exposure, then: esclusa check"]))
    return [_exposed(entry, golden) for entry in manifest.exposures]


def _promised(use_case: UseCase) -> Consumer:
    return Consumer(
        name=use_case.name,
        kind=USE_CASE,
        title=use_case.title,
        owner=use_case.owner,
        purpose=use_case.purpose,
        role=use_case.role,
        risk_tier=use_case.risk_tier,
        datasets=use_case.datasets,
        description=use_case.description,
        url=use_case.url,
    )


def _exposed(entry: Mapping[str, Any], golden: Mapping[str, str]) -> Consumer:
    said = _meta(entry)
    return Consumer(
        name=entry["name"],
        kind=EXPOSURE,
        title=entry.get("label") or entry["name"],
        owner=str(entry["owner"].get("name") or ""),
        purpose=str(said["purpose"]),
        role=str(said["role"]),
        risk_tier=str(said.get("riskTier", "")),
        datasets=tuple(sorted(golden[uid] for uid in entry["depends_on"]["nodes"])),
        description=str(entry.get("description") or "").strip(),
        url=entry.get("url") or "",
        form=str(entry["type"]),
    )


def _problems(
    entry: Mapping[str, Any], golden: Mapping[str, str], contracts: Mapping[str, Contract], taken: set[str]
) -> Iterator[str]:
    said, reads = _meta(entry), entry["depends_on"]["nodes"]
    if entry["name"] in taken:
        yield "a use case has this name; required: a name of its own"
    if not entry["owner"].get("name"):
        yield "has no owner.name: nobody could be told that it waits"
    if not reads:
        yield "reads nothing; required: `depends_on` with the golden models that it needs"
    for uid in reads:
        if uid not in golden:
            yield f"reads {uid}, past the gate; required: golden models only"
    missing = [key for key in ("purpose", "role") if not said.get(key)]
    if missing:
        yield f"has no {' and no '.join(missing)} in config.meta; required: a grant of each contract that it reads"
        return
    for uid in reads:
        if (contract := contracts.get(golden.get(uid, ""))) is not None:
            for _, message, meant in ungranted(contract, str(said["purpose"]), str(said["role"])):
                yield message + (f" (did you mean {meant}?)" if meant else "")


def _meta(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    said: Mapping[str, Any] = entry.get("config", {}).get("meta") or entry.get("meta") or {}
    return said
