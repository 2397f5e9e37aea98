"""How a chain of custody looks: below what `esclusa why` says first.

Belongs here: its rich tables. Does not: what it says (`esclusa/custody.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from esclusa.custody import Custody, Load

_SHORT = 16


def show_custody(console: Console, custody: Custody, *, whole: bool) -> None:
    """From the files of the sources to the people who signed.

    Args:
        custody: of the certificate that was shown before.
        whole: print digests whole, and every document.
    """
    console.print(Text("\nchain of custody", style="bold"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _rows(custody, whole):
        grid.add_row(f"  {label}", text)
    console.print(grid)


def _rows(custody: Custody, whole: bool) -> Iterator[tuple[str, Text]]:
    for (system, table, owner), loads in groupby(custody.loads, key=lambda load: (load.system, load.table, load.owner)):
        of = f", owner {owner}" if owner else ""
        yield "source", Text.assemble((f"{system}.{table}", "bold"), of)
        for load in loads:
            yield "  file", _load(load, whole)
            yield "  sha256", Text(load.digest)
    yield "built by", Text(f"code {custody.revision if whole else _revision(custody.revision)}, run {custody.run}")
    yield "candidate", Text(f"sha256 {_digest(custody.candidate_digest, whole)}")
    yield "contract", Text(f"version {custody.contract_version}, sha256 {_digest(custody.contract_digest, whole)}")
    states = ", ".join(f"{number} {state}" for state, number in sorted(custody.findings.items()))
    total = sum(custody.findings.values())
    yield "measured by", Text(f"{total} rules: {states}; rules sha256 {_digest(custody.rules_digest, whole)}")
    yield "signed by", Text("\n".join(custody.signed) or "nobody: no sign-off was demanded")
    yield "waived", Text("\n".join(custody.waived) or "nothing")
    if custody.ledger is not None:
        sequence, head = custody.ledger
        yield "ledger", Text(f"entry {sequence:,}, hash {_digest(head, whole)}")
    documents = [f"{n} sha256 {d}" for n, d in custody.documents.items()] if whole else [", ".join(custody.documents)]
    yield "documents", Text("\n".join(documents))
    for earlier in custody.earlier:
        text = Text(f"{_at(earlier.certified_at)} UTC, {earlier.rows:,} rows, version {earlier.contract_version}, ")
        text.append(f"sha256 {_digest(earlier.digest, whole)}")
        if earlier.revoked:
            text.append(f"\n{earlier.revoked}", style="yellow")
        yield "before it", text
    if custody.more:
        yield "", Text(f"older ones: esclusa why {custody.dataset} --all", style="dim")
    elif not custody.earlier and not custody.broken:
        yield "before it", Text("nothing: the first certificate")
    if custody.broken:
        yield "before it", Text(f"the chain breaks here: {custody.broken}", style="bold red")


def _load(load: Load, whole: bool) -> Text:
    text = Text(f"{load.file}, {load.rows:,} rows, landed {_at(load.landed_at)} UTC")
    if load.synthetic:
        text.append(", synthetic", style="yellow")
    if whole:
        text.append(f"\nload {load.load}, held to contract sha256 {load.contract_digest}", style="dim")
    return text


def _revision(revision: str) -> str:
    commit, plus, changes = revision.partition("+")
    return f"{commit[:12]}{plus}{changes}"


def _digest(digest: str, whole: bool) -> str:
    return digest if whole else f"{digest[:_SHORT]}…"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
