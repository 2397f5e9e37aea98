"""How catalogue, reports and errors look: tables that hold at 80 columns, in colour or without.

Belongs here: rich tables of our types. Does not: rows of datasets (`rows.py`), deciding anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from esclusa.anchor import Anchor
from esclusa.certificate import Certificate
from esclusa.errors import EsclusaError
from esclusa.evidence import Finding
from esclusa.listing import Entry, Why
from esclusa.report import Report

STYLES = {
    "certified": "green",
    "passed": "green",
    "pass": "green",
    "warn": "yellow",
    "expired": "yellow",
    "withdrawn": "yellow",
    "refused": "bold red",
    "broken": "bold red",
    "failed": "bold red",
    "fail": "bold red",
    "error": "bold red",
    "missing": "bold red",
    "not reached": "dim",
}


def show_error(error: EsclusaError) -> None:
    """A short red panel on stderr.

    Args:
        error: what was refused.
    """
    console = Console(stderr=True)
    grid = _pairs((label, Text(text, overflow="fold")) for label, text in error.lines)
    body = Table.grid(padding=(0, 0, 0, 0))
    body.add_row(Text(error.what, style="bold"))
    if error.lines:
        body.add_row(grid)
    console.print(Panel(body, title=_spaced(type(error).__name__), title_align="left", border_style="red"))


def show_catalog(console: Console, repository: str, entries: Sequence[Entry]) -> None:
    """The catalogue.

    Args:
        repository: where it is.
        entries: by dataset.
    """
    if not entries:
        console.print(f"Nothing is published in {repository} yet.")
        return
    table = _table("dataset", "status", "rows", "age", "valid until (UTC)", "owner")
    table.columns[0].no_wrap = True
    table.columns[2].justify = "right"
    for entry in entries:
        status = Text(entry.status, style=STYLES[entry.status])
        for note in _notes(entry):
            status.append(f"\n{note}", style="yellow")
        rows = "" if entry.rows is None else f"{entry.rows:,}"
        until = "" if entry.valid_until is None else _at(entry.valid_until)
        table.add_row(entry.dataset, status, rows, entry.freshness, until, entry.owner)
    console.print(table)
    for entry in entries:
        if entry.problem:
            console.print(Text(f"{entry.dataset}: {entry.problem}", style="red"))
    if doubtful := [e.dataset for e in entries if e.candidate_refused or e.status != "certified"]:
        console.print("Why: " + "\n     ".join(f"esclusa why {name}" for name in doubtful), highlight=False)


def _notes(entry: Entry) -> list[str]:
    notes = ["sandbox"] if entry.environment == "sandbox" else []
    notes += ["synthetic"] if entry.synthetic else []
    if entry.clock not in ("", "now"):
        notes.append(f"{entry.clock} clock")
    if entry.waived:
        notes.append(f"{entry.waived} waived")
    if entry.candidate_refused and entry.status != "refused":
        notes.append("newer refused")
    return notes


def show_report(console: Console, report: Report) -> None:
    """Every check of `verify`.

    Args:
        report: of a dataset or a certificate file.
    """
    table = _table("check", "state", "observed")
    for check in report.checks:
        table.add_row(check.name, Text(check.state, style=STYLES[check.state]), Text(check.observed, overflow="fold"))
    console.print(table)
    if report.certificate is not None:
        console.print(_facts(report.certificate))
    if report.error is None:
        console.print(Text(f"{report.subject}: every check passed.", style="green"))


def show_why(console: Console, why: Why, every_rule: bool) -> None:
    """What stands behind a dataset: decision, certificate, findings.

    Args:
        why: of one dataset.
        every_rule: list the rules that passed too.
    """
    last, certificate = why.decision, why.certificate
    headline = Text.assemble((why.dataset, "bold"), ": ", (why.status, STYLES[why.status]))
    if why.status == "certified" and why.candidate_refused:
        headline.append(", newer refused", style="bold red")
    console.print(headline)
    if why.problem is not None:
        show_error(why.problem)
    if last is not None and last.outcome != "certified":
        what = "the latest candidate was refused at the" if last.outcome == "refused" else "withdrawn at the"
        console.print(Text(f"{_at(last.at)} UTC: {what} {last.stage}.", style="bold red"))
        if last.message:
            console.print(Text(last.message))
        for finding in last.findings:
            console.print(_finding(finding))
        further = [
            (name, said) for name, said in (("owner", last.owner), ("to do", last.remedy)) if said not in last.message
        ]
        if further:
            console.print(_pairs(further))
        if certificate is not None:
            kept = "golden still serves" if why.status == "certified" else "golden no longer serves"
            until = f"valid until {_at(certificate.valid_until)} UTC"
            console.print(f"{kept} the certificate of {_at(certificate.certified_at)} UTC, {until}.", highlight=False)
    if certificate is not None:
        console.print(_items(certificate))
        console.print(_facts(certificate))
        shown = [f for f in certificate.findings if every_rule or f.state != "pass"]
        if shown:
            table = _table("rule", "state", "observed", "required")
            for finding in shown:
                state = Text(finding.state, style=STYLES.get(finding.state, ""))
                table.add_row(Text(finding.rule, overflow="fold"), state, finding.seen, finding.required)
            console.print(table)
        if not every_rule:
            console.print(f"Every rule: esclusa why {why.dataset} --all", highlight=False)


def show_anchor(console: Console, anchor: Anchor, *, compared: bool) -> None:
    """A pinned root.

    Args:
        anchor: as pinned, now or before.
        compared: True where somebody said which root to expect.
    """
    console.print(
        _pairs(
            [
                ("pinned", "now" if anchor.new else "before"),
                ("repository", Text(anchor.repository, overflow="fold")),
                ("fingerprint", Text(anchor.fingerprint, overflow="fold")),
                ("root", f"version {anchor.version}, expires {_at(anchor.expires)} UTC"),
            ]
        )
    )
    if not compared:
        note = "Not compared with anything: ask the publisher, by another channel, whether this fingerprint is theirs."
        console.print(note, style="yellow", highlight=False)


def _facts(certificate: Certificate) -> RenderableType:
    return _pairs(
        _known(
            ("certificate", Text(certificate.digest, overflow="fold")),
            ("certified", f"{_at(certificate.certified_at)} UTC"),
            ("valid until", f"{_at(certificate.valid_until)} UTC"),
            ("environment", certificate.environment),
            ("rows", f"{certificate.rows:,}"),
            ("contract", f"version {certificate.contract_version}"),
            ("owner", certificate.owner),
            ("signed by", "\n".join(certificate.signed)),
            ("note", Text("\n".join(certificate.caveats), style="yellow") if certificate.caveats else ""),
        )
    )


def _items(certificate: Certificate) -> RenderableType:
    table = _table("gate item", "rules", "passed", "warned")
    by_item = sorted(certificate.findings, key=lambda f: f.item)
    for item, group in groupby(by_item, key=lambda f: f.item):
        states = [finding.state for finding in group]
        table.add_row(item, str(len(states)), str(states.count("pass")), str(states.count("warn")))
    return table


def _finding(finding: Finding) -> RenderableType:
    grid = Table.grid(padding=(0, 0))
    grid.add_row(Text(f"✗ {finding.rule}", style="bold red", overflow="fold"))
    grid.add_row(
        _pairs(
            _known(
                ("says", finding.description),
                ("observed", finding.message if finding.observed is None else finding.seen),
                ("required", finding.required),
                ("owner", finding.owner),
                ("to do", finding.remedy),
            )
        )
    )
    return grid


def _known(*pairs: tuple[str, RenderableType]) -> list[tuple[str, RenderableType]]:
    return [(label, text) for label, text in pairs if text]


def _pairs(pairs: Iterable[tuple[str, RenderableType]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in pairs:
        grid.add_row(f"  {label}", text)
    return grid


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _spaced(name: str) -> str:
    return "".join(f" {c.lower()}" if c.isupper() and i else c for i, c in enumerate(name))
