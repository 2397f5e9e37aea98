"""Commands of the platform, a file per concern.

Belongs here: arguments, plain errors and exit codes. Does not: what a command does.
"""
