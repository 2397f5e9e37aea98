"""Tracing columns: from compiled SQL to the source columns that each golden column comes from.

Belongs here: queries, scopes, expressions, edges. Does not: running dbt, what an uncertain column means to the gate.
"""
