"""What a contract's clauses answer to the questions of a datasheet: in sentences, without markup.

Belongs here: one function per answer. Does not: the questions (`questions.py`), what only a release can say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from expectations.contract import Contract


def sentences(value: Any) -> tuple[str, ...]:
    """A free value of a contract as sentences: texts as they are, of a mapping `name: value; name: value`.

    Args:
        value: JSON-compatible; nothing where empty.
    """
    if isinstance(value, list | tuple):
        return tuple(sentence for item in value for sentence in sentences(item))
    if isinstance(value, Mapping):
        pairs = [f"{_words(name)}: {', '.join(sentences(item))}" for name, item in value.items() if sentences(item)]
        return ("; ".join(pairs),) if pairs else ()
    text = str(value).strip() if value is not None else ""
    return (text,) if text else ()


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _governance(contract: Contract, *names: str) -> Iterator[str]:
    stated = contract.custom.get("dataGovernance", {})
    for name in names:
        yield from sentences(stated.get(name))


def _described(contract: Contract, name: str) -> tuple[str, ...]:
    return sentences(contract.description.get(name))


def nothing(contract: Contract) -> Iterable[str]:
    """No clause answers it: the contract's own words may, or the release does."""
    return ()


def purpose(contract: Contract) -> Iterable[str]:
    """Why the dataset exists, and how it was thought out."""
    yield from _described(contract, "purpose")
    yield from _governance(contract, "designChoices")


def creator(contract: Contract) -> Iterable[str]:
    """The team, and the owner who answers for it."""
    team = contract.document.get("team")
    name = team.get("name", "") if isinstance(team, Mapping) else ""
    domain = f", for the domain {contract.domain}" if contract.domain else ""
    if name:
        yield f"The team {name}{domain}."
    if contract.owner:
        yield f"Its owner is {contract.owner}."


def instances(contract: Contract) -> Iterable[str]:
    """What the table is, and what one row of it is."""
    yield from sentences([contract.table.description, contract.table.grain])


def population(contract: Contract) -> Iterable[str]:
    """Of whom or what the rows are."""
    for stated in _governance(contract, "population"):
        yield f"Population: {stated}."
    for stated in _governance(contract, "setting"):
        yield f"Setting: {stated}."


def labels(contract: Contract) -> Iterable[str]:
    """Labels, and who made them."""
    for stated in _governance(contract, "labelling"):
        yield f"Labelling: {stated}."


def gaps(contract: Contract) -> Iterable[str]:
    """What is known to be missing."""
    yield from _governance(contract, "knownGaps")


def relationships(contract: Contract) -> Iterable[str]:
    """The key, and the columns whose values exist elsewhere."""
    if contract.table.key:
        yield f"Each row is identified by {', '.join(contract.table.key)}."
    for column in contract.table.columns:
        if column.relationships:
            yield f"{column.name} refers to {', '.join(column.relationships)}."


def limitations(contract: Contract) -> Iterable[str]:
    """Limitations as written, and what was assumed."""
    yield from _described(contract, "limitations")
    for stated in _governance(contract, "assumptions"):
        yield f"Assumed: {stated}."


def groups(contract: Contract) -> Iterable[str]:
    """Groups that were looked at, and what was found."""
    yield from _governance(contract, "biasExamination")


def special_categories(contract: Contract) -> Iterable[str]:
    """Special categories of personal data."""
    for stated in _governance(contract, "specialCategories"):
        yield f"Special categories of personal data: {stated}."


def collection(contract: Contract) -> Iterable[str]:
    """The process that the data comes from, and what that was for."""
    stated = contract.custom.get("dataGovernance", {}).get("collection")
    if not isinstance(stated, Mapping):
        yield from sentences(stated)
        return
    yield from sentences({name: value for name, value in stated.items() if name not in ("from", "until")})


def systems(contract: Contract) -> Iterable[str]:
    """The systems that feed it."""
    for use in contract.sources:
        record = f", the system of record for {', '.join(use.record_for)}" if use.record_for else ""
        yield f"{use.system}, owned by {use.owner}{record}."


def timeframe(contract: Contract) -> Iterable[str]:
    """From when, and until when."""
    stated = contract.custom.get("dataGovernance", {}).get("collection")
    if isinstance(stated, Mapping) and stated.get("from"):
        until = stated.get("until")
        yield f"From {stated['from']} until {until}." if until else f"From {stated['from']} on."


def lawful_basis(contract: Contract) -> Iterable[str]:
    """Why personal data may be processed."""
    for stated in contract.document.get("description", {}).get("customProperties") or ():
        if stated.get("property") == "lawfulBasis":
            yield f"Lawful basis: {stated['value']}."


def erasure(contract: Contract) -> Iterable[str]:
    """How a person's rows are erased on request."""
    for sla in contract.slas:
        asked = sla.custom.get("deletion", {}).get("erasure")
        if asked:
            days = f" within {asked['maxDays']} days" if "maxDays" in asked else ""
            yield f"A person's rows are erased on request, by {asked.get('key', 'key')}{days}, and a receipt proves it."


def preparation(contract: Contract) -> Iterable[str]:
    """Steps from the sources to the dataset."""
    for step in contract.custom.get("dataGovernance", {}).get("preparation") or ():
        if isinstance(step, Mapping) and {"op", "what"} <= set(step):
            yield f"{str(step['op']).capitalize()}: {step['what']}."
        else:
            yield from sentences(step)


def implementation(contract: Contract) -> Iterable[str]:
    """The model that builds it."""
    for link in contract.document.get("authoritativeDefinitions") or ():
        if link.get("type") == "transformationImplementation":
            yield f"The model is {str(link['url']).removeprefix('../../')} of the repository that publishes it."


def use_cases(contract: Contract) -> Iterable[str]:
    """AI use cases that may use it, and what roles read it for."""
    agreed = sentences(contract.custom.get("aiUse", {}).get("useCases"))
    if agreed:
        yield f"It is agreed for the AI use cases {', '.join(agreed)}."
    purposes = sorted({p for role in contract.roles for p in role.purposes})
    if purposes:
        yield f"Roles read it for {', '.join(purposes)}."


def usage(contract: Contract) -> Iterable[str]:
    """Uses that were thought of, and what it was found adequate for."""
    yield from _described(contract, "usage")
    for stated in _governance(contract, "suitability"):
        yield f"Suitability: {stated}."


def biases(contract: Contract) -> Iterable[str]:
    """What was found of bias, and what is done about it."""
    examined = contract.custom.get("dataGovernance", {}).get("biasExamination")
    if isinstance(examined, Mapping):
        yield from sentences(examined.get("result"))
    else:
        yield from sentences(examined)
    yield from _governance(contract, "biasMitigation")


def prohibited(contract: Contract) -> Iterable[str]:
    """Purposes refused to every role, and constraints on its use."""
    refused = sentences(contract.custom.get("aiUse", {}).get("prohibited"))
    if refused:
        yield f"Refused to everybody: {', '.join(refused)}."
    for constraint in contract.document.get("context", {}).get("constraints") or ():
        yield from sentences(constraint.get("constraint"))


def readers(contract: Contract) -> Iterable[str]:
    """Roles that may read it, for what and until when."""
    for role in contract.roles:
        until = f" until {role.expires}" if role.expires else ""
        yield f"To the role {role.name}, for {', '.join(role.purposes) or 'no purpose'}{until}."


def license_(contract: Contract) -> Iterable[str]:
    """The licence of its use."""
    stated = contract.custom.get("datasheet", {}).get("license")
    if stated:
        yield f"{stated['id']}{': ' + stated['url'] if stated.get('url') else ''}"


def maintainers(contract: Contract) -> Iterable[str]:
    """The team, member by member."""
    for member in contract.team:
        name = f", {member['name']}" if member.get("name") else ""
        yield f"{str(member.get('role', 'member')).capitalize()}: {member.get('username', '')}{name}."


def support(contract: Contract) -> Iterable[str]:
    """Channels of support."""
    for channel in contract.support:
        scope = f" for {channel['scope']}" if channel.get("scope") else ""
        url = f": {channel['url']}" if channel.get("url") else ""
        yield f"{channel['channel']}{scope}{url}"


def updates(contract: Contract) -> Iterable[str]:
    """How often it is renewed, how fresh it is kept, and who is told of changes."""
    for name in ("frequency", "freshness"):
        sla = contract.sla(name)
        if sla is not None and sla.duration is not None:
            hours = sla.duration.total_seconds() / 3600
            yield f"{name.capitalize()}: {hours:g} hours.{' ' + sla.description if sla.description else ''}"
    managed = contract.custom.get("changeManagement", {})
    if managed.get("notify"):
        notice = f", {managed['noticeDays']} days ahead" if "noticeDays" in managed else ""
        yield f"Changes are announced in {managed['notify']}{notice}."


def retention(contract: Contract) -> Iterable[str]:
    """How long rows are kept, and what becomes of them."""
    sla = contract.sla("retention")
    if sla is None or sla.duration is None:
        return
    action = {"delete": "deleted", "anonymise": "anonymised"}.get(sla.custom.get("deletion", {}).get("action", ""))
    yield f"Rows are kept for {sla.duration.days:g} days{f' and then {action}' if action else ''}."
    yield from sentences(sla.description)


def versions(contract: Contract) -> Iterable[str]:
    """Promises on older versions."""
    for name in ("endOfSupport", "endOfLife"):
        sla = contract.sla(name)
        if sla is not None:
            yield from sentences({name: sla.description})
