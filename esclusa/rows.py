"""Rows of one dataset as one request may have them: permitted columns of verified bytes, masks on, recorded.

Belongs here: decoding. Does not: the checks before it (`verification.py`, `permission.py`), forms (`forms.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from esclusa.access import Access
from esclusa.certificate import Certificate
from esclusa.keyring import Keyring, fingerprint, form_of
from esclusa.ledger.reads import ReadLog
from esclusa.masks import key_for, masked

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds


@dataclass(frozen=True)
class Rows:
    """A dataset that passed every check, not yet decoded.

    Args:
        certificate: in force.
        columns: those permitted and wanted, in order: read or masked.
        parts: gives the very bytes that were hashed, in row order.
        keyring: opens sealed columns.
        state: of the reader.
        log: of the request.
    """

    certificate: Certificate
    columns: Mapping[str, Access]
    parts: Callable[[], Sequence[bytes]]
    keyring: Keyring
    state: Path
    log: ReadLog

    @property
    def at_hand(self) -> bool:
        """Whether the certified files themselves can be had here."""
        return True

    @property
    def hidden(self) -> tuple[str, ...]:
        """Columns of the dataset that are not handed out."""
        return tuple(column.name for column in self.certificate.columns if column.name not in self.columns)

    def sealed_only_if(self, words: Collection[str] | None) -> Rows:
        """The same rows without the sealed columns that a query does not say: who asks for open ones needs no key.

        Args:
            words: names in lower case; None where every column is meant.
        """
        sealed = self.certificate.sealed
        kept = {n: a for n, a in self.columns.items() if words is None or n not in sealed or n.lower() in words}
        return replace(self, columns=kept or self.columns)

    def table(self, limit: int | None = None) -> pa.Table:
        """The rows, masked, once they are recorded.

        Args:
            limit: at most so many.

        Raises:
            LedgerUnavailable: the read could not be recorded.
            KeyMissing: a column is sealed, and its key is not here.
        """
        rows = self.unrecorded(0, limit)
        self.log.served(self.certificate, self.columns, rows.num_rows, "read")
        return rows

    def unrecorded(self, offset: int, limit: int | None) -> pa.Table:
        """Some of the rows, masked; whoever takes them calls `log.served` before one of them leaves.

        Args:
            offset: so many are left out first.
            limit: at most so many.

        Raises:
            KeyMissing: a column is sealed, and its key is not here.
        """
        data = self._data()
        if limit is None and not offset:
            return self._masked(data.to_table())
        return self._masked(_some(data, offset, self.certificate.rows if limit is None else limit))

    def keys(self) -> tuple[str, ...]:
        """Marks of the keys of keyed masks, on which these rows depend; the certificate names those of sealed columns.

        Raises:
            KeyMissing: one of them, or the key of a sealed column, is not here.
        """
        form_of(self.certificate, self.columns, self.keyring)
        return tuple(fingerprint(key) for _, key in sorted(self._hash_keys().items()))

    def source(self, by: str) -> ds.Dataset | pa.Table:
        """What an engine may scan, once all its rows are recorded: no other column exists in it.

        Args:
            by: `read` or `sql`.

        Raises:
            LedgerUnavailable, KeyMissing: as `table`.
        """
        data = self._data()
        # An engine has no hook for a mask, and a view would show how it is made: masked columns are made beforehand.
        source = self._masked(data.to_table()) if self._techniques else data
        self.log.served(self.certificate, self.columns, self.certificate.rows, by)
        return source

    @property
    def _techniques(self) -> dict[str, str]:
        return {name: access.technique for name, access in self.columns.items() if access.technique}

    def _data(self) -> ds.FileSystemDataset:
        """The permitted columns as an Arrow dataset over memory; the others are not in its schema."""
        import pyarrow as pa
        import pyarrow.dataset as ds

        parts = self.parts()  # proven before any key is used on them
        form = form_of(self.certificate, self.columns, self.keyring)
        fragments = [form.make_fragment(pa.BufferReader(part)) for part in parts]  # type: ignore[arg-type] # stubs
        whole = fragments[0].physical_schema
        schema = pa.schema([whole.field(name) for name in self.columns])
        return ds.FileSystemDataset(fragments, schema=schema, format=form)

    def _masked(self, table: pa.Table) -> pa.Table:
        return masked(table, self._techniques, self._hash_keys())

    def _hash_keys(self) -> dict[str, bytes]:
        classes = {column.name: column.classification for column in self.certificate.columns}
        return {
            name: key_for(self.keyring, self.state, classes[name], self.log.purpose)
            for name, technique in self._techniques.items()
            if technique == "hash"
        }


def _some(data: ds.FileSystemDataset, offset: int, limit: int) -> pa.Table:
    """Some rows; only the row groups that hold one of them are decoded."""
    import pyarrow.dataset as ds

    chosen: list[ds.Fragment] = []
    position = first = 0
    for fragment in data.get_fragments():
        wanted: list[int] = []
        for group in fragment.row_groups:
            if position < offset + limit and position + group.num_rows > offset:
                first = first if chosen or wanted else position
                wanted.append(group.id)
            position += group.num_rows
        if wanted:
            chosen.append(fragment.subset(row_group_ids=wanted))
    table = ds.FileSystemDataset(chosen, schema=data.schema, format=data.format).to_table()
    return table.slice(offset - first, limit)
