"""The command: legible at 80 columns without colour, machine-readable on demand, an exit code that means something."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.main import get_command

from esclusa.cli import main
from esclusa.cli.commands import app
from esclusa.cli.platform import GROUP, HELP, OWN, PlatformCommand
from esclusa.errors import EXIT_CODES, Misused
from lineage.golden.decision import decision
from tests.esclusa.golden import CUSTOMERS, ORDERS, Golden


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(golden: Golden, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    monkeypatch.setenv("ESCLUSA_REPOSITORY", str(golden.path))
    monkeypatch.setenv("ESCLUSA_STATE", str(golden.state))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capfdbinary.readouterr()
        return Done(int(left.value.code or 0), out.decode(), err.decode())

    return call


def unwrapped(text: str) -> str:
    """Text without the line breaks and frames of its width."""
    return " ".join(text.replace("│", " ").split())


ALL = [
    ("catalog",),
    ("find", "country"),
    ("read", "orders"),
    ("sql", "FROM customers"),
    ("verify", "generated"),
    ("why", "customers"),
    ("why", "orders", "--all"),
    ("read", "ordres"),
    ("read", "stale"),
    ("verify", "stale"),
]


@pytest.mark.parametrize("arguments", ALL, ids=" ".join)
def test_output_holds_in_80_columns_without_colour(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    lines = (done.out + done.err).splitlines()
    assert lines
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in done.out + done.err


def test_the_catalogue_marks_what_is_synthetic_replayed_expired_or_refused(run: Run) -> None:
    done = run("catalog")
    assert done.code == 0
    said = unwrapped(done.out)
    for mark in ("synthetic", "replay clock", "newer refused", "expired", "withdrawn", "esclusa why customers"):
        assert mark in said


def test_the_catalogue_is_json_on_demand(run: Run) -> None:
    entries = {entry["dataset"]: entry for entry in json.loads(run("catalog", "--json").out)}
    assert (entries["orders"]["rows"], entries["generated"]["synthetic"]) == (40, True)


def test_a_broken_dataset_sets_the_exit_code_of_the_catalogue(run: Run, golden: Golden) -> None:
    golden.target("orders", "certificate.json").write_text("{}")
    assert run("catalog").code == 3


def test_rows_are_shown_as_a_table_and_their_caveats_on_stderr(run: Run) -> None:
    done = run("read", "generated", "--limit", "2")
    assert done.out.splitlines()[0].split() == list(ORDERS[0])
    assert len(done.out.splitlines()) == 3
    assert "2 of 40 rows" in unwrapped(done.err)
    assert "SYNTHETIC" in done.err
    assert "replay clock" in unwrapped(done.err)


def test_a_table_stops_at_twenty_rows_and_a_file_does_not(run: Run) -> None:
    assert len(run("read", "orders").out.splitlines()) == 21
    assert len(json.loads(run("read", "orders", "--json").out)) == 40


def test_rows_leave_as_csv_and_json(run: Run) -> None:
    read = csv.DictReader(io.StringIO(run("read", "customers", "--format", "csv").out))
    assert list(read) == CUSTOMERS
    chosen = run("read", "customers", "--columns", "country", "--format", "json", "--limit", "1")
    assert json.loads(chosen.out) == [{"country": "IT"}]


def test_rows_leave_as_a_parquet_file_that_did_not_exist(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "orders.parquet"
    assert run("read", "orders", "--format", "parquet", "--output", str(output)).code == 0
    assert pq.read_table(output).num_rows == 40
    again = run("read", "orders", "--format", "parquet", "--output", str(output))
    assert (again.code, "File exists" in again.err) == (2, True)


@pytest.mark.parametrize("arguments", [("--format", "parquet"), ("--output", "rows.txt")])
def test_a_format_in_the_wrong_place_is_wrong_use(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("read", "orders", *arguments).code == 2


def test_a_table_too_wide_for_the_terminal_is_shown_row_by_row(run: Run, golden: Golden) -> None:
    golden.publish({"wide": [{f"column_number_{i}": f"value {i}" for i in range(12)}]})
    done = run("read", "wide")
    assert done.out.splitlines()[:2] == ["row 1", "  column_number_0   value 0".ljust(len(done.out.splitlines()[1]))]
    assert len(done.out.splitlines()) == 13


def test_sql_says_when_it_shows_a_part_of_its_answer(run: Run) -> None:
    done = run("sql", "SELECT order_id FROM orders", "--limit", "3")
    assert (len(done.out.splitlines()), "3 of 40 rows" in done.err) == (4, True)


def test_sql_names_the_datasets_that_are_synthetic(run: Run) -> None:
    said = unwrapped(run("sql", "SELECT count(*) FROM orders JOIN generated USING (order_id)").err)
    assert "generated: SYNTHETIC data" in said
    assert "orders: SYNTHETIC" not in said


def test_verify_shows_each_check_and_what_the_certificate_says(run: Run) -> None:
    done = run("verify", "generated")
    assert done.code == 0
    for word in ("release", "signature", "verdict", "parts", "SYNTHETIC", "replay clock", "every check passed"):
        assert word in unwrapped(done.out)
    report = json.loads(run("verify", "generated", "--json").out)
    assert report["ok"]
    assert len(report["checks"]) == 10


def test_verify_of_a_tampered_dataset_shows_where_it_failed_and_exits_3(run: Run, golden: Golden) -> None:
    golden.target("orders", "part-00000.parquet").write_bytes(b"PAR1")
    done = run("verify", "orders")
    assert (done.code, "failed" in done.out, "Tampered" in done.err) == (3, True, True)


def test_why_of_a_refused_candidate_tells_the_finding_the_owner_and_what_is_still_served(run: Run) -> None:
    done = run("why", "customers")
    assert done.code == 1
    said = unwrapped(done.out)
    for words in (
        "the latest candidate was refused at the gate",
        "amount__minimum",
        "observed 12 rows",
        "required 0 rows",
        "owner service-desk",
        "to do Correct the delivery, then land it again.",
        "golden still serves the certificate of",
        "valid until",
    ):
        assert words in said


def test_why_says_but_once_what_the_message_of_a_refusal_says_already(run: Run, golden: Golden) -> None:
    remedy = "ask ada for the agreed names, then: esclusa run"
    message = f"The delivery is refused.\n  owner: ada\n  next: {remedy}"
    told = decision("orders", "refused", at=datetime.now(UTC), owner="ada", message=message, remedy=remedy)
    golden.writer().publish(verdicts={"orders": told})
    said = unwrapped(run("why", "orders").out)
    assert (said.count(remedy), "to do" in said) == (1, False)


def test_why_of_a_certified_dataset_exits_0_and_lists_every_rule_on_demand(run: Run) -> None:
    assert run("why", "orders").code == 0
    done = run("why", "orders", "--all")
    assert "orders__quality" in done.out
    assert json.loads(run("why", "orders", "--json").out)["ok"]


@pytest.mark.parametrize(
    ("arguments", "code", "title"),
    [
        (("read", "newcomer"), 1, "Not certified"),
        (("read", "gone"), 1, "Withdrawn"),
        (("read", "stale"), 1, "Expired"),
        (("read", "orders", "--columns", "amuont"), 2, "Unknown column"),
        (("sql", "DROP TABLE orders"), 2, "Query refused"),
        (("rad", "orders"), 2, "Did you mean 'read'?"),
        (("catalog", "-r", "nowhere"), 4, "Unreachable"),
        (("catalog", "-r", "htp://nowhere"), 2, "Did you mean http?"),
        (("catalog", "-r", "s3://bucket/golden"), 2, "--repository https://"),
        (("sql", "select amuont from orders"), 2, "Did you mean amount?"),
        (("sql", "selct 1"), 2, "For example"),
        (("trust", "nowhere"), 4, "Unreachable"),
        (("why", "ordres"), 1, "Not certified"),
        (("verify", "ordres"), 1, "Not certified"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_refusal_is_a_short_panel_on_stderr_with_its_exit_code(
    run: Run, arguments: tuple[str, ...], code: int, title: str
) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert title in done.err
    assert "Traceback" not in done.err


def test_the_help_page_lists_every_command_in_the_order_of_need_and_every_exit_code(run: Run) -> None:
    done = run("--help")
    said = unwrapped(done.out)
    assert re.findall(r"^│ ([a-z][a-z-]+) ", done.out, re.MULTILINE) == [*OWN, *HELP]
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in said


def test_the_platforms_commands_and_their_help_are_the_same_in_both_places() -> None:
    entries = {entry.name: entry for entry in entry_points(group=GROUP)}
    assert entries.keys() == HELP.keys()
    for name, entry in entries.items():
        real = PlatformCommand(entry)._real()
        assert (name, real.help.splitlines()[0]) == (name, HELP[name])


def test_a_command_of_the_platform_is_run_by_its_real_code(run: Run) -> None:
    assert "Usage: esclusa keys rotate" in run("keys", "rotate", "--help").out


def test_where_the_platform_is_absent_its_commands_say_how_to_get_it() -> None:
    absent = PlatformCommand(EntryPoint("run", "orchestration_that_is_not_here.commands:run", GROUP))
    with pytest.raises(Misused, match="not installed here") as refused:
        absent.make_context("run", [])
    assert "pip install 'esclusa[platform]'" in refused.value.remedy


def test_the_command_names_nothing_that_a_function_does_not_offer() -> None:
    """What a person can type, a program can call: one function for each command."""
    import esclusa
    import esclusa.ledger

    own = {name.replace("-", "_") for name in get_command(app).commands}  # type: ignore[attr-defined]
    serving = {"mcp", "serve", "tokens"}  # for other programs to call
    of_a_release = {"docs"}  # `Release.document` and `documents`
    assert own - {"ledger"} - serving - of_a_release <= set(esclusa.__all__)
    assert esclusa.ledger.Ledger.verify.__doc__, "a program holds a `Ledger`"


def test_docs_lists_prints_and_writes_the_documents_of_a_dataset(run: Run, tmp_path: Path) -> None:
    listed = run("docs", "orders")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()[1:]] == [
        "certificate.json",
        "contract.yaml",
        "policies.cedar",
    ]
    digests = json.loads(run("docs", "orders", "--json").out)["documents"]
    printed = run("docs", "orders", "--name", "contract.yaml").out.encode()
    assert sha256(printed).hexdigest() == digests["contract.yaml"]
    assert run("docs", "orders", "--output", str(tmp_path / "docs")).code == 0
    written = {path.name: sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "docs").iterdir()}
    assert written == digests
    again = run("docs", "orders", "--output", str(tmp_path / "docs"))
    assert (again.code, "cannot be written" in again.err) == (2, True)
    assert run("docs", "orders", "--name", "diary.md").code == 2


def test_export_writes_rows_and_documents_to_a_new_directory_and_says_what_they_are(run: Run, tmp_path: Path) -> None:
    done = run("export", "orders", str(tmp_path / "out"))
    assert done.code == 0
    assert f"{len(ORDERS)} rows of orders and 4 files in {tmp_path / 'out'}" in unwrapped(done.out)
    assert "the files that were certified, byte for byte" in done.out
    assert pq.read_table(next((tmp_path / "out").glob("*.parquet"))).num_rows == len(ORDERS)
    part = json.loads(run("export", "orders", str(tmp_path / "part"), "--columns", "amount", "--json").out)
    assert (part["exact"], part["hidden"]) == (False, ["order_id", "customer"])
    assert run("export", "orders", str(tmp_path / "out")).code == 2
    assert run("export", "orders", str(tmp_path / "none"), "--purpose", "spying").code == 5
