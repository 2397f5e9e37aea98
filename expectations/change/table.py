"""THE table of changes: path in a contract or source contract → how a difference there is classified.

Belongs here: what each clause means when it changes. Does not: finding differences, judging directions
(`judges.py`). A path that no row names is breaking: what nobody thought of is not waved through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from expectations.change.classes import ChangeClass
from expectations.change.differences import Difference, Path
from expectations.change.judges import (
    Judge,
    always,
    between,
    bound,
    classification,
    engine_type,
    flag,
    presence,
    ranked,
)

BREAKING, WEAKENING, PERMISSIVE = ChangeClass.BREAKING, ChangeClass.WEAKENING, ChangeClass.PERMISSIVE
RESTRICTIVE, ADDITIVE = ChangeClass.RESTRICTIVE, ChangeClass.ADDITIVE
ADMINISTRATIVE, COSMETIC = ChangeClass.ADMINISTRATIVE, ChangeClass.COSMETIC

_DEMANDED = presence(added=RESTRICTIVE, removed=WEAKENING)  # a promise: more of it is stronger
_GUARDED = presence(added=RESTRICTIVE, removed=PERMISSIVE)  # a protection, likewise
_GRANTED = presence(added=PERMISSIVE, removed=BREAKING)  # something that may be done: gone, somebody is locked out
_UPPER = bound(rising=WEAKENING, falling=RESTRICTIVE)
_LOWER = bound(rising=RESTRICTIVE, falling=WEAKENING)


@dataclass(frozen=True)
class Row:
    """One kind of difference.

    Args:
        paths: patterns; `*` stands for one name or a part of it, a last `**` for anything below.
        judge: before and after → class.
        meaning: what such a change is, in a few words.
    """

    paths: tuple[str, ...]
    judge: Judge
    meaning: str

    def matches(self, path: Path) -> bool:
        """Whether a path is of this kind."""
        return any(_matches(tuple(pattern.split("/")), path) for pattern in self.paths)


def _rows(*rows: tuple[str, Judge | ChangeClass, str]) -> tuple[Row, ...]:
    return tuple(
        Row(tuple(paths.split()), always(judge) if isinstance(judge, ChangeClass) else judge, meaning)
        for paths, judge, meaning in rows
    )


_COLUMN = "schema/*/properties/*"
_RULE = f"schema/*/quality/* {_COLUMN}/quality/*"


def _below(holders: str, *names: str) -> str:
    return " ".join(f"{holder}/{name}" for holder in holders.split() for name in names)


ROWS = _rows(
    # the document
    ("id name kind", BREAKING, "another dataset"),
    ("schema/*/properties/(order)", BREAKING, "the order of the columns, for who reads by position"),
    ("**/(order) (writing)", COSMETIC, "the order and the writing of a list"),
    ("**/*(words)/**", COSMETIC, "what is said of a property"),
    ("apiVersion contractCreatedTs dataProduct domain tags/**", COSMETIC, "marks"),
    ("status", ranked(("retired", "deprecated", "proposed", "draft", "active"), WEAKENING, ADDITIVE), "its status"),
    ("description/lawfulBasis", presence(RESTRICTIVE, PERMISSIVE), "the lawful basis"),
    ("description/purpose description/usage description/limitations", COSMETIC, "what is said of it"),
    ("authoritativeDefinitions/**", COSMETIC, "links and words"),
    ("context/constraints context/constraints/*", _GUARDED, "a constraint on AI use"),
    ("context/**", COSMETIC, "what is said to AI systems"),
    ("team/** support/**", ADMINISTRATIVE, "who answers for it"),
    # access
    ("roles/*", _GRANTED, "a role"),
    (_below("roles/*", "purposes", "purposes/*", "columns/allow", "columns/allow/*"), _GRANTED, "a grant"),
    (
        _below("roles/*", "columns/deny", "columns/deny/*", "columns/mask", "columns/mask/*"),
        presence(added=BREAKING, removed=PERMISSIVE, changed=PERMISSIVE),
        "a column that a role does not get, or gets masked",
    ),
    ("roles/*/expires", bound(rising=PERMISSIVE, falling=RESTRICTIVE), "the last day of a grant"),
    ("roles/*/access", _GRANTED, "what a role may do"),
    (_below("roles/*", "firstLevelApprovers", "secondLevelApprovers"), _GUARDED, "who approves a grant"),
    ("roles/*/description roles/*/id", COSMETIC, "what is said of a role"),
    ("accessAudit accessAudit/sensitiveColumns accessAudit/sensitiveColumns/*", _GUARDED, "what is watched"),
    ("accessAudit/logReads", flag(on=RESTRICTIVE, off=PERMISSIVE), "whether reads are recorded"),
    ("accessAudit/reviewEveryDays", bound(rising=PERMISSIVE, falling=RESTRICTIVE), "how often access is reviewed"),
    # tables and columns
    ("schema/*", presence(added=ADDITIVE, removed=BREAKING), "a table"),
    (
        _below("schema/*", "name", "physicalName", "physicalType", "logicalType", "dataGranularityDescription"),
        BREAKING,
        "what a table is, or what one row of it is",
    ),
    (_COLUMN, presence(added=ADDITIVE, removed=BREAKING), "a column"),
    (_below(_COLUMN, "name", "physicalName", "logicalType"), BREAKING, "a column's name or type"),
    (f"{_COLUMN}/physicalType", engine_type, "a column's type, wider or narrower"),
    (_below(_COLUMN, "primaryKey", "primaryKeyPosition"), BREAKING, "the key"),
    (
        _below(_COLUMN, "required", "unique", "criticalDataElement"),
        flag(on=RESTRICTIVE, off=WEAKENING),
        "whether a value may be missing or repeated",
    ),
    (f"{_COLUMN}/classification", classification, "a column's classification"),
    (_below(_COLUMN, "tags", "tags/pii", "tags/pseudonymised"), _GUARDED, "a mark of personal data"),
    (f"{_COLUMN}/privacy", _GUARDED, "the protection of personal data"),
    (f"{_COLUMN}/privacy/technique", presence(BREAKING, PERMISSIVE, BREAKING), "how personal data is protected"),
    (_below(f"{_COLUMN}/privacy", "category", "dataSubject"), PERMISSIVE, "whose personal data it is, of what kind"),
    (f"{_COLUMN}/privacy/erasureKey", flag(on=RESTRICTIVE, off=PERMISSIVE), "whether a person is erased by it"),
    (f"{_COLUMN}/privacy/**", BREAKING, "how personal data is protected"),
    (f"{_COLUMN}/enum", _DEMANDED, "a list of accepted values"),
    (f"{_COLUMN}/enum/*", presence(added=WEAKENING, removed=BREAKING), "an accepted value"),
    (
        _below(f"{_COLUMN}/logicalTypeOptions", "minimum", "exclusiveMinimum", "minLength", "minItems"),
        _LOWER,
        "a bound",
    ),
    (
        _below(f"{_COLUMN}/logicalTypeOptions", "maximum", "exclusiveMaximum", "maxLength", "maxItems"),
        _UPPER,
        "a bound",
    ),
    (f"{_COLUMN}/logicalTypeOptions/format", BREAKING, "how a value is written"),
    (f"{_COLUMN}/logicalTypeOptions/*", _DEMANDED, "what a value must look like"),
    (f"{_COLUMN}/relationships {_COLUMN}/relationships/*", _DEMANDED, "a reference"),
    (f"{_COLUMN}/transformLogic", BREAKING, "how a value is made"),
    (f"{_COLUMN}/transformSourceObjects/*", presence(added=ADDITIVE, removed=BREAKING), "where a value comes from"),
    (
        f"{_COLUMN}/declaredLineage",
        presence(added=WEAKENING, removed=RESTRICTIVE, changed=COSMETIC),
        "followed or declared",
    ),
    (
        _below(f"schema/* {_COLUMN}", "id", "businessName", "description", "tags/*", "authoritativeDefinitions/**")
        + f" {_COLUMN}/partition* {_COLUMN}/examples/** {_COLUMN}/enum/*/**",
        COSMETIC,
        "names and words",
    ),
    # rules
    (f"schema/*/quality {_COLUMN}/quality {_RULE}", _DEMANDED, "a rule"),
    (_below(_RULE, "severity"), ranked(("warning", "error"), WEAKENING), "whether a rule shuts the gate"),
    (
        _below(_RULE, "mustBeLessThan", "mustBeLessOrEqualTo", "implementation/threshold"),
        _UPPER,
        "a threshold, looser or tighter",
    ),
    (
        _below(_RULE, "mustBeGreaterThan", "mustBeGreaterOrEqualTo"),
        _LOWER,
        "a threshold, looser or tighter",
    ),
    (_below(_RULE, "mustBeBetween"), between, "a threshold, looser or tighter"),
    (_below(_RULE, "mustBe", "mustNotBe", "mustNotBeBetween"), _DEMANDED, "a threshold"),
    (
        _below(
            _RULE,
            "description",
            "businessName",
            "name",
            "id",
            "dimension",
            "method",
            "tags/**",
            "authoritativeDefinitions/**",
        ),
        COSMETIC,
        "what is said of a rule",
    ),
    (_below(_RULE, "**"), WEAKENING, "what a rule asks"),
    # deliveries of a source
    ("schema/*/delivery/quarantineTolerance/value", _UPPER, "how many rows may be held back"),
    ("schema/*/delivery/quarantineTolerance/**", WEAKENING, "how many rows may be held back"),
    ("schema/*/delivery/additive", ranked(("warn", "block"), WEAKENING), "what an addition does"),
    ("schema/*/delivery/cadence", WEAKENING, "when it is delivered"),
    ("schema/*/delivery/**", BREAKING, "how it is delivered"),
    ("agreement agreement/**", presence(RESTRICTIVE, WEAKENING, ADMINISTRATIVE), "the agreement"),
    # SLAs, retention, erasure
    ("slaProperties/retention*", _GUARDED, "how long rows are kept"),
    ("slaProperties/retention*/value", bound(rising=PERMISSIVE, falling=WEAKENING), "how long rows are kept"),
    ("slaProperties/retention*/deletion slaProperties/*/deletion/erasure", _GUARDED, "a deletion that is promised"),
    ("slaProperties/*/deletion/action", ranked(("anonymise", "delete"), PERMISSIVE), "what deletion does"),
    ("slaProperties/*/deletion/legalHold", flag(on=PERMISSIVE, off=RESTRICTIVE), "a legal hold"),
    ("slaProperties/*/deletion/erasure/maxDays", bound(rising=PERMISSIVE, falling=RESTRICTIVE), "days until erased"),
    ("slaProperties/*/deletion/**", PERMISSIVE, "how deletion is done and proven"),
    ("slaProperties/*", _DEMANDED, "a service level"),
    ("slaProperties/availability*/value slaProperties/throughput*/value", _LOWER, "a service level"),
    ("slaProperties/general*/value slaProperties/end*/value", WEAKENING, "a date in its life"),
    ("slaProperties/*/value", _UPPER, "a service level"),
    (_below("slaProperties/*", "id", "description", "driver", "scheduler", "valueExt"), COSMETIC, "what is said of it"),
    ("slaProperties/*/**", WEAKENING, "how a service level is measured"),
    # our own properties
    ("businessDefinitions businessDefinitions/*", presence(ADDITIVE, BREAKING), "a definition"),
    ("businessDefinitions/*/version businessDefinitions/*/term", BREAKING, "what a word means"),
    ("businessDefinitions/*/ref", COSMETIC, "links and words"),
    ("businessDefinitions/*/agreed*/**", ADMINISTRATIVE, "who agreed and when"),
    ("sourceSystems sourceSystems/*", presence(WEAKENING, BREAKING), "a system that feeds it"),
    (_below("sourceSystems/*", "duplicateOf"), presence(WEAKENING, RESTRICTIVE), "a copy of a system"),
    ("sourceSystems/*/governedUntil", bound(rising=WEAKENING, falling=RESTRICTIVE), "until when a copy is governed"),
    (_below("sourceSystems/*", "owner", "systemOfRecordFor/**"), ADMINISTRATIVE, "who answers for a system"),
    (_below("sourceSystems/*", "contract", "namespace", "reason"), COSMETIC, "links and words"),
    ("release relations relations/*", ADMINISTRATIVE, "what it is published or compared with"),
    ("changeManagement", _DEMANDED, "what is promised of changes"),
    ("changeManagement/upstreamAdditive", ranked(("warn", "block"), WEAKENING), "what an addition does"),
    ("changeManagement/noticeDays", _LOWER, "days of notice"),
    ("changeManagement/notify", ADMINISTRATIVE, "who is told"),
    ("changeManagement/**", WEAKENING, "what is promised of changes"),
    ("aiUse aiUse/prohibited aiUse/prohibited/*", _GUARDED, "what AI systems must not do"),
    ("aiUse/riskTier", ranked(("minimal", "limited", "high"), PERMISSIVE), "the risk tier"),
    ("aiUse/useCases aiUse/useCases/*", _GRANTED, "what AI systems may do"),
    ("gate gate/signoffs gate/signoffs/*", _GUARDED, "who must sign"),
    ("gate/validDays", bound(rising=PERMISSIVE, falling=RESTRICTIVE), "how long a signature holds"),
    ("gate/quorum", bound(rising=RESTRICTIVE, falling=PERMISSIVE), "how many must sign"),
    ("gate/profile", PERMISSIVE, "who must sign"),
    ("dataGovernance/specialCategories", PERMISSIVE, "special categories of personal data"),
    ("dataGovernance dataGovernance/*", presence(RESTRICTIVE, WEAKENING, COSMETIC), "an answer to the AI Act"),
    ("dataGovernance/**", COSMETIC, "an answer to the AI Act"),
    ("datasheet datasheet/answers datasheet/answers/*", presence(RESTRICTIVE, WEAKENING, COSMETIC), "an answer"),
    ("datasheet/demands", ranked(("essential", "full"), WEAKENING), "how many answers are demanded"),
    ("datasheet/license datasheet/license/id", presence(RESTRICTIVE, WEAKENING, BREAKING), "the licence of its use"),
    ("datasheet/license/url datasheet/citeAs datasheet/language/**", COSMETIC, "links and words"),
)


_NOTHING: tuple[object, ...] = (None, {}, [])


def row_of(path: Path) -> Row | None:
    """The row that a path falls under: the first that names it.

    Args:
        path: names from the top of a document down.
    """
    return next((row for row in ROWS if row.matches(path)), None)


def told_whole(path: Path) -> bool:
    """Whether something that is only on one side is one difference there, rather than one for each of its parts."""
    return any(row.matches(path) for row in ROWS if not all(pattern.endswith("**") for pattern in row.paths))


def classify(difference: Difference) -> tuple[ChangeClass, str]:
    """The class of a difference and what it is about; breaking where no row names its path.

    Args:
        difference: between two documents.
    """
    if difference.before in _NOTHING and difference.after in _NOTHING:
        return COSMETIC, "nothing, in other words"
    row = row_of(difference.path)
    if row is None:
        return BREAKING, "something that no rule of change names"
    return row.judge(difference.before, difference.after), row.meaning


def _matches(pattern: Iterable[str], path: Path) -> bool:
    parts = tuple(pattern)
    if parts and parts[0] == "**":
        return any(_matches(parts[1:], path[i:]) for i in range(len(path) + 1)) if len(parts) > 1 else True
    if not parts or not path:
        return not parts and not path
    return fnmatchcase(path[0], parts[0]) and _matches(parts[1:], path[1:])
