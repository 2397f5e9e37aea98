"""Pseudo-random SQL: expressions that depend on a row's number, a purpose and the seed, and on nothing else.

Belongs here: draws and distributions. Does not: any data set. No row is ever a Python object, so size costs disk only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import pairwise

Point = tuple[float, float]
Weights = Mapping[str | None, float]


class Draws:
    """Uniform draws of one seed.

    Args:
        seed: of the sample.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def uniform(self, purpose: str, key: str) -> str:
        """SQL expression: a number in [0, 1), independent for every purpose and key.

        Args:
            purpose: what the draw decides.
            key: SQL expression of an integer, the row's number.
        """
        # Two rounds of hashing: DuckDB's hash(a, b) only XORs the second in, which would tie all purposes together.
        salt = int.from_bytes(sha256(f"{self._seed}:{purpose}".encode()).digest()[:8])
        return f"((hash(xor(hash(cast({key} as bigint)), {salt}::ubigint)) >> 11) / 9007199254740992.0)"

    def columns(self, key: str, *purposes: str) -> str:
        """SQL select list: a draw per purpose, each named `u_<purpose>`.

        Args:
            key: SQL expression of an integer, the row's number.
            purposes: what the draws decide.
        """
        return ", ".join(f"{self.uniform(purpose, key)} as u_{purpose}" for purpose in purposes)

    def identifier(self, kind: str, key: str) -> str:
        """SQL expression: 32 hexadecimal digits, distinct for every key.

        Args:
            kind: what is identified.
            key: SQL expression of the thing's number.
        """
        return f"md5(concat('{self._seed}:{kind}:', {key}))"


def weights(text: str) -> Weights:
    """Weight by value, as written: `Phone 24688, Self service 158`; the value `NULL` is none.

    Args:
        text: values and weights, separated by `, `.
    """
    pairs = (entry.rpartition(" ") for entry in text.split(", "))
    return {None if value == "NULL" else value: float(weight) for value, _, weight in pairs}


def pick(draw: str, shares: Weights) -> str:
    """SQL expression: one of the values, each as often as its weight says.

    Args:
        draw: name of a column with a uniform draw.
        shares: weight by value; NULL is none.
    """
    total, reached, arms = sum(shares.values()), 0.0, []
    for value, weight in shares.items():
        reached += weight
        arms.append(f"when {draw} < {reached / total:.9f} then {_literal(value)}")
    return f"case {' '.join(arms[:-1])} else {_literal(list(shares)[-1])} end"


def curve(draw: str, quantiles: Sequence[Point]) -> str:
    """SQL expression: the quantile function through these points, straight between them.

    Args:
        draw: name of a column with a uniform draw.
        quantiles: (share, value), rising in share from 0 to 1.
    """
    arms = []
    for (low, start), (high, end) in pairwise(quantiles):
        slope = (end - start) / (high - low)
        arms.append(f"when {draw} < {high:.9f} then {start!r} + ({draw} - {low!r}) * {slope!r}")
    return f"case {' '.join(arms)} else {quantiles[-1][1]!r} end"


def points(text: str) -> list[Point]:
    """Points of a curve, as written: `0 1.0, 0.5 8.2, 1 40.0`.

    Args:
        text: shares and values, separated by `, `.
    """
    pairs = (entry.split() for entry in text.split(", "))
    return [(float(share), float(value)) for share, value in pairs]


def evenly(text: str) -> list[Point]:
    """Points of a curve whose values stand at equal shares, as written: `0 1 2.5 40`.

    Args:
        text: quantiles from the lowest to the highest, separated by spaces.
    """
    values = text.split()
    return [(i / (len(values) - 1), float(value)) for i, value in enumerate(values)]


def _literal(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"
