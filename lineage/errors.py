"""What the proving room refuses, each with its own type.

Belongs here: exceptions that a caller may want to tell apart. Does not: their texts, written where they are raised.
"""

from __future__ import annotations


class Refused(RuntimeError):
    """The room refused to prove or to publish something; nothing was changed."""


class PinRefused(Refused):
    """The candidate cannot be pinned: its columns are not those of its contract."""


class PinChanged(Refused):
    """A pinned part is gone, or no longer holds the bytes that were audited."""


class SealBroken(Refused):
    """A sealed file does not read back as the pin that it was made of."""


class GateShut(Refused):
    """There is no open verdict on exactly these bytes under exactly this contract."""


class CertificateRefused(Refused):
    """A certificate does not vouch for what is to be published: other files, another key, or an older predecessor."""


class RecallRefused(Refused):
    """A certificate cannot be revoked, or not served again: it is unknown, over, revoked, or its files are gone."""


class KeysUnusable(Refused):
    """The signing keys are absent, incomplete, readable by others, or not the keys of this repository."""


class RepositoryForged(Refused):
    """The golden repository's own metadata was not signed by its keys."""


class PublisherBusy(Refused):
    """Another publisher holds the turn."""


class ReceiptRefused(Refused):
    """A receipt of an erasure that no gate key of the repository signed."""
