"""Assets of Dagster, a file per kind: `raw/`, the dbt models, `gate/`, `golden/`, `use_cases/`.

Belongs here: steps, checks and metadata as the UI shows them. Does not: policy, which the steps ask.
"""
