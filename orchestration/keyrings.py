"""The platform's keys: those that sign, and beside them the secrets of pseudonyms and of classes.

Belongs here: when each is made, and that a lost one is restored, not made anew. Does not: their files (`lineage`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from esclusa.keyring import Keyring
from esclusa.ledger.ledger import Ledger
from expectations.contract import Contract
from expectations.privacy import SECRET
from lineage.class_keys import class_keyring, secret
from lineage.errors import KeysUnusable
from lineage.golden.keys import Keys
from lineage.pin import Pin
from lineage.sealing import Sealed, seal, sealed_columns
from orchestration.settings import Settings


def open_keys(settings: Settings) -> Keys:
    """The signing keys; made only for a repository that nobody has signed yet.

    Args:
        settings: where they are.

    Raises:
        KeysUnusable: they are lost, incomplete or readable by others.
    """
    is_new = not (settings.golden / "metadata" / "timestamp.json").exists()
    # An existing repository needs the keys that signed it: new ones in their place would only hide the loss.
    return (Keys.create if is_new else Keys.open)(settings.keys, settings.golden)


def pseudonym_secrets(settings: Settings, contract: Contract) -> dict[str, bytes]:
    """The key of keyed pseudonyms by its name, where a column of the contract needs it; made at its first use.

    Args:
        settings: where it is.
        contract: of the dataset that is pinned.

    Raises:
        KeysUnusable: it is lost, readable by others or damaged.
    """
    if not any(column.privacy.get("technique") == "hmac" for column in contract.table.columns):
        return {}
    directory = open_keys(settings).directory
    _recorded(settings, directory, [SECRET])
    return {SECRET: secret(directory, SECRET)}


def class_keys(settings: Settings, contract: Contract) -> Keyring:
    """The keys of the classes that a dataset's sealed columns have; each made at its first use.

    Args:
        settings: where they are.
        contract: of the dataset.

    Raises:
        KeysUnusable: one is lost, readable by others or damaged.
    """
    classes = sorted(set(sealed_columns(contract).values()))
    if not classes:
        return Keyring(None)
    open_keys(settings)
    _recorded(settings, settings.class_keys, classes)
    return class_keyring(settings.class_keys, classes)


def sealed(settings: Settings, pinned: Pin, contract: Contract) -> Sealed:
    """What is published of a pin; sealed once, and found again at the next call.

    Args:
        settings: where the keys are.
        pinned: audited.
        contract: of the dataset.

    Raises:
        lineage.errors.Refused: the pin was edited, a key is unusable, or the sealed files do not read back.
    """
    return seal(pinned, contract, class_keys(settings, contract))


def _recorded(settings: Settings, directory: Path, names: Iterable[str]) -> None:
    """Record keys before they are made; one that was made and is gone is lost, and nothing new may hide that."""
    for name in names:
        path = directory / f"{name}.key"
        if path.exists():
            continue
        ledger = Ledger(settings.ledger)
        if any(name in entry.body.get("made", ()) for entry in ledger.entries("key")):
            raise KeysUnusable(
                f"the key {path} is absent, and it was made once; required: that very key, as another one "
                "would give other pseudonyms or lock readers out; next: restore it from its backup (docs/operate.md)"
            )
        ledger.append("key", "", {"made": [name]})
