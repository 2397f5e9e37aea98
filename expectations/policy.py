"""Who may read what, for what, until when: the roles of a contract as Cedar policies that an auditor can read.

Belongs here: writing the text. Does not: deciding by it (`esclusa/access.py`), judging the roles
(`clauses/promise.py`).
Source: Cedar policy language 4; ODCS `roles` with our `purposes`, `columns` and `expires`, and `aiUse`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from expectations.contract import Contract, Role
from expectations.loader.custom import listed
from expectations.loader.vocabulary import RESTRAINED

_WIDTH = 120


def policies_of(contract: Contract) -> str:
    """The contract's roles as policies; the same contract gives the same text.

    What no policy permits is denied. A role reads the columns up to `internal` that it is not denied, and of those
    above only what its `allow` names; what its `mask` names it reads masked and in no other way. A role without
    purpose or last day, or whose access is not `read`, is permitted nothing. A prohibited use and a denied column are
    forbidden, which beats every permit.

    Args:
        contract: the loaded contract.
    """
    blocks = [_preamble(contract)]
    for role in contract.roles:
        blocks += _permits(contract, role)
        blocks += _denial(contract, role)
    for purpose in listed(contract.custom.get("aiUse", {}).get("prohibited", ())):
        notes = {"id": f"{contract.name}: {purpose} is prohibited", "prohibits": purpose}
        blocks.append(_policy(notes, "forbid (principal, action, resource)", [f"context.purpose == {_text(purpose)}"]))
    return "\n".join(blocks)


def _preamble(contract: Contract) -> str:
    return (
        f"// Who may read {contract.name}, for what and until when.\n"
        f"// Made from its contract {_text(contract.id)}, version {_text(contract.version)}.\n"
        "// What no policy permits is denied; what one forbids stays denied whatever another permits.\n"
        '// Action::"readMasked" hands a column out masked, by the technique that its policy names.\n'
    )


def _permits(contract: Contract, role: Role) -> Iterator[str]:
    if role.access != "read" or role.expires is None:
        return
    readable = _readable(contract, role)
    masks: Mapping[str, str] = role.columns.get("mask", {})
    techniques = dict.fromkeys(masks.values())
    for purpose in role.purposes:
        name = f"{contract.name}: {role.name} for {purpose}"
        notes = {
            "contract": f"{contract.id} {contract.version}",
            "role": role.name,
            "purpose": purpose,
            "until": role.expires.isoformat(),
            "approvers": ", ".join(role.approvers),
        }
        if readable:
            yield _permit({"id": name, **notes}, "read", role, purpose, role.expires, _columns(contract, readable))
        for technique in techniques:
            masked = [c.name for c in contract.table.columns if masks.get(c.name) == technique]
            said = {"id": f"{name}, {technique}", **notes, "technique": technique}
            yield _permit(said, "readMasked", role, purpose, role.expires, _columns(contract, masked))


def _readable(contract: Contract, role: Role) -> list[str]:
    """Columns that the role reads as they are."""
    ways = {way: set(listed(role.columns.get(way, ()))) for way in ("allow", "deny", "mask")}
    return [
        column.name
        for column in contract.table.columns
        if column.name not in ways["deny"] | ways["mask"]
        and column.classification
        and (column.classification not in RESTRAINED or column.name in ways["allow"])
    ]


def _denial(contract: Contract, role: Role) -> Iterator[str]:
    denied = set(listed(role.columns.get("deny", ())))
    names = [column.name for column in contract.table.columns if column.name in denied]
    if names:
        notes = {"id": f"{contract.name}: {role.name} is denied columns", "role": role.name}
        head = f"forbid (principal == Role::{_text(role.name)}, action, resource)"
        yield _policy(notes, head, [f"resource in {_columns(contract, names)}"])


def _permit(notes: Mapping[str, str], action: str, role: Role, purpose: str, until: date, columns: str) -> str:
    return _policy(
        notes,
        f'permit (principal == Role::{_text(role.name)}, action == Action::"{action}", resource)',
        [
            f"context.purpose == {_text(purpose)}",
            f'context.today <= datetime("{until}")',
            f"resource in {columns}",
        ],
    )


def _policy(notes: Mapping[str, str], head: str, conditions: Iterable[str]) -> str:
    annotations = "".join(f"@{name}({_text(said)})\n" for name, said in notes.items())
    when = " &&\n  ".join(conditions)
    return f"{annotations}{head}\nwhen {{\n  {when}\n}};\n"


def _columns(contract: Contract, names: Iterable[str]) -> str:
    """A set of columns, as many a line as fit."""
    lines = [""]
    for name in names:
        word = f"Column::{_text(f'{contract.name}.{name}')}, "
        if len(lines[-1]) + len(word) > _WIDTH - 4:
            lines.append("")
        lines[-1] += word
    inside = "\n    ".join(line.rstrip() for line in lines).rstrip(",")
    return f"[\n    {inside}\n  ]"


def _text(said: str) -> str:
    """A string as Cedar writes it."""
    plain = (c if c.isprintable() and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in said)
    return f'"{"".join(plain)}"'
