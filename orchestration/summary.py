"""The table at the end of a run: each dataset, certified or refused, and what to type next.

Belongs here: what a person sees after a run, read back through the client that every consumer uses. Does not: the run.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

import esclusa
from esclusa.settings import load_settings
from orchestration.platform import Platform


def summarise(platform: Platform, datasets: Sequence[str], console: Console, *, failed: bool) -> int:
    """Print the table.

    Args:
        datasets: which to show.
        failed: True where a step of the run failed.

    Returns:
        0 where every dataset serves its newest candidate and no step failed, else 1.
    """
    entries = {e.dataset: e for e in esclusa.catalog(repository=platform.settings.golden)}
    whys = {d: esclusa.why(d, repository=platform.settings.golden) for d in datasets if d in entries}
    table = Table(title="golden datasets", title_justify="left", show_edge=False, pad_edge=False)
    for heading in ("dataset", "verdict", "rows", "data age", "valid until (UTC)"):
        table.add_column(heading, justify="right" if heading == "rows" else "left", no_wrap=True)
    for name in datasets:
        entry, why = entries.get(name), whys.get(name)
        if entry is None or why is None:
            table.add_row(name, "[red]no decision[/red]", "–", "–", "–")
            continue
        refused = "newer refused" if entry.status == "certified" else "refused"
        sandbox = " [yellow](sandbox)[/yellow]" if entry.environment == "sandbox" else ""
        verdict = f"[red]{refused}[/red]" if why.candidate_refused else f"[green]{entry.status}[/green]{sandbox}"
        rows = f"{entry.rows:,}" if entry.rows is not None else "–"
        table.add_row(name, verdict, rows, entry.freshness or "–", _until(entry.valid_until))
    console.print()
    console.print(table)
    for name, why in whys.items():
        if why.candidate_refused and why.decision is not None:
            _refusal(console, name, why)
    console.print()
    if any(e.synthetic for e in entries.values()):
        console.print(
            "[yellow]synthetic:[/yellow] made by the sample generator; `make run DATA=<dir>` certifies real files"
        )
    if any(e.environment == "sandbox" for e in entries.values()):
        console.print("[yellow]sandbox:[/yellow] certified without sign-off; a reader set to production refuses it")
    _next(console, platform, datasets, whys)
    return 0 if not failed and len(whys) == len(datasets) and all(w.ok for w in whys.values()) else 1


def _refusal(console: Console, name: str, why: esclusa.Why) -> None:
    """What shut the gate, and what consumers go on reading."""
    assert why.decision is not None
    served = (
        f"golden goes on serving {why.certificate.rows:,} certified rows" if why.certificate else "nothing is served"
    )
    console.print(f"\n[red]{name}[/red] was refused at the {why.decision.stage}; {served}")
    for finding in why.decision.findings:
        seen = f"observed {finding.seen}"
        console.print(f"  {finding.rule}: {seen}, required {finding.required}", highlight=False, soft_wrap=True)
    if not why.decision.findings:
        console.print(f"  {why.decision.message}", highlight=False, markup=False, soft_wrap=True)


def _until(moment: datetime | None) -> str:
    if moment is None:
        return "–"
    return f"{moment:%Y-%m-%d %H:%M}" + ("" if moment > datetime.now(UTC) else " expired")


def _next(console: Console, platform: Platform, datasets: Sequence[str], whys: Mapping[str, esclusa.Why]) -> None:
    # Readers look below the directory that they are in, unless told: what is typed next must find this repository.
    where = "" if _is_found(platform) else f" --repository {shlex.quote(str(platform.settings.golden))}"
    console.print("next:")
    for name in datasets:
        if name not in whys or not whys[name].ok:
            console.print(f"  esclusa why {name}{where}", highlight=False, soft_wrap=True)
    served = [name for name in datasets if name in whys and whys[name].certificate is not None]
    if served:
        roles = platform.promises.contracts[served[0]].roles
        asking = f" --role {roles[0].name} --purpose {roles[0].purposes[0]}" if roles and roles[0].purposes else ""
        console.print(f"  esclusa read {served[0]}{asking} --limit 5{where}", highlight=False, soft_wrap=True)
        console.print(f"  esclusa verify {served[0]}{where}", highlight=False, soft_wrap=True)
    console.print(f"  esclusa catalog{where}", highlight=False, soft_wrap=True)
    console.print("  make dev      [dim]the same in the Dagster UI[/dim]", highlight=False)


def _is_found(platform: Platform) -> bool:
    """True where a reader in this directory, told nothing, finds this platform's golden repository."""
    said = load_settings().repository
    return "://" not in said and Path(said).expanduser().resolve() == platform.settings.golden.resolve()
