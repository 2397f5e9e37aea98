"""THE table of words that a contract may use where ODCS itself leaves the word open.

Belongs here: our custom properties with the shape of their values, severities, classifications, units, metrics.
Does not: how a word is checked (`lint.py`) or measured (`rules/kinds.py`). docs/contracts.md lists every word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from expectations.datasheet.questions import LEVELS, QUESTIONS
from expectations.privacy import PERIODS, TECHNIQUES

VENDOR = "esclusa"

SEVERITIES = ("error", "warning")
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")
RESTRAINED = frozenset({"confidential", "restricted"})  # above internal: read only where a role's grant names it
MASKS: Mapping[str, tuple[str, ...]] = {  # technique of masking at reading → logical types that it fits; all where none
    "hash": (),
    "null": (),
    "redact": ("string",),
    "last4": ("string",),
    "year": ("date", "timestamp"),
    "month": ("date", "timestamp"),
}
RISK_TIERS = ("minimal", "limited", "high")  # of AI use, from the least; profiles.yaml says what each demands
STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
API_VERSIONS = ("v3.1.0", "v3.2.0")

SLA_NAMES = (
    "availability", "endOfLife", "endOfSupport", "errorRate", "freshness", "frequency", "generalAvailability",
    "latency", "retention", "throughput", "timeToDetect", "timeToNotify", "timeToRepair",
)  # fmt: skip
SLA_MEASURED = ("freshness", "retention")  # these need an element and a duration: the audit measures them
TIME_UNITS: Mapping[str, timedelta] = {
    **dict.fromkeys(("s", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
    **dict.fromkeys(("y", "yr", "year", "years"), timedelta(days=365)),
}

UNITS: Mapping[str, tuple[str, ...]] = {
    "library": ("rows", "percent"),
    "sql": ("rows", "percent", "count", "hours", "days", "value"),
    "custom": ("rows", "percent", "count", "value"),
}
METRICS: Mapping[str, tuple[str, ...]] = {  # metric → the arguments that it takes
    "nullValues": (),
    "missingValues": ("missingValues",),
    "invalidValues": ("validValues", "pattern"),
    "duplicateValues": ("properties",),
    "rowCount": (),
}
PHYSICAL_TYPES: Mapping[str, tuple[str, ...]] = {  # logical type → engine types that carry it
    "string": ("varchar", "text", "string", "uuid"),
    "integer": (
        "tinyint",
        "smallint",
        "integer",
        "int",
        "bigint",
        "hugeint",
        "utinyint",
        "usmallint",
        "uinteger",
        "ubigint",
    ),
    "number": ("double", "float", "real", "decimal", "numeric"),
    "date": ("date",),
    "timestamp": ("timestamp", "timestamptz", "timestamp with time zone", "datetime"),
    "time": ("time",),
    "boolean": ("boolean", "bool"),
}

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
DAY: Schema = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
YES: Schema = {"type": "boolean"}
ANY: Schema = {}
NAMES: Schema = {"type": ["string", "array"], "minLength": 1, "minItems": 1, "items": TEXT}
COUNT: Schema = {"type": "integer", "minimum": 0}


def words(*allowed: str) -> Schema:
    """One of these words."""
    return {"enum": list(allowed)}


def mapping(*required: str, **keys: Schema) -> Schema:
    """A mapping with these keys and no others."""
    return {"type": "object", "properties": keys, "required": list(required), "additionalProperties": False}


def list_of(item: Schema) -> Schema:
    """A list of such items."""
    return {"type": "array", "items": item}


@dataclass(frozen=True)
class CustomProperty:
    """One property of vendor `esclusa`.

    Args:
        place: where it may stand: `contract`, `source` (top of either), `description`, `table` (of a source), `column`,
            `role`, `sla`, `term`.
        name: its `property`.
        value: JSON Schema of its `value`.
        meaning: what it says, in a line.
    """

    place: str
    name: str
    value: Schema
    meaning: str


_TERM = mapping("term", "version", term=TEXT, version=COUNT, ref=TEXT, agreedBy=NAMES, agreedOn=DAY)
_SYSTEM = mapping(
    "system",
    system=TEXT,
    owner=TEXT,
    systemOfRecordFor=NAMES,
    namespace=TEXT,
    contract=TEXT,
    duplicateOf=TEXT,
    reason=TEXT,
    governedUntil=DAY,
)
_HOLD: Schema = {"anyOf": [mapping("reason", "by", "since", reason=TEXT, by=TEXT, since=DAY), {"enum": [False]}]}
_TOLERANCE = mapping("value", "unit", value={"type": "number", "minimum": 0}, unit=words("percent", "rows"))

CUSTOM_PROPERTIES: tuple[CustomProperty, ...] = (
    CustomProperty(
        "contract",
        "businessDefinitions",
        list_of(_TERM),
        "the glossary terms that the dataset rests on, each at the version agreed",
    ),
    CustomProperty(
        "contract",
        "sourceSystems",
        list_of(_SYSTEM),
        "every system that feeds the dataset; a copy says why it exists and until when",
    ),
    CustomProperty("contract", "release", TEXT, "datasets of one release name are published together or not at all"),
    CustomProperty(
        "contract", "relations", NAMES, "tables besides the dataset that its `sql` rules may read, as `schema.table`"
    ),
    CustomProperty(
        "contract",
        "accessAudit",
        mapping(logReads=YES, sensitiveColumns=NAMES, reviewEveryDays=COUNT),
        "how reads are recorded and reviewed",
    ),
    CustomProperty(
        "contract",
        "changeManagement",
        mapping(
            "upstreamAdditive",
            "upstreamBreaking",
            upstreamAdditive=words("warn", "block"),
            upstreamBreaking=words("block"),
            noticeDays=COUNT,
            notify=TEXT,
            compatibility=TEXT,
            rollback=TEXT,
        ),
        "what happens when a source's schema changes",
    ),
    CustomProperty(
        "contract",
        "aiUse",
        mapping(riskTier=words(*RISK_TIERS), useCases=NAMES, prohibited=NAMES),
        "AI systems that may use the dataset, and what they must not be used for",
    ),
    CustomProperty(
        "contract",
        "gate",
        mapping(profile=TEXT, signoffs=NAMES, validDays=COUNT, quorum=COUNT),
        "roles that must sign, and when a signature lapses",
    ),
    CustomProperty(
        "contract",
        "dataGovernance",
        mapping(
            **dict.fromkeys(
                (
                    "designChoices",
                    "collection",
                    "preparation",
                    "labelling",
                    "assumptions",
                    "suitability",
                    "biasExamination",
                    "biasMitigation",
                    "knownGaps",
                    "population",
                    "setting",
                    "specialCategories",
                ),
                ANY,
            )
        ),
        "answers to the EU AI Act, Art. 10(2) to (5)",
    ),
    CustomProperty(
        "contract",
        "datasheet",
        mapping(
            demands=words(*LEVELS),
            license=mapping("id", id=TEXT, url=TEXT),
            citeAs=TEXT,
            language=list_of(TEXT),
            answers=mapping(**{question.id: TEXT for question in QUESTIONS}),
        ),
        "answers that no other clause gives to the questions of a datasheet, and how many of them are demanded",
    ),
    CustomProperty(
        "source",
        "agreement",
        mapping("agreedBy", "agreedOn", owner=TEXT, agreedBy=NAMES, agreedOn=DAY),
        "who agreed to deliver this, and when; the owner is the team's where none is given",
    ),
    CustomProperty(
        "table",
        "delivery",
        mapping(
            "format",
            format=words("csv", "jsonl", "parquet", "postgres"),
            file=TEXT,
            member=TEXT,
            relation=TEXT,
            delimiter={"type": "string", "minLength": 1, "maxLength": 1},
            encoding=TEXT,
            header=YES,
            finalNewline=YES,
            nulls=list_of({"type": "string"}),
            mode=words("snapshot", "append"),
            quarantineTolerance=_TOLERANCE,
            additive=words("warn", "block"),
            cadence=TEXT,
        ),
        "how a source's table arrives, and how many of its rows may be held back",
    ),
    CustomProperty("description", "lawfulBasis", TEXT, "why personal data may be processed"),
    CustomProperty(
        "column",
        "privacy",
        mapping(
            "category",
            category=TEXT,
            dataSubject=TEXT,
            erasureKey=YES,
            technique=words(*TECHNIQUES),
            domain={"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
            **{key: {"type": "integer", "minimum": 1} for key in ("keepFirst", "keepLast", "prefix")},
            period=words(*PERIODS),
            bucket={"type": "number", "exclusiveMinimum": 0},
        ),
        "personal data: whose, of what kind, and the technique that protects it",
    ),
    CustomProperty(
        "column",
        "declaredLineage",
        TEXT,
        "why the SQL cannot be followed for this column: its `transformSourceObjects` then stand on the owner's word",
    ),
    CustomProperty("role", "purposes", NAMES, "what the role may read the dataset for"),
    CustomProperty(
        "role",
        "columns",
        mapping(allow=NAMES, deny=NAMES, mask={"type": "object", "additionalProperties": words(*MASKS)}),
        "columns above internal that it needs (`allow`), and columns that it gets masked (`mask`) or not (`deny`)",
    ),
    CustomProperty("role", "expires", DAY, "last day of the grant"),
    CustomProperty(
        "sla",
        "deletion",
        mapping(
            "action",
            action=words("delete", "anonymise"),
            legalHold=_HOLD,
            erasure=mapping(key=TEXT, method=TEXT, maxDays=COUNT),
            evidence=TEXT,
        ),
        "what happens to rows past their retention, and to a person's rows on request",
    ),
    CustomProperty("term", "version", {"type": "integer", "minimum": 1}, "raised whenever the meaning changes"),
    CustomProperty("term", "agreedBy", NAMES, "who agreed on the meaning"),
    CustomProperty("term", "agreedOn", DAY, "when they did"),
)

ENGINES = ("esclusa", "greatExpectations")
