"""Telling: what happens here, as OpenLineage events, kept in the file of each run and sent beside it.

Belongs here: when an event is made, and which still stand. Does not: their form (`lineage/events`).
"""
