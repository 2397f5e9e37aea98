"""Replacing a key so that every client follows, whichever metadata it holds and whenever it looks.

Belongs here: the order: both keys sign, a new root names the new one, the old one is destroyed. Does not: key files.
Source: The Update Framework specification 1.0, sections 5.3 (root) and 6.1 (key management).
"""

from __future__ import annotations

import json

from securesystemslib.signer import Signer
from tuf.api.metadata import Root

from lineage.certificate import payload_of, sign_payload
from lineage.golden.book import LIVES, SHARED, VERDICTS
from lineage.golden.release import CERTIFICATE_FILE, COMMIT_STEPS, Change

ROTATE_STEPS = ("successor", "certificate", *COMMIT_STEPS, "root", "promote")

_NAMED_BY_ROOT = {"root": "root", "targets": "targets", "gate": "snapshot", "timestamp": "timestamp"}


def rotate(change: Change, role: str) -> None:
    """Replace one key; begun again after a kill, it ends what was begun.

    Args:
        change: the release in force.
        role: `root`, `targets`, `gate` or `timestamp`.

    Raises:
        ValueError: no such key.
    """
    change.on_step("successor")
    retiring, successor = change.keys.signer(role), change.keys.prepare(role)
    if role != "root":
        _sign_with_both(change, role, retiring, successor)
    root = change.book.root.signed
    if successor.public_key.keyid not in root.roles[_NAMED_BY_ROOT[role]].keyids:
        change.on_step("root")
        _name(root, _NAMED_BY_ROOT[role], successor)
        # A client that knows the old root demands its key's signature; the new root demands its own key's.
        signers = [retiring, successor] if role == "root" else [change.keys.signer("root")]
        change.book.store_root(signers, change.now + LIVES["root"])
    change.on_step("promote")
    change.keys.promote(role)


def _name(root: Root, role: str, successor: Signer) -> None:
    for keyid in list(root.roles[role].keyids):
        root.revoke_key(keyid, role)
    root.add_key(successor.public_key, role)


def _sign_with_both(change: Change, role: str, retiring: Signer, successor: Signer) -> None:
    """Put a release in force that holds under the root of today and under the one that is about to come."""
    both = [retiring, successor]
    if role == "gate":
        change.hands["snapshot"] = both
        change.hands["delegated"] = [successor]  # delegated to by `targets`, which flips with them
        shared = [name for name in SHARED if name in change.book.roles]
        for name in (*shared, *change.book.datasets):
            change.book.delegate(name, successor.public_key)
        for name in ("targets", *shared):
            change.mark(name)
        for dataset in change.book.datasets:
            _sign_certificate(change, dataset, successor)
            change.mark(dataset, change.book.roles[dataset].signed.expires)
    else:
        change.hands[role] = both
        if role == "targets":
            change.mark("targets")
    change.commit()


def _sign_certificate(change: Change, dataset: str, successor: Signer) -> None:
    """Sign a dataset's current certificate again, its payload unchanged, and name it where the old file was named."""
    role = change.book.roles[dataset].signed
    old = role.targets.get(f"{dataset}/{CERTIFICATE_FILE}")
    if old is None:  # withdrawn: its certificates stay as they were, reached by digest
        return
    change.on_step("certificate")
    payload = payload_of(change.address(old).read_bytes())
    new = change.put(old.path, sign_payload(payload, successor))
    role.targets[new.path] = new
    role.unrecognized_fields["esclusa"]["certificate"] = new.hashes["sha256"]
    verdicts = change.book.roles[VERDICTS].signed.targets
    path = f"{VERDICTS}/{dataset}.json"
    document = json.loads(change.address(verdicts[path]).read_bytes())
    if document["certificate"] == old.hashes["sha256"]:
        document["certificate"] = new.hashes["sha256"]
        verdicts[path] = change.put(path, json.dumps(document, sort_keys=True, ensure_ascii=False).encode())
