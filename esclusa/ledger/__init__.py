"""The ledger: what was decided, released, read, erased and revoked, in a chain that shows any change.

Belongs here: the chain, its store, its check, and the log of reads. Does not: what the platform writes into it.
"""

from esclusa.ledger.ledger import Entry, Ledger

__all__ = ["Entry", "Ledger"]
