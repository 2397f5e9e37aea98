"""What the official schema cannot see in a contract: names that do not exist, and things said twice.

Belongs here: what only a golden contract, a source contract or a term says. Does not: the frame (`lint_frame.py`),
quality rules (`lint_rules.py`), evidence (`readiness.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from expectations.contract import SourceContract, Term
from expectations.loader.custom import custom, lint_custom, listed, named_columns
from expectations.loader.document import Document, Location
from expectations.loader.lint_frame import lint_frame, members
from expectations.loader.lint_privacy import lint_privacy
from expectations.loader.lint_rules import lint_rules
from expectations.loader.lint_slas import lint_slas
from expectations.loader.problem import Problem, nearest
from expectations.loader.vocabulary import MASKS


def lint_contract(
    document: Document, glossary: Mapping[str, Term], sources: Mapping[str, SourceContract] | None = None
) -> tuple[Problem, ...]:
    """Problems of a golden dataset's contract.

    Args:
        document: a file that the ODCS schema allows.
        glossary: every agreed term.
        sources: every source contract; None where they are not at hand: the gate judges them in any case.
    """
    problems = [*lint_frame(document), *lint_custom(document, "contract")]
    if len(document.data.get("schema") or ()) > 1:
        problems.append(document.problem(("schema", 1), "a golden contract describes one table"))
    if problems:  # what follows reads the shapes that were just found wrong
        return tuple(problems)
    table = document.data["schema"][0]
    if table["name"] != document.data["name"]:
        problems.append(
            document.problem(
                ("schema", 0, "name"), f"is {table['name']}; required: the contract's name, {document.data['name']}"
            )
        )
    columns = [c["name"] for c in table["properties"]]
    problems += lint_slas(document)
    problems += _roles(document)
    problems += lint_privacy(document, 0, golden=True)
    problems += _named_columns(document, columns)
    problems += _terms(document, glossary)
    problems += _systems(document, sources)
    problems += lint_rules(document, 0, listed(custom(document.data).get("relations", ())))
    return tuple(problems)


def lint_source(document: Document) -> tuple[Problem, ...]:
    """Problems of a source system's contract.

    Args:
        document: a file that the ODCS schema allows.
    """
    problems = [*lint_frame(document), *lint_custom(document, "source")]
    if problems:
        return tuple(problems)
    for i, table in enumerate(document.data["schema"]):
        if "delivery" not in custom(table):
            problems.append(
                document.problem(("schema", i), "has no property `delivery`: nothing says how the table arrives")
            )
        problems += lint_rules(document, i, ())
        problems += lint_privacy(document, i, golden=False)
    problems += lint_slas(document)
    return tuple(problems)


def lint_term(document: Document) -> tuple[Problem, ...]:
    """Problems of a glossary term.

    Args:
        document: a file that the ODCS schema of a property allows.
    """
    problems = [*lint_custom(document, "term")]
    if document.data["name"] != document.path.stem:
        message = f"is {document.data['name']}; required: the file's name, {document.path.stem}"
        problems.append(document.problem(("name",), message))
    for key in ("businessName", "description"):
        if not document.data.get(key):
            problems.append(document.problem((), f"the key `{key}` is missing or empty"))
    if "version" not in custom(document.data):
        problems.append(
            document.problem((), "has no property `version` of vendor esclusa: a changed meaning could not be told")
        )
    return tuple(problems)


def _roles(document: Document) -> Iterator[Problem]:
    """Approvers and signing roles that nobody in the team holds."""
    people = [m["username"] for m in members(document.data)]
    held = [m["role"] for m in members(document.data) if m.get("role")]
    for i, role in enumerate(document.data.get("roles") or ()):
        if role["role"] in [r["role"] for r in document.data["roles"][:i]]:
            yield document.problem(("roles", i, "role"), f"{role['role']} is granted twice")
        granted = custom(role).get("columns", {})
        for name in sorted(named_columns(granted, "deny") & named_columns(granted, "allow", "mask")):
            yield document.problem(("roles", i), f"denies the column {name} and grants it")
        for level in ("firstLevelApprovers", "secondLevelApprovers"):
            for person in approvers(role.get(level, "")):
                if person not in people:
                    yield document.problem(("roles", i, level), f"{person} is not in the team", nearest(person, people))
        yield from _masks(document, i, granted.get("mask", {}))
    for name in listed(custom(document.data).get("gate", {}).get("signoffs", ())):
        if name not in held:
            yield document.problem(
                _at(document, "gate"), f"nobody in the team has the role {name}, which must sign", nearest(name, held)
            )


def _masks(document: Document, i: int, masks: Mapping[str, str]) -> Iterator[Problem]:
    """Masks that do not fit the type of their column."""
    types = {c["name"]: c.get("logicalType", "") for c in document.data["schema"][0]["properties"]}
    for name, technique in masks.items():
        fitting = MASKS[technique]
        if fitting and name in types and types[name] not in fitting:
            others = ", ".join(mask for mask, fits in MASKS.items() if not fits or types[name] in fits)
            yield document.problem(
                ("roles", i), f"masks {name}, a {types[name]}, by {technique}; required: one of {others}"
            )


def approvers(names: str) -> tuple[str, ...]:
    """The people that ODCS writes as one comma-separated text."""
    return tuple(name for name in re.split(r"[,\s]+", names) if name)


def _named_columns(document: Document, columns: Collection[str]) -> Iterator[Problem]:
    """Columns that our properties name: of roles, of the access audit, of erasure, of systems of record."""
    named: list[tuple[Location, str]] = []
    for i, role in enumerate(document.data.get("roles") or ()):
        granted = custom(role).get("columns", {})
        named += [(("roles", i), name) for name in named_columns(granted)]
    for i, sla in enumerate(document.data.get("slaProperties") or ()):
        key = custom(sla).get("deletion", {}).get("erasure", {}).get("key")
        named += [(("slaProperties", i), key)] if key else []
    top = custom(document.data)
    audited = listed(top.get("accessAudit", {}).get("sensitiveColumns", ()))
    named += [(_at(document, "accessAudit"), name) for name in audited]
    for i, system in enumerate(top.get("sourceSystems", ())):
        at = (*_at(document, "sourceSystems"), i)
        named += [(at, name) for name in listed(system.get("systemOfRecordFor", ()))]
    for at, name in named:
        if name not in columns:
            yield document.problem(at, f"names the column {name}, which does not exist", nearest(name, columns))


def _terms(document: Document, glossary: Mapping[str, Term]) -> Iterator[Problem]:
    ids = [d["id"] for d in document.data.get("authoritativeDefinitions") or () if "id" in d]
    for i, use in enumerate(custom(document.data).get("businessDefinitions", ())):
        at = (*_at(document, "businessDefinitions"), i)
        if use["term"] not in glossary:
            yield document.problem(
                (*at, "term"), f"the glossary has no term {use['term']}", nearest(use["term"], glossary)
            )
        if "ref" in use and use["ref"] not in ids:
            yield document.problem(
                (*at, "ref"), f"no authoritative definition has the id {use['ref']}", nearest(use["ref"], ids)
            )


def _systems(document: Document, sources: Mapping[str, SourceContract] | None) -> Iterator[Problem]:
    declared = [s["system"] for s in custom(document.data).get("sourceSystems", ())]
    for i, system in enumerate(custom(document.data).get("sourceSystems", ())):
        at = (*_at(document, "sourceSystems"), i)
        if declared.index(system["system"]) < i:
            yield document.problem((*at, "system"), f"{system['system']} is declared twice")
        if sources is not None and system["system"] not in sources:
            yield document.problem(
                (*at, "system"), f"no source contract is called {system['system']}", nearest(system["system"], sources)
            )


def _at(document: Document, name: str) -> Location:
    """Location of the value of one of our properties at the top."""
    properties = document.data["customProperties"]
    index = next(i for i, p in enumerate(properties) if p["property"] == name and p.get("vendor") == "esclusa")
    return ("customProperties", index, "value")
