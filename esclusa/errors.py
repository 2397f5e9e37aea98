"""Why a read was refused: one small tree, and the exit code of each branch.

    EsclusaError
    ├── NotReadable          exit 1   nothing certified to hand out now
    │   ├── NotCertified              no certificate was ever published under that name
    │   │   └── Withdrawn             there was one; its owner took it back
    │   │       └── Revoked           … for a reason that concerns this very certificate
    │   ├── Expired                   the promise ran out: of a dataset, or of the whole repository
    │   ├── Sandbox                   certified without sign-off, and this reader wants production
    │   └── KeyMissing                no key for a column that was published sealed
    ├── Misused              exit 2   the request itself is wrong; another request works
    │   ├── UnknownColumn
    │   └── QueryRefused              not one read-only SELECT over datasets of the release
    ├── NotGenuine           exit 3   what is there is not what was published
    │   ├── Tampered                  bytes differ from what was signed
    │   ├── RolledBack                older than what this machine has seen, or mixed from several releases
    │   └── Untrusted                 signed by a key that the pinned root does not vouch for
    ├── Unreachable          exit 4   no answer, or a file that should be there is not
    │   ├── Busy                      the service takes no more of this caller's requests for the moment
    │   └── Superseded                the service serves another certificate by now
    ├── LedgerUnavailable    exit 4   what cannot be recorded does not happen
    └── NotPermitted         exit 5   the contract grants this role, purpose or column nothing
        └── NotIdentified             the service does not know who asks

Belongs here: the tree and how an error reads. Does not: deciding when to raise one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

WHERE = "<where>"  # in a remedy: where the error arose, for whoever may be told


class EsclusaError(Exception):
    """Any refusal of this package.

    Args:
        what: one sentence: what was refused.
        observed: what was seen.
        required: what had to be there instead.
        where: the file, directory or database at fault. This part alone may name one: whoever runs this is told, and
            no caller of a service ever is.
        owner: who answers for the dataset, where known.
        remedy: what to do next; `<where>` in it reads as `where` wherever that is told.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        observed: str = "",
        required: str = "",
        where: str = "",
        owner: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(what)
        self.what, self.observed, self.required, self.where = what, observed, required, where
        self.owner, self.remedy = owner, remedy

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """(label, text) of every part that is known, the sentence left out."""
        pairs = (
            ("observed", self.observed),
            ("required", self.required),
            ("where", self.where),
            ("owner", self.owner),
            ("to do", self.remedy.replace(WHERE, self.where or WHERE)),
        )
        return tuple((label, text) for label, text in pairs if text)

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {label}: {text}" for label, text in self.lines)])


class NotReadable(EsclusaError):
    """Nothing certified can be handed out now."""


class NotCertified(NotReadable):
    """No certificate was ever published under that name."""


class Withdrawn(NotCertified):
    """There was a certificate; its owner took it back."""


class Revoked(Withdrawn):
    """This very certificate was taken back: what was read under it should not be relied on."""


class Expired(NotReadable):
    """The promise ran out: of one dataset, or of the whole repository."""


class Sandbox(NotReadable):
    """It was certified in a sandbox, without sign-off, and this reader accepts production only."""


class KeyMissing(NotReadable):
    """There is no key at hand for a column that was published sealed."""


class Misused(EsclusaError):
    """The request itself is wrong."""

    exit_code = 2


class UnknownColumn(Misused):
    """A column was asked for that the dataset does not have."""


class QueryRefused(Misused):
    """Not one read-only SELECT over datasets of the release."""


class NotGenuine(EsclusaError):
    """What is there is not what was published."""

    exit_code = 3


class Tampered(NotGenuine):
    """Bytes differ from what was signed."""


class RolledBack(NotGenuine):
    """Older than what this machine has seen, or mixed from several releases."""


class Untrusted(NotGenuine):
    """Signed by a key that the pinned root does not vouch for, or nothing is pinned yet."""


class Unreachable(EsclusaError):
    """No answer, or a file that should be there is not."""

    exit_code = 4


class Busy(Unreachable):
    """The service takes no more of this caller's requests for the moment; later it does.

    Args:
        after: seconds until it does; 0 where that depends on others.
    """

    def __init__(self, what: str, *, after: float = 0, **parts: str) -> None:
        super().__init__(what, **parts)
        self.after = after


class Superseded(Unreachable):
    """Rows are served under another certificate by now than the one that was asked for."""


class LedgerUnavailable(EsclusaError):
    """The ledger cannot be used: what cannot be recorded does not happen."""

    exit_code = 4


class NotPermitted(EsclusaError):
    """The contract does not grant this: not to this role, for this purpose, on this day, or of this column."""

    exit_code = 5


class NotIdentified(NotPermitted):
    """The service does not know who asks: no token, or one that does not hold."""


NO_CREDENTIALS = "no Authorization header"  # what is observed where a caller said nothing about itself at all


EXIT_CODES = {
    0: "done; certified",
    1: "not certified, refused, withdrawn, revoked or expired; or without the key",
    2: "wrong use: unknown option, column or query",
    3: "tampered, untrusted or rolled back",
    4: "repository or ledger unreachable or incomplete",
    5: "not permitted: role, purpose or column",
}


@contextmanager
def owned_by(owner: str) -> Iterator[None]:
    """Name the owner in every error that passes and names none.

    Args:
        owner: who answers for the dataset at hand.
    """
    try:
        yield
    except EsclusaError as error:
        error.owner = error.owner or owner
        raise


def nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """`Did you mean …?` for the closest known name, else the empty string.

    Args:
        name: as it was typed.
        known: what exists.
    """
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else ""
