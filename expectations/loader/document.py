"""One YAML file as plain JSON data, with the line of everything in it.

Belongs here: YAML 1.2 read without guessing (`NO`, `12:30` and dates stay text), and refusal of anything else.
Does not: what the keys mean. Source: YAML 1.2.2 core schema; RFC 8785 for what JSON can say exactly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import rfc8785
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from expectations.loader.problem import ContractError, Problem

Location = tuple[str | int, ...]

_LARGEST_FILE = 1_000_000  # bytes; the longest contract we know has 15,000
_LARGEST_DOCUMENT = 50_000  # values; aliases can multiply a small file without end
_DEEPEST = 40  # levels; a contract has about 12
_EXACT = 2**53 - 1  # the largest integer that every JSON reader keeps exactly
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """A file that was read.

    Args:
        path: the file.
        data: its mapping, JSON-compatible.
        lines: 1-based line of every value, by location.
    """

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[Location, int]

    def line(self, location: Location) -> int:
        """Line of the value there, or of the nearest thing around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def field(self, location: Location) -> str:
        """The location in words: `schema[leads].properties[origin]`; items go by their name where they have one."""
        parts: list[str] = []
        value: Any = self.data
        for step in location:
            value = _step(value, step)
            if isinstance(step, int):
                names = (
                    (value.get(k) for k in ("name", "property", "role", "id", "term", "system"))
                    if isinstance(value, dict)
                    else ()
                )
                parts.append(f"[{next((n for n in names if isinstance(n, str)), step)}]")
            else:
                parts.append(f".{step}" if parts else step)
        return "".join(parts) or "(file)"

    def problem(self, location: Location, message: str, nearest: str | None = None) -> Problem:
        """A problem at that location."""
        return Problem(str(self.path), self.line(location), self.field(location), message, nearest)

    def walk(self, location: Location = ()) -> Iterator[tuple[Location, Any]]:
        """Every mapping and list item below a location, parents first."""
        value: Any = self.data
        for step in location:
            value = _step(value, step)
        yield location, value
        steps = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        for step in steps:
            yield from self.walk((*location, step))


def read_document(path: Path) -> Document:
    """Read one YAML file.

    Args:
        path: the file.

    Raises:
        ContractError: the file cannot be read, is not YAML, repeats a key, or says what JSON cannot.
    """
    return parse_document(path, _bytes(path))


def parse_document(path: Path, raw: bytes) -> Document:
    """Read YAML, or JSON, which is YAML, from bytes: those whose signature was checked, where it is signed.

    Args:
        path: the file that they came from, named in refusals.
        raw: at most 1,000,000 bytes.

    Raises:
        ContractError: as for `read_document`.
    """
    text = _text(path, raw)
    if re.search(r"^%YAML(?!\s+1\.2\s*$)", text, re.MULTILINE):
        raise _refusal(path, 1, "declares another YAML version; contracts are YAML 1.2: remove the %YAML line")
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _refusal(path, line, f"is not YAML: {error.problem or error.context}") from None
    except Exception as error:  # whatever a stranger's bytes make the parser do, the answer is the same
        raise _refusal(path, 1, f"is not YAML ({type(error).__name__})") from None
    if root is None:
        raise _refusal(path, 1, "is empty; a YAML mapping is required")
    if not isinstance(root, MappingNode):
        raise _refusal(path, 1, "holds no keys; a YAML mapping is required")
    lines: dict[Location, int] = {}
    data = _Reading(path, lines).value(root, ())
    assert isinstance(data, dict)
    return Document(path, data, lines)


def digest_document(document: Any) -> str:
    """SHA-256 (hex) over RFC 8785 canonical JSON: key order, comments and spelling of numbers do not matter.

    Args:
        document: JSON-compatible data.

    Raises:
        rfc8785.CanonicalizationError: the data is not JSON, e.g. an integer beyond 2^53.
    """
    return sha256(rfc8785.dumps(document)).hexdigest()


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _refusal(path: Path, line: int, message: str) -> ContractError:
    return ContractError(path, [Problem(str(path), line, "(file)", message)])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refusal(path, 1, f"cannot be read: {error.strerror}") from None


def _text(path: Path, raw: bytes) -> str:
    if len(raw) > _LARGEST_FILE:
        raise _refusal(path, 1, f"has {len(raw):,} bytes; at most {_LARGEST_FILE:,} are read")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refusal(path, line, "is not UTF-8 text") from None
    if "\0" in text:
        raise _refusal(path, 1, "is binary, not text")
    if text.lstrip()[:9].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise _refusal(path, 1, "is HTML or XML, not YAML")
    return text


class _Reading:
    """One pass from YAML nodes to plain data; keeps lines, refuses what would be guessed or lost."""

    def __init__(self, path: Path, lines: dict[Location, int]) -> None:
        self._path = path
        self._lines = lines
        self._inside: set[int] = set()

    def value(self, node: Node, location: Location) -> Any:
        line: int = node.start_mark.line + 1
        self._lines.setdefault(location, line)
        if len(self._lines) > _LARGEST_DOCUMENT:
            raise _refusal(self._path, line, f"holds more than {_LARGEST_DOCUMENT:,} values")
        if isinstance(node, ScalarNode):
            return self._scalar(node, line)
        if node.tag not in {f"{_TAG}map", f"{_TAG}seq"}:
            raise _refusal(self._path, line, f"has the tag {node.tag}; only plain mappings, lists and scalars are read")
        if len(location) > _DEEPEST:
            raise _refusal(self._path, line, f"is nested more than {_DEEPEST} levels deep")
        if id(node) in self._inside:
            raise _refusal(self._path, line, "has an alias that contains itself")
        self._inside.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.value(item, (*location, i)) for i, item in enumerate(node.value)]
            return self._mapping(node, location)
        finally:
            self._inside.discard(id(node))

    def _mapping(self, node: Node, location: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self._scalar(key_node, line) if isinstance(key_node, ScalarNode) else None
            if not isinstance(key, str):
                raise _refusal(self._path, line, "has a key that is not text; put it in quotes")
            if key in found:
                raise _refusal(
                    self._path,
                    line,
                    f"has the key {key!r} twice in one mapping, first on line {self._lines[(*location, key)]}",
                )
            self._lines[(*location, key)] = line
            found[key] = self.value(value_node, (*location, key))
        return found

    def _scalar(self, node: ScalarNode, line: int) -> Any:
        tag, text = (node.tag or "").removeprefix(_TAG), node.value
        if tag in {"str", "timestamp"}:  # a date stays what was written
            try:
                text.encode()
            except UnicodeEncodeError:
                raise _refusal(self._path, line, "has half of a surrogate pair; it is no text") from None
            return text
        plain = text.replace("_", "").lower()
        try:
            if tag == "null":
                return None
            if tag == "bool":
                return {"true": True, "false": False}[plain]
            if tag == "int":
                return self._exact(int(plain, 0) if re.match(r"[-+]?0[xo]", plain) else int(plain), line)
            if tag == "float":
                return self._exact(float(plain), line)
        except (KeyError, ValueError):
            pass
        raise _refusal(self._path, line, f"has a value of YAML type {tag} that JSON cannot hold; put it in quotes")

    def _exact(self, number: float, line: int) -> float:
        if not math.isfinite(number) or (isinstance(number, int) and abs(number) > _EXACT):
            raise _refusal(
                self._path, line, f"has a number beyond ±{_EXACT:,}, which JSON cannot hold exactly; put it in quotes"
            )
        return number
