"""`README.md`: front matter that a hub accepts, and a card that tells how to read, verify and cite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from expectations.contract import Contract
from lineage.documents.card import card, front_matter
from lineage.documents.facts import Facts
from tests.expectations.promised import orders
from tests.golden_repository import open_small
from tests.lineage.documented import open_orders, released, rows

SIZES = {"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "n>1T"}


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    return released(open_small(tmp_path / "golden", tmp_path / "keys"), orders())[1]


def parsed(content: bytes) -> tuple[dict[str, Any], str]:
    """Front matter and body."""
    start, head, body = content.decode().split("---\n", 2)
    assert start == ""
    return YAML(typ="safe", pure=True).load(head), body


def licensed(contract: Contract, stated: dict[str, str] | None) -> Contract:
    sheet = {key: value for key, value in contract.custom["datasheet"].items() if key != "license"}
    return replace(
        contract, custom={**contract.custom, "datasheet": {**sheet, **({"license": stated} if stated else {})}}
    )


def test_the_front_matter_says_licence_size_files_and_features(facts: Facts) -> None:
    head, _ = parsed(card(facts))
    assert head == front_matter(facts)
    assert head["license"] == "cc0-1.0"
    assert head["language"] == ["en"]
    assert set(head["size_categories"]) <= SIZES
    assert head["configs"] == [
        {"config_name": "default", "default": True, "data_files": [{"split": "train", "path": "*.parquet"}]}
    ]
    assert head["dataset_info"]["features"] == [
        {"name": "order_id", "dtype": "string"},
        {"name": "ordered_at", "dtype": "timestamp[us]"},
        {"name": "country", "dtype": "string"},
        {"name": "amount", "dtype": "decimal128(3, 2)"},
        {"name": "is_large", "dtype": "bool"},
        {"name": "buyer_hmac", "dtype": "string"},
        {"name": "note", "dtype": "string"},
    ]
    assert head["dataset_info"]["splits"] == [{"name": "train", "num_bytes": facts.size, "num_examples": 5}]


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        (None, {"license": "unknown"}),
        ({"id": "ODbL-1.0"}, {"license": "odbl"}),
        (
            {"id": "LicenseRef-Internal", "url": "https://example.org/terms"},
            {"license": "other", "license_name": "internal", "license_link": "https://example.org/terms"},
        ),
    ],
)
def test_a_licence_that_the_hub_has_no_word_for_is_named(
    facts: Facts, stated: dict[str, str] | None, said: dict[str, str]
) -> None:
    head = front_matter(replace(facts, contract=licensed(facts.contract, stated)))
    assert {key: value for key, value in head.items() if key.startswith("license")} == said


@pytest.mark.parametrize(
    ("count", "size"), [(0, "n<1K"), (1000, "1K<n<10K"), (9_999_999, "1M<n<10M"), (10**13, "n>1T")]
)
def test_the_size_is_the_hub_s_word_for_it(facts: Facts, count: int, size: str) -> None:
    assert front_matter(replace(facts, rows=count))["size_categories"] == [size]


def test_the_card_tells_how_to_read_verify_and_cite_and_what_not_to_use_it_for(facts: Facts) -> None:
    _, body = parsed(card(facts))
    assert 'esclusa.read("orders", role="planner", purpose="planning").to_pandas()' in body
    assert "`esclusa verify orders`" in body
    assert "Not for judging people." in body
    assert "@misc{orders_1_2_0" in body
    assert f"`{facts.verdict.candidate_digest}`" in body
    assert "| `note` | varchar | What the buyer asked for. | encrypted (confidential) |" in body
    assert "Some columns are encrypted" in body
    assert "**It is certified for the sandbox" in body


def test_a_card_of_open_columns_sends_nobody_for_a_key(tmp_path: Path) -> None:
    _, facts = released(open_small(tmp_path / "golden", tmp_path / "keys"), open_orders())
    _, body = parsed(card(facts))
    assert "encrypted" not in body


def test_no_value_of_a_row_is_in_it_and_the_same_facts_give_the_same_bytes(facts: Facts) -> None:
    assert card(facts) == card(replace(facts))
    text = card(facts).decode()
    assert not any(str(row[name]) in text for row in rows() for name in ("order_id", "buyer_hmac"))
