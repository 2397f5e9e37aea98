"""Use cases and dbt's exposures are one kind of consumer; an exposure reads what a contract grants, or is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from esclusa.promises_document import read_promises
from orchestration.catalogue import promises_document
from orchestration.manifest import Manifest, ManifestError
from orchestration.platform import Platform
from orchestration.use_cases import consumers_of, needing
from tests.orchestration.small import document

READS = "model.small.orders"


def exposed(platform: Platform, **said: Any) -> Platform:
    """The platform with one exposure, which reads orders unless it says otherwise."""
    entry = {
        "name": "call_list",
        "label": "Call list",
        "type": "application",
        "owner": {"name": "sales.lead"},
        "depends_on": {"nodes": [READS]},
        "config": {"meta": {"purpose": "testing", "role": "tester"}},
        "original_file_path": "models/exposures.yml",
        **said,
    }
    return replace(platform, manifest=Manifest({**document(), "exposures": {"exposure.small.call_list": entry}}))


def refusal(platform: Platform, **said: Any) -> str:
    """The first line of what is told."""
    with pytest.raises(ManifestError) as error:
        consumers_of(exposed(platform, **said))
    assert str(error.value).endswith("next: correct the exposure, then: esclusa check")
    return str(error.value).splitlines()[0].removeprefix("models/exposures.yml: exposure call_list: ")


def test_an_exposure_is_a_consumer_of_the_datasets_whose_models_it_reads(small: Platform) -> None:
    (found,) = consumers_of(exposed(small))
    assert (found.name, found.kind, found.form, found.title) == ("call_list", "exposure", "application", "Call list")
    assert (found.owner, found.purpose, found.role) == ("sales.lead", "testing", "tester")
    assert found.datasets == ("orders",)


def test_who_needs_a_dataset_is_found_from_either_side(real: Platform) -> None:
    for dataset in real.datasets:
        found = needing(real, [dataset])
        assert {consumer.kind for consumer in found} >= {"use_case"}
        assert all(dataset in consumer.datasets for consumer in found)
        named = real.promises.contracts[dataset].custom["aiUse"]["useCases"]
        assert {consumer.name for consumer in found if consumer.kind == "use_case"} == set(named)


def test_what_is_promised_of_a_use_case_reaches_readers_whole(real: Platform) -> None:
    data = promises_document(real)
    document, read = json.loads(data), {use.use_case: use for use in read_promises(data).use_cases}
    for consumer in consumers_of(real):
        use = read[consumer.name]
        assert (use.kind, use.title, use.owner) == (consumer.kind, consumer.title, consumer.owner)
        assert (use.purpose, use.role, use.risk_tier) == (consumer.purpose, consumer.role, consumer.risk_tier)
        assert (use.description, use.url, use.datasets) == (consumer.description, consumer.url, consumer.datasets)
    assert len(read) == len(document["useCases"]) == len(consumers_of(real))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"depends_on": {"nodes": ["model.small.stg_shop"]}}, "reads model.small.stg_shop, past the gate; "),
        ({"depends_on": {"nodes": []}}, "reads nothing; "),
        ({"owner": {"email": "x@example.org"}}, "has no owner.name: "),
        ({"config": {}}, "has no purpose and no role in config.meta; "),
        (
            {"config": {"meta": {"purpose": "testin", "role": "tester"}}},
            "no role of orders reads for testin; required: one of testing (did you mean testing?)",
        ),
        ({"config": {"meta": {"purpose": "testing", "role": "guest"}}}, "orders has no role guest; "),
    ],
)
def test_an_exposure_that_reads_what_nobody_granted_is_refused_by_name(
    small: Platform, said: dict[str, Any], told: str
) -> None:
    assert refusal(small, **said).startswith(told)


def test_an_exposure_may_not_bear_the_name_of_a_use_case(real: Platform, small: Platform) -> None:
    promises = replace(small.promises, use_cases={"call_list": next(iter(real.promises.use_cases.values()))})
    assert refusal(replace(small, promises=promises)).startswith("a use case has this name; ")
