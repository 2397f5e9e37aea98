"""Sealing: a copied file shows nothing of its sealed columns, and holds exactly the pin."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from esclusa.errors import KeyMissing
from esclusa.keyring import Keyring, fingerprint, parquet_format
from expectations.contract import Contract
from lineage.class_keys import class_keyring, rotate_class
from lineage.errors import PinChanged, SealBroken
from lineage.pin import Pin, pin
from lineage.sealing import Sealed, seal, sealed_columns
from tests.golden_repository import small_contract

SEALED = {"email": "confidential", "diagnosis": "restricted", "salary": "confidential", "rank": "confidential"}
ROWS = 5_000
# Distinctive values, so that a search of the bytes could find them: as text, and as the bytes of numbers.
SELECTED = f"""
    SELECT i AS id, 'open-' || (i % 10) AS town, 'xq7person' || i || '@example.org' AS email,
           CASE WHEN i % 9 > 0 THEN 'zz9illness' || (i % 4) END AS diagnosis, (7700000000000 + i)::BIGINT AS salary,
           CASE WHEN i = 3 THEN 'NaN'::DOUBLE ELSE i / 7.0 END AS rank
    FROM range({ROWS}) t(i)
"""


def contract() -> Contract:
    made = small_contract("staff", ["id", "town", *SEALED])
    columns = tuple(replace(c, classification=SEALED.get(c.name, "internal")) for c in made.table.columns)
    return replace(made, table=replace(made.table, columns=columns))


def pinned(directory: Path, selected: str = SELECTED, **options: Any) -> Pin:
    with duckdb.connect() as connection:
        return pin(connection, f"({selected})", contract(), directory / "pins", **options)


def keys(directory: Path) -> Path:
    class_keyring(directory / "classes", ["confidential", "restricted"])
    return directory / "classes"


@pytest.fixture
def made(tmp_path: Path) -> tuple[Pin, Sealed, Path]:
    plain, classes = pinned(tmp_path), keys(tmp_path)
    return plain, seal(plain, contract(), Keyring.open(classes)), classes


def copied(sealed: Sealed, directory: Path) -> Path:
    """The one sealed file where somebody took it, who has no key."""
    path = directory / "copied.parquet"
    path.write_bytes(sealed.parts[0].path.read_bytes())
    return path


def read(path: Path, keyring: Keyring, columns: list[str]) -> pa.Table:
    form = parquet_format(keyring)
    return form.make_fragment(pa.BufferReader(path.read_bytes())).to_table(columns=columns)  # type: ignore[arg-type]


READERS: dict[str, Callable[[Path, str], Any]] = {
    "duckdb": lambda path, name: duckdb.execute(f"SELECT {name} FROM '{path}'").to_arrow_table(),
    "duckdb, its maximum": lambda path, name: duckdb.execute(f"SELECT max({name}) FROM '{path}'").fetchall(),
    "duckdb, all": lambda path, name: duckdb.execute(f"SELECT * FROM '{path}'").fetchall(),
    "polars": lambda path, name: pl.read_parquet(path, columns=[name]),
    "polars, lazy": lambda path, name: pl.scan_parquet(path).select(pl.col(name).max()).collect(),
    "pyarrow": lambda path, name: pq.read_table(path, columns=[name]),
    "pandas": lambda path, name: __import__("pandas").read_parquet(path, columns=[name]),
}


@pytest.mark.parametrize("engine", READERS)
def test_a_copy_without_a_key_shows_its_open_columns_and_no_sealed_one(
    made: tuple[Pin, Sealed, Path], tmp_path: Path, engine: str
) -> None:
    path, take = copied(made[1], tmp_path), READERS[engine]
    if engine != "duckdb, all":
        assert all(len(take(path, name)) for name in ("id", "town"))
    for name in SEALED:
        with pytest.raises((duckdb.Error, pl.exceptions.ComputeError, OSError)) as refused:
            take(path, name)
        assert not any(text in str(refused.value) for text in ("xq7person", "zz9illness", "77000000"))


def test_engines_compute_on_open_columns_as_on_the_pin(made: tuple[Pin, Sealed, Path], tmp_path: Path) -> None:
    query = "SELECT town, count(*), sum(id) FROM '{}' WHERE id > 17 GROUP BY ALL ORDER BY ALL"
    expected = duckdb.execute(query.format(made[0].parts[0].path)).fetchall()
    path = copied(made[1], tmp_path)
    assert duckdb.execute(query.format(path)).fetchall() == expected
    assert pl.read_parquet(path, columns=["id"])["id"].sum() == ROWS * (ROWS - 1) // 2


def test_no_byte_of_a_sealed_value_nor_of_its_statistics_is_in_the_file(
    made: tuple[Pin, Sealed, Path], tmp_path: Path
) -> None:
    raw = copied(made[1], tmp_path).read_bytes()
    plain = made[0].parts[0].path.read_bytes()
    numbers = {(7700000000000 + i).to_bytes(8, "little") for i in (0, ROWS - 1)}  # smallest and largest salary
    assert all(number in plain for number in numbers)  # the search would find them: they are in the pin's statistics
    assert b"xq7person" in plain
    assert b"open-0" in raw  # nor is it blind here: this is in the footer, as a statistic of an open column
    for needle in (b"xq7person", b"@example.org", b"zz9illness", *numbers):
        assert needle not in raw


def test_the_footer_tells_nothing_of_sealed_columns_but_their_names_types_and_sizes(
    made: tuple[Pin, Sealed, Path], tmp_path: Path
) -> None:
    told = "stats_min, stats_max, stats_min_value, stats_max_value, stats_null_count, stats_distinct_count"
    rows = duckdb.execute(
        f"SELECT path_in_schema, {told}, bloom_filter_offset FROM parquet_metadata('{copied(made[1], tmp_path)}')"
    ).fetchall()
    assert {row[0] for row in rows if any(fact is not None for fact in row[1:])} == {"id", "town"}
    assert {row[0] for row in rows} == {"id", "town", *SEALED}


def test_with_the_keys_every_column_is_the_pin(made: tuple[Pin, Sealed, Path], tmp_path: Path) -> None:
    plain, sealed, classes = made
    names = list(plain.columns)
    again = read(copied(sealed, tmp_path), Keyring.open(classes), names)
    expected = pq.read_table(plain.parts[0].path)
    assert again.drop_columns("rank").equals(expected.drop_columns("rank"))
    assert str(again["rank"].to_pylist()) == str(expected["rank"].to_pylist())  # NaN equals nothing, and is kept


def test_the_key_of_one_class_opens_that_class_and_no_other(made: tuple[Pin, Sealed, Path], tmp_path: Path) -> None:
    (made[2] / "restricted.key").unlink()
    ring, path = Keyring.open(made[2]), copied(made[1], tmp_path)
    assert read(path, ring, ["email", "town"]).num_rows == ROWS
    # In a process of its own: Arrow ends one that failed to decrypt when it exits.
    program = (
        "import sys; from pathlib import Path; from esclusa.errors import KeyMissing\n"
        "from tests.lineage.test_sealing import Keyring, read\n"
        "try: read(Path(sys.argv[1]), Keyring.open(Path(sys.argv[2])), ['diagnosis'])\n"
        "except KeyMissing as refusal: print(refusal, flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", program, path, made[2]], capture_output=True, text=True, check=False)
    assert "The key of the class restricted is not on this machine." in done.stdout
    assert "zz9illness" not in done.stdout + done.stderr


def test_sealed_parts_say_which_class_and_which_key(made: tuple[Pin, Sealed, Path]) -> None:
    ring = Keyring.open(made[2])
    assert made[1].columns == SEALED == sealed_columns(contract())
    assert made[1].keys == {cls: fingerprint(ring.key(cls)) for cls in ("confidential", "restricted")}
    assert [(p.name, p.rows) for p in made[1].parts] == [("part-00000.parquet", ROWS)]
    assert made[1].parts[0].path.stat().st_mode & 0o777 == 0o444


def test_a_second_sealing_writes_nothing(made: tuple[Pin, Sealed, Path]) -> None:
    inode = made[1].parts[0].path.stat().st_ino
    assert seal(made[0], contract(), Keyring.open(made[2])) == made[1]
    assert made[1].parts[0].path.stat().st_ino == inode


def test_a_new_key_seals_anew_and_the_old_one_still_opens_what_it_sealed(
    made: tuple[Pin, Sealed, Path], tmp_path: Path
) -> None:
    plain, sealed, classes = made
    assert rotate_class(classes, "confidential") != sealed.keys["confidential"]
    again = seal(plain, contract(), Keyring.open(classes))
    assert again.keys["confidential"] != sealed.keys["confidential"]
    assert again.keys["restricted"] == sealed.keys["restricted"]
    old, new = (read(made.parts[0].path, Keyring.open(classes), ["email"]) for made in (sealed, again))
    assert old.equals(new)


def test_two_sealings_of_the_same_rows_are_other_bytes(made: tuple[Pin, Sealed, Path], tmp_path: Path) -> None:
    again = seal(pinned(tmp_path / "again"), contract(), Keyring.open(made[2]))
    assert again.parts[0].sha256 != made[1].parts[0].sha256


def test_a_reclassified_column_is_sealed_anew(made: tuple[Pin, Sealed, Path]) -> None:
    opened = contract()
    columns = tuple(replace(c, classification="internal") for c in opened.table.columns)
    assert seal(made[0], replace(opened, table=replace(opened.table, columns=columns)), Keyring(None)) == Sealed(
        made[0].digest, made[0].parts
    )
    secret = tuple(replace(c, classification="restricted") for c in opened.table.columns)
    again = seal(made[0], replace(opened, table=replace(opened.table, columns=secret)), Keyring.open(made[2]))
    assert set(again.columns.values()) == {"restricted"}
    assert again.parts[0].path != made[1].parts[0].path
    with pytest.raises(duckdb.Error):
        duckdb.execute(f"SELECT id FROM '{again.parts[0].path}'").fetchall()


def test_a_pin_that_was_edited_is_never_sealed(tmp_path: Path) -> None:
    plain = pinned(tmp_path)
    part = plain.parts[0].path
    part.chmod(0o644)
    table = pq.read_table(part)
    pq.write_table(table.set_column(0, "id", pa.array(range(1, ROWS + 1))), part)
    with pytest.raises(PinChanged, match="edited after its audit"):
        seal(plain, contract(), Keyring.open(keys(tmp_path)))
    assert [path.name for path in part.parent.parent.iterdir()] == [part.parent.name]


def test_a_pin_that_is_gone_is_refused_in_words(tmp_path: Path) -> None:
    plain, ring = pinned(tmp_path), Keyring.open(keys(tmp_path))
    plain.parts[0].path.unlink()
    with pytest.raises(PinChanged, match="is gone"):
        seal(plain, contract(), ring)


def test_what_does_not_read_back_as_the_pin_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, ring = pinned(tmp_path), Keyring.open(keys(tmp_path))
    write = pq.ParquetWriter.write_table

    def careless(self: pq.ParquetWriter, table: pa.Table, **options: Any) -> None:
        write(self, table.set_column(4, "salary", pa.array([1] * table.num_rows, pa.int64())), **options)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", careless)
    with pytest.raises(SealBroken, match="salary differ") as refused:
        seal(plain, contract(), ring)
    assert "7700000000000" not in str(refused.value)
    assert len(list(plain.parts[0].path.parent.parent.iterdir())) == 1


def test_a_sealing_that_was_left_half_written_is_made_anew(made: tuple[Pin, Sealed, Path]) -> None:
    path = made[1].parts[0].path
    (path.parent / "sealed.json").write_text("[")
    again = seal(made[0], contract(), Keyring.open(made[2]))
    assert [entry[0] for entry in json.loads((path.parent / "sealed.json").read_text())] == ["part-00000.parquet"]
    assert read(again.parts[0].path, Keyring.open(made[2]), ["email"]).num_rows == ROWS


def test_without_a_key_of_a_class_nothing_is_sealed(tmp_path: Path) -> None:
    class_keyring(tmp_path / "classes", ["confidential"])
    with pytest.raises(KeyMissing, match="class restricted"):
        seal(pinned(tmp_path), contract(), Keyring.open(tmp_path / "classes"))


def test_no_rows_and_several_parts_are_sealed_too(tmp_path: Path) -> None:
    ring = Keyring.open(keys(tmp_path))
    none = seal(pinned(tmp_path / "none", f"SELECT * FROM ({SELECTED}) WHERE id < 0"), contract(), ring)
    assert read(none.parts[0].path, ring, ["email"]).num_rows == 0
    several = seal(pinned(tmp_path / "several", rows_per_part=2_000), contract(), ring)
    assert [part.rows for part in several.parts] == [2_000, 2_000, 1_000]
    assert sum(read(part.path, ring, ["salary"]).num_rows for part in several.parts) == ROWS


@pytest.mark.parametrize("at", [60, 20_000, -400, -3_000])
def test_a_flipped_bit_anywhere_is_never_read_as_another_sealed_value(
    made: tuple[Pin, Sealed, Path], tmp_path: Path, at: int
) -> None:
    """The digest already refuses such a file; the encryption refuses it too, or the bit was not of a sealed value."""
    path = copied(made[1], tmp_path)
    edited = bytearray(path.read_bytes())
    edited[at] ^= 1
    path.write_bytes(bytes(edited))
    expected = pq.read_table(made[0].parts[0].path, columns=["email", "diagnosis", "salary"])
    decryption = Keyring.open(made[2]).factory.file_decryption_properties(pe.KmsConnectionConfig())
    try:
        seen = pq.read_table(path, columns=expected.column_names, decryption_properties=decryption)
    except (OSError, ValueError, KeyMissing):
        return
    assert seen.equals(expected)
