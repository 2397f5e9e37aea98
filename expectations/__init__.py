"""PROMISE: contracts, and how a candidate measures up to them.

Belongs here: contract, glossary and source loaders, rule kinds, the audit, landing checks, the verdict.
Does not: environment variables, Dagster, signatures, files of the golden repository. Functions are handed a connection.
"""
