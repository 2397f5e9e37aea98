"""The sample: generated deliveries of three source systems, in the layout and formats and with the dirt of real ones.

Belongs here: what a sample directory is, and writing one whole or not at all. Does not: the systems' own data
(`incidents.py`, `invoices.py`, `funnel.py`), broken deliveries (`faults.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from expectations.landing import SYNTHETIC
from orchestration.sample.draws import Draws
from orchestration.sample.faults import FAULTS, break_delivery
from orchestration.sample.funnel import write_funnel
from orchestration.sample.incidents import write_incidents
from orchestration.sample.invoices import write_invoices

__all__ = ["FAULTS", "break_delivery", "generate"]

LABEL = """Synthetic data, made by `esclusa sample` (seed {seed}, scale {scale:g}).
No person, company, order or incident in this directory is real.
Loads from here are marked synthetic, and certificates say so.
"""


def quiet(message: str) -> None:
    """Tell nobody."""


def generate(directory: Path, *, seed: int = 7, scale: float = 1.0, progress: Callable[[str], None] = quiet) -> None:
    """Write a sample directory: the same bytes for the same seed, scale and DuckDB version.

    Args:
        directory: is replaced where it holds an earlier sample; must be absent or empty otherwise.
        seed: another number, another sample.
        scale: 1 is about 1,500 incidents (8,500 events), 54,000 invoice lines and 8,000 leads; all grow in proportion,
            up to a scale of some 3,000.
        progress: told each step in a few words.

    Raises:
        FileExistsError: the directory holds files that are no sample.
        ValueError: the scale is not above 0.
    """
    if scale <= 0:
        raise ValueError(f"the sample's scale is {scale:g}; required: above 0 (1 is the default size)")
    if directory.exists() and any(directory.iterdir()) and not (directory / SYNTHETIC).exists():
        raise FileExistsError(
            f"{directory} holds files and no {SYNTHETIC} marker, so it is left alone; give another directory"
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory.parent, prefix=".sample-") as name:
        building = Path(name) / "sample"
        building.mkdir()
        (building / SYNTHETIC).write_text(LABEL.format(seed=seed, scale=scale), encoding="utf-8")
        with duckdb.connect(str(Path(name) / "scratch.duckdb")) as connection:
            draws = Draws(seed)
            progress("sample: incidents")
            write_incidents(connection, draws, building / "servicenow_incidents", scale)
            progress("sample: invoices")
            write_invoices(connection, draws, building / "online_retail", scale)
            progress("sample: leads and deals")
            write_funnel(connection, draws, building / "olist_funnel", scale)
        if directory.exists():
            shutil.rmtree(directory)
        building.rename(directory)
    progress(f"sample: written to {directory}")
