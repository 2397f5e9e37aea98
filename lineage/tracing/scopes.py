"""The walk through one query's scopes: each column that it makes, and its rows, to what they come from.

Belongs here: names, scopes and clauses. Does not: expressions (`expressions.py`), text (`query.py`), chains of queries
(`columns.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from lineage.tracing.clauses import (
    before_alias,
    listed,
    made_at,
    made_names,
    made_of,
    makes_values,
    many,
    orders_by_all,
)
from lineage.tracing.edges import EVERY, ROWS, Flow, Node, Traced
from lineage.tracing.expressions import Taken, field_taken, taken

_CLAUSES = ("where", "group", "having", "qualify", "order", "limit", "offset", "windows", "distinct", "sample")
_BY_NAME = "UNION BY NAME lines its columns up only when it runs"
_PIVOTED = "PIVOT and UNPIVOT name their columns only when they run"
_STARRED = "a star that names its columns only when it runs"
_SERIES = (exp.GenerateSeries, exp.GenerateDateArray, exp.GenerateTimestampArray)


class Walk:
    """The walk through one query's scopes.

    Args:
        relation: what the query makes; its outermost scope goes by this name.
        root: the outermost scope.
        known, leaves: as for `trace`.
    """

    def __init__(self, relation: str, root: Scope, known: Mapping[str, Iterable[str]], leaves: Collection[str]) -> None:
        self.relation, self.root, self.leaves = relation, root, leaves
        self.known = {name: tuple(columns) for name, columns in known.items()}
        self.scopes = {id(scope.expression): scope for scope in root.traverse()}
        # By expression: while a recursive query is built, sqlglot makes a second scope of the same expression.
        self.names = {key: f"{relation}#{i}" for i, key in enumerate(self.scopes)}
        self.names[id(root.expression)] = relation
        self.recursive = dict(self._recursions())
        self.seen: set[int] = set()  # columns of the text that were taken somewhere
        self.traced = Traced()

    def follow(self) -> Traced:
        """The edges of every scope, and the columns of the outermost."""
        for scope in self.scopes.values():
            match scope.expression:
                case exp.Select():
                    self._select(scope)
                case exp.SetOperation():
                    self._set_operation(scope)
                case _:
                    self._made_rows(scope)
        self._doubt_unseen()
        names = self._outputs(self.root)
        self.traced.columns = () if "*" in names else tuple(dict.fromkeys(names))
        for name in {name for name in names if names.count(name) > 1}:
            self.traced.doubts[self.relation, name] = "two columns go by this name"
        return self.traced

    def _name(self, scope: Scope) -> str:
        return self.names[id(scope.expression)]

    def _outputs(self, scope: Scope) -> list[str]:
        expression = scope.expression
        if expression.args.get("by_name"):
            return list(dict.fromkeys(name for side in scope.set_operation_scopes for name in self._outputs(side)))
        if isinstance(expression, exp.Select):
            return ["*" if many(p) else p.alias_or_name.lower() for p in expression.selects]
        if isinstance(expression, exp.Query):
            return self._outputs(scope.set_operation_scopes[0])
        inner = self._lateral(scope)
        return made_names(expression) or (self._outputs(inner) if inner else [])

    def _lateral(self, scope: Scope) -> Scope | None:
        """The query that LATERAL stands before."""
        inner = scope.expression.this.unnest() if isinstance(scope.expression, exp.Lateral) else None
        return self.scopes.get(id(inner)) if isinstance(inner, exp.Query) else None

    def _recursions(self) -> Iterator[tuple[int, Scope]]:
        """Inside a recursive query sqlglot takes its name for its first part; it stands for the whole."""
        for scope in self.scopes.values():
            within = scope.expression.find_ancestor(exp.With)
            if within is not None and within.args.get("recursive") and scope.set_operation_scopes:
                yield id(scope.set_operation_scopes[0].expression), scope

    def _sources(self, scope: Scope) -> Iterator[Scope | exp.Table]:
        """What FROM and JOIN name; sqlglot lists those of semi and anti joins apart."""
        yield from scope.set_operation_scopes
        names = {**scope.selected_sources, **dict.fromkeys(scope.semi_or_anti_join_tables)}
        for name in names:
            yield self._whole(scope.sources[name])

    def _whole(self, source: Scope | exp.Table) -> Scope | exp.Table:
        return self.recursive.get(id(source.expression), source) if isinstance(source, Scope) else source

    # --- the parts of a query

    def _select(self, scope: Scope) -> None:
        owner, select = self._name(scope), scope.expression
        assert isinstance(select, exp.Select)
        for name, projection in zip(self._outputs(scope), select.selects, strict=True):
            self._take(scope, (owner, name), projection, Flow.KEPT)
            self.traced.add((owner, EVERY), (owner, name), Flow.KEPT)
            if name == "*":
                self.traced.doubts.setdefault((owner, name), _STARRED)
            if projection.find(exp.Explode, exp.Unnest):  # makes a row of each element
                self.traced.add((owner, ROWS), (owner, name), Flow.DECIDING)
            if any(window.args.get("alias") for window in projection.find_all(exp.Window)):
                for window in select.args.get("windows") or ():
                    self._take(scope, (owner, name), window, Flow.DECIDING)
        rows = (owner, ROWS)
        self._clauses(scope)
        for join in select.args.get("joins") or ():
            for condition in listed(join.args.get("on")) + listed(join.args.get("match_condition")):
                self._take(scope, rows, condition, Flow.DECIDING)
            if join.args.get("using"):
                self._unresolved(scope, rows, "a join USING columns that were not found", Flow.DECIDING)
        group, distinct = select.args.get("group"), select.args.get("distinct")
        # DISTINCT and GROUP BY ALL make one row of what is equal in every column.
        if (distinct and not distinct.args.get("on")) or (group and group.args.get("all")):
            self.traced.add(rows, (owner, EVERY), Flow.DECIDING)
        for source in self._sources(scope):
            self._rows_of(scope, rows, source)
        if _pivots(scope):
            self._unresolved(scope, rows, _PIVOTED, Flow.DECIDING)
        for inner in scope.subquery_scopes:
            self.traced.add(rows, (self._name(inner), ROWS), Flow.DECIDING)

    def _clauses(self, scope: Scope) -> None:
        """What decides which rows a query has, after its columns are made."""
        rows, clauses = (self._name(scope), ROWS), scope.expression.args
        for clause in (part for key in _CLAUSES for part in listed(clauses.get(key))):
            self._take(scope, rows, clause, Flow.DECIDING)
        if orders_by_all(clauses.get("order")):
            self.traced.add(rows, (rows[0], EVERY), Flow.DECIDING)

    def _rows_of(self, scope: Scope, rows: Node, source: Scope | exp.Table) -> None:
        self.traced.add(rows, (self._read(source), ROWS), Flow.DECIDING)
        if isinstance(source, exp.Table):
            relation = self._read(source)
            if isinstance(source.this, _SERIES):
                self._take(scope, rows, source.this, Flow.DECIDING)
            elif relation not in self.known:
                self.traced.doubts[rows] = f"{relation} is neither a model nor a table of a source"

    def _set_operation(self, scope: Scope) -> None:
        owner, operation, sides = self._name(scope), scope.expression, scope.set_operation_scopes
        self._clauses(scope)
        if operation.args.get("by_name"):
            self._by_name(owner, sides)
            return
        for position, name in enumerate(self._outputs(scope)):
            self.traced.add((owner, EVERY), (owner, name), Flow.KEPT)
            for side in sides:
                for column in self._outputs(side)[position : position + 1]:
                    self.traced.add((owner, name), (self._name(side), column), Flow.KEPT)
        for side in sides:
            self.traced.add((owner, ROWS), (self._name(side), ROWS), Flow.DECIDING)
            if operation.args.get("distinct") or isinstance(operation, exp.Except | exp.Intersect):
                self.traced.add((owner, ROWS), (self._name(side), EVERY), Flow.DECIDING)

    def _by_name(self, owner: str, sides: Iterable[Scope]) -> None:
        for side in sides:
            self.traced.add((owner, ROWS), (self._name(side), ROWS), Flow.DECIDING)
            self.traced.add((owner, ROWS), (self._name(side), EVERY), Flow.DECIDING)
            for column in self._outputs(side):
                self.traced.add((owner, EVERY), (owner, column), Flow.KEPT)
                self.traced.add((owner, column), (self._name(side), column), Flow.KEPT)
                self.traced.doubts[owner, column] = _BY_NAME

    def _made_rows(self, scope: Scope) -> None:
        """UNNEST, LATERAL and VALUES in FROM."""
        owner, made, inner = self._name(scope), scope.expression, self._lateral(scope)
        names = self._outputs(scope)
        if inner is not None:
            for name, column in zip(names, self._outputs(inner), strict=False):
                self.traced.add((owner, name), (self._name(inner), column), Flow.KEPT)
            self.traced.add((owner, ROWS), (self._name(inner), ROWS), Flow.DECIDING)
            return
        for position, name in enumerate(names):
            numbers = position > 0 and not makes_values(made)  # WITH ORDINALITY
            for part in made_at(made, position):
                self._take(scope, (owner, name), part, Flow.DECIDING if numbers else Flow.KEPT)
        for part in made_of(made):
            self._take(scope, (owner, EVERY), part, Flow.KEPT)
            if not makes_values(made):
                self._take(scope, (owner, ROWS), part, Flow.DECIDING)

    # --- what names mean

    def _take(self, scope: Scope, node: Node, expression: exp.Expr, flow: Flow) -> None:
        for part in taken(expression, flow):
            if isinstance(part.what, exp.Column):
                self.seen.add(id(part.what))
            if isinstance(part.what, exp.Exists | exp.Query):
                self._subquery(scope, node, part)
            elif isinstance(part.what, exp.Column) and not isinstance(part.what.this, exp.Star):
                self._column(scope, node, part.what, part.flow, part.doubt)
            elif part.doubt or isinstance(part.what, exp.Column):
                self._unresolved(scope, node, part.doubt or "a star that could not be resolved", part.flow)
            else:  # rows are counted
                self.traced.add(node, (self._name(scope), ROWS), part.flow)

    def _subquery(self, scope: Scope, node: Node, part: Taken) -> None:
        """A query in parentheses, or whether it has rows; of two columns compared at once, each counts."""
        query = part.what.this if isinstance(part.what, exp.Exists) else part.what
        inner = self.scopes.get(id(query.unnest()))
        if inner is None:
            self._unresolved(scope, node, "a query in parentheses that could not be followed", part.flow)
            return
        self.traced.add(node, (self._name(inner), ROWS), Flow.DECIDING)
        for column in [] if isinstance(part.what, exp.Exists) else self._outputs(inner):
            self.traced.add(node, (self._name(inner), column), part.flow)
        self._doubt(node, part.doubt)

    def _doubt_unseen(self) -> None:
        """A column of the text that nothing took is one that this walk does not understand."""
        for column in self.root.expression.find_all(exp.Column):
            if id(column) not in self.seen:
                scope = self.scopes.get(id(column.find_ancestor(exp.Select, exp.SetOperation)), self.root)
                for node in [(self._name(scope), name) for name in [*self._outputs(scope), EVERY, ROWS]]:
                    doubt = self.traced.doubts.get(node, f"what {column.name} is for could not be followed")
                    self._unresolved(scope, node, doubt, Flow.COMPUTED)

    def _column(self, scope: Scope, node: Node, column: exp.Column, flow: Flow, doubt: str) -> None:
        name, source = column.name.lower(), self._meant(scope, column.table)
        if _pivots(scope):
            self._unresolved(scope, node, _PIVOTED, flow)
        elif isinstance(source, Scope):
            self._of_scope(node, source, name, flow)
            self._doubt(node, doubt)
        elif source is not None:
            self._of_table(scope, node, source, name, flow)
            of_source = self._read(source) in self.leaves and field_taken(column.parent) is not None
            self._doubt(node, "" if of_source else doubt)  # no query put together what a source delivered
        elif node[1] == ROWS and not column.table and name in self._outputs(scope):
            self.traced.add(node, (self._name(scope), name), flow)  # ORDER BY and DISTINCT ON may name an output
        else:
            self._unresolved(scope, node, f"no column {name} was found", flow)

    def _of_scope(self, node: Node, source: Scope, name: str, flow: Flow) -> None:
        if name in self._outputs(source):
            self.traced.add(node, (self._name(source), name), flow)
        else:
            self.traced.add(node, (self._name(source), EVERY), flow)
            self._doubt(node, f"no column {name} was found" if isinstance(source.expression, exp.Query) else "")

    def _of_table(self, scope: Scope, node: Node, table: exp.Table, name: str, flow: Flow) -> None:
        relation = self._read(table)
        columns = self.known.get(relation, ())
        if isinstance(table.this, _SERIES):
            self._take(scope, node, table.this, max(flow, Flow.COMPUTED))
            return
        name = before_alias(table, name, columns)
        self.traced.add(node, (relation, name if name in columns else EVERY), flow)
        if relation not in self.known:
            self._doubt(node, f"{relation} is neither a model nor a table of a source")
        elif name not in columns:
            self._doubt(node, f"{relation} has no column {name} that is known before it runs")

    def _unresolved(self, scope: Scope, node: Node, doubt: str, flow: Flow) -> None:
        """Anything that the scope reads may be meant."""
        self._doubt(node, doubt)
        for source in self._sources(scope):
            self.traced.add(node, (self._read(source), EVERY), max(flow, Flow.COMPUTED))

    def _meant(self, scope: Scope, alias: str) -> Scope | exp.Table | None:
        """What an alias stands for, here or (in a correlated query) around here."""
        around: Scope | None = scope if alias else None
        while around is not None and alias not in around.sources:
            around = around.parent
        return None if around is None else self._whole(around.sources[alias])

    def _doubt(self, node: Node, doubt: str) -> None:
        if doubt:
            self.traced.doubts[node] = doubt

    def _read(self, source: Scope | exp.Table) -> str:
        if isinstance(source, Scope):
            return self._name(source)
        if isinstance(source.this, exp.Func):
            return f"{source.this.sql_name().lower()}(…)"
        return f"{source.db}.{source.name}".lower()


def _pivots(scope: Scope) -> bool:
    return any(chosen.args.get("pivots") for chosen, _ in scope.selected_sources.values())
