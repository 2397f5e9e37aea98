"""Erasure as policy: who the subject of a request is, by when it is due, and how the erased are known again.

Belongs here: rules of the matter. Does not: deleting (`orchestration/erasure`).
"""
