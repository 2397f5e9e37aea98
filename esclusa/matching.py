"""Matching what a person types against what is written about a dataset: simple, deterministic, explained.

Belongs here: words, fields, points. Does not: which datasets may be searched (`discovery.py`). No model, no index: a
catalogue holds hundreds of datasets, and whoever asks wants to know why something matched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Words that every description holds: they tell no dataset from another.
_EMPTY_WORDS = frozenset(
    """a all an and any are as at be by data dataset datasets for from have i in is it me my need of on one or our per
    show table that the their this to we what which who with""".split()  # noqa: SIM905 - read as the list it is
)
_SHORTEST_PREFIX = 4  # characters; a shorter one begins too many words


@dataclass(frozen=True)
class Field:
    """Something that is written about a dataset.

    Args:
        name: what it is called in an explanation, e.g. `title` or `column risk_band`.
        text: what it says.
        weight: points of a whole word found in it.
    """

    name: str
    text: str
    weight: int


@dataclass(frozen=True)
class Match:
    """How well a text fits.

    Args:
        words: how many of its words were found.
        points: over these words, the best field of each.
        reasons: one sentence per word that was found.
    """

    words: int
    points: int
    reasons: tuple[str, ...]


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text that tell something: lower case, without accents, plural `s` and what every text holds.

    Args:
        text: as it was typed or written; `risk_band` is two words.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    found = (_singular(word) for word in re.findall(r"[a-z0-9]+", plain) if word not in _EMPTY_WORDS)
    return tuple(dict.fromkeys(found))


def match(text: str, fields: Sequence[Field]) -> Match:
    """How well a text fits what is written; no word found is a match of zero words.

    Args:
        text: as it was typed.
        fields: of one dataset.
    """
    written = [(field, words_of(field.text)) for field in fields]
    points, reasons = 0, []
    for word in words_of(text):
        best, where = 0, ""
        for field, words in written:
            if (worth := _points(word, words, field.weight)) > best:
                best, where = worth, field.name
        if where:
            points += best
            reasons.append(f"“{word}” is in its {where}")
    return Match(len(reasons), points, tuple(reasons))


def _points(word: str, words: Sequence[str], weight: int) -> int:
    """Twice the weight for the word itself, the weight where one only begins with the other."""
    if word in words:
        return 2 * weight
    return weight if any(_begins(word, other) or _begins(other, word) for other in words) else 0


def _begins(short: str, long: str) -> bool:
    return len(short) >= _SHORTEST_PREFIX and long.startswith(short)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
