"""`esclusa catalog`: what there is, as a table; `esclusa catalog build`: as a site.

Belongs here: both commands' arguments. Does not: how the table looks (`render.py`), the pages (`esclusa/catalogue/`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from esclusa.cli.options import AsJson, Where, open_release
from esclusa.cli.plain import print_json
from esclusa.errors import Misused

app = typer.Typer()


@app.callback(invoke_without_command=True)
def catalog(context: typer.Context, repository: Where = None, as_json: AsJson = False) -> None:
    """List every dataset: certified or not, rows, age, valid until, owner."""
    if context.invoked_subcommand is not None:
        context.obj = repository
        return
    release = open_release(repository)
    entries = release.catalog()
    if as_json:
        print_json(entries)
    else:
        from esclusa.cli.render import show_catalog

        show_catalog(Console(), release.repository, entries)
    raise typer.Exit(3 if any(entry.status == "broken" for entry in entries) else 0)


@app.command()
def build(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory of the site; replaced whole.")] = Path(
        "catalogue"
    ),
    url: Annotated[str, typer.Option(help="Address that the site will have, for search engines.")] = "",
    data_url: Annotated[
        str, typer.Option(help="Golden repository that snippets read from; default the one that is read here.")
    ] = "",
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Write the catalogue as a static site: a page per dataset, term and source, in English and Spanish."""
    release = open_release(repository or context.obj)
    try:
        from esclusa.catalogue.site import build_site
    except ModuleNotFoundError as missing:
        raise Misused(
            "The catalogue's pages need packages that are not installed here.",
            observed=f"no {missing.name}",
            required="the extra `server`",
            remedy="pip install 'esclusa[server]'",
        ) from None
    built = build_site(release, output, url=url, data_url=data_url)
    if "://" not in built.data_url:
        Console(stderr=True).print(
            f"What readers copy from these pages reads from {built.data_url}, a path of this machine. "
            "Before others see them: esclusa catalog build --data-url <address that readers use>",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
    if as_json:
        print_json(built)
    else:
        Console().print(
            f"{built.pages} pages on {built.datasets} datasets, release {built.release}: {built.index}", soft_wrap=True
        )
