"""Use cases as files: `use_cases/<use_case>.yaml`, and whether they and the contracts say the same of AI use.

Belongs here: the file's schema, its linter in both directions, the typed use case. Does not: order of the steps
(`loader/__init__.py`), what is served now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from expectations.contract import Contract
from expectations.loader.custom import listed
from expectations.loader.document import Document, Location, read_document
from expectations.loader.odcs import Schema
from expectations.loader.problem import Problem, nearest
from expectations.loader.vocabulary import RISK_TIERS, TEXT, list_of, mapping, words
from expectations.use_case import UseCase, ungranted

_SCHEMA = mapping(
    "name",
    "title",
    "owner",
    "purpose",
    "role",
    "riskTier",
    "datasets",
    "description",
    name={"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
    title=TEXT,
    owner=TEXT,
    purpose=TEXT,
    role=TEXT,
    riskTier=words(*RISK_TIERS),
    datasets={**list_of(TEXT), "minItems": 1},
    description=TEXT,
    url={"type": "string", "pattern": "^https://"},
)


def use_case_schema() -> Schema:
    """JSON Schema of a file."""
    return _SCHEMA


def lint_use_case(document: Document, contracts: Mapping[str, Contract]) -> Iterator[Problem]:
    """Problems of one use case.

    Args:
        document: a file that the schema allows.
        contracts: of every golden dataset.
    """
    said = document.data
    name = said["name"]
    if name != document.path.stem:
        yield document.problem(("name",), f"is {name}; required: the file's name, {document.path.stem}")
    for i, dataset in enumerate(said["datasets"]):
        at: Location = ("datasets", i)
        if dataset not in contracts:
            yield document.problem(at, f"no contract describes {dataset}", nearest(dataset, contracts))
        elif dataset in said["datasets"][:i]:
            yield document.problem(at, f"{dataset} is named twice")
        else:
            for field, message, meant in ungranted(contracts[dataset], said["purpose"], said["role"]):
                yield document.problem((field,), message, meant)
            yield from _of_ai_use(document, at, contracts[dataset])


def _of_ai_use(document: Document, at: Location, contract: Contract) -> Iterator[Problem]:
    """Where the contract of a dataset says something else of AI use than the file."""
    name, tier = document.data["name"], document.data["riskTier"]
    allowed, agreed = _use_cases(contract), _tier(contract)
    if name not in allowed:
        message = f"the contract of {contract.name} does not name {name} in `aiUse.useCases`"
        yield document.problem(at, message, nearest(name, allowed))
    if agreed and RISK_TIERS.index(tier) > RISK_TIERS.index(agreed):
        message = f"is {tier}, above {agreed}, for which the contract of {contract.name} is signed"
        yield document.problem(("riskTier",), message)


def undescribed(contract: Contract, directory: Path, described: Collection[str]) -> Iterator[Problem]:
    """Use cases that a contract names and no file describes.

    Args:
        contract: of a golden dataset.
        directory: where the file should be.
        described: names of the files that are there, right or wrong.
    """
    for name in _use_cases(contract):
        if name not in described:
            message = f"names the use case {name}, which no file {directory.name}/{name}.yaml describes"
            yield _in_contract(contract, message, nearest(name, described))


def undecided(use_cases: Iterable[UseCase], contracts: Mapping[str, Contract], today: date) -> Iterator[Problem]:
    """What is no fault of a file and should be looked at: warnings.

    Args:
        use_cases: without problems.
        contracts: of every golden dataset.
        today: UTC.
    """
    cases = tuple(use_cases)
    for use_case in cases:
        document = read_document(use_case.path)
        for dataset in use_case.datasets:
            for role in contracts[dataset].roles:
                if role.name == use_case.role and role.expires and role.expires < today:
                    message = f"the grant of {role.name} on {dataset} ended with {role.expires}: it reads nothing"
                    yield document.problem(("role",), message)
    for contract in contracts.values():
        agreed = _tier(contract)
        tiers = [u.risk_tier for u in cases if contract.name in u.datasets]
        if agreed and tiers and max(map(RISK_TIERS.index, tiers)) < RISK_TIERS.index(agreed):
            highest = max(tiers, key=RISK_TIERS.index)
            yield _in_contract(contract, f"is for risk tier {agreed}, but no use case of it is above {highest}")


def assemble_use_case(document: Document) -> UseCase:
    """The typed use case.

    Args:
        document: without problems.
    """
    said = document.data
    return UseCase(
        name=said["name"],
        title=said["title"],
        owner=said["owner"],
        purpose=said["purpose"],
        role=said["role"],
        risk_tier=said["riskTier"],
        datasets=tuple(said["datasets"]),
        description=said["description"].strip(),
        url=said.get("url", ""),
        path=document.path,
    )


def _use_cases(contract: Contract) -> tuple[str, ...]:
    return listed(contract.custom.get("aiUse", {}).get("useCases", ()))


def _tier(contract: Contract) -> str:
    return str(contract.custom.get("aiUse", {}).get("riskTier", ""))


def _in_contract(contract: Contract, message: str, meant: str | None = None) -> Problem:
    """A problem on the line where the contract speaks of AI use."""
    document = read_document(contract.path)
    properties = contract.document["customProperties"]
    index = next(i for i, p in enumerate(properties) if p["property"] == "aiUse")
    return document.problem(("customProperties", index), message, meant)
