"""Change: what differs between two versions of a promise, or of a delivery, and what that may break.

Belongs here: finding differences and classing them. Does not: what a class does to the gate (`clauses`).
"""
