"""In production a dataset is certified only while everyone who must has signed its contract, word for word."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import esclusa
from esclusa.cli.commands import app
from expectations.environment import Environment
from tests.conftest import ROOT
from tests.journeys.conftest import Journey

DATASET = "renewal_risk"
SIGNERS = {"owner": "customer.success", "operations": "data.platform", "security": "security.office"}
VOLUME = f"{DATASET}__volume"


def typed(*arguments: str) -> Result:
    """A command as somebody types it, without a terminal."""
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def production(journey: Journey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journey:
    """The same platform in production, with promises of its own and a key for everyone who must sign."""
    promises = tmp_path / "promises"
    shutil.copytree(ROOT / "expectations", promises, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    lines = []
    for role, who in SIGNERS.items():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / role], check=True)
        lines.append(f'{who} namespaces="esclusa-*" {(tmp_path / f"{role}.pub").read_text()}')
    (promises / "allowed_signers").write_text("".join(lines))
    for name, value in {
        "ESCLUSA_HOME": journey.settings.home,
        "ESCLUSA_DATA": journey.settings.data,
        "ESCLUSA_PROMISES": promises,
        "ESCLUSA_ENVIRONMENT": "production",
    }.items():
        monkeypatch.setenv(name, str(value))
    return Journey(replace(journey.settings, expectations=promises, environment=Environment.PRODUCTION))


def decided(production: Journey) -> esclusa.Why:
    """What consumers are told after gate and publishing looked again."""
    production.run(f"gate/{DATASET}", f"golden/{DATASET}")
    return production.why(DATASET)


def sign_all(directory: Path) -> None:
    """Everyone reads the checklist and signs."""
    for role, who in SIGNERS.items():
        done = typed("sign", DATASET, "--role", role, "--key", str(directory / role))
        assert done.exit_code == 0, done.output
        assert "1 definitions" in done.output
        assert f"signed as {role} by {who}" in done.output


def change(path: Path, old: str, new: str) -> None:
    """Another wording of something that stands there once."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_production_needs_every_signature(production: Journey, tmp_path: Path) -> None:
    promises = production.settings.expectations

    why = decided(production)
    assert why.candidate_refused
    assert why.decision is not None
    told = {f.rule: f for f in why.decision.findings}
    for role, who in SIGNERS.items():
        finding = told[f"{DATASET}__signoff_{role}"]
        assert f"must sign: {who}" in finding.message
        assert finding.remedy == f"esclusa sign {DATASET} --role {role} --key <ssh key>"

    sign_all(tmp_path)
    why = decided(production)
    assert (why.status, why.candidate_refused) == ("certified", False), why.decision
    assert why.certificate is not None
    said = why.certificate.document["predicate"]
    assert said["environment"] == "production"
    assert {s["role"]: s["principal"] for s in said["signoffs"]} == SIGNERS
    assert all(verified_by_outsider(tmp_path, signoff) for signoff in said["signoffs"])

    # One word of a definition, and a bound that this candidate does not keep.
    change(promises / "definitions" / "renewal_risk.yaml", "A band says what is likely", "A band says what is probable")
    contract = promises / "contracts" / f"{DATASET}.yaml"
    change(contract, "[1000, 1000000]", "[1000, 3000]")
    change(contract, "\nversion: 1.1.0\n", "\nversion: 1.2.0\n")
    why = decided(production)
    assert why.candidate_refused
    assert why.decision is not None
    told = {f.rule: f for f in why.decision.findings}
    assert "is void: the definition renewal_risk changed" in told[f"{DATASET}__signoff_security"].message
    assert not told[VOLUME].opens

    sign_all(tmp_path)
    refused = typed("waive", DATASET, f"{DATASET}__volum", "--role", "owner", "--key", str(tmp_path / "owner"))
    assert refused.exit_code == 2
    assert f"did you mean {VOLUME}?" in refused.output
    today = f"{why.decision.at:%Y-%m-%d}"
    waived = ("waive", DATASET, VOLUME, "--role", "owner", "--key", str(tmp_path / "owner"), "--until", today)
    done = typed(*waived, "--reason", "the book of accounts doubled; a new bound is agreed next week")
    assert done.exit_code == 0, done.output
    why = decided(production)
    assert (why.status, why.candidate_refused) == ("certified", False), why.decision
    assert why.certificate is not None
    (waiver,) = why.certificate.document["predicate"]["waivers"]
    assert (waiver["rule"], waiver["until"]) == (VOLUME, today)
    for command in ("why", "verify"):
        shown = typed(command, DATASET, "--repository", str(production.settings.golden)).output
        assert "waived" in shown, command
        assert "customer.success" in shown, command
    kinds = [entry.kind for entry in production.platform.ledger.entries(dataset=DATASET)]
    assert (kinds.count("signoff"), kinds.count("waiver")) == (6, 1)


def verified_by_outsider(directory: Path, signoff: dict[str, str]) -> bool:
    """What OpenSSH says of a sign-off as the certificate carries it."""
    (directory / "allowed").write_text(f"{signoff['principal']} {signoff['publicKey']}\n")
    (directory / "signature").write_text(signoff["signature"])
    command = ["ssh-keygen", "-Y", "verify", "-f", directory / "allowed", "-I", signoff["principal"]]
    command += ["-n", "esclusa-signoff", "-s", directory / "signature"]
    assert json.loads(signoff["document"])["environment"] == "production"
    return subprocess.run(command, input=signoff["document"].encode(), check=False).returncode == 0
