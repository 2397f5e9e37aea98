"""From a rule to mutations of a candidate that should break it, by the rule's kind and arguments alone.

Belongs here: which way each kind of rule can be pushed. Does not: which rows give way (`changed_rows.py`), whether the
rule then fails (`tests/journeys/test_every_rule_of_every_contract_bites.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from expectations.rules.drift import DISTANCES
from expectations.rules.expansion import Rule
from expectations.rules.groups import quasi_identifiers
from expectations.rules.kinds import KINDS
from expectations.sql import literal, quote, text
from tests.changed_rows import COLUMNS_AT_MOST, Changes, search, transplant
from tests.workbench import Workbench, columns_in, scalars

# A type that holds the same values, so that whatever else reads the column goes on, where that can be.
OTHER_TYPES = {
    "BOOLEAN": "TINYINT",
    "INTEGER": "BIGINT",
    "DOUBLE": "DECIMAL(38,10)",
    "DATE": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
}


@dataclass(frozen=True)
class Mutation:
    """A wrong candidate, worse the larger its measure.

    Args:
        said: what was done, for a person.
        sql: measure → query that gives the mutated candidate from the table `candidate`.
        most: the largest measure; 1 is the smallest.
    """

    said: str
    sql: Callable[[int], str]
    most: int


def mutations(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """Ways to break a rule, the most careful first. Each stands only until the next is asked for.

    Raises:
        KeyError: nothing here knows how to break that kind.
    """
    return WAYS[rule.kind](bench, rule)


Wish = tuple[str, Sequence[str]]  # a condition on a row, and its columns, the one to change first in front


def _making_true(bench: Workbench, rule: Rule, *wishes: Wish, among: str = "true") -> Iterator[Mutation]:
    """Make conditions true on rows: by one column, by several, with the columns of clauses that would break otherwise.

    Ways that leave the other clauses whole come first.

    Args:
        wishes: the conditions.
        among: condition on the rows that may change.
    """
    dirty: list[tuple[str, Changes]] = []
    for i, (wanted, columns) in enumerate(wishes):
        inputs = bench.inputs(columns, rule)
        first = [frozenset([c]) for c in sorted(inputs, key=lambda c: (c not in columns[:1], c))]
        first = list(dict.fromkeys([*first, inputs, frozenset(columns), *(frozenset([c]) for c in columns)]))
        tries = list(first)
        for chosen in tries:
            changes = search(bench, rule, wanted, chosen, table=f"changes_{i}_{tries.index(chosen)}", among=among)
            said = f"changed {', '.join(sorted(chosen))} so that {wanted}"
            if changes.whole:
                yield from _changed(bench, said, changes)
            elif changes.rows:
                dirty.append((said, changes))
            if chosen in first:
                more = frozenset[str]().union(*(bench.inputs(c.columns, rule) for c in changes.broken))
                wider = [*(chosen | {c} for c in sorted(more)), chosen | more]
                tries += [w for w in dict.fromkeys(wider) if w not in tries and len(w) <= COLUMNS_AT_MOST]
        if "was." not in wanted:
            changes = transplant(bench, rule, wanted, set(bench.scope.key) - set(columns), table=f"changes_{i}")
            if changes.rows:
                yield from _changed(bench, f"gave rows the values of others so that {wanted}", changes)
    for said, changes in sorted(dirty, key=lambda f: len(f[1].broken)):
        yield from _changed(bench, said, changes)


def _changed(bench: Workbench, said: str, changes: Changes) -> Iterator[Mutation]:
    """First with what queries sum up kept, where that changes."""
    if changes.columns.intersection(bench.summed):
        most = min(changes.rows, bench.rows - 1)  # one row at least has to take the rest
        yield Mutation(f"{said}, sums kept", lambda n: _sums_kept(bench, changes.sql(n)), most)
    yield Mutation(said, lambda n: f"SELECT * EXCLUDE (spare) FROM ({changes.sql(n)})", changes.rows)


def _sums_kept(bench: Workbench, mutated: str) -> str:
    """The same rows, what is lacking in a sum spread over those that are `spare`: the largest give and take first."""
    spare = bench.value(f"SELECT count(*) FILTER (WHERE spare) FROM ({mutated})")
    spread = []
    for column in bench.summed:
        name, engine_type = quote(column), bench.scope.types[column]
        lacking = bench.value(
            f"SELECT (SELECT sum({name}) FROM candidate) - (SELECT coalesce(sum({name}), 0) FROM ({mutated}))"
        )
        each, rest = divmod(abs(int(lacking)), spare)
        place = f"row_number() OVER (PARTITION BY spare ORDER BY {name} DESC)"
        share = f"{each} + ({place} <= {rest})::INTEGER"
        spread.append(
            f"({name} + CASE WHEN spare THEN {'-' if lacking < 0 else ''}({share}) ELSE 0 END)::{engine_type} AS {name}"
        )
    return f"SELECT * EXCLUDE (spare) REPLACE ({', '.join(spread)}) FROM ({mutated})"


def _row_rule(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """Single rows break it; or all the rows of one value, so that as many values are left."""
    broken = KINDS[rule.kind].broken
    assert broken is not None
    wanted, (column,) = f"({broken(rule, bench.scope)})", rule.columns
    yield from _making_true(bench, rule, (wanted, [column]))
    fewest = (
        f"SELECT {quote(column)} FROM candidate GROUP BY 1 HAVING NOT bool_or({wanted}) ORDER BY count(*), 1 LIMIT 1"
    )
    yield from _making_true(bench, rule, (wanted, [column]), among=f"{quote(column)} = ({fewest})")


def _retyped(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """The column comes as another type."""
    (column,) = map(quote, rule.columns)
    other = bench.scope.types[rule.columns[0]]
    if other == "VARCHAR":
        held = f"SELECT DISTINCT {column} FROM candidate WHERE {column} IS NOT NULL ORDER BY 1"
        other = f"ENUM({', '.join(text(value) for (value,) in bench.connection.execute(held).fetchall())})"
    elif other.startswith("DECIMAL"):
        other = f"DECIMAL(38,{other.partition(',')[2]}"
    else:
        other = OTHER_TYPES[other]
    sql = f"SELECT * REPLACE ({column}::{other} AS {column}) FROM candidate"
    yield Mutation(f"cast {column} to {other[:20]}", lambda _: sql, 1)


def _repeated(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """A row takes the key, or everything, of the row that is most like it."""
    keys, types = sorted(rule.columns), sorted(bench.scope.types)
    there = " AND ".join(f"{quote(c)} IS NOT NULL" for c in keys)
    some = f"SELECT rowid AS rid, * FROM candidate WHERE {there} ORDER BY hash(rowid) LIMIT 300"
    like = " + ".join(f"(a.{quote(c)} IS NOT DISTINCT FROM b.{quote(c)})::INTEGER" for c in types)
    pairs = f"WITH few AS ({some}) SELECT a.rid, b.rid FROM few a JOIN few b ON a.rid <> b.rid"
    ((kept, lost),) = bench.connection.execute(f"{pairs} ORDER BY {like} DESC, a.rid, b.rid LIMIT 1").fetchall()
    for given in (keys, types):
        taken = ", ".join(f"twin.{quote(c)} AS {quote(c)}" for c in given)
        sql = (
            f"SELECT c.* REPLACE ({taken}) FROM candidate c, candidate twin WHERE c.rowid = {lost} "
            f"AND twin.rowid = {kept} UNION ALL BY NAME SELECT * FROM candidate WHERE rowid <> {lost}"
        )
        yield Mutation(f"a row took {len(given)} columns of another", lambda _, s=sql: s, 1)


def _fewer_rows(bench: Workbench) -> Iterator[Mutation]:
    """Rows are lost, none that is the last of its kind: any; then first those that no query counts; then by chance."""
    kind = [f"row_number() OVER (PARTITION BY {quote(c)} ORDER BY hash(rowid)) = 1" for c in bench.told_apart]
    last = " + ".join(["0", *(f"({sql})::INTEGER" for sql in kind)])
    for kept, order in ((last, "0"), (last, bench.weight), ("0", "0")):
        ranked = f"SELECT *, true AS spare, {kept} AS last, {order} AS weight, hash(rowid) AS chance FROM candidate"
        ranked = f"SELECT *, row_number() OVER (ORDER BY last, weight, chance) AS place FROM ({ranked})"
        left = f"SELECT * EXCLUDE (place, last, weight, chance) FROM ({ranked}) WHERE place > "
        if bench.summed:
            yield Mutation("lost rows, sums kept", lambda n, s=left: _sums_kept(bench, f"{s}{n}"), bench.rows - 1)
        yield Mutation("lost rows", lambda n, s=left: f"SELECT * EXCLUDE (spare) FROM ({s}{n})", bench.rows - 1)


def _more_rows(bench: Workbench, most: int) -> Iterator[Mutation]:
    many = f"SELECT candidate.* FROM candidate, range({1 + most // bench.rows}) LIMIT "
    yield Mutation("repeated rows", lambda n: f"SELECT * FROM candidate UNION ALL ({many}{n})", most)


def _resized(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    yield from _fewer_rows(bench)
    bounds = rule.bound if isinstance(rule.bound, tuple) else (rule.bound or 0,)
    yield from _more_rows(bench, int(bounds[-1]) + 1)


def _aged(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """Values become older than the promise allows: one is too many to retain, all too few to be fresh."""
    (column,) = rule.columns
    return _making_true(bench, rule, (f"({quote(column)} < TIMESTAMP '{bench.limit(rule)}')", [column]))


def _shifted(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """Rows move into one bin."""
    (column,), baseline = rule.columns, rule.arguments["baseline"]
    if "edges" in baseline:
        wanted = [f"> {baseline['edges'][-1]}", f"<= {baseline['edges'][0]}"]
    else:
        wanted = [f"= {literal(value, bench.scope.types[column])}" for value in baseline["categories"]]
    return _making_true(bench, rule, *((f"({quote(column)} {condition})", [column]) for condition in wanted))


def _thinned(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """A row becomes like no other; then the smallest group loses rows, but not all."""
    key = ", ".join(map(quote, quasi_identifiers(rule.arguments)))
    there = f"SELECT {key} FROM main.candidate WHERE ({key}) IS NOT NULL"
    yield from _making_true(bench, rule, (f"(({key}) NOT IN ({there}))", [*quasi_identifiers(rule.arguments)]))
    sized = f"SELECT *, count(*) OVER (PARTITION BY {key}) AS size, hash(rowid) AS chance FROM candidate"
    ranked = f"SELECT *, row_number() OVER (ORDER BY size, {key}, chance) AS place FROM ({sized})"
    left = f"SELECT * EXCLUDE (size, chance, place) FROM ({ranked}) WHERE place > "
    least = bench.value(f"SELECT min(size) FROM ({sized})")
    yield Mutation("the smallest group lost rows", lambda n: f"{left}{n}", least - 1)


def _alike(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """In the least diverse group, sensitive values become the same."""
    key, sensitive = quasi_identifiers(rule.arguments), quote(rule.arguments["sensitive"])
    names = ", ".join(map(quote, key))
    held = f"SELECT {names}, mode({sensitive}) AS usual FROM candidate WHERE {sensitive} IS NOT NULL GROUP BY ALL"
    least = f"(FROM ({held} ORDER BY count(DISTINCT {sensitive}), {names} LIMIT 1) AS least)"
    same = " AND ".join(f"{quote(c)} IS NOT DISTINCT FROM (SELECT {quote(c)} {least})" for c in key)
    usual = f"({sensitive} IS NOT DISTINCT FROM (SELECT usual {least}))"
    among = f"{same} AND {sensitive} IS NOT NULL"
    return _making_true(bench, rule, (usual, [rule.arguments["sensitive"]]), among=among)


def _displaced(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """Rows leave a group: one that the rule names, the rarest first; or the smallest, of which one is left."""
    (column,) = rule.columns
    name, engine_type = quote(column), bench.scope.types[column]
    fewest = f"SELECT {name} FROM candidate WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY count(*), 1 LIMIT 1"
    groups = [literal(group, engine_type) for group in rule.arguments.get("groups", ())]
    groups.sort(key=lambda group: bench.value(f"SELECT count(*) FROM candidate WHERE {name} = {group}"))
    named = [(group, "true") for group in groups]
    one = f"rowid <> (SELECT min(rowid) FROM candidate WHERE {name} = ({fewest}))"
    for group, but in named or [(f"({fewest})", one)]:
        yield from _making_true(bench, rule, (f"({name} <> {group})", [column]), among=f"{name} = {group} AND {but}")


def _queried(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """A value that is told apart is lost; what the query counts by comes true, or false; a column changes; rows go."""
    wishes: list[Wish] = []
    columns = columns_in(bench.query(rule)) & bench.scope.types.keys()
    counted = bench.counted_by(rule)
    for condition, named in counted.items():
        wishes += [(f"({condition})", named), (f"(NOT ({condition}))", named)]
    for column in sorted(columns.difference(*counted.values())):
        name = quote(column)
        wishes.append((f"({name} NOT IN (SELECT {name} FROM candidate WHERE {name} IS NOT NULL))", [column]))
        wishes.append((f"({name} IS DISTINCT FROM was.{name})", [column]))
    for column in sorted(columns.intersection(bench.told_apart)):
        middle = f"SELECT quantile_disc({quote(column)}, 0.5) FROM candidate"
        sql = f"SELECT * FROM candidate WHERE {quote(column)} IS DISTINCT FROM ({middle})"
        yield Mutation(f"lost the rows of one {column}", lambda _, s=sql: s, 1)
    yield from _making_true(bench, rule, *wishes)
    yield from _fewer_rows(bench)
    yield from _more_rows(bench, bench.rows)


def _expected(bench: Workbench, rule: Rule) -> Iterator[Mutation]:
    """Values move beyond each number that an expectation names, or become another word than it names."""
    named = list(scalars(rule.arguments["implementation"]["kwargs"]))
    columns = [c for c in named if c in bench.scope.types]
    numbers = [n for n in named if isinstance(n, int | float) and not isinstance(n, bool)]
    words = [w for w in named if isinstance(w, str) and w not in columns]
    for column in columns:
        wanted = [f"{side} {number}" for number in numbers for side in "<>"]
        if words:
            others = f"{quote(column)} NOT IN ({', '.join(map(text, words))})"
            often = f"SELECT {quote(column)} FROM candidate WHERE {others} GROUP BY 1 ORDER BY count(*) DESC, 1"
            wanted += [f"= {text(word)}" for (word,) in bench.connection.execute(often).fetchall()]
        yield from _making_true(bench, rule, *((f"({quote(column)} {condition})", [column]) for condition in wanted))


WAYS: dict[str, Callable[[Workbench, Rule], Iterator[Mutation]]] = {
    "type": _retyped,
    "nullValues": _row_rule,
    "missingValues": _row_rule,
    "invalidValues": _row_rule,
    "references": _row_rule,
    "duplicateValues": _repeated,
    "primaryKey": _repeated,
    "rowCount": _resized,
    "freshness": _aged,
    "retention": _aged,
    **dict.fromkeys(DISTANCES, _shifted),
    "k_anonymity": _thinned,
    "l_diversity": _alike,
    "representation": _displaced,
    "reconciliation": _queried,
    "sql": _queried,
    "expectation": _expected,
}
