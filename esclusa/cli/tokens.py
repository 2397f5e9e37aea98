"""`esclusa tokens`: who may ask the service for rows.

Belongs here: the three commands. Does not: keeping tokens (`esclusa/server/tokens.py`).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from esclusa.cli.options import AsJson, Where
from esclusa.errors import Misused

if TYPE_CHECKING:
    from esclusa.ledger.ledger import Ledger
    from esclusa.server.tokens import Token, TokenFile

LONGEST = 366  # days
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
app = typer.Typer(no_args_is_help=True, help="Tokens for the service: who may ask it for rows, as what, until when.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who calls with it; the ledger says `token:<name>`.")],
    role: Annotated[list[str], typer.Option("--role", help="That its caller may take; may be given again.")],
    expires: Annotated[str, typer.Option(help="Last day (2027-01-31), or days from now (30d); at most a year.")],
    purpose: Annotated[list[str] | None, typer.Option("--purpose", help="Only these; default all of the role.")] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="May fetch Parquet files: every column, unmasked.")] = False,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and show it, this once."""
    if NAME.fullmatch(name) is None:
        raise Misused("That is no name for a token.", observed=name, required="letters, digits and . _ @ - (up to 64)")
    file, ledger = _opened(repository)
    text, token = file.add(name, role, purpose or [], mirror, _end(expires))
    _record(file, ledger, token, "made")
    if as_json:
        print(json.dumps({**_plain(token), "token": text}, indent=1))
        return
    print(text)
    for doubt in _ungranted(repository, role, purpose or []):
        Console(stderr=True).print(doubt, style="yellow", highlight=False)
    note = f"shown this once; reads as {', '.join(token.roles)} until {token.expires:%Y-%m-%d %H:%M} UTC"
    Console(stderr=True).print(note, style="dim", highlight=False)


@app.command("list")
def list_tokens(repository: Where = None, as_json: AsJson = False) -> None:
    """List the tokens, never their text."""
    file, _ = _opened(repository)
    tokens = file.all()
    if as_json:
        print(json.dumps([_plain(token) for token in tokens], indent=1))
        return
    if not tokens:
        Console().print(f"No token was made yet; they are kept in {file.path}.", highlight=False)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("id", "name", "roles", "purposes", "expires (UTC)", "state"):
        table.add_column(header, overflow="fold")
    for token in tokens:
        roles = [*token.roles, *(["mirror"] if token.mirror else [])]
        cells = (token.id, token.name, " ".join(roles), " ".join(token.purposes) or "all of the role")
        table.add_row(*map(Text, (*cells, f"{token.expires:%Y-%m-%d %H:%M}", token.state(datetime.now(UTC)))))
    Console().print(table)


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Its id or its name; a name takes back all of that name.")],
    repository: Where = None,
) -> None:
    """Take a token back; the next request with it is refused."""
    file, ledger = _opened(repository)
    for token in file.revoke(which):
        _record(file, ledger, token, "revoked")
        Console().print(f"{token.id} of {token.name} is revoked", highlight=False)


def _opened(repository: str | None) -> tuple[TokenFile, Ledger]:
    from esclusa.location import locate
    from esclusa.server.settings import tokens_file
    from esclusa.server.tokens import TokenFile
    from esclusa.settings import ledger_for, load_settings

    settings = load_settings(repository)
    location = locate(settings.repository)
    if location.directory is None or not location.directory.is_dir():
        raise Misused(
            "Tokens are made in the directory of a golden repository, never over its URL.",
            observed=location.name,
            required="the directory that `esclusa serve` says it serves",
            remedy="esclusa tokens add <name> --repository <that directory> …; ESCLUSA_REPOSITORY names another place.",
        )
    return TokenFile(tokens_file(location.directory)), ledger_for(settings, location)


def _record(file: TokenFile, ledger: Ledger, token: Token, event: str) -> None:
    """Into the ledger; a token that cannot be recorded is taken back, unseen."""
    from esclusa.errors import LedgerUnavailable
    from esclusa.server.tokens import recorded

    try:
        ledger.append("token", "", recorded(token, event))
    except LedgerUnavailable:
        if event == "made":
            file.revoke(token.id)
        raise


def _ungranted(repository: str | None, roles: list[str], purposes: list[str]) -> list[str]:
    """What no contract grants, as far as this machine can see: nothing is read with it before one does."""
    from esclusa.errors import EsclusaError, nearest
    from esclusa.reader import open as open_release
    from esclusa.server.tokens import ANY

    try:
        grants = [grant for dataset in open_release(repository).promises.datasets for grant in dataset.grants]
    except EsclusaError:
        return []
    asked = [("role", roles, {grant.role for grant in grants} | {ANY})]
    asked += [("purpose", purposes, {purpose for grant in grants for purpose in grant.purposes} | {ANY})]
    return [
        f"No contract grants the {kind} {name}: nothing is read with it until one does. "
        f"{nearest(name, sorted(known))}".strip()
        for kind, names, known in asked
        for name in names
        if grants and name not in known
    ]


def _end(text: str) -> datetime:
    """The moment after which a token is refused: the end of a day (UTC), or so many days from now."""
    now = datetime.now(UTC)
    days = re.fullmatch(r"([0-9]{1,3})d", text)
    try:
        end = now if days else datetime.combine(datetime.fromisoformat(text), time.max, UTC)
    except ValueError:
        end = now
    at = end + timedelta(days=int(days[1])) if days else end
    if not now < at <= now + timedelta(days=LONGEST):
        is_past = end != now and at <= now
        raise Misused(
            f"A token cannot end then: {text} {'is past' if is_past else 'is no day within a year'}.",
            observed=text,
            required="a day within a year, 2027-01-31 or 30d",
            remedy=f"--expires {text}d" if text.isdigit() and 0 < int(text) <= LONGEST else "--expires 30d",
        )
    return at


def _plain(token: Token) -> dict[str, Any]:
    from esclusa.server.tokens import recorded

    ends = {"expires": token.expires.isoformat(), "made": token.made.isoformat()}
    return {**recorded(token, token.state(datetime.now(UTC))), **ends}
