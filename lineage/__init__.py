"""PROVE: pins, certificates, signatures and the golden repository's writer.

Belongs here: what turns a verdict into something a stranger can verify. Does not: Dagster, policy, schedules.
"""
