"""Personal data that nobody declared: how a column of it is found, and by which detectors.

Belongs here: patterns, checks and the scan. Does not: protecting what was declared (`privacy.py`).
"""
