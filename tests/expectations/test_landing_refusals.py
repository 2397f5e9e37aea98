"""Each kind of wrong delivery is refused in words of its own, and the warehouse stays as it was."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import landing as landing_module
from expectations.contract import SourceContract
from expectations.landing import DeliveryRefused, Landing
from expectations.landing.load import Load

Agree = Callable[..., SourceContract]
Deliver = Callable[..., Landing]
Holdings = Callable[[], list[list[Any]]]

HEADER = "order_id,placed_at,amount,units,state,state\n"
SECRET = "4711"  # stands in rows only: no message may repeat it
GOOD = HEADER + "".join(f"{100 + i},{13 + i}/2/2016 08:30,{i}.50,{SECRET},open,?\n" for i in range(10))
ROWS = GOOD.removeprefix(HEADER)
PIVOT = "Orders by month,,,,,\nRow Labels,2016-01,2016-02,2016-03,2016-04,Total\nopen,4711,2,3,4,10\n"

WRONG: dict[str, tuple[str | bytes, str]] = {
    "no bytes": (b"", "an empty file (0 bytes)"),
    "header only": (HEADER, "a header and no rows"),
    "html": ("<!DOCTYPE html>\n<html><body>4711</body></html>\n", "an HTML or XML page"),
    "spreadsheet": (b"PK\x03\x04" + b"4711" * 20, "a zip archive or a spreadsheet"),
    "parquet": (b"PAR1" + b"4711" * 20, "a Parquet file"),
    "pivot": (PIVOT, "a pivot or report export: 6 columns, 5 of them unnamed"),
    "pivot without its title": (PIVOT.partition("\n")[2], "a pivot or report export: 6 columns, 0 of them unnamed"),
    "semicolons": (GOOD.replace(",", ";"), "separated by semicolon, not by comma"),
    "no header": (ROWS, "no header line"),
    "missing": ("\n".join(line.rpartition(",")[0] for line in GOOD.splitlines()) + "\n", "column `state#2` is missing"),
    "renamed alike": (
        GOOD.replace("placed_at", "PlacedAt"),
        "column `placed_at` is missing, `PlacedAt` is new: renamed?",
    ),
    "renamed otherwise": (GOOD.replace("amount", "total"), "column `amount` is missing, `total` is new: renamed?"),
    "dates month first": (
        HEADER + "".join(f"{100 + i},2/{13 + i}/2016 08:30,1,{SECRET},open,?\n" for i in range(10)),
        "`placed_at` written as %m/%d/%Y %H:%M",
    ),
    "dates as ISO": (
        HEADER + "".join(f"{100 + i},2016-02-{13 + i} 08:30:00,1,{SECRET},open,?\n" for i in range(10)),
        "`placed_at` written as %Y-%m-%d %H:%M:%S",
    ),
    "dates with short years": (GOOD.replace("/2016", "/16"), "`placed_at` written as %d/%m/%y %H:%M"),
    "cut within a row": (GOOD[:-20], "has no line end: cut short"),
    "cut at a value": (GOOD[:-7] + "\n", "line 11 has 5 values instead of 6"),
    "cut within quotes": (GOOD + f'200,1/3/2016 08:30,1,{SECRET},open,"begun\n', "opens a quote that is not closed"),
    "a value too many": (GOOD + f"200,1/3/2016 08:30,1,{SECRET},open,?,?\n", "line 12 has 7 values instead of 6"),
    "mixed line ends": (GOOD + f"200,1/3/2016 08:30,1,{SECRET},open,?\r\n", "lines end in different ways"),
    "utf-16": (GOOD.encode("utf-16"), "text in UTF-16"),
    "utf-16 without a mark": (GOOD.encode("utf-16-le"), "a zero byte"),
    "latin-1": (
        (GOOD + "200,1/3/2016 08:30,1,1,open,orgânico\n").encode("latin-1"),
        "bytes that are not utf-8 on line 12",
    ),
    "rows above the tolerance": (
        GOOD.replace(",open,", ",gone,", 3),
        "3 of 10 rows (30 %) break a row rule: state__enum 3",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_csv_is_refused_in_its_own_words(agree: Agree, deliver: Deliver, holdings: Holdings, kind: str) -> None:
    source = agree()
    deliver(source, GOOD)
    before = holdings()
    content, seen = WRONG[kind]
    with pytest.raises(DeliveryRefused) as refusal:
        deliver(source, content)
    assert seen in refusal.value.seen
    message = str(refusal.value)
    assert "shop.orders: the delivery orders.csv is refused; raw keeps what it had." in message
    assert "expectations/sources/shop.yaml, version 1.0.0" in message
    assert "shop.owner, #shop-data" in message
    assert message.endswith("then: esclusa run")
    assert SECRET not in message
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None  # a reader's own error would quote the row
    assert holdings() == before
    assert deliver(source, GOOD).unchanged


def test_a_file_that_is_not_there_is_refused(agree: Agree, deliver: Deliver, data: Path) -> None:
    with pytest.raises(DeliveryRefused, match="no such file; its directory is absent or empty"):
        deliver(agree())
    (data / "other.csv").touch()
    with pytest.raises(DeliveryRefused, match="no such file; its directory holds 1 other entries"):
        deliver(agree())


def test_two_files_are_no_snapshot(agree: Agree, deliver: Deliver, data: Path) -> None:
    for name in ("orders-1.csv", "orders-2.csv"):
        (data / name).write_text(GOOD)
    with pytest.raises(DeliveryRefused, match="2 files match"):
        deliver(agree(file="orders-*.csv"))


def test_an_additional_column_is_refused_where_the_contract_blocks_it(agree: Agree, deliver: Deliver) -> None:
    with pytest.raises(DeliveryRefused, match="additional columns `fax`"):
        deliver(agree(additive="block"), HEADER.strip() + ",fax\n" + ROWS.replace("\n", ",1\n"))


def test_the_tolerance_is_a_bound_in_percent_or_rows(agree: Agree, deliver: Deliver) -> None:
    one, two = (GOOD.replace(",open,", ",gone,", bad) for bad in (1, 2))
    assert deliver(agree(quarantineTolerance={"value": 10, "unit": "percent"}), one).quarantined == 1
    assert deliver(agree(quarantineTolerance={"value": 1, "unit": "rows"}), one).quarantined == 1
    with pytest.raises(DeliveryRefused, match="at most 10 % of the rows"):
        deliver(agree(quarantineTolerance={"value": 10, "unit": "percent"}), two)
    with pytest.raises(DeliveryRefused, match="at most 1 rows"):
        deliver(agree(quarantineTolerance={"value": 1, "unit": "rows"}), two)


def _zip(path: Path, entries: dict[str, bytes | str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


ARCHIVES: dict[str, tuple[dict[str, bytes | str], str]] = {
    "another member": ({"other.csv": GOOD}, "1 files, 0 that could be it"),
    "an absolute path": ({"/etc/orders.csv": GOOD, "orders.csv": GOOD}, "1 entries with paths outside of the archive"),
    "a path upwards": ({"../orders.csv": GOOD, "orders.csv": GOOD}, "1 entries with paths outside of the archive"),
    "a bomb": ({"orders.csv": b"0" * (80 << 20)}, "an entry that unpacks to 1,0"),
    "an empty member": ({"orders.csv": b""}, "an empty file (0 bytes)"),
    "a page within": ({"orders.csv": "<html></html>"}, "an HTML or XML page"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_wrong_zip_is_refused(agree: Agree, deliver: Deliver, data: Path, kind: str) -> None:
    entries, seen = ARCHIVES[kind]
    _zip(data / "orders.zip", entries)
    with pytest.raises(DeliveryRefused) as refusal:
        deliver(agree(file="orders.zip", member="orders.csv"))
    assert seen in refusal.value.seen


def test_a_zip_of_several_files_needs_a_member(agree: Agree, deliver: Deliver, data: Path) -> None:
    _zip(data / "orders.zip", {"a.csv": GOOD, "b.csv": GOOD})
    with pytest.raises(DeliveryRefused, match="2 files, 2 that could be it"):
        deliver(agree(file="orders.zip"))


def test_a_damaged_zip_is_refused(agree: Agree, deliver: Deliver, data: Path) -> None:
    path = data / "orders.zip"
    _zip(path, {"orders.csv": GOOD})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DeliveryRefused, match="its directory is missing or damaged"):
        deliver(agree(file="orders.zip"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", GOOD)
    path.write_bytes(path.read_bytes().replace(b"open", b"shut", 1))
    with pytest.raises(DeliveryRefused, match="its checksum does not match"):
        deliver(agree(file="orders.zip"))
    locked = bytearray(whole)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + flags] |= 1
    path.write_bytes(locked)
    with pytest.raises(DeliveryRefused, match="it is encrypted"):
        deliver(agree(file="orders.zip"))
    path.write_text("<html></html>")
    with pytest.raises(DeliveryRefused, match="an HTML or XML page"):
        deliver(agree(file="orders.zip"))


def test_a_damaged_parquet_is_refused(agree: Agree, deliver: Deliver, data: Path) -> None:
    path, source = data / "orders.parquet", agree(format="parquet", file="orders.parquet")
    columns = ", ".join(
        f"i::varchar as {name}" for name in ("order_id", "placed_at", "amount", "units", "state", '"state#2"')
    )
    duckdb.sql(f"copy (select {columns} from range(100000) t(i)) to '{path}'")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(DeliveryRefused, match="without its footer: cut short"):
        deliver(source)
    path.write_bytes(whole[:4] + b"\xff" * 4000 + whole[4004:])
    with pytest.raises(DeliveryRefused, match="cannot be read to its end: damaged"):
        deliver(source)
    path.write_text("<html></html>")
    with pytest.raises(DeliveryRefused, match="an HTML or XML page"):
        deliver(source)


def test_wrong_json_lines_are_refused(agree: Agree, deliver: Deliver) -> None:
    source = agree(format="jsonl", file="orders.jsonl", finalNewline=False)
    line = {
        "order_id": "100",
        "placed_at": "1/3/2016 08:30",
        "amount": 1,
        "units": 3,
        "state": "open",
        "state#2": SECRET,
    }
    with pytest.raises(DeliveryRefused, match="text that is not JSON") as refusal:
        deliver(source, json.dumps(line) + "\n" + json.dumps(line)[:-20])
    assert SECRET not in str(refusal.value)
    line["placed"] = line.pop("placed_at")
    with pytest.raises(DeliveryRefused, match="column `placed_at` is missing, `placed` is new"):
        deliver(source, json.dumps(line) + "\n")


def test_a_failure_of_ours_leaves_everything_as_it_was(
    agree: Agree, deliver: Deliver, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = agree()
    deliver(source, GOOD)
    before = holdings()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Load, "_weigh", interrupted)
    with pytest.raises(KeyboardInterrupt):
        deliver(source, GOOD + "200,1/3/2016 08:30,1,1,open,?\n")
    assert holdings() == before


def test_lost_rows_are_never_a_landing(
    agree: Agree, deliver: Deliver, holdings: Holdings, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = agree()
    deliver(source, GOOD)
    before = holdings()
    monkeypatch.setattr(landing_module.RawTables, "hold_back", lambda *_: None)
    with pytest.raises(RuntimeError, match="11 rows were read, but 10 accepted, 0 held back and 0 dropped"):
        deliver(source, GOOD + "2x0,1/3/2016 08:30,1,1,open,?\n")
    assert holdings() == before
