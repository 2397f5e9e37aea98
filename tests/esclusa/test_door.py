"""The public door: what it exports, and how little it loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

import esclusa
from esclusa import errors

FOREIGN = ("dagster", "dbt", "expectations", "lineage", "orchestration", "great_expectations", "pandas", "polars")


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}  # a help page may name one


def test_the_promised_names_are_these() -> None:
    assert set(esclusa.__all__) == {
        *("open", "read", "sql", "catalog", "find", "verify", "why", "trust"),
        *("Anchor", "Certificate", "Check", "Decision", "Entry", "Finding", "Offer", "Release", "Report", "Why"),
        *("export", "impact", "lineage", "use_cases", "Export", "Need", "Promises", "Supply", "Traced"),
        *("EsclusaError", "NotReadable", "NotCertified", "Withdrawn", "Revoked", "Expired", "KeyMissing"),
        *("Sandbox", "NotPermitted", "NotIdentified", "Busy", "Superseded"),
        *("Misused", "UnknownColumn", "QueryRefused"),
        *("NotGenuine", "Tampered", "RolledBack", "Untrusted", "Unreachable", "LedgerUnavailable"),
    }


@pytest.mark.parametrize("name", esclusa.__all__)
def test_every_promised_name_is_there_and_documented(name: str) -> None:
    assert getattr(esclusa, name).__doc__


def test_a_function_stays_a_function_after_its_neighbours_were_loaded() -> None:
    """A module named like a function would hide it once imported."""
    for name in esclusa.__all__:
        getattr(esclusa, name)
    assert callable(esclusa.trust)
    assert callable(esclusa.why)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'raed'"):
        _ = esclusa.raed


def test_every_error_of_the_tree_is_exported() -> None:
    tree, branches = set(), [errors.EsclusaError]
    while branches:
        branch = branches.pop()
        tree.add(branch.__name__)
        branches += branch.__subclasses__()
    assert tree <= set(esclusa.__all__)


def test_importing_the_client_loads_no_engine_and_no_other_room() -> None:
    loaded = modules_after("import esclusa")
    assert not loaded & {*FOREIGN, "duckdb", "pyarrow", "tuf", "rich", "typer", "cedarpy", "sqlalchemy"}


def test_a_read_loads_neither_the_platform_nor_pandas() -> None:
    loaded = modules_after("import esclusa; esclusa.read, esclusa.sql, esclusa.verify; import esclusa.query")
    assert {"duckdb", "tuf"} <= loaded
    assert not loaded & {*FOREIGN, "cedarpy", "sqlalchemy"}, "what decides and records is loaded by the first read"


def test_the_help_page_imports_neither_the_platform_nor_an_engine() -> None:
    loaded = modules_after("from esclusa.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass")
    assert not loaded & {*FOREIGN, "duckdb", "pyarrow", "tuf"}
