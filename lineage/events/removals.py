"""Removals: an erasure and an enforced retention, as the run that other runs are parts of.

Belongs here: which datasets lost rows. Does not: which rows, how many, whose, or who asked: nothing of that is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from openlineage.client.event_v2 import OutputDataset

from expectations.contract import Contract
from lineage.events import facets
from lineage.events.places import Atlas
from lineage.events.releases import withdrawn
from lineage.events.runs import Event, Root, Work, ended

TEXTS = {
    "erasure": "Erases a person from everything that is kept, and builds again what was made of their rows.",
    "retention": "Deletes or anonymises what is past its time, everywhere that it is kept.",
}


def removal(root: Root, at: datetime, reference: str = "") -> Work:
    """An erasure or an enforcement of retention: a root run.

    Args:
        root: its run; the job is a key of `TEXTS`.
        at: when it was over.
        reference: of the request; names nobody.
    """
    tags = {"request": reference} if reference else {}
    return Work(root.job, "REMOVE", root, root.began, at, TEXTS[root.job], tags=tags)


def removed(work: Work, relations: Iterable[str], gone: Iterable[Contract], atlas: Atlas, problem: str = "") -> Event:
    """The end of a removal.

    Args:
        work: the run.
        relations: `<schema>.<table>` of the warehouse that lost rows.
        gone: contracts of the golden datasets that are served no more because of it.
        atlas: names datasets.
        problem: what is still to be done; empty where nothing is.
    """
    outputs = [_lost_rows(relation, atlas) for relation in sorted(set(relations))]
    return ended(work, outputs=[*outputs, *(withdrawn(contract, atlas) for contract in gone)], problem=problem)


def _lost_rows(relation: str, atlas: Atlas) -> OutputDataset:
    place = atlas.relation(relation)
    made = {
        "dataSource": facets.source(place),
        "documentation": facets.documented("Rows were taken out of it."),
        "lifecycleStateChange": facets.changed(facets.Change.OVERWRITE),
    }
    return facets.as_output(place, made)
