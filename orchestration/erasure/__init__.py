"""Erasure: a request on its way, from its taking to the signed receipt; and the tombstones that are left.

Belongs here: order, records, proof. Does not: who a subject is, by when it is due (`expectations/erasure`).
"""
