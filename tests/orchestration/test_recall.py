"""Recall: a certificate is taken back at once, recorded, not published again, and its readers are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import esclusa
from lineage.errors import RecallRefused
from orchestration.golden import RECORD, open_golden
from orchestration.platform import Platform
from orchestration.publish import Outcome, publish_release
from orchestration.recall import Recall, revoke
from orchestration.refusals import refuse
from tests.golden_repository import small_contract
from tests.orchestration.small import DATASETS, decided

REASON = "amounts are in the wrong currency"


def publish(platform: Platform, dataset: str, rows: int = 2) -> str:
    """Decide and publish; the certificate."""
    decided(platform, dataset, rows)
    (outcome,) = again(platform, dataset)
    assert outcome.certificate is not None
    return outcome.certificate


def again(platform: Platform, release: str) -> tuple[Outcome, ...]:
    """The publishing step of the next run."""
    return publish_release(platform, release, now=datetime.now(UTC), run="run-1", progress=lambda _: None)


def recall(platform: Platform, certificate: str = "orders", **options: bool) -> Recall:
    return revoke(platform, certificate, reason=REASON, requester="ada", **options)


def rows(platform: Platform, dataset: str = "orders") -> int:
    return int(esclusa.read(dataset, repository=platform.settings.golden).num_rows)


def kinds(platform: Platform) -> list[str]:
    return [entry.kind for entry in platform.ledger.entries() if entry.dataset]


def test_a_revoked_dataset_is_refused_at_once_with_the_reason_and_the_owner(small: Platform) -> None:
    certificate = publish(small, "orders")
    done = recall(small)
    assert (done.dataset, done.certificate, done.serving, done.again) == ("orders", certificate, None, {})
    with pytest.raises(esclusa.Revoked, match=certificate[:12]) as refused:
        rows(small)
    assert REASON in refused.value.observed
    assert "ada" in refused.value.observed
    assert refused.value.owner == "ada"
    assert esclusa.why("orders", repository=small.settings.golden).status == "withdrawn"
    (entry,) = small.ledger.entries(kind="revocation")
    said = {"certificate": certificate, "reason": REASON, "requester": "ada", "rollback": False, "again": {}}
    assert entry.body == said


def test_a_kept_certificate_file_is_revoked_also_after_a_newer_release(small: Platform, tmp_path: Path) -> None:
    certificate = publish(small, "orders")
    folder = small.settings.golden / "targets" / "orders"
    kept = tmp_path / "kept.json"
    kept.write_bytes((folder / f"{certificate}.certificate.json").read_bytes())
    assert esclusa.verify(kept, repository=small.settings.golden).ok
    recall(small, str(kept))
    publish(small, "orders", rows=5)
    report = esclusa.verify(kept, repository=small.settings.golden)
    assert isinstance(report.error, esclusa.Revoked)
    assert [check.name for check in report.checks if check.state == "failed"] == ["standing"]
    assert esclusa.verify("orders", repository=small.settings.golden).ok


def test_everyone_who_read_it_is_found_and_nobody_who_read_another(small: Platform) -> None:
    first = publish(small, "orders")
    rows(small)
    esclusa.sql("select count(*) from orders", repository=small.settings.golden)
    publish(small, "parcels")
    rows(small, "parcels")
    second = publish(small, "orders", rows=5)
    assert recall(small, second).readers == ()
    (reader,) = recall(small, first).readers
    assert (reader.role, reader.purpose, reader.reads) == ("tester", "testing", 2)
    assert reader.first < reader.last


def test_a_reader_is_found_although_the_gate_key_was_replaced_since(small: Platform) -> None:
    first = publish(small, "orders")
    rows(small)
    open_golden(small).rotate("gate")
    rows(small)
    assert recall(small, first).readers[0].reads == 2


def test_the_same_candidate_under_the_same_contract_is_never_published_again(small: Platform) -> None:
    publish(small, "orders")
    recall(small)
    for _ in range(2):
        (outcome,) = again(small, "orders")
        assert not outcome.serves_newest
        assert f"by ada: {REASON}" in outcome.message
        assert "nothing is served" in outcome.message
    decided(small, "orders")  # the gate audited the same rows again
    assert not again(small, "orders")[0].serves_newest
    with pytest.raises(esclusa.Revoked):
        rows(small)


def test_a_mended_candidate_is_published(small: Platform) -> None:
    publish(small, "orders")
    recall(small)
    publish(small, "orders", rows=4)
    assert rows(small) == 4


def test_the_same_candidate_under_a_mended_contract_is_published(small: Platform) -> None:
    publish(small, "orders")
    recall(small)
    contract = small_contract("orders", ["id", "amount"], digest="e" * 64)
    mended = replace(
        small, promises=replace(small.promises, contracts={**small.promises.contracts, "orders": contract})
    )
    for name in DATASETS:
        decided(mended, name)
    assert again(mended, "orders")[0].published
    assert rows(mended) == 2


def test_a_rollback_serves_the_last_good_release_and_the_next_run_leaves_it_so(small: Platform) -> None:
    first = publish(small, "orders", rows=2)
    second = publish(small, "orders", rows=5)
    done = recall(small, rollback=True)
    assert (done.certificate, done.again, done.serving) == (second, {"orders": first}, first)
    assert rows(small) == 2
    (outcome,) = again(small, "orders")
    assert not outcome.serves_newest
    assert (outcome.certificate, outcome.rows) == (first, 2)
    assert rows(small) == 2
    assert [e.body["certificate"] for e in small.ledger.entries(kind="release")] == [first, second, first]


def test_a_rollback_passes_over_what_was_revoked_before(small: Platform) -> None:
    first, second = publish(small, "orders", rows=2), publish(small, "orders", rows=3)
    publish(small, "orders", rows=4)
    recall(small, second)
    assert recall(small, rollback=True).again == {"orders": first}


def test_datasets_of_one_release_roll_back_together(grouped: Platform) -> None:
    served = []
    for count in (2, 5):
        for name in DATASETS:
            decided(grouped, name, rows=count)
        served.append({outcome.dataset: outcome.certificate for outcome in again(grouped, "trade")})
    assert revoke(grouped, "orders", reason=REASON, requester="ada", rollback=True).again == served[0]
    assert {name: rows(grouped, name) for name in DATASETS} == dict.fromkeys(DATASETS, 2)
    assert not any(outcome.serves_newest for outcome in again(grouped, "trade"))


def test_where_there_is_no_good_release_a_rollback_withdraws(small: Platform) -> None:
    publish(small, "orders")
    assert recall(small, rollback=True).serving is None
    with pytest.raises(esclusa.Revoked):
        rows(small)


def test_a_superseded_certificate_is_revoked_and_the_one_in_force_goes_on(small: Platform) -> None:
    first, second = publish(small, "orders", rows=2), publish(small, "orders", rows=5)
    done = recall(small, first[:10], rollback=True)
    assert (done.certificate, done.serving, done.again) == (first, second, {})
    assert rows(small) == 5
    assert not again(small, "orders")[0].published


def test_what_the_ledger_cannot_record_does_not_happen(small: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(small, "orders")
    decided(small, "orders", rows=5)

    def fail(*_: object, **__: object) -> None:
        raise esclusa.LedgerUnavailable("The ledger is gone.")

    with monkeypatch.context() as broken:
        broken.setattr("esclusa.ledger.ledger.Ledger.append", fail)
        for act in (
            lambda: recall(small),
            lambda: again(small, "orders"),
            lambda: refuse(small, ["orders"], stage="build", message="x", remedy="y", now=datetime.now(UTC)),
        ):
            with pytest.raises(esclusa.LedgerUnavailable):
                act()
    assert rows(small) == 2, "the reader met nothing of it"
    assert esclusa.why("orders", repository=small.settings.golden).ok
    assert again(small, "orders")[0].published
    assert rows(small) == 5


def by_an_unknown_digest(platform: Platform) -> None:
    recall(platform, "f" * 64)


def by_too_few_letters(platform: Platform) -> None:
    recall(platform, publish(platform, "parcels")[:7])


def by_a_misspelt_dataset(platform: Platform) -> None:
    recall(platform, "order")


def of_a_dataset_never_published(platform: Platform) -> None:
    recall(platform, "refunds")


def without_a_reason(platform: Platform) -> None:
    revoke(platform, "orders", reason=" ", requester="ada")


@pytest.mark.parametrize(
    "wrong",
    [by_an_unknown_digest, by_too_few_letters, by_a_misspelt_dataset, of_a_dataset_never_published, without_a_reason],
)
def test_nothing_is_revoked(wrong: Callable[[Platform], None], small: Platform) -> None:
    publish(small, "orders")
    with pytest.raises(esclusa.Misused, match=r"names no certificate|needs a reason"):
        wrong(small)
    assert "revocation" not in kinds(small)
    assert rows(small) == 2


def test_a_certificate_is_revoked_once(small: Platform) -> None:
    certificate = publish(small, "orders")
    recall(small)
    with pytest.raises(RecallRefused, match=f"by ada: {REASON}"):
        recall(small, certificate)
    assert kinds(small).count("revocation") == 1


def test_a_record_of_what_is_served_follows_a_rollback(small: Platform) -> None:
    first = publish(small, "orders", rows=2)
    published = small.workshop.recall(RECORD, "orders")
    publish(small, "orders", rows=5)
    recall(small, rollback=True)
    assert small.workshop.recall(RECORD, "orders") == {**(published or {}), "refused": "gate"}
    assert (published or {})["certificate"] == first
