"""Lineage as a reader asks for it: the graph of what is promised, walks in it, answers and pictures.

Belongs here: what the release says. Does not: finding lineage in SQL (the platform does).
"""
