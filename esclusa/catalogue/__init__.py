"""The catalogue's pages: what a golden repository vouches for, as HTML for people who choose data.

Belongs here: reading a release into what pages show, and rendering it, as a static site (`site.py`) or live
(`served.py`). Does not: rows or examples of a dataset, in any form; deciding what may be read. Needs the extra
`server`.
"""
