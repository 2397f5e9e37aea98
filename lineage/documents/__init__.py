"""Documents that travel with a dataset, each written from the same facts: datasheet, Croissant, dataset card.

Belongs here: writing them. Does not: what a contract answers (`expectations/datasheet`), publishing.
"""
