"""`catalogue/promises.json`: what is promised now, certified or not: datasets, sources, terms, use cases.

Belongs here: its format (docs/release-format.md), from what was agreed and what lineage found. Does not: publishing it
(`repository.py`), reading it (`esclusa/promises_document.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from expectations.contract import Column, Contract, SourceContract, Term
from lineage.tracing.columns import ColumnLineage
from lineage.tracing.document import lineage_document

PROMISES_FILE = "promises.json"
FORMAT = 1
_PROMISES = ("freshness", "retention", "frequency")


def promises_file(
    contracts: Iterable[Contract],
    sources: Iterable[SourceContract],
    glossary: Iterable[Term],
    lineage: ColumnLineage,
    use_cases: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """The document as it is published; the same promises give the same bytes.

    Args:
        contracts: of the golden datasets.
        sources: of every source system.
        glossary: every agreed term.
        lineage: of the project that builds the datasets.
        use_cases: entries of `useCases`.
    """
    by_name = sorted(contracts, key=lambda contract: contract.name)
    document = {
        "format": FORMAT,
        "datasets": [_dataset(contract, lineage) for contract in by_name],
        "sources": [_source(source) for source in sorted(sources, key=lambda source: source.system)],
        "terms": [_term(term, by_name) for term in sorted(glossary, key=lambda term: term.name)],
        "useCases": list(use_cases),
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _dataset(contract: Contract, lineage: ColumnLineage) -> dict[str, Any]:
    said, properties = contract.description, _written(contract)
    ai, context = contract.custom.get("aiUse", {}), contract.document.get("context", {})
    return {
        "dataset": contract.name,
        "title": _title(contract),
        "owner": contract.owner,
        "domain": contract.domain,
        "purpose": _flat(said.get("purpose")),
        "usage": _flat(said.get("usage")),
        "limitations": _flat(said.get("limitations")),
        "grain": contract.table.grain,
        "version": contract.version,
        "status": contract.status,
        "release": contract.release,
        "terms": sorted(use.term for use in contract.terms),
        "systems": sorted(use.system for use in contract.sources),
        "refersTo": sorted(_referred(contract)),
        "tags": list(contract.tags),
        "support": [{k: str(c.get(k, "")) for k in ("channel", "tool", "url", "scope")} for c in contract.support],
        "roles": list(_roles(contract)),
        "prohibited": list(ai.get("prohibited", ())),
        "riskTier": ai.get("riskTier", ""),
        "columns": [_column(column, properties.get(column.name, {})) for column in contract.table.columns],
        "promises": _slas(contract),
        "context": {
            "instructions": _flat(context.get("instructions")),
            "verifiedStatements": [
                {"question": _flat(s.get("question")), "answer": _flat(s.get("answer"))}
                for s in context.get("verifiedStatements", ())
            ],
            "constraints": [_flat(c.get("constraint")) for c in context.get("constraints", ())],
        },
        "lineage": lineage_document(contract, lineage),
    }


def _written(contract: Contract) -> Mapping[str, Mapping[str, Any]]:
    """Column → its entry in the contract as written, for what no type holds."""
    return {p["name"]: p for table in contract.document.get("schema", ()) for p in table.get("properties", ())}


def _title(contract: Contract) -> str:
    tables = contract.document.get("schema", ())
    return str(next((t["businessName"] for t in tables if t.get("businessName")), contract.name))


def _referred(contract: Contract) -> set[str]:
    """The other datasets that its columns refer to."""
    paths = [path for column in contract.table.columns for path in column.relationships]
    return {path.partition(".")[0] for path in paths if path.count(".") == 1} - {contract.name}


def _roles(contract: Contract) -> Iterable[dict[str, Any]]:
    written = {role.get("role"): role for role in contract.document.get("roles", ())}
    for role in contract.roles:
        yield {
            "role": role.name,
            "description": _flat(written.get(role.name, {}).get("description")),
            "purposes": list(role.purposes),
            "expires": _day(role.expires),
            "approvers": list(role.approvers),
        }


def _column(column: Column, written: Mapping[str, Any]) -> dict[str, Any]:
    terms = [
        PurePosixPath(str(definition["url"])).stem
        for definition in written.get("authoritativeDefinitions", ())
        if definition.get("type") == "businessDefinition"
    ]
    return {
        "name": column.name,
        "title": column.business_name or column.name,
        "type": column.physical_type,
        "description": _flat(column.description),
        "classification": column.classification,
        "key": column.key_position is not None,
        "required": column.required,
        "terms": terms,
    }


def _slas(contract: Contract) -> dict[str, str]:
    written = {sla.get("property"): sla for sla in contract.document.get("slaProperties", ())}
    return {
        name: f"{written[name]['value']} {written[name].get('unit', '')}".strip()
        for name in _PROMISES
        if name in written and "value" in written[name]
    }


def _source(source: SourceContract) -> dict[str, Any]:
    return {
        "system": source.system,
        "owner": source.owner,
        "description": _flat(source.description),
        "version": source.version,
        "agreedBy": list(source.agreed_by),
        "agreedOn": _day(source.agreed_on),
        "tables": [
            {
                "table": table.name,
                "description": _flat(table.description),
                "columns": [
                    {
                        "name": column.name,
                        "type": column.physical_type,
                        "description": _flat(column.description),
                        "classification": column.classification,
                    }
                    for column in table.columns
                ],
            }
            for table in source.tables
        ],
    }


def _term(term: Term, contracts: Iterable[Contract]) -> dict[str, Any]:
    return {
        "term": term.name,
        "title": term.business_name,
        "description": _flat(term.description),
        "version": term.version,
        "agreedBy": list(term.agreed_by),
        "agreedOn": _day(term.agreed_on),
        "datasets": [c.name for c in contracts if any(use.term == term.name for use in c.terms)],
    }


def _flat(text: object) -> str:
    """One line, whatever line breaks its author wrote."""
    return " ".join(str(text or "").split())


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
