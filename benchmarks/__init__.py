"""MEASURE: what the gate costs; run by `make bench`, described in docs/benchmarks.md. Imported by no room."""
