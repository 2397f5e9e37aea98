"""Refusals inside a step, told in words: the step fails with the message a person can act on, not with a trace.

Belongs here: which exceptions are refusals. Does not: raising them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from esclusa import EsclusaError
from expectations.loader.problem import ContractError
from lineage.errors import Refused
from orchestration.workshop import WorkshopBusy, WorkshopDamaged

REFUSALS = (ContractError, Refused, WorkshopBusy, WorkshopDamaged, EsclusaError)


@contextmanager
def told() -> Iterator[None]:
    """Turn a refusal into a failed step that says it; a fault of ours keeps its trace.

    Raises:
        dagster.Failure: with the refusal's own words; never retried.
    """
    try:
        yield
    except REFUSALS as refusal:
        raise dg.Failure(description=str(refusal), allow_retries=False) from None
