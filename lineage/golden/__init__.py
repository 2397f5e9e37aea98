"""The golden repository's writer: what may enter, who holds the turn, and how a release is put in force whole.

Belongs here: TUF metadata, keys, releases, recalls, garbage. Does not: what a file means.
"""
