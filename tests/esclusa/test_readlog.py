"""Every read and every refusal is recorded, without a value; what cannot be recorded does not happen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import esclusa
from esclusa.ledger.reads import account
from tests.esclusa.golden import Golden
from tests.esclusa.roles import AS_CLERK, AS_MODEL, entries


def test_every_read_is_recorded_without_a_value(shop: Golden) -> None:
    esclusa.read("sales", columns=["amount"], **AS_CLERK, **shop.at)
    esclusa.sql("SELECT count(*) FROM sales", **AS_MODEL, **shop.at)
    esclusa.open(**shop.at).read("sales", as_="duckdb", **AS_MODEL)
    certificate = esclusa.why("sales", **shop.at).certificate
    assert certificate is not None
    read, query, relation = entries(shop, "read")
    assert (read.dataset, read.body) == (
        "sales",
        {
            **AS_CLERK,
            "user": account(),
            "certificate": certificate.digest,
            "columns": ["amount"],
            "masked": {},
            "rows": 40,
            "by": "read",
        },
    )
    assert (query.body["by"], query.body["rows"], query.body["masked"]) == ("sql", 40, {"customer": "hash"})
    assert (relation.body["by"], relation.body["columns"]) == ("read", ["order_id", "customer", "amount"])


REFUSALS = {
    "NotPermitted": lambda at: esclusa.read("sales", columns=["customer"], **AS_CLERK, **at),
    "UnknownColumn": lambda at: esclusa.read("sales", columns=["customr"], **AS_CLERK, **at),
    "Expired": lambda at: esclusa.read("stale", **AS_CLERK, **at),
    "Withdrawn": lambda at: esclusa.sql("FROM gone", **AS_CLERK, **at),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_refusal_is_recorded_with_its_reason(shop: Golden, reason: str) -> None:
    with pytest.raises(getattr(esclusa, reason)):
        REFUSALS[reason](shop.at)
    (entry,) = entries(shop, "read-refused")
    assert {**entry.body, "columns": None} == {
        **AS_CLERK,
        "user": account(),
        "columns": None,
        "reason": reason,
        "rows": 0,
    }
    assert not entries(shop, "read")


def test_a_tampered_file_and_a_rolled_back_repository_are_recorded(shop: Golden) -> None:
    shop.target("sales", "part-00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(esclusa.Tampered):
        esclusa.read("sales", **AS_CLERK, **shop.at)
    (shop.path / "metadata" / "timestamp.json").write_text("{}")
    with pytest.raises(esclusa.NotGenuine) as broken:
        esclusa.read("sales", **AS_CLERK, **shop.at)
    told = [(entry.dataset, entry.body["reason"]) for entry in entries(shop, "read-refused")]
    assert told == [("sales", "Tampered"), ("", type(broken.value).__name__)]


@pytest.fixture
def full(shop: Golden) -> Iterator[Golden]:
    """A ledger that takes no more entries."""
    ledger = shop.path.parent / "ledger.sqlite"
    ledger.unlink(missing_ok=True)
    ledger.mkdir()
    yield shop
    ledger.rmdir()


def test_a_read_that_cannot_be_recorded_is_refused(full: Golden) -> None:
    for read in (
        lambda: esclusa.read("sales", **AS_CLERK, **full.at),
        lambda: esclusa.read("sales", as_="duckdb", **AS_CLERK, **full.at),
        lambda: esclusa.sql("FROM sales", **AS_CLERK, **full.at),
    ):
        with pytest.raises(esclusa.LedgerUnavailable):
            read()


def test_a_refusal_that_cannot_be_recorded_stays_that_refusal(full: Golden) -> None:
    with pytest.raises(esclusa.NotPermitted):
        esclusa.read("sales", columns=["customer"], **AS_CLERK, **full.at)


def test_who_reads_is_the_account_of_the_process_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = account()
    for variable in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody.else")
    assert account() == before


def test_a_repository_that_is_not_there_gets_no_ledger_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    with pytest.raises(esclusa.EsclusaError):
        esclusa.read("sales", repository=tmp_path / "nowhere")
    assert not (tmp_path / "ledger.sqlite").exists()
