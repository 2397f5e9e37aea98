"""The tools: each takes a desk and its arguments, and answers or refuses.

Belongs here: what each tool does, and how it introduces itself to an agent. Does not: the protocol (`server.py`), who
may (`desk.py`), the shapes of answers (`answers.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from esclusa.access import read_policies
from esclusa.agents import answers as a
from esclusa.agents.desk import Desk
from esclusa.agents.documents import uri_of, uris_of
from esclusa.agents.filling import columns, failed, grants, meant, offered, promised_texts, refusal
from esclusa.agents.sample import MOST_BYTES, MOST_ROWS, bounded
from esclusa.errors import EsclusaError
from esclusa.evidence import ITEMS, SIGNOFF
from esclusa.verification import CHECKS

Dataset = Annotated[str, Field(max_length=200, description="Exact name of a dataset, as find_datasets gives it.")]
Purpose = Annotated[
    str, Field(max_length=200, description="What the data is for, as contracts name it; empty: the one set for you.")
]
Role = Annotated[
    str, Field(max_length=200, description="Role to read in; empty: the one that is set or granted, if only one is.")
]


class Arguments(BaseModel):
    """What every tool takes: known fields only."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Search(Arguments):
    purpose: Purpose = ""
    text: Annotated[str, Field(max_length=500, description="Words to look for; empty: everything granted.")] = ""
    role: Role = ""


class Named(Arguments):
    dataset: Dataset
    purpose: Purpose = ""
    role: Role = ""


class Sampling(Named):
    columns: Annotated[
        list[str] | None, Field(max_length=200, description="Which, in which order; null: all that you may read.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Rows, at most.")] = 10


def find_datasets(desk: Desk, asked: Search) -> a.Found:
    """Find certified datasets that you may use for a purpose today, best match first.

    Start here. Only what is certified, unexpired and granted to you for the purpose is listed, each with why it
    matches, roles and columns, until when it is valid, and caveats to repeat. If one that you expected is missing,
    ask explain_refusal.
    """
    purpose = desk.purpose(asked.purpose)
    offers = desk.offers(purpose, asked.role, asked.text)
    return a.Found(
        purpose=purpose,
        datasets=[offered(offer) for offer in offers],
        other_purposes=[other for other in desk.purposes() if other != purpose],
    )


def get_context(desk: Desk, asked: Named) -> a.Context:
    """Get what must be known before a dataset is used: meaning, grain, limits, advice, and columns with definitions.

    Call it before you query or interpret a dataset. It holds the owner's advice, verified questions and answers,
    constraints, prohibited uses, and of the columns those that you may read.
    """
    granted = desk.granted(asked.dataset, asked.role, asked.purpose)
    certificate, promises = granted.vouched.certificate, desk.release.promises
    promised = promises.dataset(asked.dataset)
    caveats = list(certificate.caveats)
    if promised and promised.version != certificate.contract_version:
        caveats.append(f"texts are of contract {promised.version}; the data kept {certificate.contract_version}")
    return a.Context(
        dataset=asked.dataset,
        owner=certificate.owner,
        role=granted.role,
        purpose=granted.purpose,
        summary=certificate.description,
        prohibited=list(read_policies(granted.vouched.policies).prohibited),
        columns=columns(certificate.columns, granted.columns, meant(promised)),
        denied_columns=len(certificate.columns) - len(granted.columns),
        contract_version=certificate.contract_version,
        caveats=caveats,
        documents=uris_of(granted.vouched),
        **(promised_texts(promised, promises) if promised else {}),
    )


def get_certificate(desk: Desk, asked: Named) -> a.Certificate:
    """Get the certificate of a dataset, verified now: until when it holds, what was measured, who signed, caveats.

    Cite its digest with every result that you derive from the data, and repeat its caveats. The bytes of the data
    are hashed and compared whenever they are read.
    """
    granted = desk.granted(asked.dataset, asked.role, asked.purpose)
    certificate = granted.vouched.certificate
    said = certificate.document["predicate"]
    held = [finding.item for finding in certificate.findings]
    return a.Certificate(
        dataset=asked.dataset,
        digest=certificate.digest,
        environment=certificate.environment,
        certified_at=certificate.certified_at,
        valid_until=min(granted.vouched.role.expires, certificate.valid_until),
        contract_version=certificate.contract_version,
        contract_digest=certificate.contract_digest,
        rows=certificate.rows,
        bytes=certificate.size,
        checks={name: what for name, what in CHECKS.items() if name != "parts"},
        gate_items={item: held.count(item) for item in (*ITEMS, SIGNOFF) if item in held},
        warnings=[f"{f.rule}: {f.seen}, required {f.required}" for f in certificate.findings if f.state == "warn"],
        waived=list(certificate.waived),
        signed_by=list(certificate.signed),
        inputs=[f"{i['system']}.{i['table']}: {i['rows']:,} rows, landed {i['landedAt'][:16]}" for i in said["inputs"]],
        code_revision=said["code"]["revision"],
        previous=certificate.previous or "",
        caveats=list(certificate.caveats),
        document=uri_of(asked.dataset, "certificate"),
    )


def explain_refusal(desk: Desk, asked: Named) -> a.Explanation:
    """Explain why a dataset cannot be read: not certified, expired, withdrawn, its gate shut, or not granted to you.

    Says what was observed against what is required, who owns it and what would open it. Works for every dataset that
    the catalogue shows; it hands out no row.
    """
    desk.demand_known(asked.dataset)
    why, refused = desk.release.why(asked.dataset), None
    try:
        desk.granted(asked.dataset, asked.role, asked.purpose)
    except EsclusaError as error:
        refused = refusal(error)
    last, problem = why.decision, why.problem
    owner = why.certificate.owner if why.certificate else last.owner if last else ""
    said = "" if last is None else last.message or f"{last.outcome} at the {last.stage}"
    return a.Explanation(
        dataset=asked.dataset,
        status=why.status,
        readable=refused is None,
        refusal=refused,
        candidate_refused=why.candidate_refused,
        decided_at=last.at if last else None,
        decision=problem.what if problem else said,
        failed_rules=[failed(finding) for finding in last.findings] if last else [],
        owner=owner or (refused.owner if refused else ""),
        next=(last.remedy if last and last.remedy else refused.next if refused else ""),
        grants=grants(desk, asked.dataset),
    )


def read_sample(desk: Desk, asked: Sampling) -> a.Sample:
    """Read a few rows of a dataset, masked as your role demands, to see what the values look like.

    The read is recorded in the ledger under your name. For analysis read the whole dataset with the expression that
    find_datasets gives, not by samples: the first rows are no random sample.
    """
    role, purpose = desk.completed(asked.dataset, asked.role, asked.purpose)
    desk.demand_known(asked.dataset)
    with desk.opened(asked.dataset, role, purpose, asked.columns) as rows:
        fits = bounded(rows.unrecorded(0, asked.limit))
        rows.log.served(rows.certificate, rows.columns, len(fits.rows), "mcp")
    certificate = rows.certificate
    return a.Sample(
        dataset=asked.dataset,
        role=role,
        purpose=purpose,
        columns=columns(certificate.columns, rows.columns),
        rows=fits.rows,
        returned=len(fits.rows),
        of=certificate.rows,
        cut=fits.cut,
        certificate=certificate.digest,
        valid_until=certificate.valid_until,
        caveats=list(certificate.caveats),
    )


@dataclass(frozen=True)
class Tool:
    """One tool as it is offered.

    Args:
        title: for people.
        takes, answers: types of its arguments and of its answer.
        call: does it.
    """

    title: str
    takes: type[Arguments]
    answers: type[a.Answer]
    call: Callable[[Desk, Any], a.Answer]

    @property
    def name(self) -> str:
        """As agents call it."""
        return self.call.__name__

    @property
    def description(self) -> str:
        """How it introduces itself."""
        return " ".join((self.call.__doc__ or "").split())


TOOLS = (
    Tool("Find datasets for a purpose", Search, a.Found, find_datasets),
    Tool("Context of a dataset", Named, a.Context, get_context),
    Tool("Certificate of a dataset", Named, a.Certificate, get_certificate),
    Tool("Why a dataset cannot be read", Named, a.Explanation, explain_refusal),
    Tool(f"A sample of at most {MOST_ROWS} rows and {MOST_BYTES // 1024} KiB", Sampling, a.Sample, read_sample),
)
