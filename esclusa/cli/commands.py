"""The client's commands: arguments in, a table or JSON out, an exit code.

Belongs here: what each command takes. Does not: what it does (the package's own functions), how it looks (`render.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from esclusa.cli.catalog import app as catalog
from esclusa.cli.documents import docs, export
from esclusa.cli.find import find
from esclusa.cli.ledger import app as ledger
from esclusa.cli.lineage import impact, lineage
from esclusa.cli.mcp import mcp
from esclusa.cli.options import AllowSandbox, AsJson, Purpose, Role, Where, open_release
from esclusa.cli.plain import plain, print_json
from esclusa.cli.platform import Commands
from esclusa.cli.rows import Format, limit_of, write_rows
from esclusa.cli.serve import serve
from esclusa.cli.tokens import app as tokens
from esclusa.cli.use_cases import use_cases
from esclusa.errors import EXIT_CODES, NotCertified

CODES = " · ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
app = typer.Typer(
    cls=Commands,
    help="Find, verify and read certified datasets.",
    epilog=f"Exit codes: {CODES}.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(catalog, name="catalog")
app.add_typer(ledger, name="ledger")
app.command()(docs)
app.command()(export)
app.command()(find)
app.command("use-cases")(use_cases)
app.command()(mcp)
app.command()(lineage)
app.command()(impact)
app.add_typer(tokens, name="tokens")
app.command()(serve)

Limit = Annotated[int | None, typer.Option(min=0, help="At most so many rows; a table shows 20 where not given.")]
As = Annotated[Format, typer.Option("--format", help="What to write.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="A new file; default the terminal.")]


@app.command()
def read(
    dataset: str,
    role: Role = None,
    purpose: Purpose = None,
    columns: Annotated[str, typer.Option(help="Which, comma-separated; default all that are permitted.")] = "",
    limit: Limit = None,
    form: As = Format.TABLE,
    output: Output = None,
    allow_sandbox: AllowSandbox = False,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Print the rows of a certified dataset, after every check."""
    form = Format.JSON if as_json else form
    wanted = [name.strip() for name in columns.split(",")] if columns else None
    release = open_release(repository)
    with release.opened(dataset, release.request(role, purpose, allow_sandbox), wanted) as rows:
        table = rows.table(limit_of(form, limit))
    write_rows(Console(), table, form, output)
    from esclusa.verification import moment

    certificate = rows.certificate
    said = [
        f"{table.num_rows:,} of {certificate.rows:,} rows",
        f"certified, valid until {moment(certificate.valid_until)}",
        *(f"{name} is masked ({access.technique})" for name, access in rows.columns.items() if access.technique),
    ]
    _say([*said, *certificate.caveats])


@app.command()
def sql(
    query: str,
    role: Role = None,
    purpose: Purpose = None,
    limit: Limit = None,
    form: As = Format.TABLE,
    output: Output = None,
    allow_sandbox: AllowSandbox = False,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Run one SELECT over certified datasets of one release."""
    form = Format.JSON if as_json else form
    release = open_release(repository)
    table = release.sql(query, role=role, purpose=purpose, allow_sandbox=allow_sandbox)
    rows = limit_of(form, limit)
    shown = table if rows is None else table.slice(0, rows)
    write_rows(Console(), shown, form, output)
    from esclusa.query import datasets_in

    said = [f"{shown.num_rows:,} of {table.num_rows:,} rows"]
    for dataset in datasets_in(release, query):
        certificate = release.why(dataset).certificate
        said += [f"{dataset}: {caveat}" for caveat in certificate.caveats] if certificate else []
    _say(said)


@app.command()
def verify(
    subject: Annotated[str, typer.Argument(help="Dataset or certificate file.")],
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Check a dataset, or a certificate file that was kept, and show each check."""
    report = open_release(repository).verify(subject)
    if as_json:
        print_json(report, ok=report.ok)
    elif report.certificate is not None or not isinstance(report.error, NotCertified):  # else there is nothing to check
        from esclusa.cli.render import show_report

        show_report(Console(), report)
    if report.error is not None:
        raise report.error


@app.command()
def why(
    dataset: str,
    every_rule: Annotated[
        bool, typer.Option("--all", help="Rules that passed too, digests whole, every certificate before.")
    ] = False,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Tell why a dataset is certified or refused: findings, owner, what to do; then its whole chain of custody."""
    release = open_release(repository)
    reason = release.why(dataset)
    custody = release.custody(reason.certificate, None if every_rule else 5) if reason.certificate else None
    if as_json:
        print_json(reason, ok=reason.ok, custody=plain(custody))
    else:
        from esclusa.cli.custody import show_custody
        from esclusa.cli.render import show_why

        show_why(Console(), reason, every_rule)
        if custody is not None:
            show_custody(Console(), custody, whole=every_rule)
    raise typer.Exit(0 if reason.ok else reason.problem.exit_code if reason.problem else 1)


@app.command()
def trust(
    repository: str,
    fingerprint: Annotated[str | None, typer.Option(help="SHA-256 of the root that the publisher gave you.")] = None,
    root: Annotated[Path | None, typer.Option(help="The root file, handed over by a safer channel.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Although another root is pinned.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pin the first root of a golden repository: once, before the first read."""
    from esclusa.anchor import trust as pin

    anchor = pin(repository, root=root, fingerprint=fingerprint, replace=replace)
    if as_json:
        print_json(anchor)
    else:
        from esclusa.cli.render import show_anchor

        show_anchor(Console(), anchor, compared=not anchor.new or root is not None or fingerprint is not None)


def _say(notes: list[str]) -> None:
    """Notes on rows go to stderr: a pipe gets the rows alone, a person gets both."""
    Console(stderr=True).print(" · ".join(notes), style="dim", highlight=False)
