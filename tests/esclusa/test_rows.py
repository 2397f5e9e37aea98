"""Pieces of a dataset: the very rows that were asked for, from only the row groups that hold them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from esclusa.rows import _some

GROUP, PARTS, EACH = 4, 3, 10  # rows of a row group; parts; rows of a part


@pytest.fixture(scope="module")
def data() -> ds.FileSystemDataset:
    form = ds.ParquetFileFormat()
    fragments = []
    for part in range(PARTS):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"n": range(part * EACH, (part + 1) * EACH)}), sink, row_group_size=GROUP)
        fragments.append(form.make_fragment(pa.BufferReader(sink.getvalue())))
    return ds.FileSystemDataset(fragments, schema=pa.schema([("n", pa.int64())]), format=form)


@pytest.mark.parametrize("offset", range(0, PARTS * EACH + 3, 3))
@pytest.mark.parametrize("limit", [0, 1, 4, 7, 11, 100])
def test_a_piece_is_these_rows_in_their_order(data: ds.FileSystemDataset, offset: int, limit: int) -> None:
    assert _some(data, offset, limit).column("n").to_pylist() == list(range(PARTS * EACH))[offset : offset + limit]
