"""Promise: a revoked certificate is refused from that moment, its readers are known, and it does not come back."""

from __future__ import annotations

import pytest

import esclusa
from esclusa.cli import main
from tests.journeys.conftest import Journey

DATASET = "renewal_risk"
REASON = "scores were computed from a test extract"


def esclusa_command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def test_a_revoked_certificate_is_withdrawn_at_once_and_its_readers_are_listed(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, value in (("HOME", journey.settings.home), ("DATA", journey.settings.data)):
        monkeypatch.setenv(f"ESCLUSA_{variable}", str(value))
    monkeypatch.setenv("ESCLUSA_REPOSITORY", str(journey.settings.golden))
    monkeypatch.setenv("COLUMNS", "200")
    rows = journey.read(DATASET).num_rows
    certificate = journey.why(DATASET).certificate
    assert certificate is not None
    assert rows == certificate.rows

    capsys.readouterr()
    assert esclusa_command("revoke", certificate.digest, "--reason", REASON, "--requester", "ada") == 0
    said = capsys.readouterr().out
    assert "withdrawn; nothing is served" in said
    reader = next(e.body for e in journey.platform.ledger.entries("read", DATASET))
    assert all(word in said for word in (reader["user"], reader["role"], reader["purpose"]))

    with pytest.raises(esclusa.Revoked, match="was revoked on") as refused:
        journey.read(DATASET)
    assert REASON in refused.value.observed

    run = journey.run()
    assert run.success
    (observation,) = run.asset_observations_for_node(f"publish_{DATASET}")
    assert observation.asset_key.path == ["golden", DATASET]
    assert REASON in (observation.description or "")
    assert not run.asset_materializations_for_node(f"publish_{DATASET}")
    with pytest.raises(esclusa.Revoked):
        journey.read(DATASET)
    before = journey.version
    journey.run()
    assert journey.version == before, "what stands is not told again"
    assert esclusa_command("ledger", "verify") == 0
