"""Datasheet for a dataset: its questions, and what a contract answers to them.

Belongs here: the contract's part. Does not: what a release answers, and the sheet (`lineage/documents`).
"""
