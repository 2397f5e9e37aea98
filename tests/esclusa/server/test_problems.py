"""A refusal says what is wrong; where on the service's machine it arose is for its log, and for no caller."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from esclusa import errors
from esclusa.agents.filling import refusal
from esclusa.errors import EsclusaError
from esclusa.server.problems import OURS, problem
from tests.esclusa.agents.test_served import call
from tests.esclusa.golden import Golden
from tests.esclusa.server.conftest import Served

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EsclusaError)]
ASKED = {"role": "tester", "purpose": "testing"}
PATHS = (
    *("/readyz", "/v1/datasets", "/metadata/timestamp.json", "/catalogue.json", "/datasets/staff.html"),
    *(f"/v1/datasets/{name}{end}" for name in ("staff", "stale", "nothing") for end in ("", "/rows")),
)
TOOLS = ("get_context", "get_certificate", "read_sample", "explain_refusal")


@pytest.mark.parametrize("kind", KINDS)
def test_of_no_kind_of_refusal_is_a_caller_told_where_it_arose(
    kind: type[EsclusaError], caplog: pytest.LogCaptureFixture
) -> None:
    error = kind("No.", where="/srv/golden", owner="ada", remedy="chmod 600 a.key")
    answers = (bytes(problem(error).body).decode(), refusal(error).model_dump_json())
    assert not any("/srv" in answer for answer in answers)
    assert all("ada" in answer for answer in answers)
    is_ours = issubclass(kind, OURS)
    assert ("where: /srv/golden" in caplog.text) is is_ours, "whoever runs the service is told"
    assert all(("chmod" in answer) is not is_ours for answer in answers), "no caller can mend what is ours"


def key_of(golden: Golden) -> Path:
    return golden.keys / "classes" / "confidential.key"


def ledger_of(golden: Golden) -> Path:
    return golden.path.parent / "ledger.sqlite"


def timestamp_of(golden: Golden) -> Path:
    return golden.path / "metadata" / "timestamp.json"


def role_gone(golden: Golden) -> None:
    for file in (golden.path / "metadata").glob("*.staff.json"):
        file.unlink()


def unreadable_timestamp(golden: Golden) -> None:
    timestamp_of(golden).unlink()
    timestamp_of(golden).mkdir()


FAULTS: dict[str, Callable[[Golden], object]] = {
    "ledger: a directory": lambda golden: ledger_of(golden).mkdir(),
    "ledger: no database": lambda golden: ledger_of(golden).write_text("not a database" * 100),
    "root: not pinned": lambda golden: shutil.rmtree(golden.state),
    "metadata of a dataset: gone": role_gone,
    "timestamp: gone": lambda golden: timestamp_of(golden).unlink(),
    "timestamp: torn": lambda golden: timestamp_of(golden).write_text("{"),
    "timestamp: unreadable": unreadable_timestamp,
    "key: gone": lambda golden: key_of(golden).unlink(),
    "key: open to others": lambda golden: key_of(golden).chmod(0o644),
    "key: none": lambda golden: key_of(golden).write_text("no key"),
    "certificate: gone": lambda golden: golden.target("staff", "certificate.json").unlink(),
    "certificate: another": lambda golden: golden.target("staff", "certificate.json").write_text("{}"),
    "rows: gone": lambda golden: golden.target("staff", "part-00000.parquet").unlink(),
    "rows: others": lambda golden: golden.target("staff", "part-00000.parquet").write_bytes(b"x"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_no_answer_names_a_path_whatever_is_wrong_with_the_machine(
    served: Served, fault: Callable[[Golden], object]
) -> None:
    golden, robot = served.golden, served.bearer("tester")
    golden.publish({"staff": [{"id": "s-1", "email": "ada@example.org"}]}, classified={"email": "confidential"})
    fault(golden)
    answers = [served.client.get(path, params=ASKED, headers=robot) for path in PATHS]
    assert any(answer.status_code >= 500 or answer.status_code == 409 for answer in answers), "it was felt"
    said = [f"{answer.text} {answer.headers}" for answer in answers]
    said += [str(call(served, robot, tool, dataset="staff", **ASKED)) for tool in TOOLS]
    assert not [text for text in said if str(golden.path.parent.parent) in text]
