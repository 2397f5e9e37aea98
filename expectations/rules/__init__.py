"""Rules: which of them a contract makes, what each kind measures, and how a number is held against its bound.

Belongs here: meaning. Does not: asking many of them in few queries (`audit`).
"""
