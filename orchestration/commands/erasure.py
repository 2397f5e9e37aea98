"""`esclusa erase`: take a request to erase somebody, carry it out, show what is open, check a receipt.

Belongs here: arguments, plain errors, printing. Does not: erasing (`erasure.py`). Nothing here prints the subject.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from esclusa.errors import EsclusaError, Misused
from expectations.erasure.requests import Request
from expectations.erasure.subject import SubjectRefused
from orchestration.commands.platform import plain_errors
from orchestration.settings import Settings, read_settings

KEY = "<system>.<table>.<column>=<value>"


def erase(
    subject: Annotated[str, typer.Option(help=f"{KEY}; stays in the shell's history.")] = "",
    subject_file: Annotated[
        str, typer.Option("--subject-file", help=f"File that holds {KEY}; `-` reads it from standard input.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, such as an article of law; kept in the receipt.")] = "",
    requester: Annotated[str, typer.Option(help="Reference of whoever asks, without a name; kept.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with every open request.")] = False,
    show: Annotated[bool, typer.Option("--list", help="Requests with their deadlines and receipts.")] = False,
    verify: Annotated[Path | None, typer.Option(help="Check the signature of a receipt.")] = None,
) -> None:
    """Erase a person from everything that is kept, prove it, and sign a receipt that does not name them."""
    console = Console(file=sys.stdout)
    with plain_errors(SubjectRefused, EsclusaError):
        asked = [bool(subject or subject_file), resume, show, verify is not None]
        if sum(asked) != 1 or (subject and subject_file):
            raise Misused(
                "`esclusa erase` does one thing at a time",
                observed=f"{sum(asked)} things asked for",
                required="one of --subject, --subject-file, --resume, --list, --verify",
                remedy=f"esclusa erase --subject-file - --reason … --requester …, and write {KEY}",
            )
        settings = read_settings()
        if verify is not None:
            _verify(settings, verify, console)
        elif show:
            _list(settings, console)
        elif resume:
            _resume(settings, console)
        else:
            if not (reason and requester):
                raise Misused("a request needs its reason and its requester", required="--reason and --requester")
            written = subject or (sys.stdin.read() if subject_file == "-" else Path(subject_file).read_text("utf-8"))
            _erase(settings, written, reason, requester, console)


def _erase(settings: Settings, written: str, reason: str, requester: str, console: Console) -> None:
    from orchestration.erasure.erasing import carry_out, take
    from orchestration.platform import load_platform
    from orchestration.telling.relaying import relayed

    platform, now = load_platform(settings), datetime.now(UTC)
    request = take(platform, written, reason=reason, requester=requester, now=now)
    console.print(f"request {request.id}, due by {request.deadline:%Y-%m-%d}", highlight=False)
    with relayed(settings):
        _show(settings, *carry_out(platform, request.id, now=now, progress=console.print), console)


def _resume(settings: Settings, console: Console) -> None:
    from orchestration.erasure.erasing import resume
    from orchestration.platform import load_platform
    from orchestration.telling.relaying import relayed

    with relayed(settings):
        finished = resume(load_platform(settings), now=datetime.now(UTC), progress=console.print)
    for request, account in finished:
        _show(settings, request, account, console)
    if not finished:
        console.print("no request is open")


def _show(settings: Settings, request: Request, account: Mapping[str, Any], console: Console) -> None:
    table = Table("where", "what was removed", box=None, pad_edge=False)
    for name, rows in sorted(account["tables"].items()):
        table.add_row(name, f"{rows:,} rows")
    for name, file in sorted(account["files"].items()):
        rows = "unreadable, and so unlinked" if file["rows"] is None else f"a file with {file['rows']:,} rows"
        table.add_row(name, rows)
    console.print(table if table.row_count else "nothing held the subject")
    for dataset, outcome in sorted(account["datasets"].items()):
        told = f"who read it, and is to be told: esclusa ledger show --kind read --dataset {dataset}"
        console.print(f"{dataset}: {outcome}; {told}", highlight=False)
    proof = account["proof"]
    console.print(
        f"proven: {proof['relationsQueried']} relations and {proof['parquetFilesQueried']} Parquet files asked, "
        f"{proof['filesSearched']} files searched",
        highlight=False,
    )
    for name, hits in {**proof["bytesFoundIn"], **proof["sameTextElsewhere"]}.items():
        console.print(f"  the same text, perhaps by chance: {name} ({hits:,})", style="yellow", highlight=False)
    console.print(f"receipt: {settings.home / 'receipts' / request.receipt}", highlight=False, soft_wrap=True)


def _list(settings: Settings, console: Console) -> None:
    from orchestration.erasure.requests import recall_requests
    from orchestration.platform import load_platform

    now = datetime.now(UTC)
    table = Table("request", "by", "asked", "due", "state", "receipt", box=None, pad_edge=False)
    for request in recall_requests(load_platform(settings)):
        state = "erased" if not request.open else "OVERDUE" if request.deadline <= now else "open"
        asked, due = (f"{moment:%Y-%m-%d}" for moment in (request.requested_at, request.deadline))
        table.add_row(request.id, request.column, asked, due, state, request.receipt)
    console.print(table if table.row_count else "nobody has asked to be erased")


def _verify(settings: Settings, path: Path, console: Console) -> None:
    import esclusa
    from lineage.receipt import gate_keys, read_receipt

    esclusa.open(settings.golden)  # its chain of roots, which name the keys, is verified first
    said = read_receipt(path.read_bytes(), gate_keys(settings.golden))["predicate"]
    console.print(
        f"genuine: request {said['request']} by {said['by']}, erased {said['erasedAt'][:16]} UTC for "
        f"{said['requester']} ({said['reason']}); {sum(said['rowsDeleted'].values()):,} rows, "
        f"{len(said['filesUnlinked'])} files",
        highlight=False,
        soft_wrap=True,
    )
