"""PUBLISH: when things happen, and the moves across the gate.

Belongs here: Dagster definitions, settings, the run command.
Does not: policy; a rule or a threshold lives in a contract.
"""
