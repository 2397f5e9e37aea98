"""Clauses: what a contract and its surroundings must say for a gate item to pass, whatever the data holds.

Belongs here: the demands, by what they look at. Does not: rules on rows (`rules`), the verdict (`verdict.py`).
"""
