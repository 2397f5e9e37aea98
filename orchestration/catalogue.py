"""What is promised now, for the catalogue: published with whatever is published, and whenever it differs.

Belongs here: handing over what the platform knows. Does not: what the document says (`lineage/golden/promised.py`).
"""

from __future__ import annotations

from lineage.golden.promised import PROMISES_FILE, promises_file
from orchestration.columns import lineage_of
from orchestration.platform import Platform
from orchestration.use_cases import consumers_of, promised_entry


def promises_document(platform: Platform) -> bytes:
    """`catalogue/promises.json`, of the promises and models as they are now.

    Args:
        platform: whose they are.
    """
    promises = platform.promises
    contracts = [promises.contracts[name] for name in platform.datasets]
    use_cases = [promised_entry(consumer) for consumer in consumers_of(platform)]
    return promises_file(
        contracts, promises.sources.values(), promises.glossary.values(), lineage_of(platform), use_cases
    )


def catalogue_files(platform: Platform) -> dict[str, bytes]:
    """Every file of the catalogue, by name.

    Args:
        platform: whose promises they tell.
    """
    return {PROMISES_FILE: promises_document(platform)}
