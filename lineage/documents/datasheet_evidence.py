"""What a release itself answers to the questions of a datasheet: from its files, its audit, its chain of custody.

Belongs here: one function per question, each in Markdown. Does not: what its contract answers
(`expectations/datasheet/answers.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from expectations.contract import Column
from expectations.verdict import Finding, State
from lineage.documents.facts import Facts, day_of
from lineage.documents.markdown import code, escaped, table

Blocks = Iterator[str]
_COMPLETENESS, _REPRESENTATION, _IDENTIFIABILITY = "iso5259:Com-ML-3", "iso5259:Rep-ML-1", "iso5259:Idn-ML-1"


def _count(facts: Facts) -> Blocks:
    files = len(facts.published.parts)
    yield f"{facts.rows:,} rows in {files} Parquet {'file' if files == 1 else 'files'}, {facts.size:,} bytes."


def _columns(facts: Facts) -> Blocks:
    contract = facts.contract
    yield f"{len(contract.table.columns)} columns:"
    yield table(
        ("column", "type", "what it is", "classification", "declared sources"),
        [
            (
                code(c.name),
                escaped(c.physical_type),
                escaped(c.description),
                escaped(c.classification),
                ", ".join(code(source) for source in c.sources) or escaped(c.logic),
            )
            for c in contract.table.columns
        ],
    )


def _missing(facts: Facts) -> Blocks:
    optional = [c for c in facts.contract.table.columns if not c.required and c.key_position is None]
    if not optional:
        yield "No: every column has a value on every row."
        return
    yield f"Yes: {', '.join(code(c.name) for c in optional)} may be empty, and no other. What was measured:"
    names = {c.name for c in optional}
    missing = [f for f in facts.verdict.findings if _COMPLETENESS in f.tags or (f.column in names and _is_missing(f))]
    yield _measured(missing) or "No rule limits how many."


def _is_missing(finding: Finding) -> bool:
    return any(word in finding.rule.rpartition("__")[2] for word in ("missing", "null"))


def _errors(facts: Facts) -> Blocks:
    warned = facts.findings(State.WARN)
    asked = len(facts.verdict.findings)
    yield f"The audit asked {asked} rules of exactly these bytes; {len(warned) or 'none'} of them warned."
    yield _measured(warned)
    yield from _waivers(facts)


def _waivers(facts: Facts) -> Blocks:
    if facts.waivers:
        yield "Waived, and so published although they fail:"
    yield table(
        ("rule", "reason", "until"),
        [(code(w["rule"]), escaped(str(w["reason"])), escaped(str(w["until"]))) for w in facts.waivers],
    )


def _measured(findings: tuple[Finding, ...] | list[Finding]) -> str:
    return table(
        ("rule", "says", "observed", "required"),
        [(code(f.rule), escaped(f.description), escaped(f.seen), escaped(f.required)) for f in findings],
    )


def _external(facts: Facts) -> Blocks:
    yield "It is self-contained: files, contract and policies are all in the release, each named by its digest."
    elsewhere = {path for c in facts.contract.table.columns for path in c.relationships if path.count(".") == 1}
    if elsewhere:
        yield f"Values also exist in {', '.join(code(path) for path in sorted(elsewhere))}, a dataset of its own."


def _confidential(facts: Facts) -> Blocks:
    classes: dict[str, list[str]] = {}
    for column in facts.contract.table.columns:
        classes.setdefault(column.classification or "unclassified", []).append(column.name)
    yield table(
        ("classification", "columns", "in the files"),
        [(escaped(name), ", ".join(map(code, columns)), _kept(columns[0], facts)) for name, columns in classes.items()],
    )


def _kept(column: str, facts: Facts) -> str:
    return "encrypted; the key of the class opens them" if column in facts.published.columns else "open"


def _identification(facts: Facts) -> Blocks:
    personal = [c for c in facts.contract.table.columns if c.privacy or "pii" in c.tags]
    if personal:
        yield table(
            ("column", "whose", "of what kind", "published as"),
            [
                (code(c.name), *(escaped(_privacy(c, key)) for key in ("dataSubject", "category", "technique")))
                for c in personal
            ],
        )
    else:
        yield "No column is personal data by its classification."
    groups = [f for f in facts.verdict.findings if _IDENTIFIABILITY in f.tags]
    scan = [f for f in facts.verdict.findings if f.rule.endswith("__access_no_personal_data")]
    yield _measured([*groups, *scan])


def _privacy(column: Column, key: str) -> str:
    return str(column.privacy.get(key, "as it is" if key == "technique" else "not stated"))


def _groups(facts: Facts) -> Blocks:
    yield _measured([f for f in facts.verdict.findings if _REPRESENTATION in f.tags])


def _custody(facts: Facts) -> Blocks:
    yield "The loads that this release was built from, each as it was delivered:"
    yield table(
        ("source", "file", "rows", "landed", "SHA-256 of the file", "origin"),
        [
            (
                code(f"{load.system}.{load.table}"),
                escaped(load.file),
                f"{load.rows:,}",
                day_of(load.landed_at),
                code(load.file_digest),
                "generated" if load.synthetic else "delivered",
            )
            for load in facts.inputs
        ],
    )


def _timeframe(facts: Facts) -> Blocks:
    if facts.clock.stands_at is not None:
        stood, pinned = day_of(facts.clock.stands_at), day_of(facts.pinned_at)
        yield f"The dataset's clock stood at {stood} when it was pinned on {pinned}."
    freshness = f"{facts.contract.name}__freshness"
    yield _measured([f for f in facts.verdict.findings if f.rule == freshness])


def _raw(facts: Facts) -> Blocks:
    yield (
        "Not with the dataset. What was delivered stays in the publisher's workshop for as long as the source contract "
        "says; the chain of custody above names each file by its digest."
    )


def _software(facts: Facts) -> Blocks:
    yield f"It was built and audited by revision {code(facts.code)} of the publisher's repository, with dbt and DuckDB."


def _repository(facts: Facts) -> Blocks:
    yield "The catalogue of its publisher lists the use cases that are agreed, and the ledger every read."


def _how(facts: Facts) -> Blocks:
    yield (
        "In a golden repository: Parquet files with a signed certificate, as The Update Framework lays them out. The "
        "policies in it decide which role reads which column for which purpose. It has no DOI."
    )


def _when(facts: Facts) -> Blocks:
    yield f"This release was certified on {day_of(facts.certified_at)} and is valid until {day_of(facts.valid_until)}."


def _who(facts: Facts) -> Blocks:
    if not facts.signoffs:
        yield "Nobody has signed this release's contract: the sandbox demands no signature."
        return
    yield table(
        ("signed as", "by", "on", "valid until"),
        [
            tuple(
                escaped(str(s[key])[:10] if key in ("signedAt", "validUntil") else str(s[key]))
                for key in ("role", "principal", "signedAt", "validUntil")
            )
            for s in facts.signoffs
        ],
    )


def _erratum(facts: Facts) -> Blocks:
    yield "A release that turns out to be wrong is revoked, and from then on every reader refuses it and says why."
    yield from _waivers(facts)


def _older(facts: Facts) -> Blocks:
    yield (
        "No: the next release replaces this one, and files of earlier ones are deleted after a time of grace. "
        "Certificates are kept for ever, and each names the one before."
    )


EVIDENCE: Mapping[str, Callable[[Facts], Blocks]] = {
    "composition_count": _count,
    "composition_data": _columns,
    "composition_missing": _missing,
    "composition_errors": _errors,
    "composition_external": _external,
    "composition_confidential": _confidential,
    "composition_subpopulations": _groups,
    "composition_identification": _identification,
    "collection_mechanisms": _custody,
    "collection_timeframe": _timeframe,
    "preprocessing_raw": _raw,
    "preprocessing_software": _software,
    "uses_repository": _repository,
    "distribution_how": _how,
    "distribution_when": _when,
    "maintenance_who": _who,
    "maintenance_erratum": _erratum,
    "maintenance_versions": _older,
}
