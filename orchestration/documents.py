"""Documents that travel with a dataset: made when it is certified, and listed in its certificate.

Belongs here: which there are; a line for each. Does not: what one says.
"""

from __future__ import annotations

from datetime import datetime

from lineage.documents import card, croissant, datasheet
from lineage.documents.facts import Facts
from lineage.sealing import Sealed
from lineage.tracing.document import LINEAGE_FILE, lineage_file
from orchestration.columns import lineage_of
from orchestration.decisions import Decision
from orchestration.platform import Platform
from orchestration.telling import standing as standing_events


def further_documents(
    platform: Platform, decision: Decision, published: Sealed, *, code: str, now: datetime
) -> dict[str, bytes]:
    """File name → content, besides contract and policies; the same arguments give the same bytes.

    Args:
        platform: its promises and models.
        decision: that the certificate rests on.
        published: the files of the release.
        code: revision of the code that built it.
        now: wall clock of the certificate, UTC.
    """
    contract = platform.promises.contracts[decision.dataset]
    facts = Facts(
        contract=contract,
        verdict=decision.verdict,
        published=published,
        rows=decision.pin.rows,
        inputs=decision.inputs,
        signoffs=decision.signoffs,
        waivers=decision.waivers,
        clock=decision.clock,
        pinned_at=decision.pinned_at,
        valid_until=decision.valid_until,
        certified_at=now,
        code=code,
    )
    return {
        LINEAGE_FILE: lineage_file(contract, lineage_of(platform)),
        standing_events.DOCUMENT: standing_events.document(platform.workshop, platform.manifest, decision.dataset),
        datasheet.FILE: datasheet.datasheet(facts),
        croissant.FILE: croissant.croissant(facts),
        card.FILE: card.card(facts),
    }
