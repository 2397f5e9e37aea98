"""Which rules a contract makes: native constraints, promises of its SLA and the quality rules that were written.

Belongs here: the expansion of a contract into rules, and its digest. Does not: how a rule is measured (`kinds.py`), in
how few scans (`audit/plan.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from expectations.contract import Column, Contract, Quality
from expectations.retention import ANONYMISE, policy_of
from expectations.rules.kinds import KINDS, kind_of
from expectations.rules.rule import OPERATORS, UPPER_BOUNDS, Bound, Rule, RuleError
from expectations.rules.scope import Scope
from expectations.sql import quote
from expectations.verdict import GateItem, digest_rules

__all__ = ["OPERATORS", "Bound", "Rule", "RuleError", "rules_digest", "rules_of"]

# logicalTypeOptions that constrain values; the others (`format`, `timezone` …) describe them.
OPTIONS = {
    "pattern": "pattern",
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "minLength": "min_length",
    "maxLength": "max_length",
    "multipleOf": "multiple_of",
    "minItems": "min_items",
    "maxItems": "max_items",
    "uniqueItems": "unique_items",
}
DESCRIPTIVE = frozenset({"format", "timezone", "defaultTimezone"})
GREAT_EXPECTATIONS = "greatExpectations"


def rules_of(contract: Contract) -> tuple[Rule, ...]:
    """Every rule that a contract makes on its data: native constraints, SLAs and quality rules.

    Args:
        contract: of a golden dataset.

    Raises:
        RuleError: two rules share an id, so that one answer could hide the other.
    """
    rules = tuple(_described(r) for r in (*_native(contract), *_promises(contract), *_written(contract)))
    twice = [name for name, times in Counter(rule.id for rule in rules).items() if times > 1]
    if twice:
        raise RuleError(f"{contract.name}: several rules are called {', '.join(twice)}; give each its own `id`")
    return rules


def remedy(contract: Contract) -> str:
    """What the owner of a rule that does not hold does next.

    Args:
        contract: that makes the rule.
    """
    return f"correct the data, or the bound in {contract.path.name}; then: esclusa run --only {contract.name}"


def rules_digest(contract: Contract) -> str:
    """What is asked of the data under this contract: SHA-256, hex, over every rule and the SQL that measures it."""
    types = {c.name: (c.physical_type or "varchar").upper() for c in contract.table.columns}
    others = {target.rpartition(".")[0] for c in contract.table.columns for target in c.relationships}
    scope = Scope("candidate", types, {name: quote(name) for name in others})

    def rendered(rule: Rule) -> str:
        try:
            asked = [measure.naive("candidate") for measure in kind_of(rule).measures(rule, scope).values()]
        except (
            RuleError,
            KeyError,
        ) as error:  # it will be a finding of state error; the digest covers how it is written
            asked = [str(error)]
        return json.dumps([asdict(rule), asked], default=str, sort_keys=True, ensure_ascii=False)

    return digest_rules((rule.id, rendered(rule)) for rule in rules_of(contract))


def _described(rule: Rule) -> Rule:
    if rule.description or rule.kind not in KINDS:
        return rule
    return replace(rule, description=KINDS[rule.kind].description.format(column=", ".join(rule.columns)))


def _native(contract: Contract) -> Iterator[Rule]:
    owner, table = contract.owner, contract.table
    for column in table.columns:

        def rule(suffix: str, kind: str, column: Column = column, **arguments: Any) -> Rule:
            return Rule(f"{column.name}__{suffix}", kind, (column.name,), arguments, owner=owner, tags=column.tags)

        if column.physical_type:
            agreed = rule("type", "type", type=column.physical_type)
            yield replace(agreed, operator=None, bound=None, unit="")
        if column.required and not any(_tolerates_missing(q) for q in column.quality):
            yield rule("required", "nullValues")
        if column.enum:
            yield rule("enum", "invalidValues", validValues=column.enum)
        for option, value in column.options.items():
            if option in OPTIONS:
                yield rule(OPTIONS[option], "invalidValues", **{option: value})
            elif option not in DESCRIPTIVE:
                yield rule(option, "unsupported", reason=f"the option `{option}` has no check")
        if column.unique:
            yield rule("unique", "duplicateValues")
        for target in column.relationships:
            dataset, _, key = target.rpartition(".")
            suffix = "references" if len(column.relationships) == 1 else f"references_{dataset}"
            yield rule(suffix, "references", dataset=dataset, key=key)
    if table.key:
        yield Rule(f"{contract.name}__primary_key", "primaryKey", table.key, owner=owner)


def _tolerates_missing(quality: Quality) -> bool:
    """A rule that says how much may be missing takes the place of `required`'s zero, if it shuts the gate as well."""
    return (
        quality.body.get("metric") in {"nullValues", "missingValues"}
        and quality.severity == "error"
        and quality.operator in UPPER_BOUNDS
    )


def _promises(contract: Contract) -> Iterator[Rule]:
    for name, kind, item, unit in (
        ("freshness", "freshness", GateItem.QUALITY, timedelta(hours=1)),
        ("retention", "retention", GateItem.RETENTION, timedelta(days=1)),
    ):
        for sla in (s for s in contract.slas if s.name == name):
            several = sum(s.name == name for s in contract.slas) > 1
            suffix = f"{name}_{sla.column}" if several else name
            policy = policy_of(sla, contract.table, contract.owner) if name == "retention" else None
            hold = policy.hold if policy else None
            spared: dict[str, Any] = {"hold": str(hold)} if hold else {}
            if policy and policy.action == ANONYMISE:
                spared |= {"anonymised": policy.personal}
            yield Rule(
                f"{contract.name}__{suffix}",
                kind if sla.duration is not None and sla.column else "unsupported",
                (sla.column,) if sla.column else (),
                {"reason": f"the SLA `{name}` needs a `value`, a `unit` of time and an `element` <table>.<column>"}
                | spared,
                "mustBeLessOrEqualTo",
                sla.duration / unit if sla.duration is not None else None,
                "hours" if name == "freshness" else "days",
                description=f"{sla.description} ({hold})" if hold else sla.description,
                owner=contract.owner,
                item=item,
            )


def _written(contract: Contract) -> Iterator[Rule]:
    written = [*contract.table.quality, *(q for column in contract.table.columns for q in column.quality)]
    for quality in written:
        subject = quality.column or contract.name
        kind, arguments, engine = _kind(quality)
        known = KINDS.get(kind)
        named = known.columns(arguments) if known else ()
        rule = Rule(
            quality.id if quality.id.startswith(f"{subject}__") else f"{subject}__{quality.id}",
            kind,
            named or ((quality.column,) if quality.column else ()),
            arguments,
            quality.operator,
            quality.bound,
            quality.unit,
            quality.severity,
            quality.description,
            quality.tags,
            contract.owner,
            engine=engine,
        )
        if known and known.bound:
            operator, bound, unit = known.bound(arguments)
            rule = replace(rule, unit=unit)  # whatever a rule counts by default
            if rule.operator is None:
                rule = replace(rule, operator=operator, bound=bound)
        yield rule


def _kind(quality: Quality) -> tuple[str, Mapping[str, Any], str]:
    """Kind, arguments and engine of a rule as written."""
    body = quality.body
    if quality.kind == "library":
        return str(body.get("metric")), body.get("arguments") or {}, "sql"
    if quality.kind == "sql":
        return "sql", {"query": str(body.get("query"))}, "sql"
    if quality.kind != "custom":
        return "unsupported", {"reason": f"`type: {quality.kind}` is nothing that can be measured"}, "sql"
    engine, implementation = str(body.get("engine")), body.get("implementation")
    if "".join(c for c in engine.lower() if c.isalpha()) == GREAT_EXPECTATIONS.lower():
        return "expectation", {"implementation": implementation}, GREAT_EXPECTATIONS
    if engine == "esclusa" and isinstance(implementation, Mapping):
        return str(implementation.get("check")), implementation, "sql"
    return (
        "unsupported",
        {"reason": f"no engine `{engine}` here; there are `esclusa` and `{GREAT_EXPECTATIONS}`"},
        "sql",
    )
