"""The plan: which few queries answer many measures, each the cheapest exact way for what is asked.

Belongs here: pure functions from measures and facts to queries. Does not: running them (`answers.py`).

Every query gives one row, a value per measure; NULL means "not settled this way", and the measure is then asked alone.
No way may give another number than the measure alone: an approximation may choose the way, never the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from expectations.rules.measures import Aggregate, Count, Duplicates, Groups, Histogram, Measure, Orphans, by_groups
from expectations.rules.scope import Scope
from expectations.sql import INTEGERS, ZONED, quote

# A head of the rows is enough to guess whether a column repeats itself; guessing wrong costs time, not truth.
SAMPLE_ROWS = 20_000
REPEATS = 0.3  # at most so many distinct values per row of the sample: then its groups are judged instead of its rows
BITS_PER_ROW = 16  # a key whose range is at most so much wider than it has rows is counted in a bitmap
COLUMNS_AT_A_TIME = 6
WIDEST_BITMAP = 2**31
WIDEST_KEY = 2**62  # what packing into one BIGINT can hold

# What statistics tell of a column: of one file, and of several such numbers.
SUMMARY = {
    "all_rows": ("count(*)", "sum"),
    "with_value": ("count({})", "sum"),
    "lowest": ("min({})", "min"),
    "highest": ("max({})", "max"),
}

Grouped = Count | Histogram


@dataclass(frozen=True)
class Question:
    """One query.

    Args:
        sql: gives one row.
        measures: the i-th value of the row answers the i-th of these, unless it is NULL.
    """

    sql: str
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Facts:
    """What is known before planning.

    Args:
        rows: how many there are.
        repeating: columns that seem to have few distinct values.
        ranges: key column → its lowest and highest value as integers.
    """

    rows: int = 0
    repeating: frozenset[str] = frozenset()
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def proofs(measures: Iterable[Measure], scope: Scope) -> list[Question]:
    """Questions that statistics may answer without touching rows, one per column so that none makes another scan."""
    by_columns: dict[tuple[str, ...], list[Aggregate | Count]] = {}
    questions = []
    for measure in measures:
        if isinstance(measure, Aggregate | Count) and measure.cheap is not None:
            by_columns.setdefault(measure.columns, []).append(measure)
        elif isinstance(measure, Duplicates) and measure.columns == scope.key:
            questions.append(Question(_ascending(measure, scope), (measure,)))
        elif isinstance(measure, Orphans) and scope.types[measure.column] in INTEGERS:
            questions.append(Question(_dense_parent(measure, scope), (measure,)))
    for columns, asked in by_columns.items():
        values = ", ".join(str(measure.cheap) for measure in asked)
        wanted = [name for name in SUMMARY if f".{name}" in values]
        summaries = ", ".join(f"{_summary(c, wanted, scope)} AS c{i}" for i, c in enumerate(columns or ("",)))
        questions.append(Question(f"SELECT {values} FROM {summaries}", tuple(asked)))
    return questions


def _summary(column: str, wanted: Iterable[str], scope: Scope) -> str:
    """One row with some of `SUMMARY` for one column, file by file where the relation is a list of files."""
    each = ", ".join(f"{SUMMARY[name][0].format(quote(column))} AS {name}" for name in wanted)
    whole = ", ".join(f"{SUMMARY[name][1]}({name}) AS {name}" for name in wanted)
    files = " UNION ALL ".join(f"SELECT {each} FROM {file}" for file in scope.files or (scope.relation,))
    return f"(SELECT {whole} FROM ({files}))"


def repetition(measures: Iterable[Measure], scope: Scope) -> tuple[str, tuple[str, ...]]:
    """A query for the share of distinct values in a head of the rows, and the columns that it speaks of, in order."""
    columns = tuple(dict.fromkeys(m.columns[0] for m in measures if isinstance(m, Grouped) and len(m.columns) == 1))
    shares = ", ".join(f"approx_count_distinct({quote(c)}) / count(*)" for c in columns)
    head = f"SELECT {', '.join(map(quote, columns))} FROM {scope.relation} LIMIT {SAMPLE_ROWS}"
    return f"SELECT {shares} FROM ({head})", columns


def key_ranges(measures: Iterable[Measure], scope: Scope) -> list[tuple[str, str]]:
    """For each column of a key that counts like integers: its name, and a query for its lowest and highest value."""
    columns = dict.fromkeys(column for m in measures if isinstance(m, Duplicates) for column in m.columns)
    ends = {c: [_ordinal(end, scope.types[c]) for end in ("lowest", "highest")] for c in columns}
    summaries = {c: _summary(c, ("lowest", "highest"), scope) for c in columns}
    return [(c, f"SELECT {low}, {high} FROM {summaries[c]}") for c, (low, high) in ends.items() if low and high]


def plan(measures: Iterable[Measure], scope: Scope, facts: Facts) -> list[Question]:
    """Questions for the measures that no proof has settled.

    Args:
        measures: distinct ones.
        scope: the relation and its types.
        facts: what the questions above have taught.
    """
    groups: dict[str, list[Grouped]] = {}
    keyed: dict[tuple[tuple[str, ...], str], list[Groups]] = {}
    scans: list[Aggregate | Grouped] = []
    questions = []
    for measure in measures:
        if isinstance(measure, Duplicates):
            questions.append(Question(_counted(measure, scope, facts), (measure,)))
        elif isinstance(measure, Grouped) and len(measure.columns) == 1 and measure.columns[0] in facts.repeating:
            groups.setdefault(measure.columns[0], []).append(measure)
        elif isinstance(measure, Groups):
            keyed.setdefault((measure.columns, measure.among), []).append(measure)
        elif isinstance(measure, Aggregate | Grouped):
            scans.append(measure)
        else:
            questions.append(Question(measure.naive(scope.relation), (measure,)))
    questions += [_by_groups(column, asked, scope) for column, asked in groups.items()]
    questions += [Question(by_groups(asked, scope.relation), tuple(asked)) for asked in keyed.values()]
    questions += [_by_scan(asked, scope) for asked in _sharing(scans)]
    return questions


def _by_groups(column: str, asked: Sequence[Grouped], scope: Scope) -> Question:
    """Conditions on one column, judged on its distinct values."""

    def total(condition: str) -> str:
        return f"coalesce(sum(rows_of_group) FILTER (WHERE {condition}), 0)::BIGINT"

    values = [f"[{', '.join(map(total, m.bins))}]" if isinstance(m, Histogram) else total(m.condition) for m in asked]
    name = quote(column)
    groups = f"SELECT {name}, count(*) AS rows_of_group FROM {scope.relation} GROUP BY {name}"
    return Question(f"SELECT {', '.join(values)} FROM ({groups})", tuple(asked))


def _by_scan(asked: Sequence[Aggregate | Grouped], scope: Scope) -> Question:
    return Question(f"SELECT {', '.join(m.sql for m in asked)} FROM {scope.relation}", tuple(asked))


def _sharing(scans: Iterable[Aggregate | Grouped]) -> list[list[Aggregate | Grouped]]:
    """Measures that read a column in common, together: a column is read once, but few are read at a time."""
    together: list[tuple[set[str], list[Aggregate | Grouped]]] = []
    for measure in sorted(scans, key=lambda m: -len(m.columns)):
        for columns, asked in together:
            if columns.intersection(measure.columns) and len(columns.union(measure.columns)) <= COLUMNS_AT_A_TIME:
                columns.update(measure.columns)
                asked.append(measure)
                break
        else:
            together.append((set(measure.columns), [measure]))
    return [asked for _, asked in together]


def _ascending(measure: Duplicates, scope: Scope) -> str:
    """Zero where each key is larger than the one before it, in whatever order they come: then none can repeat.

    A pinned candidate is sorted by its primary key, so that this takes no memory where a set of keys takes all of it.
    """
    later = ""
    for column in reversed(measure.columns):
        name, before = quote(column), f"lag({quote(column)}) OVER ()"
        later = f"{name} > {before}" + (f" OR ({name} = {before} AND ({later}))" if later else "")
    keys = f"SELECT {later} AS later FROM {scope.relation} WHERE {measure.present}"
    return f"SELECT CASE WHEN count(*) FILTER (WHERE NOT later) = 0 THEN 0 END FROM ({keys})"


def _dense_parent(measure: Orphans, scope: Scope) -> str:
    """Zero where the parent's keys are all the integers of a range that covers the child's."""
    key = quote(measure.key)
    child = _summary(measure.column, ("lowest", "highest"), scope)
    parent = f"SELECT min({key}) AS low, max({key}) AS high, count(DISTINCT {key}) AS keys FROM {measure.parent}"
    integers = ", ".join(f"'{name}'" for name in sorted(INTEGERS))
    covered = "low <= child.lowest AND child.highest <= high AND keys - 1 = high - low"
    return f"SELECT CASE WHEN typeof(low) IN ({integers}) AND {covered} THEN 0 END FROM {child} AS child, ({parent})"


def _counted(measure: Duplicates, scope: Scope, facts: Facts) -> str:
    """Duplicates by a bitmap over the packed key where that is dense, else by the set of packed or plain keys."""
    packed = _packed(measure, scope, facts)
    if packed is None:
        return measure.naive(scope.relation)
    key, span = packed
    if span <= min(WIDEST_BITMAP, BITS_PER_ROW * facts.rows):
        distinct = f"coalesce(bit_count(bitstring_agg({key}, 0, {span - 1})), 0)"
    else:
        distinct = f"count(DISTINCT {key})"
    return f"SELECT count(*) - {distinct} FROM {scope.relation} WHERE {measure.present}"


def _packed(measure: Duplicates, scope: Scope, facts: Facts) -> tuple[str, int] | None:
    """The key as one BIGINT from 0, different for different keys, and how many values it may have."""
    packed, span = "", 1
    for column in measure.columns:
        if column not in facts.ranges:
            return None
        low, high = facts.ranges[column]
        ordinal = f"({_ordinal(quote(column), scope.types[column])} - ({low})::BIGINT)"
        width = high - low + 1
        packed, span = f"{packed} * {width} + {ordinal}" if packed else ordinal, span * width
        if not -WIDEST_KEY < low <= high < WIDEST_KEY or span >= WIDEST_KEY:
            return None
    return packed, span


def _ordinal(sql: str, engine_type: str) -> str | None:
    """An integer in the order of the values, different for different ones; None where the type has none."""
    if engine_type in INTEGERS:
        return f"CAST({sql} AS BIGINT)"
    if engine_type == "DATE":
        return f"({sql} - DATE '1970-01-01')"
    return f"epoch_us({sql})" if engine_type in {"TIMESTAMP", ZONED} else None
