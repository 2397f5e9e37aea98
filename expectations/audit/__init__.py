"""Audit: all rules of a contract answered on the pinned bytes, in few queries.

Belongs here: planning, asking, findings, examples. Does not: what a rule means (`rules`).
"""
