"""Examples name a few broken rows by their keys, and no more of them than may be seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest

from expectations.audit.examples import examples
from expectations.contract import Contract, Sla
from tests.expectations.audited import column, contract

PARENTS = {"parents": "(SELECT unnest([1, 2]) AS k)"}


def keyed(classification: str) -> Contract:
    key = column("id", key_position=1, classification=classification)
    return contract(key, column(required=True, unique=True, relationships=("parents.k",)))


@pytest.mark.parametrize(
    ("classification", "shown"), [("internal", "id=alice"), ("confidential", "id=a…e"), ("", "id=a…e")]
)
def test_examples_name_rows_by_masked_keys(classification: str, shown: str) -> None:
    rows = "(SELECT * FROM (VALUES ('alice', NULL), ('bob', 1), ('carla', 1), ('dora', 9)) t(id, c))"
    with duckdb.connect() as connection:
        ask = lambda rule: examples(connection, rows, keyed(classification), rule, relations=PARENTS)  # noqa: E731
        assert ask("c__required") == [shown]
        assert len(ask("c__unique")) == 2
        assert len(ask("c__references")) == 1
        assert ask("no__rule") == []


def test_short_keys_are_masked_whole_and_few_are_shown() -> None:
    with duckdb.connect() as connection:
        agreed = contract(column("id", key_position=1, classification="restricted"), column(required=True))
        rows = "(SELECT (i % 9)::VARCHAR AS id, NULL AS c FROM range(9) r(i))"
        assert examples(connection, rows, agreed, "c__required", limit=2) == ["id=…", "id=…"]


def test_a_key_by_which_somebody_may_be_erased_is_masked_whatever_its_class() -> None:
    promise = Sla("retention", "things.c", timedelta(1), "", "", {"deletion": {"erasure": {"key": "id"}}}, 1)
    with duckdb.connect() as connection:
        erasable = replace(keyed("internal"), slas=(promise,))
        assert examples(connection, "(SELECT 'alice' AS id, NULL AS c)", erasable, "c__required") == ["id=a…e"]
