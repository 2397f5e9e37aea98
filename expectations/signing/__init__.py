"""Signing: who must sign a contract, whose signature counts for how long, and which single findings are waived.

Belongs here: pure policy, handed directories, bytes and times. Does not: making signatures, asking git or people
(`orchestration/signing.py`).
"""
