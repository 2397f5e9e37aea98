"""Broken deliveries: a good sample file turned into what really arrives on a bad day, one kind at a time.

Belongs here: the kinds, as functions of a file's bytes. Does not: what landing makes of them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from expectations.landing import SYNTHETIC

LEADS = "olist_funnel/olist_marketing_qualified_leads_dataset.csv"


@dataclass(frozen=True)
class Fault:
    """One kind of broken delivery.

    Args:
        description: what happened, for people.
        change: bytes of the file to bytes of the broken one, or None where it does not arrive at all.
        text: it changes CSV text, so a zip is opened for it.
    """

    description: str
    change: Callable[[bytes], bytes | None]
    text: bool = True


def _header(change: Callable[[list[str]], list[str]]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        first, _, rest = content.partition(b"\n")
        return ",".join(change(first.decode().split(","))).encode() + b"\n" + rest

    return changed


def _rows(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda content: b"".join(line + b"\n" for line in change(content.splitlines()))


def _american(content: bytes) -> bytes:
    swapped = re.sub(rb"\b(\d{4})-(\d\d)-(\d\d)\b", rb"\2/\3/\1", content)
    return swapped if swapped != content else re.sub(rb"\b(\d{1,2})/(\d{1,2})/(\d{4})\b", rb"\2/\1/\3", content)


def _pivot(lines: list[bytes]) -> list[bytes]:
    months = [b"2018-%02d" % month for month in range(1, 13)]
    return [b"Leads by month" + b"," * 13, b"Row Labels," + b",".join(months) + b",Grand Total"] + [
        b"channel %d," % i + b",".join([b"%d" % (len(lines) // 13)] * 13) for i in range(9)
    ]


def _latin(content: bytes) -> bytes:
    first, _, rest = content.partition(b"\n")
    return first + b"\n" + re.sub(rb"organic_search|Phone", "orgânico".encode("latin-1"), rest, count=3)


FAULTS: Mapping[str, Fault] = {
    "absent": Fault("the file did not arrive", lambda _: None, text=False),
    "empty": Fault("the file has no bytes", lambda _: b"", text=False),
    "header-only": Fault("the file has a header and no rows", _rows(lambda lines: lines[:1])),
    "html": Fault(
        "a login page was saved under the file's name",
        lambda _: (
            b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Your session has expired.</body></html>\n"
        ),
        text=False,
    ),
    "pivot": Fault("a pivot table was exported instead of the rows", _rows(_pivot)),
    "missing": Fault("the last column is gone", _rows(lambda lines: [line.rpartition(b",")[0] for line in lines])),
    "renamed": Fault("a column has a new name", _header(lambda names: [names[0] + "entifier", *names[1:]])),
    "extra": Fault(
        "a column was added", _rows(lambda ls: [ls[0] + b",campaign", *(line + b",spring" for line in ls[1:])])
    ),
    "semicolons": Fault("values are separated by semicolons", lambda content: content.replace(b",", b";")),
    "dates": Fault("dates are written month first", _american),
    "truncated": Fault("the transfer stopped two thirds through", lambda content: content[: len(content) * 2 // 3 - 7]),
    "packed": Fault("the archive was cut short", lambda content: content[: len(content) // 2], text=False),
    "utf-16": Fault("the file was saved as UTF-16", lambda content: content.decode().encode("utf-16")),
    "latin-1": Fault("names with accents were saved as Latin-1", _latin),
}


def break_delivery(directory: Path, kind: str, file: str = LEADS) -> Path:
    """Replace one file of a sample by a broken delivery of it.

    Args:
        directory: a sample directory: real data are never touched.
        kind: a key of `FAULTS`.
        file: path below the directory; the leads by default.

    Returns:
        The file's path.

    Raises:
        ValueError: no such kind.
        FileNotFoundError: the directory is no sample, or has no such file.
    """
    if kind not in FAULTS:
        near = get_close_matches(kind, FAULTS, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"no kind of broken delivery is called {kind}{hint}; known: {', '.join(FAULTS)}")
    if not (directory / SYNTHETIC).exists():
        raise FileNotFoundError(
            f"{directory} has no {SYNTHETIC} marker: only a sample may be broken; make one: esclusa sample generate"
        )
    path, fault = directory / file, FAULTS[kind]
    broken = _through_zip(path.read_bytes(), fault)
    if broken is None:
        path.unlink()
    else:
        path.write_bytes(broken)
    return path


def _through_zip(content: bytes, fault: Fault) -> bytes | None:
    if not fault.text or not content.startswith(b"PK"):
        return fault.change(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (entry,) = archive.infolist()
        changed = fault.change(archive.read(entry))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, changed or b"")
    return out.getvalue()
