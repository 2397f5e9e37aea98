"""Validation against JSON Schema: the ODCS 3.2 schema that its package ships, and the schemas of our own properties.

Belongs here: from a validator's errors to problems that a person can act on. Does not: what no schema sees (`lint.py`).
Source: https://github.com/bitol-io/open-data-contract-standard, JSON Schema Draft 2019-09.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft201909Validator, FormatChecker, ValidationError  # type: ignore[import-untyped]

from expectations.loader.document import Document, Location
from expectations.loader.problem import Problem, nearest

Schema = Mapping[str, Any]


@cache
def odcs_schema() -> Schema:
    """The official schema of a whole contract."""
    text = files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    schema: Schema = json.loads(text)
    return schema


@cache
def property_schema() -> Schema:
    """The official schema of one property (column): what a glossary term is written as."""
    return {"$schema": odcs_schema()["$schema"], "$ref": "#/$defs/SchemaProperty", "$defs": odcs_schema()["$defs"]}


def schema_problems(document: Document, schema: Schema, location: Location = ()) -> list[Problem]:
    """Everything below a location that the schema does not allow.

    Args:
        document: the file.
        schema: JSON Schema of the value there.
        location: where the value stands.
    """
    value: Any = document.data
    for step in location:
        value = value[step]
    errors = list(Draft201909Validator(schema, format_checker=FormatChecker(["date"])).iter_errors(value))
    found = {str(p): p for e in errors for p in _translate(document, schema, location, e)}
    # Keys of a branch that failed are disowned with it: they are news only where nothing else is wrong in that mapping.
    for error in errors:
        here = document.field((*location, *error.absolute_path))
        if error.validator == "unevaluatedProperties" and not any(p.field.startswith(here) for p in found.values()):
            keys = re.findall(r"'(\w+)'", error.message)
            problem = document.problem(
                (*location, *error.absolute_path), f"not allowed beside the other keys: {', '.join(keys)}"
            )
            found[str(problem)] = problem
    return list(found.values())


def known_keys(schema: Any, root: Schema, seen: frozenset[str] = frozenset()) -> set[str]:
    """Every key that some branch of a schema describes.

    Args:
        schema: the (sub-)schema.
        root: where its `$ref`s point into.
        seen: references already followed.
    """
    if not isinstance(schema, dict):
        return set()
    keys = set(schema.get("properties", ()))
    for branch in (
        *schema.get("allOf", ()),
        *schema.get("anyOf", ()),
        *schema.get("oneOf", ()),
        schema.get("then"),
        schema.get("else"),
    ):
        keys |= known_keys(branch, root, seen)
    reference = schema.get("$ref")
    if reference and reference not in seen:
        keys |= known_keys(root["$defs"][reference.rpartition("/")[2]], root, seen | {reference})
    return keys


def _translate(document: Document, root: Schema, base: Location, error: ValidationError) -> Iterator[Problem]:
    location = (*base, *error.absolute_path)
    rule, wanted, value = error.validator, error.validator_value, error.instance
    if rule in {"additionalProperties", "unevaluatedProperties"} and isinstance(value, dict):
        known = known_keys(error.schema, root)
        for key in sorted(set(value) - known):
            yield document.problem((*location, key), "unknown key", nearest(key, known))
    elif rule == "required":
        if wanted == ["map"]:  # ODCS demands this of every column whose logical type is not written
            wanted = ["logicalType"]
        for key in sorted(set(wanted) - set(value)):
            yield document.problem(location, f"the key `{key}` is missing")
    elif rule == "enum":
        yield document.problem(
            location,
            f"is {_show(value)}; required: one of {', '.join(map(str, wanted))}",
            nearest(value, map(str, wanted)),
        )
    elif rule == "type":
        hint = "; put it in quotes" if wanted == "string" and isinstance(value, int | float) else ""
        yield document.problem(location, f"is {_show(value)}, a {_kind(value)}; required: {_names(wanted)}{hint}")
    elif rule == "oneOf" and isinstance(value, dict) and (choice := _choice(wanted)):
        written = sorted(choice & set(value))
        yield document.problem(
            location, f"needs exactly one of {', '.join(sorted(choice))}; has {', '.join(written) or 'none'}"
        )
    elif rule in {"oneOf", "anyOf"} and error.context:
        deepest = max(error.context, key=lambda e: (len(e.absolute_path), e.validator != "type"))
        yield from _translate(document, root, base, deepest)
    elif rule == "format":
        yield document.problem(location, f"is {_show(value)}; required: a {wanted}, written YYYY-MM-DD")
    else:
        yield document.problem(location, f"is {_show(value)}; required: {rule} {_show(wanted)}")


def _choice(branches: list[Any]) -> set[str]:
    """The keys of which a mapping needs exactly one, where its branches differ in nothing else."""
    return {key for branch in branches for key in branch.get("required", ())}


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _kind(value: Any) -> str:
    kinds = ((bool, "boolean"), (str, "string"), ((int, float), "number"), (list, "list"), (dict, "mapping"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _names(wanted: Any) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join({"object": "mapping", "array": "list"}.get(n, n) for n in names)
