"""OpenLineage events: what happened to which data, in the open standard.

Belongs here: our types as events and facets (pure functions), the file that keeps them, the relay that sends them.
Does not: when something happens (orchestration).
Source: OpenLineage 2-0-2 (https://openlineage.io/spec/2-0-2/OpenLineage.json) and its facets.
"""
