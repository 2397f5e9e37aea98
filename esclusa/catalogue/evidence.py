"""What a certificate rests on, grouped as a page tells it: what owners wrote and what was measured one by one, what
every column's definition demands in a line a column.

Belongs here: the grouping. Does not: numbers over time (`history.py`), words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from esclusa.evidence import ITEMS, SIGNOFF, Finding

# Rules that a column's type and options make by themselves; docs/contracts.md says of which.
NATIVE = frozenset(
    [
        "type",
        "required",
        "unique",
        "enum",
        "pattern",
        "references",
        "minimum",
        "maximum",
        "exclusive_minimum",
        "exclusive_maximum",
        "min_length",
        "max_length",
        "multiple_of",
        "min_items",
        "max_items",
        "unique_items",
    ]
)


@dataclass(frozen=True)
class Item:
    """One gate item.

    Args:
        findings: all of them, in the certificate's order.
    """

    name: str
    findings: tuple[Finding, ...]

    @property
    def odd(self) -> tuple[Finding, ...]:
        """Those that did not simply pass."""
        return tuple(f for f in self.findings if f.state != "pass")

    @property
    def told(self) -> tuple[Finding, ...]:
        """Those that are told one by one: first what did not simply pass."""
        return (*self.odd, *(f for f in self.findings if f.state == "pass" and not native(f)))

    @property
    def columns(self) -> Mapping[str, tuple[Finding, ...]]:
        """Column → what its definition demands, where that holds."""
        held: dict[str, list[Finding]] = {}
        for finding in self.findings:
            if finding.column and finding.state == "pass" and native(finding):
                held.setdefault(finding.column, []).append(finding)
        return {column: tuple(findings) for column, findings in held.items()}


def native(finding: Finding) -> str:
    """Which of `NATIVE` a rule is; empty where somebody wrote it.

    Args:
        finding: on any rule.
    """
    name = finding.rule.removeprefix(f"{finding.column}__")
    return name if name != finding.rule and (name in NATIVE or name.startswith("references_")) else ""


def items_of(findings: Sequence[Finding]) -> tuple[Item, ...]:
    """The gate items that anything was observed for, in the gate's order.

    Args:
        findings: of a certificate.
    """
    items = (Item(name, tuple(f for f in findings if f.item == name)) for name in (*ITEMS, SIGNOFF))
    return tuple(item for item in items if item.findings)
