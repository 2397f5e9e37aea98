"""`croissant.json`: the release for machines that load data sets: its files by digest, and what responsible AI asks.

Belongs here: the document. Does not: what the contract answers (`expectations/datasheet/questions.py`), its record sets
(`croissant_records.py`).
Source: Croissant 1.1 (mlcommons.org/croissant/1.1) and its RAI vocabulary 1.0, PROV-O for the chain of custody.
"""

from __future__ import annotations

import json
from typing import Any

from expectations.datasheet.questions import answers
from lineage.documents.croissant_records import record_sets
from lineage.documents.facts import Facts

FILE = "croissant.json"
CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
FORMAT = "1.0.0"  # of this document; the dataset's own version is its contract's
PARQUET = "application/x-parquet"
# Appendix 1 of the specification, with the words of 1.0 that loaders still expect to be there.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        word: f"cr:{word}"
        for word in (
            "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract",
            "field", "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset",
            "jsonPath", "key", "md5", "parentField", "path", "readLines", "recordSet", "references", "regex",
            "repeated", "replace", "samplingRate", "sdVersion", "separator", "source", "subField", "transform",
            "unArchive", "value",
        )
    },
}  # fmt: skip

# Property of the RAI vocabulary → questions of the datasheet whose answers it takes, and whether it takes several.
RAI: dict[str, tuple[tuple[str, ...], bool]] = {
    "dataCollection": (("collection_acquired",), False),
    "dataCollectionMissingData": (("composition_missing",), False),
    "dataCollectionRawData": (("collection_mechanisms",), False),
    "dataPreprocessingProtocol": (("preprocessing_done",), True),
    "dataAnnotationProtocol": (("composition_label",), False),
    "dataReleaseMaintenancePlan": (("maintenance_updates", "maintenance_retention", "maintenance_versions"), False),
    "personalSensitiveInformation": (("composition_sensitive", "collection_consent"), True),
    "dataSocialImpact": (("collection_impact",), False),
    "dataBiases": (("uses_impact", "composition_subpopulations"), True),
    "dataLimitations": (("composition_errors", "uses_excluded"), True),
    "dataUseCases": (("uses_other", "uses_already"), True),
}


def croissant(facts: Facts) -> bytes:
    """The Croissant document of one release; the same facts give the same bytes.

    Files are named as they lie beside it in the golden repository: `<sha256>.<part>`, relative to this document.

    Args:
        facts: of the release.
    """
    contract = facts.contract
    sheet = contract.custom.get("datasheet", {})
    license_ = sheet.get("license", {})
    team = contract.document.get("team")
    name = str(team.get("name", "")) if isinstance(team, dict) else ""
    maker = {"@type": "Organization", "name": name or contract.owner}
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": contract.name,
        "alternateName": facts.title,
        "description": " ".join((*_purpose(facts), *facts.caveats, _note(facts))),
        "identifier": contract.id,
        "url": contract.id,
        "version": contract.version,
        "sdVersion": FORMAT,
        "license": license_.get("url") or license_.get("id"),
        "citeAs": citation(facts),
        "creator": maker,
        "publisher": maker,
        "keywords": sorted({*contract.tags, *(use.term for use in contract.terms), contract.domain} - {""}),
        "inLanguage": list(sheet.get("language", ())),
        "datePublished": facts.certified_at.isoformat(),
        "expires": facts.valid_until.isoformat(),
        "isAccessibleForFree": None if facts.published.columns else True,
        "isLiveDataset": contract.sla("freshness") is not None,
        "usageInfo": [_usage(role.name, role.purposes, str(role.expires or "")) for role in contract.roles],
        "prov:wasDerivedFrom": _custody(facts),
        **_rai(facts),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": part.name,
                "name": part.name,
                "description": f"{part.rows:,} rows.",
                "contentUrl": f"{part.sha256}.{part.name}",
                "contentSize": f"{part.size} B",
                "encodingFormat": PARQUET,
                "sha256": part.sha256,
            }
            for part in facts.published.parts
        ],
        "recordSet": record_sets(facts),
    }
    said = {key: value for key, value in document.items() if value not in (None, "", [], ())}
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def citation(facts: Facts) -> str:
    """How to cite the release, as BibTeX.

    Args:
        facts: of the release.
    """
    contract = facts.contract
    team = contract.document.get("team")
    author = (team.get("name") if isinstance(team, dict) else "") or contract.owner
    derived = contract.custom.get("datasheet", {}).get("citeAs", "")
    lines = {
        "title": facts.title,
        "author": f"{{{author}}}",
        "year": f"{facts.certified_at:%Y}",
        "version": contract.version,
        "howpublished": f"certified dataset, candidate sha256:{facts.verdict.candidate_digest}",
        **({"note": f"Built from: {derived}"} if derived else {}),
    }
    body = ", ".join(f"{key} = {{{value}}}" for key, value in lines.items())
    return f"@misc{{{contract.name}_{contract.version.replace('.', '_')}, {body}}}"


def _purpose(facts: Facts) -> tuple[str, ...]:
    purpose = str(facts.contract.description.get("purpose", "")).strip()
    return (purpose,) if purpose else (facts.contract.table.description,)


def _note(facts: Facts) -> str:
    sealed = sorted(facts.published.columns)
    if not sealed:
        return ""
    return (
        f"Encrypted in the files: {', '.join(sealed)}. Readers of single columns read the others; a reader of whole "
        "files needs the keys, or an export of what its role may read (`esclusa export`)."
    )


def _usage(role: str, purposes: tuple[str, ...], until: str) -> dict[str, str]:
    ends = f", until {until}" if until else ""
    return {
        "@type": "CreativeWork",
        "name": f"Role {role}",
        "description": f"May read it for {', '.join(purposes)}{ends}.",
    }


def _custody(facts: Facts) -> list[dict[str, str]]:
    return [
        {
            "@id": f"urn:sha256:{load.file_digest}",
            "@type": "prov:Entity",
            "prov:label": f"{load.system}.{load.table}: {load.file}, {load.rows:,} rows"
            + (", generated" if load.synthetic else ""),
            "prov:generatedAtTime": load.landed_at.isoformat(),
        }
        for load in facts.inputs
    ]


def _rai(facts: Facts) -> dict[str, Any]:
    said = {answer.question.id: answer.said for answer in answers(facts.contract)}
    stated: dict[str, Any] = {}
    for name, (questions, several) in RAI.items():
        sentences = [sentence for question in questions for sentence in said[question]]
        stated[f"rai:{name}"] = sentences if several else " ".join(sentences)
    collection = facts.contract.custom.get("dataGovernance", {}).get("collection")
    frame = (
        [str(collection[key]) for key in ("from", "until") if collection.get(key)]
        if isinstance(collection, dict)
        else []
    )
    return {**stated, "rai:dataCollectionTimeframe": frame}
