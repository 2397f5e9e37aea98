"""Markdown of the documents that travel with a dataset: texts that others wrote, set so that they stay texts.

Belongs here: escaping, paragraphs, lists, tables, in CommonMark with GitHub's tables. Does not: what a document says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPAN = re.compile(r"(`[^`\n]+`)")  # what an author set as code stays code
_MARKS = re.compile(r"[\\`*\[\]<|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=#?\w+;)")
_LEADS = re.compile(r"^(?:(?=[>]|#{1,6}(?:\s|$)|[-+](?:\s|$)|-+$|=+$)|(\d{1,9})(?=[.)](?:\s|$)))")


def escaped(text: str) -> str:
    """A text of somebody's as Markdown that shows it and nothing else: no markup, no HTML, one line.

    Args:
        text: plain; code spans in it stay.
    """
    pieces = _SPAN.split(" ".join(str(text).split()))  # every second one is a code span
    set_ = [p.replace("|", "\\|") if i % 2 else _MARKS.sub(lambda m: f"\\{m[0]}", p) for i, p in enumerate(pieces)]
    return _LEADS.sub(lambda lead: f"{lead[1] or ''}\\", "".join(set_))


def code(text: str) -> str:
    """A name or a digest, set as code.

    Args:
        text: without backticks.
    """
    return f"`{' '.join(str(text).split()).replace('`', '')}`".replace("|", "\\|")


def listed(sentences: Sequence[str]) -> str:
    """One sentence as a paragraph, several as a list.

    Args:
        sentences: Markdown.
    """
    return sentences[0] if len(sentences) == 1 else "\n".join(f"- {sentence}" for sentence in sentences)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; nothing where it has no row.

    Args:
        heads: Markdown of the first row.
        rows: Markdown of each cell.
    """
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *lines]) if lines else ""
