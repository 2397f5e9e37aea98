"""`esclusa docs` and `esclusa export`: what travels with a dataset, printed or written; and its rows with it.

Belongs here: both commands and how their answers look. Does not: reading (`esclusa/documents.py`), what an export holds
(`esclusa/exporting.py`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from esclusa.cli.options import AllowSandbox, AsJson, Purpose, Role, Where, open_release
from esclusa.cli.plain import print_json
from esclusa.errors import Misused

KINDS = {
    "README.md": "dataset card, as hubs read it",
    "certificate.json": "signed statement that vouches for every file",
    "contract.yaml": "what the dataset promises",
    "croissant.json": "files, fields and responsible AI, for machines",
    "datasheet.md": "seven sections of questions and answers",
    "lineage.json": "which source columns each column comes from",
    "openlineage.ndjson": "events of the run that built it",
    "policies.cedar": "who may read which column for what",
}


def docs(
    dataset: str,
    name: Annotated[str | None, typer.Option("--name", "-n", help="Which one; default a list of them.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A directory to write them to.")] = None,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """List, print or write the documents that travel with a dataset, each verified."""
    release = open_release(repository)
    listed = release.documents(dataset)
    if output is not None:
        _write({n: release.document(dataset, n) for n in ([name] if name else listed)}, output)
    elif name is not None:
        sys.stdout.buffer.write(release.document(dataset, name))
        sys.stdout.buffer.flush()
    elif as_json:
        print_json({"dataset": dataset, "documents": dict(listed)})
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for head in ("document", "what it is", "sha256"):
            table.add_column(head)
        for document, digest in listed.items():
            table.add_row(document, KINDS.get(document, ""), f"{digest[:12]}…")
        Console().print(table)


def export(
    dataset: str,
    directory: Annotated[Path, typer.Argument(help="A new directory.")],
    role: Role = None,
    purpose: Purpose = None,
    columns: Annotated[str, typer.Option(help="Which, comma-separated; default all that are permitted.")] = "",
    allow_sandbox: AllowSandbox = False,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Write what a role may read of a dataset, with its documents, to a directory that stands on its own."""
    from esclusa.exporting import export_release

    wanted = [name.strip() for name in columns.split(",")] if columns else None
    release = open_release(repository)
    done = export_release(release, dataset, directory, release.request(role, purpose, allow_sandbox), wanted)
    if as_json:
        print_json(done)
        return
    said = [f"{done.rows:,} rows of {done.dataset} and {len(done.files)} files in {done.directory}"]
    said.append("the files that were certified, byte for byte" if done.exact else "written for this role and purpose")
    said += [f"left out: {', '.join(done.hidden)}"] if done.hidden else []
    said += (
        [f"masked: {', '.join(f'{name} ({technique})' for name, technique in done.masked.items())}"]
        if done.masked
        else []
    )
    Console().print("\n".join(said), highlight=False)


def _write(documents: dict[str, bytes], directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in documents.items():
            with (directory / name).open("xb") as file:
                file.write(content)
    except OSError as error:
        raise Misused(
            f"{error.filename or directory} cannot be written.",
            observed=error.strerror or type(error).__name__,
            required="a directory in which none of these files is yet",
        ) from None
    Console(stderr=True).print(f"{len(documents)} documents in {directory}", style="dim", highlight=False)
