# Two commands on a fresh machine with Python 3.11+ and make: `make run` and `make test`. Each does its own set-up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.locked

.DEFAULT_GOAL := help
.PHONY: help run dev test lint bench sample lock clean

help:            ## list the commands
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

# The environment is the lock file, made real; uv where it is present, plain venv and pip otherwise.
$(STAMP): requirements.lock pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  echo "setting up $(VENV) with uv"; \
	  [ -x $(BIN)/python ] || uv venv --quiet --python '>=3.11' $(VENV); \
	  uv pip install --quiet --python $(BIN)/python -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --editable .; \
	else \
	  echo "setting up $(VENV) with pip (a few minutes, once)"; \
	  [ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .; \
	fi
	@touch $(STAMP)

run: $(STAMP)    ## land, build, audit, certify, publish; DATA=<dir> for real files
	@$(BIN)/esclusa run $(if $(DATA),--data $(DATA))

dev: $(STAMP)    ## Dagster UI and daemon on http://localhost:3000; DATA=<dir> for real files
	@$(BIN)/esclusa dev $(if $(DATA),--data $(DATA)) $(if $(PORT),--port $(PORT))

test: lint       ## everything: types, style, architecture, rooms, journeys
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(PYTEST)

lint: $(STAMP)   ## ruff, mypy strict, the directions between rooms
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

bench: $(STAMP)  ## the figures of docs/benchmarks.md; ROWS=10000000
	@$(BIN)/python -m benchmarks.bench $(if $(ROWS),--rows $(ROWS))

lock:            ## resolve pyproject.toml into requirements.lock again (needs uv)
	uv pip compile pyproject.toml --extra platform --group dev --universal --python-version 3.11 \
	  --no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock

clean:           ## remove everything that was made, keys and golden repository included
	rm -rf .esclusa .conformance $(VENV)
