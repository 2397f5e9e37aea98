"""Documents that travel with a dataset: made when it is certified, and listed in its certificate.

Belongs here: which there are; a line for each. Does not: what one says.
"""

from __future__ import annotations

from lineage.lineage_document import LINEAGE_FILE, lineage_file
from orchestration import standing_events
from orchestration.columns import lineage_of
from orchestration.decisions import Decision
from orchestration.platform import Platform


def further_documents(platform: Platform, decision: Decision) -> dict[str, bytes]:
    """File name → content, besides contract and policies.

    Args:
        platform: its promises and models.
        decision: that the certificate rests on.
    """
    contract = platform.promises.contracts[decision.dataset]
    return {
        LINEAGE_FILE: lineage_file(contract, lineage_of(platform)),
        standing_events.DOCUMENT: standing_events.document(platform.workshop, platform.manifest, decision.dataset),
    }
