"""Commands of the platform, listed by `esclusa` and loaded when called.

Belongs here: arguments, plain errors and exit codes. Does not: what the commands do, imported when one is called.
"""

from __future__ import annotations

import difflib
import logging
import os
import sys
import warnings
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from esclusa.errors import Misused
from orchestration.settings import ROOT, Settings, read_settings

_SHOWN = 8  # names that a refusal lists; of a longer list the nearest

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Directory of the source files; a generated sample where absent.")
]


def run(
    data: DataOption = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this dataset and what it needs; repeatable.")] = None,
) -> None:
    """Land, build, audit, certify and publish; ends with a table."""
    console = Console(file=sys.stdout)
    with plain_errors():
        settings = _settings(data)
        demand_known(only or (), {p.stem for p in (settings.expectations / "contracts").glob("*.yaml")}, "dataset")
        _quiet()
        from orchestration.run import run as run_everything

        code = run_everything(settings, tuple(only or ()), console)
    raise typer.Exit(code)


def dev(
    data: DataOption = None,
    port: Annotated[int, typer.Option(help="Port of the UI.")] = 3000,
) -> None:
    """Dagster UI and daemon on the same definitions; ends with Ctrl-C."""
    with plain_errors():
        settings = _settings(data)
        from orchestration.golden import open_golden
        from orchestration.notices.channels import load_channels
        from orchestration.platform import load_platform
        from orchestration.run import prepare_instance

        prepare_instance(settings)
        load_channels(settings)
        open_golden(load_platform(settings))
    dagster = Path(sys.executable).parent / "dagster"
    command = [str(dagster), "dev", "--workspace", str(ROOT / "workspace.yaml"), "--port", str(port)]
    # `dg dev`, which a warning recommends instead, is made for projects of another layout.
    os.environ["PYTHONWARNINGS"] = "ignore"
    os.chdir(ROOT)
    os.execv(dagster, command)  # noqa: S606 - in our place: whoever ends this process ends the UI, and leaves none behind


sample = typer.Typer(no_args_is_help=True, help="Generate sample data, labelled synthetic wherever it shows.")


@sample.command("generate")
def generate_sample(
    directory: Annotated[Path | None, typer.Argument(help="Where to; .esclusa/sample where absent.")] = None,
    scale: Annotated[
        float, typer.Option(help="1 is the size of a first run; 1000 gives tens of millions of rows.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7,
) -> None:
    """Write the four source files of the sample."""
    with plain_errors(ValueError):
        from orchestration.sample import generate

        target = directory or read_settings().sample
        generate(target, seed=seed, scale=scale, progress=print)
    print(f"synthetic sample in {target}")


@sample.command("break")
def break_sample(
    kind: Annotated[str, typer.Option(help="What goes wrong; an unknown kind lists them all.")] = "renamed",
    directory: Annotated[Path | None, typer.Argument(help="The sample; .esclusa/sample where absent.")] = None,
) -> None:
    """Turn one delivery of the sample into a broken one; `esclusa sample generate` mends it."""
    with plain_errors(ValueError):
        from orchestration.sample.faults import break_delivery

        print(f"{kind}: {break_delivery(directory or read_settings().sample, kind)}")
        print("next: esclusa run; mended by: esclusa sample generate")


keys = typer.Typer(
    no_args_is_help=True, help="Rotate the keys that sign the golden repository, and those that seal columns."
)


@keys.command("rotate")
def rotate_keys(
    role: Annotated[
        str, typer.Argument(help="root, targets, gate, timestamp, all of these, confidential or restricted.")
    ] = "all",
) -> None:
    """Replace keys. Readers follow new signing keys by themselves; a new class key is handed to them."""
    with plain_errors():
        from lineage.class_keys import CLASSES, rotate_class
        from lineage.golden.keys import ROLES
        from orchestration.golden import open_golden
        from orchestration.platform import load_platform

        demand_known([role], {*ROLES, *CLASSES, "all"}, "key")
        platform = load_platform(read_settings())
        repository = open_golden(platform)
        if role in CLASSES:
            platform.ledger.append("key", "", {"replaced": role})
            mark = rotate_class(platform.settings.class_keys, role)
            print(f"{role}: key {mark} seals from the next run on; the old one stays for what it sealed")
            return
        for name in ROLES if role == "all" else (role,):
            platform.ledger.append("key", "", {"replaced": name})
            repository.rotate(name)
            print(f"{name}: new key in force, the old one destroyed")


@contextmanager
def plain_errors(*also: type[Exception]) -> Iterator[None]:
    """What a person did or a file holds is told in words; anything else is a fault of ours and keeps its trace."""
    from expectations.loader.problem import ContractError
    from lineage.errors import Refused
    from orchestration.manifest import ManifestError
    from orchestration.platform import PromiseGap
    from orchestration.workshop import WorkshopBusy, WorkshopDamaged

    told: tuple[type[Exception], ...] = (
        ContractError,
        Refused,
        ManifestError,
        PromiseGap,
        WorkshopBusy,
        WorkshopDamaged,
        Misused,
        OSError,
        *also,
    )
    try:
        yield
    except told as error:
        # No frame around it: a line to copy, or one that begins with `file:line:`, stays whole.
        Console(stderr=True).print("[red]refused[/red]", highlight=False)
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None


def demand_known(names: Iterable[str], known: Collection[str], what: str) -> None:
    """Refuse a name that does not exist, with the nearest that does.

    Args:
        known: every name that does.
        what: the kind of thing, e.g. `dataset`.

    Raises:
        Misused: one does not.
    """
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=_SHOWN)
            hint = f"did you mean {near[0]}?" if near else ""
            shown = sorted(known) if len(known) <= _SHOWN else [*near, f"one of {len(known)}"]
            raise Misused(f"there is no {what} {name!r}", observed=name, required=", ".join(shown), remedy=hint)


def _settings(data: Path | None) -> Settings:
    if data is not None:
        if not data.is_dir():
            raise FileNotFoundError(
                f"--data {data}: there is no such directory; next: name the directory of source files"
            )
        os.environ["ESCLUSA_DATA"] = str(data.absolute())  # steps and `dagster dev` read it there
    return read_settings()


def _quiet() -> None:
    """Libraries' own chatter would bury ours; Dagster keeps the full log of every step, so none is disabled."""
    warnings.filterwarnings("ignore")
    logging.getLogger().addHandler(logging.NullHandler())  # else what nobody handles is printed
