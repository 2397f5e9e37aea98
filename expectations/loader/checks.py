"""THE table of checks that `engine: esclusa` takes, with the shape of each implementation; and of an expectation.

Belongs here: JSON Schemas of `implementation`. Does not: measuring (`rules/kinds.py`), names of columns in them
(`lint_rules.py`). docs/contracts.md has an example of each.
"""

from __future__ import annotations

from collections.abc import Mapping

from expectations.loader.vocabulary import ANY, NAMES, TEXT, Schema, list_of, mapping, words

_NUMBER: Schema = {"type": "number"}
_FROM_0: Schema = {"type": "number", "minimum": 0}
_FROM_2: Schema = {"type": "integer", "minimum": 2}  # one row is always like itself
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def _distribution(marks: Schema, **ways: Schema) -> Schema:
    """A baseline to compare with."""
    shares = {**list_of(_SHARE), "minItems": 1}
    return {**mapping("shares", shares=shares, **ways), **marks}


_EDGES = list_of(_NUMBER)
_BINS = _distribution(
    {"oneOf": [{"required": ["edges"]}, {"required": ["categories"]}]}, edges=_EDGES, categories=list_of(ANY)
)
_ORDERED = _distribution({"required": ["shares", "edges"]}, edges=_EDGES)


def _drift(baseline: Schema) -> Schema:
    last = words("last_certified")
    return mapping("check", "baseline", check=TEXT, baseline=baseline, threshold=_FROM_0, reference=last)


CHECKS: Mapping[str, Schema] = {
    "psi": _drift(_BINS),
    "js": _drift(_BINS),
    "ks": _drift(_ORDERED),
    "k_anonymity": mapping("check", "quasiIdentifiers", "k", check=TEXT, quasiIdentifiers=NAMES, k=_FROM_2),
    "l_diversity": mapping(
        "check", "quasiIdentifiers", "sensitive", "l", check=TEXT, quasiIdentifiers=NAMES, sensitive=TEXT, l=_FROM_2
    ),
    "representation": mapping(
        "check",
        "share",
        check=TEXT,
        share={"type": "number", "exclusiveMinimum": 0, "maximum": 100},
        groups={**list_of({"type": ["string", "number", "boolean"]}), "minItems": 1, "uniqueItems": True},
    ),
    "reconciliation": mapping(
        "check",
        "aggregate",
        "against",
        "tolerance",
        check=TEXT,
        aggregate=TEXT,
        against=mapping("relation", "aggregate", relation=TEXT, aggregate=TEXT),
        tolerance=mapping("value", "unit", value=_FROM_0, unit=words("value", "percent")),
    ),
}
OF_THE_TABLE = frozenset({"k_anonymity", "l_diversity", "reconciliation"})  # the others are written on a column

EXPECTATION: Schema = mapping("expectation", expectation=TEXT, kwargs={"type": "object"})
