"""What arrived: files found, unpacked and made readable as UTF-8 text or Parquet, or refused for what their bytes are.

Belongs here: locating, zip safety, encodings, file signatures. Does not: columns (`header.py`), rows (`rowrules.py`).
"""

from __future__ import annotations

import codecs
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import IO

from expectations.landing.delivery import Delivery

CHUNK = 1 << 20
# An honest export of text packs 5 to 20 times; a zip that unpacks further than this is not one.
MAX_RATIO = 200
SMALL = 64 << 20
SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or a spreadsheet (xlsx)"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet (xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
MARKUP = (b"<!doctype html", b"<html", b"<head", b"<table", b"<?xml")


@dataclass(frozen=True)
class Arrival:
    """One file as delivered.

    Args:
        file: its name for people and `meta.loads`: path below the data directory, or `postgres:<relation>`.
        path: where it lies.
        digest: SHA-256 (hex) of the bytes as delivered.
    """

    file: str
    path: Path
    digest: str


def find(delivery: Delivery, data: Path) -> list[Arrival]:
    """The files that match the agreed path, digested, in order of name.

    Args:
        delivery: the terms; `file` may be a glob in append mode.
        data: the data directory.

    Raises:
        DeliveryRefused: there is none, or several where one was agreed.
    """
    paths = sorted(p for p in data.glob(delivery.file) if p.is_file()) if data.is_dir() else []
    if not paths:
        folder = data / PurePosixPath(delivery.file).parent
        others = sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
        seen = f"no such file; its directory {f'holds {others} other entries' if others else 'is absent or empty'}"
        raise delivery.refused(delivery.file, seen=seen, agreed=f"a file at {delivery.file} in the data directory")
    if len(paths) > 1 and delivery.mode == "snapshot":
        raise delivery.refused(delivery.file, seen=f"{len(paths)} files match", agreed="one file, the whole snapshot")
    return [Arrival(p.relative_to(data).as_posix(), p, digest_of(p)) for p in paths]


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def readable(delivery: Delivery, arrival: Arrival, scratch: Path) -> Path:
    """A path that DuckDB can read: Parquet as it is, text as UTF-8; unpacked or recoded into `scratch` where needed.

    Args:
        delivery, arrival: the terms, and the file.
        scratch: an empty directory that the caller removes.

    Raises:
        DeliveryRefused: the bytes are not what was agreed.
    """
    if arrival.path.stat().st_size == 0:
        raise delivery.refused(
            arrival.file, seen="an empty file (0 bytes)", agreed=f"a {delivery.format} file with rows"
        )
    path = arrival.path
    if arrival.path.suffix == ".zip":
        path = scratch / f"{arrival.digest[:16]}.{delivery.format}"
        _unpack(delivery, arrival, path)
    if delivery.format in ("parquet", "postgres"):
        _check_parquet(delivery, arrival, path)
        return path
    plain = codecs.lookup(delivery.encoding).name == "utf-8"
    recoded = None if plain else scratch / f"{arrival.digest[:16]}.utf8"
    _check_text(delivery, arrival, path, recoded)
    return recoded or path


def _unpack(delivery: Delivery, arrival: Arrival, target: Path) -> None:
    agreed = f"a zip with {delivery.member or 'one file'} in it"
    try:
        with zipfile.ZipFile(arrival.path) as archive:
            entry = _entry(delivery, arrival, archive, agreed)
            with archive.open(entry) as packed, target.open("wb") as out:
                shutil.copyfileobj(packed, out, CHUNK)  # reads to the end, which is where the CRC is checked
    except zipfile.BadZipFile as error:
        fault = "its checksum does not match" if "CRC" in str(error) else "its directory is missing or damaged"
    except (EOFError, zlib.error):
        fault = "its packed data ends early or is damaged"
    except RuntimeError:  # what zipfile raises for a password and, as a subclass, for an unknown compression
        fault = "it is encrypted or packed in a way that cannot be opened"
    else:
        return
    kind = signature(arrival.path)
    seen = kind if kind and "zip" not in kind else f"a zip that cannot be unpacked: {fault}"
    raise delivery.refused(arrival.file, seen=seen, agreed=agreed)


def _entry(delivery: Delivery, arrival: Arrival, archive: zipfile.ZipFile, agreed: str) -> zipfile.ZipInfo:
    entries = [e for e in archive.infolist() if not e.is_dir()]
    unsafe = sum(1 for e in entries if e.filename.startswith(("/", "\\")) or ".." in PurePosixPath(e.filename).parts)
    if unsafe:
        raise delivery.refused(arrival.file, seen=f"{unsafe} entries with paths outside of the archive", agreed=agreed)
    named = [e for e in entries if e.filename == delivery.member] if delivery.member else entries
    if len(named) != 1:
        raise delivery.refused(arrival.file, seen=f"{len(entries)} files, {len(named)} that could be it", agreed=agreed)
    entry = named[0]
    if entry.file_size > SMALL and entry.file_size > MAX_RATIO * entry.compress_size:
        ratio = entry.file_size // max(entry.compress_size, 1)
        raise delivery.refused(
            arrival.file, seen=f"an entry that unpacks to {ratio:,} times its size", agreed=f"at most {MAX_RATIO} times"
        )
    return entry


def _check_parquet(delivery: Delivery, arrival: Arrival, path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(4)
        stream.seek(-min(4, path.stat().st_size), 2)
        end = stream.read(4)
    if start != b"PAR1":
        seen = signature(path) or "no Parquet file"
        raise delivery.refused(arrival.file, seen=seen, agreed="a Parquet file")
    if end != b"PAR1":
        raise delivery.refused(arrival.file, seen="a Parquet file without its footer: cut short", agreed="a whole file")


def signature(path: Path) -> str | None:
    """What a file's first bytes say it is, where they say something else than plain text.

    Args:
        path: the file.
    """
    with path.open("rb") as stream:
        head = stream.read(1024)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(MARKUP):
        return "an HTML or XML page (a login or error page saved under this name?)"
    return next((kind for mark, kind in SIGNATURES if head.startswith(mark)), None)


def _check_text(delivery: Delivery, arrival: Arrival, path: Path, recoded: Path | None) -> None:
    """Decode every byte, so that a wrong encoding is met here and not as a strange letter in golden."""
    agreed = f"{delivery.format} text in {delivery.encoding}"
    if path.stat().st_size == 0:
        raise delivery.refused(arrival.file, seen="an empty file (0 bytes)", agreed=f"{agreed} with rows")
    kind = signature(path)
    if kind and not (kind == "text in UTF-16" and delivery.encoding.lower().startswith("utf-16")):
        raise delivery.refused(arrival.file, seen=kind, agreed=agreed)
    with path.open("rb") as stream:
        if recoded is None:
            line, fault, last = _decode(stream, delivery.encoding, None)
        else:
            with recoded.open("w", encoding="utf-8", newline="") as out:
                line, fault, last = _decode(stream, delivery.encoding, out)
    if fault:
        raise delivery.refused(arrival.file, seen=f"{fault} on line {line:,}", agreed=agreed)
    if delivery.final_newline and last not in "\r\n":
        raise delivery.refused(
            arrival.file,
            seen=f"line {line:,} is the last and has no line end: cut short",
            agreed=f"{agreed}, whole lines",
        )


def _decode(stream: IO[bytes], encoding: str, out: IO[str] | None) -> tuple[int, str, str]:
    """Line reached (from 1), the fault met there ("" where none), and the last character."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, last = 1, "\n"
    while True:
        piece = stream.read(CHUNK)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n"), f"bytes that are not {encoding}", last
        if "\0" in text:
            return line + text[: text.index("\0")].count("\n"), "a zero byte (UTF-16, or no text at all)", last
        if out is not None:
            out.write(text)
        line += text.count("\n")
        last = text[-1:] or last
        if not piece:
            return line, "", last
