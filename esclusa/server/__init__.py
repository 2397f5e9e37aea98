"""The service: certified data over HTTP, to callers whom it has identified. Needs the extra `server`.

Belongs here: what listens, who calls, what is answered. Does not: pages (`esclusa/catalogue/`), tools for agents
(`esclusa/agents/`), the decision who may read what (`permission.py`), which is the local reader's too.
"""
